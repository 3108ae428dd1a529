using System.Text;
using Sandbox.Terminals.Marks;
using Xunit;

namespace Sandbox.Terminals.Tests.Marks;

public sealed class MarkReaderTests
{
    private const string Nonce = "0123456789abcdef0123456789abcdef";

    [Fact]
    public void Marks_are_found_with_their_places_in_the_output()
    {
        var output = $"before\e]633;A;{Nonce}\a$ \e]633;B;{Nonce}\e\\ls\r\n\e]633;E;ls;{Nonce}\a\e]633;C;{Nonce};1795.5\aa\r\n\e]633;D;2;{Nonce};1796.5\a";
        var marks = Read(output);
        Assert.Equal("ABECD", string.Concat(marks.Select(mark => (char)mark.Kind)));
        Assert.Equal("ls", marks[2].Text);
        Assert.Equal("2", marks[4].Text);
        Assert.Equal((ulong)"before".Length, marks[0].Begin);
        Assert.Equal((ulong)output.IndexOf("a\r\n\e]633;D", StringComparison.Ordinal), marks[3].End);
        Assert.Equal((ulong)output.Length, marks[4].End);
    }

    [Fact]
    public void However_the_output_is_cut_the_marks_are_the_same()
    {
        var output = Encoding.UTF8.GetBytes(
            $"é\e[1mx\e]0;title\a\e]633;E;echo \\x3b\\\\é;{Nonce}\a\e]633;E;no;ffff\a\e]633;C;{Nonce}\e\\\e]8;;http://x\e\\y\e]633;D;0;{Nonce}\a\e]633;A;{Nonce}\e]633;B;{Nonce}\a");
        var whole = Read(output, [output.Length]);
        Assert.Equal("ECDB", string.Concat(whole.Select(mark => (char)mark.Kind)));
        Assert.Equal("echo ;\\é", whole[0].Text);
        for (var first = 0; first <= output.Length; first++)
        {
            for (var second = first; second <= output.Length; second++)
            {
                Assert.Equal(whole, Read(output, [first, second - first, output.Length - second]));
            }
        }

        Assert.Equal(whole, Read(output, [.. Enumerable.Repeat(1, output.Length)]));
    }

    [Theory]
    [InlineData("\e]633;E;rm -rf /\a\e]633;C\a\e]633;D;0\a")]
    [InlineData("\e]633;E;rm -rf /;\a\e]633;C;\a\e]633;D;0;\a\e]633;A;\a")]
    [InlineData("\e]633;A;ffffffffffffffffffffffffffffffff\a\e]633;P;Cwd=/evil;0123456789abcdef0123456789abcde\a")]
    [InlineData("\e]633;A;0123456789abcdef0123456789abcdef0\a\e]633;E;0123456789abcdef0123456789abcdef\a")]
    [InlineData("\e]133;A;0123456789abcdef0123456789abcdef\a\e]0;633;A;0123456789abcdef0123456789abcdef\a")]
    [InlineData("\e]633;A\e;0123456789abcdef0123456789abcdef\a\e]633;A;0123456789abcdef\x180123456789abcdef\a")]
    [InlineData("\e]633;;0123456789abcdef0123456789abcdef\a\e]633;AA;0123456789abcdef0123456789abcdef\a\e]633;Z;0123456789abcdef0123456789abcdef\a\e]633;\a\e]633\a\e]\a\e")]
    public void What_does_not_hold_the_nonce_in_its_place_is_no_mark(string output) => Assert.Empty(Read(output));

    [Fact]
    public void An_endless_mark_is_forgotten_and_the_next_one_is_read()
    {
        var reader = new MarkReader(Nonce);
        var chunk = Encoding.ASCII.GetBytes(new string('x', 1 << 20));
        var output = (ReadOnlySpan<byte>)"\e]633;E;"u8;
        Assert.False(reader.TryRead(ref output, out _));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 64; i++)
        {
            output = chunk;
            Assert.False(reader.TryRead(ref output, out _));
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * 1024);
        output = Encoding.ASCII.GetBytes($";{Nonce}\a\e]633;A;{Nonce}\a");
        Assert.True(reader.TryRead(ref output, out var mark));
        Assert.Equal(ShellMarks.Prompt, mark.Kind);
    }

    [Fact]
    public void A_text_that_is_too_long_is_cut()
    {
        var mark = Assert.Single(Read($"\e]633;E;{new string('z', MarkReader.LongestText + 10)};{Nonce}\a"));
        Assert.True(mark.IsCut);
        Assert.Equal(MarkReader.LongestText, mark.Text.Length);
        Assert.True(Assert.Single(Read($"\e]633;E;zz;{Nonce};cut\a")).IsCut);
    }

    [Fact]
    public void Any_bytes_are_read_without_a_fault()
    {
        var random = new Random(633);
        var alphabet = Encoding.ASCII.GetBytes($"\e\a\\];633ABCDEPx0\n\r{Nonce}");
        for (var round = 0; round < 2_000; round++)
        {
            var output = new byte[random.Next(200)];
            for (var i = 0; i < output.Length; i++)
            {
                output[i] = random.Next(8) == 0 ? (byte)random.Next(256) : alphabet[random.Next(alphabet.Length)];
            }

            var pieces = new List<int>();
            for (var left = output.Length; left > 0;)
            {
                var piece = random.Next(1, left + 1);
                pieces.Add(piece);
                left -= piece;
            }

            Assert.Equal(Read(output, [output.Length]), Read(output, pieces));
        }
    }

    private static List<ShellMark> Read(string output)
    {
        var bytes = Encoding.UTF8.GetBytes(output);
        return Read(bytes, [bytes.Length]);
    }

    private static List<ShellMark> Read(byte[] output, IEnumerable<int> pieces)
    {
        var reader = new MarkReader(Nonce);
        var marks = new List<ShellMark>();
        var begin = 0;
        foreach (var piece in pieces)
        {
            var bytes = output.AsSpan(begin, piece);
            var rest = (ReadOnlySpan<byte>)bytes;
            while (reader.TryRead(ref rest, out var mark))
            {
                marks.Add(mark);
            }

            begin += piece;
            Assert.Equal((ulong)begin, reader.Position);
        }

        return marks;
    }
}
