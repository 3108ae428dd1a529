using Sandbox.Terminals.Marks;
using Xunit;

namespace Sandbox.Terminals.Tests.Marks;

public sealed class EscapeReaderTests
{
    [Theory]
    [InlineData("plain\ttext\n", "plain\ttext\n")]
    [InlineData("\e[1;31mred\e[0m!", "red!")]
    [InlineData("\e]0;title\aafter", "after")]
    [InlineData("\e]0;title\e\\after", "after")]
    [InlineData("\e]0;title\e[31mafter", "after")]
    [InlineData("\eP1$r0m\x18" + "after", "after")]
    [InlineData("\e(Bafter", "after")]
    [InlineData("\e %Gafter", "after")]
    [InlineData("\e[31\e[32mafter", "after")]
    [InlineData("\e=after", "after")]
    public void Only_text_is_text(string output, string text)
    {
        var reader = new EscapeReader();

        Assert.Equal(text, string.Concat(output.Where(letter => reader.Read(letter) == EscapeReader.Part.Text)));
    }

    [Theory]
    [InlineData("\e[K", "", 1)]
    [InlineData("\e[0C", "0", 1)]
    [InlineData("\e[12C", "12", 12)]
    [InlineData("\e[99999D", "99999", 100)]
    [InlineData("\e[?1049h", "?1049", 1)]
    [InlineData("\e[2;3H", "2;3", 1)]
    public void A_control_sequence_is_told_by_its_end(string output, string parameters, int count)
    {
        var reader = new EscapeReader();

        Assert.All(output[..^1], letter => Assert.Equal(EscapeReader.Part.Hidden, reader.Read(letter)));
        Assert.Equal(EscapeReader.Part.Control, reader.Read(output[^1]));
        Assert.Equal(parameters, reader.Parameters);
        Assert.Equal(count, reader.CountUpTo(100));
    }

    [Fact]
    public void Parameters_without_end_are_bounded()
    {
        var reader = new EscapeReader();
        foreach (var letter in "\e[" + new string('1', 100_000))
        {
            reader.Read(letter);
        }

        Assert.Equal(64, reader.Parameters.Length);
        Assert.Equal(EscapeReader.Part.Control, reader.Read('m'));
    }
}
