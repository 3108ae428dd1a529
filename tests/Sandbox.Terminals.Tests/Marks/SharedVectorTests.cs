using System.Text;
using System.Text.Json;
using Sandbox.Terminals.Marks;
using Xunit;

namespace Sandbox.Terminals.Tests.Marks;

/// <summary>The vectors of OSC 633 that the browser's <c>mark.test.ts</c> reads too: both sides agree on every mark.</summary>
public sealed class SharedVectorTests
{
    private static readonly Vectors Shared = Read();

    public static TheoryData<string> Names => [.. Shared.All.Select(vector => vector.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_mark_is_read_as_in_the_browser(string name)
    {
        var vector = Shared.All.Single(vector => vector.Name == name);
        var reader = new MarkReader(Shared.Nonce);
        var output = (ReadOnlySpan<byte>)Encoding.UTF8.GetBytes($"\e]633;{vector.Data}\a");
        var isMark = reader.TryRead(ref output, out var mark);
        Assert.Equal(vector.Mark is not null, isMark);
        if (vector.Mark is { } expected)
        {
            Assert.Equal((expected.Kind, expected.Text, expected.Cut), (((char)mark.Kind).ToString(), mark.Text, mark.IsCut));
        }
    }

    private static Vectors Read()
    {
        using var file = typeof(SharedVectorTests).Assembly.GetManifestResourceStream("osc633.json")!;
        return JsonSerializer.Deserialize<Vectors>(file, JsonSerializerOptions.Web)!;
    }

    private sealed record Vectors(string Nonce, [property: System.Text.Json.Serialization.JsonPropertyName("vectors")] Vector[] All);

    private sealed record Vector(string Name, string Data, Expected? Mark);

    /// <summary>The time is for the browser: here the clock of the reader counts.</summary>
    private sealed record Expected(string Kind, string Text, bool Cut);
}
