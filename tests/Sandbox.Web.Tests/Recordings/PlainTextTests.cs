using System.Buffers;
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
        var lines = new ArrayBufferWriter<byte>();
        foreach (var part in "\e[1m$ \e[0mlz\b\e[Ks -l\r\n10 %\r 100 %\r\n\e]0;t\a\e[?1049hvim\r\n\e[2;3Hpaints\e[?1049lü\e(Bx\e[3Cy\n".Chunk(3))
        {
            Assert.Equal(part.Length, plain.Read(part, lines).Read);
        }

        plain.Read("end", lines);
        plain.End(lines);
        Assert.Equal("$ ls -l\n 100 %\nüx   y\nend\n", Encoding.UTF8.GetString(lines.WrittenSpan));
    }

    [Fact]
    public void A_few_bytes_that_make_long_lines_are_read_as_far_as_may_wait()
    {
        // 130 bytes that make a line of 16 KiB, as often as fit into one item of output.
        var output = string.Concat(Enumerable.Repeat(string.Concat(Enumerable.Repeat("\e[999C", 17)) + "x", 500));
        var plain = new PlainText();
        var all = 0;
        for (var at = 0; at < output.Length;)
        {
            var lines = new ArrayBufferWriter<byte>();
            var (read, written) = plain.Read(output.AsSpan(at), lines);
            Assert.Equal(lines.WrittenCount, written);
            Assert.InRange(written, 0, PlainText.MostAtOnce + PlainText.MostLine);
            Assert.True(read > 0);
            at += read;
            all += written;
        }

        Assert.Equal(500 * (PlainText.MostLine + 1), all);
    }
}
