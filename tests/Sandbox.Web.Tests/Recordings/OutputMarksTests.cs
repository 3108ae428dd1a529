using System.Text;
using Sandbox.Web.Recordings;
using Xunit;

namespace Sandbox.Web.Tests.Recordings;

public sealed class OutputMarksTests
{
    [Fact]
    public void A_command_is_named_by_what_was_entered_however_the_output_is_cut()
    {
        const string output = "\e]133;A\a$ \e]133;B\amake\r\n\e]633;E;make\\x3b echo \\\\ \\x0a two;n0nce\a\e]133;C\e\\out\r\n\e]133;D;0\a"
            + "\e]133;A\a$ x\e]133;C\a\e]0;a title\a\e]633;E;next;n\a\e]633;C\a";
        for (var size = 1; size < 40; size++)
        {
            var marks = new OutputMarks();
            Assert.Equal(["make; echo \\ two", "Command", "next"], output.Chunk(size).SelectMany(part => marks.Read(new string(part))));
        }
    }

    [Fact]
    public void Hostile_sequences_make_no_mark_and_take_no_memory()
    {
        var marks = new OutputMarks();
        Assert.Empty(marks.Read("\e]133;" + new string('C', 100_000) + "\a\e]133\a\e]633;\a\e]133;C\x18\e]133;C\e[m\e\e"));
        Assert.Equal([new string('x', 200)], marks.Read($"\e]633;E;{new string('x', 3000)};n\a\e]633;C\a"));
    }

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
