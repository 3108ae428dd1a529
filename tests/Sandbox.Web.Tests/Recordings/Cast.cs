using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Sandbox.Web.Tests.Recordings;

/// <summary>An asciicast v2 as any program reads it; what is no such file fails the test.</summary>
internal sealed class Cast
{
    public Cast(byte[] bytes)
    {
        var text = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(bytes);
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Header = JsonNode.Parse(lines[0])!;
        Assert.Equal(2, (int)Header["version"]!);
        var last = 0d;
        foreach (var line in lines[1..])
        {
            var parts = JsonNode.Parse(line)!.AsArray();
            Assert.Equal(3, parts.Count);
            var at = (double)parts[0]!;
            Assert.True(at >= last, "time went back");
            last = at;
            Events.Add(((string)parts[1]!, (string)parts[2]!));
        }
    }

    public JsonNode Header { get; }

    public List<(string Code, string Data)> Events { get; } = [];

    public string Output => string.Concat(Of("o"));

    public List<string> Of(string code) => [.. Events.Where(one => one.Code == code).Select(one => one.Data)];
}
