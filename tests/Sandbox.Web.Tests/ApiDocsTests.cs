using System.Reflection;
using System.Text.Json.Nodes;
using Sandbox.Web.Hub;
using Xunit;

namespace Sandbox.Web.Tests;

/// <summary>The contract for programs says what there is.</summary>
public sealed class ApiDocsTests
{
    [Fact]
    public async Task Every_call_of_the_hub_is_described_and_every_message_of_it()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        var words = (string)(await client.GetAsync("/openapi/v1.json")).Json!["info"]!["description"]!;
        var calls = typeof(TerminalHub).GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly)
            .Where(method => method.GetBaseDefinition().DeclaringType == typeof(TerminalHub)).ToList();
        Assert.True(calls.Count >= 11);
        foreach (var call in calls)
        {
            var parameters = call.GetParameters().Where(parameter => parameter.ParameterType != typeof(CancellationToken)).Select(parameter => parameter.Name);
            Assert.Contains($"- `{call.Name}({string.Join(", ", parameters)})` ", words, StringComparison.Ordinal);
        }

        Assert.Contains("`Type(terminalId, at, data)`", words, StringComparison.Ordinal);
        Assert.Contains("`Attached(terminalId)`", words, StringComparison.Ordinal);
        Assert.Contains("`Recording(terminalId, seconds)`", words, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/v1/sandboxes/{id}/files/{path}", "post", "application/offset+octet-stream", false)]
    [InlineData("/api/v1/sandboxes/{id}/uploads/{upload}", "patch", "application/offset+octet-stream", true)]
    [InlineData("/api/v1/terminals/{terminalId}/recordings", "post", "application/json", false)]
    public async Task What_a_request_holds_is_described(string path, string method, string type, bool required)
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        var paths = (JsonObject)(await client.GetAsync("/openapi/v1.json")).Json!["paths"]!;
        var body = paths[path]![method]!["requestBody"]!;
        Assert.Equal([type], body["content"]!.AsObject().Select(content => content.Key));
        Assert.Equal(required, (bool?)body["required"] ?? false);
    }

    [Fact]
    public async Task Every_operation_says_what_it_answers_when_all_is_well()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        foreach (var (path, item) in (JsonObject)(await client.GetAsync("/openapi/v1.json")).Json!["paths"]!)
        {
            foreach (var (method, operation) in item!.AsObject())
            {
                var good = operation!["responses"]!.AsObject().Where(response => response.Key[0] == '2').ToList();
                Assert.True(good.Count > 0, $"{method} {path}");
                Assert.All(good.Where(response => response.Key is not ("202" or "204")), response =>
                    Assert.True(response.Value!["content"]?.AsObject() is { Count: > 0 } content && content.All(type => type.Value!["schema"] is not null), $"{method} {path} {response.Key}"));
            }
        }
    }
}
