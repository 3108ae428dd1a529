using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sandbox.Core.Errors;

namespace Sandbox.Cli;

/// <summary>A running instance, as a guest of its REST API uses it. What it refuses is a <see cref="SandboxException"/> with its words.</summary>
internal sealed class Server : IDisposable
{
    private static readonly TimeSpan LongestRate = TimeSpan.FromMinutes(2);

    private readonly HttpClient _http;

    private Server(HttpClient http) => _http = http;

    /// <summary>Becomes a guest of an instance. Code: RuntimeUnavailable (nothing answers).</summary>
    public static async Task<Server> ConnectAsync(Uri url)
    {
        var server = new Server(new HttpClient(new SocketsHttpHandler { UseCookies = false, UseProxy = !url.IsLoopback }) { BaseAddress = url, Timeout = TimeSpan.FromMinutes(15) });
        try
        {
            var guest = await server.SendAsync(HttpMethod.Post, "/api/v1/guests");
            server._http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (string?)guest!["token"]);
            return server;
        }
        catch (HttpRequestException nobody)
        {
            server.Dispose();
            throw new SandboxException(ErrorCode.RuntimeUnavailable, $"No instance answers at {url}: {nobody.GetBaseException().Message}", nobody);
        }
    }

    public void Dispose() => _http.Dispose();

    public Task<JsonNode?> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<JsonNode?> PostAsync(string path, object? body = null) => SendAsync(HttpMethod.Post, path, body);

    public Task<JsonNode?> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path);

    /// <summary>Sends a zip.</summary>
    public Task<JsonNode?> PostZipAsync(string path, byte[] zip) => SendAsync(HttpMethod.Post, path, zip);

    private async Task<JsonNode?> SendAsync(HttpMethod method, string path, object? body = null)
    {
        var began = DateTimeOffset.UtcNow;
        while (true)
        {
            using var request = new HttpRequestMessage(method, path) { Content = Content(body) };
            using var answer = await _http.SendAsync(request);
            var text = await answer.Content.ReadAsStringAsync();
            if (answer.IsSuccessStatusCode)
            {
                return text.Length == 0 ? null : JsonNode.Parse(text);
            }

            var (code, detail) = Problem(answer.StatusCode, text);
            if (code != ErrorCode.Rate || DateTimeOffset.UtcNow - began > LongestRate)
            {
                throw new SandboxException(code, detail);
            }

            // One address gets so many launches a minute, and a long tutorial needs many.
            await Task.Delay(TimeSpan.FromSeconds(2));
        }
    }

    private static HttpContent? Content(object? body)
    {
        switch (body)
        {
            case null:
                return null;
            case byte[] zip:
                var content = new ByteArrayContent(zip);
                content.Headers.ContentType = new MediaTypeHeaderValue("application/zip");
                return content;
            default:
                return new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        }
    }

    private static (ErrorCode Code, string Detail) Problem(HttpStatusCode status, string text)
    {
        try
        {
            var problem = JsonNode.Parse(text)!;
            return (ErrorCodes.TryParse((string?)problem["code"], out var code) ? code : ErrorCode.Internal, (string?)problem["detail"] ?? text);
        }
        catch (Exception other) when (other is JsonException or InvalidOperationException or NullReferenceException)
        {
            return (ErrorCode.Internal, string.Create(CultureInfo.InvariantCulture, $"The server answered {(int)status}."));
        }
    }
}
