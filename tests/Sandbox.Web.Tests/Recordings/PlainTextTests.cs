using System.Text;
using Sandbox.Web.Recordings;
using Xunit;

namespace Sandbox.Web.Tests.Recordings;

public sealed class PlainTextTests
{
    [Fact]
    public void A_transcript_shows_lines_as_they_were_left()
    {
        var plain = new PlainText();
        var lines = new StringBuilder();
        foreach (var part in "\e[1m$ \e[0mlz\b\e[Ks -l\r\n10 %\r 100 %\r\n\e]0;t\a\e[?1049hvim\r\n\e[2;3Hpaints\e[?1049lü\e(Bx\e[3Cy\n".Chunk(3))
        {
            plain.Read(new string(part), lines);
        }

        plain.Read("end", lines);
        plain.End(lines);
        Assert.Equal("$ ls -l\n 100 %\nüx   y\nend\n", lines.ToString());
    }
}
