using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>A guest who uses REST. Disposing it ends its playgrounds.</summary>
public sealed class Guest(HttpClient client) : IAsyncDisposable
{
    public HttpClient Client { get; } = client;

    public async ValueTask DisposeAsync()
    {
        foreach (var playground in (await Client.GetFromJsonNodeAsync("/api/v1/playgrounds")).AsArray())
        {
            if ((string)playground!["state"]! != "ended")
            {
                await Client.DeleteAsync($"/api/v1/playgrounds/{playground["id"]}");
            }
        }

        Client.Dispose();
    }

    /// <summary>Launches a recipe of one node and answers with its sandbox's id.</summary>
    public async Task<string> LaunchAsync(object node)
    {
        var answer = await Client.PostAsJsonAsync("/api/v1/playgrounds", new { recipe = new { nodes = new[] { node } } });
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.Created, text);
        var playground = JsonNode.Parse(text)!;
        Assert.Equal((string)playground["urls"]!["api"]!, answer.Headers.Location!.OriginalString);
        Assert.Equal("running", (string)playground["state"]!);
        return (string)playground["sandboxes"]![0]!["id"]!;
    }

    /// <summary>Runs a shell command to its end.</summary>
    public async Task<(int ExitCode, string Output)> ShellAsync(string sandbox, string command, int timeoutSeconds = 60)
    {
        var answer = await Client.PostAsJsonAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "sh", "-c", command }, timeoutSeconds });
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        var result = JsonNode.Parse(text)!;
        return ((int)result["exitCode"]!, (string)result["stdout"]! + (string)result["stderr"]!);
    }
}

internal static class Json
{
    public static async Task<JsonNode> GetFromJsonNodeAsync(this HttpClient client, string path) =>
        (await client.GetFromJsonAsync<JsonNode>(path))!;
}
