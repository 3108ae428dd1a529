using System.Text;
using Sandbox.Terminals.Screens;
using Xunit;

namespace Sandbox.Terminals.Tests.Screens;

/// <summary>The model against xterm.js itself: the same output, once shown as it is and once restored from the model.</summary>
public sealed class TerminalScreenTests(Xterm xterm) : IClassFixture<Xterm>
{
    private const int Cols = 40;
    private const int Rows = 10;

    [Theory]
    [InlineData("plain text\r\nand more", "x")]
    [InlineData("\e[1;31mred \e[44mon blue\e[0m \e[4:3;58;5;3mcurly\e[m \e[7minverse\e[27m \e[38;2;1;2;3mtrue", "more")]
    [InlineData("0123456789012345678901234567890123456789", "wraps")]
    [InlineData("012345678901234567890123456789012345678日", "wraps")]
    [InlineData("01234567890123456789012345678901234567日", "wraps")]
    [InlineData("\e[44m\e[2J\e[3;3Hblue everywhere\e[5;1H\e[K\e[41m\e[10X", "\r\n\n\n\n\n\n\n\n")]
    [InlineData("\e[3;7r\e[?6h\e[2;2Hin the region\e[5;1Hlast", "\n\n\n\nmore\eM")]
    [InlineData("before\e[?1049h\e[2Jfull screen\e[?25l\e[?1h\e=", "\e[?1049lafter")]
    [InlineData("before\e[5;5H\e7\e[?47hother\e7\e[?47l\e[H", "\e8x\e[?47h\e8y")]
    [InlineData("\e(0lqqk\e(B x \e)0\u000eqq", "qq\u000fqq")]
    [InlineData("\e[3g\e[5G\eH\e[20G\eH\r", "\ta\tb\tc")]
    [InlineData("\e[?1003h\e[?1006h\e[?1004h\e[?2004h\e[3 q\e]2;tïtle\a", "")]
    [InlineData("e\u0301 日\u0301 \u0301 x\r\n\e[1m\u0301", "\u0301")]
    [InlineData("abc\e[3;5", "Hdone")]
    [InlineData("abc\e]2;half a ti", "tle\adone")]
    [InlineData("abc\ePq#0;2;0", "#1~~@@vv\e\\done")]
    [InlineData("a\e[4hb\e[20h", "c\nd")]
    [InlineData("日本語\e[2G\e[Kx\e[1;3Hy", "z")]
    [InlineData("\e#8\e[5;5H\e[1mX", "\e[3M")]
    [InlineData("1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n9\r\n10\r\n11\e[3J\e[31mcleared", "x")]
    [InlineData("a\e[?7l0123456789012345678901234567890123456789x", "y日")]
    public Task It_restores(string output, string tail) => SameAsync(Encoding.UTF8.GetBytes(output), Encoding.UTF8.GetBytes(tail));

    [Fact]
    public Task It_restores_what_scrolled_away() =>
        SameAsync(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(1, 500).Select(i => $"line {i} \e[3{i % 8}m{new string('x', i % 90)}\e[m\r\n"))), "$ "u8.ToArray());

    [Theory]
    [InlineData("\ec")]
    [InlineData("x\e[9999999b")]
    [InlineData("\e[2J")]
    [InlineData("\e[J")]
    [InlineData("\e[1J")]
    [InlineData("\e[9999S")]
    [InlineData("\e[9999T")]
    [InlineData("\e[H\e[9999L")]
    [InlineData("\e[H\e[9999M")]
    [InlineData("\eM")]
    [InlineData("\e[999H\n")]
    [InlineData("\e[999H\eD")]
    [InlineData("\e[9@")]
    [InlineData("\e[9P")]
    [InlineData("\e[9999X")]
    [InlineData("\e[2K")]
    [InlineData("\e[9 @")]
    [InlineData("\e[9 A")]
    [InlineData("\e[9'}")]
    [InlineData("\e[9'~")]
    [InlineData("\e#8")]
    [InlineData("\e[?47h\e[?47l")]
    [InlineData("\e[4hx\r")]
    [InlineData("\e[3g\r\t")]
    [InlineData("\r\e[9999I\e[9999Z")]
    public void A_few_bytes_are_not_taken_for_as_much_work_as_they_ask_for(string sequence)
    {
        const int Most = 4_000_000;
        var screen = new TerminalScreen(1000, 131);
        var output = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(sequence, 100_000)));
        Assert.False(screen.TryFeed(output, Most));

        // What is begun is done: one sequence goes at most over both screens and everything that is repeated.
        Assert.InRange(screen.Work, Most, Most + 2_000_000);
    }

    [Fact]
    public void What_programs_print_is_taken_for_what_its_bytes_are_worth()
    {
        var screen = new TerminalScreen(200, 50);
        var line = "\e[32m12:34:56\e[0m compiled \e[1msrc/Sandbox.Terminals/Screens/TerminalScreen.cs\e[0m\r\n"u8;
        for (var i = 0; i < 10_000; i++)
        {
            Assert.True(screen.TryFeed(line, 16 * line.Length));
        }
    }

    [Fact]
    public void A_screen_of_a_colour_in_each_cell_is_not_written_in_a_detail_it_cannot_have()
    {
        var screen = new TerminalScreen(1000, 131);
        var colour = 0;
        foreach (var alternate in (bool[])[false, true])
        {
            screen.Feed(alternate ? "\e[?1049h\e[H"u8 : "\e[H"u8);
            for (var cell = 0; cell < 131_000; cell++)
            {
                colour++;
                screen.Feed(Encoding.ASCII.GetBytes($"\e[1;3;4:3;5;9;53;38;2;{100 + (colour % 100)};{100 + (colour / 100 % 100)};200;48;2;200;{100 + (colour % 99)};100;58;2;100;100;{100 + (colour % 100)}mx"));
            }
        }

        const int Most = 256 * 1024;
        var before = GC.GetAllocatedBytesForCurrentThread();
        var written = screen.Write(Most);
        Assert.True(written.Length <= Most);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 * Most);
    }

    [Fact]
    public async Task It_restores_whatever_a_program_prints()
    {
        var failures = new List<string>();
        for (var seed = 0; seed < 400 && failures.Count < 3; seed++)
        {
            var (cols, rows) = (10 + (seed % 7 * 9), 3 + (seed % 5 * 4));
            var made = new ProgramOutput(seed, cols, rows);
            var (output, tail) = (made.Make(20 + (seed % 150)), made.Make(12));
            var differences = await DifferencesAsync(cols, rows, output, tail);
            if (differences.Length > 0)
            {
                await ShrinkAsync(output, () => DifferencesAsync(cols, rows, output, tail));
                await ShrinkAsync(tail, () => DifferencesAsync(cols, rows, output, tail));
                differences = await DifferencesAsync(cols, rows, output, tail);
                failures.Add($"seed {seed}, {cols}x{rows}:\n{differences}\n{Shown(ProgramOutput.Bytes(output))}\nand then\n{Shown(ProgramOutput.Bytes(tail))}");
            }
        }

        Assert.True(failures.Count == 0, string.Join("\n\n", failures));
    }

    [Fact]
    public void It_does_not_matter_how_output_is_split()
    {
        for (var seed = 1000; seed < 1100; seed++)
        {
            var output = ProgramOutput.Bytes(new ProgramOutput(seed, Cols, Rows).Make(200));
            var whole = new TerminalScreen(Cols, Rows);
            whole.Feed(output);
            var split = new TerminalScreen(Cols, Rows);
            var random = new Random(seed);
            for (var at = 0; at < output.Length;)
            {
                var count = Math.Min(output.Length - at, random.Next(1, seed % 3 == 0 ? 2 : 40));
                split.Feed(output.AsSpan(at, count));
                at += count;
            }

            Assert.Equal(Shown(whole.Write(1 << 20)), Shown(split.Write(1 << 20)));
        }
    }

    [Theory]
    [InlineData("a line of text that is longer than the screen is wide\r\nshort\r\n\r\n")]
    [InlineData("no end of this line in sight; ")]
    [InlineData("a tab\there\r\n")]
    public void What_scrolls_away_entirely_is_gone_over(string text)
    {
        var output = Encoding.ASCII.GetBytes("\e[44m$ " + string.Concat(Enumerable.Repeat(text, 20_000)) + "end");
        var whole = new TerminalScreen(Cols, Rows);
        whole.Feed(output.AsSpan(0, 20));
        whole.Feed(output.AsSpan(20));
        var split = new TerminalScreen(Cols, Rows);
        foreach (var part in output.Chunk(1000))
        {
            split.Feed(part);
        }

        Assert.Equal(Shown(split.Write(1 << 20)), Shown(whole.Write(1 << 20)));
    }

    [Fact]
    public void Plain_text_is_told_from_all_else_wherever_that_stands()
    {
        var plain = new byte[70];
        for (var i = 0; i < plain.Length; i++)
        {
            plain[i] = (byte)(i % 7 == 0 ? "\t\n\r"[i % 3] : ' ' + i);
        }

        Assert.Equal(plain.Length, TerminalScreen.PlainLength(plain));
        for (var value = 0; value <= byte.MaxValue; value++)
        {
            var isPlain = value is (>= ' ' and <= '~') or '\t' or '\n' or '\r';
            for (var at = 0; at < plain.Length; at++)
            {
                var bytes = plain.ToArray();
                bytes[at] = (byte)value;
                Assert.Equal(isPlain ? plain.Length : at, TerminalScreen.PlainLength(bytes));
            }
        }
    }

    [Theory]
    [InlineData(80, 24)]
    [InlineData(300, 100)]
    [InlineData(1000, 1000)]
    public void A_screen_is_never_longer_than_allowed(int cols, int rows)
    {
        var screen = new TerminalScreen(cols, rows);
        var random = new Random(1);
        for (var i = 0; i < 100_000; i++)
        {
            screen.Feed(Encoding.UTF8.GetBytes($"\e[38;2;{random.Next(256)};{random.Next(256)};7;48;2;1;2;{random.Next(256)};4:3;58;5;{random.Next(256)}m▀\u0301\u0302\u0303"));
        }

        Assert.InRange(screen.Write(256 * 1024).Length, 1, 256 * 1024);
    }

    [Theory]
    [InlineData("\e]777;", "x")]
    [InlineData("\eP", "1")]
    [InlineData("\e[", "1;")]
    [InlineData("\e", " ")]
    [InlineData("\e_", "x")]
    [InlineData("a", "\u0301")]
    [InlineData("", "\e[99999999999b\e[2147483647L\e[2147483647T\e[2147483647I")]
    public async Task What_has_no_end_is_bounded_and_ends_as_it_does_in_the_page(string begin, string more)
    {
        var screen = new TerminalScreen(Cols, Rows);
        screen.Feed(Encoding.UTF8.GetBytes("before\r\n" + begin));
        for (var i = 0; i < 10_000; i++)
        {
            screen.Feed(Encoding.UTF8.GetBytes(more));
        }

        var written = screen.Write(1 << 20);
        Assert.InRange(written.Length, 1, 16 * 1024);
        if (begin.Length > 1)
        {
            byte[] output = Encoding.ASCII.GetBytes("before\r\n" + begin + string.Concat(Enumerable.Repeat(more, 10)));
            var tail = Encoding.ASCII.GetBytes(more + (begin.EndsWith('[') ? "z" : "\e\\") + "after");
            Assert.Equal("", await xterm.DifferencesAsync(Cols, Rows, output, tail));
            Assert.Equal("", await xterm.DifferencesAsync(Cols, Rows, output, written, tail));
        }
    }

    private async Task SameAsync(byte[] output, byte[] tail)
    {
        var differences = await xterm.DifferencesAsync(Cols, Rows, output, tail);
        Assert.True(differences.Length == 0, $"{differences}\n{Shown(output)}");
    }

    private Task<string> DifferencesAsync(int cols, int rows, List<string> output, List<string> tail) =>
        xterm.DifferencesAsync(cols, rows, ProgramOutput.Bytes(output), ProgramOutput.Bytes(tail));

    // Takes away what does not matter to the difference.
    private static async Task ShrinkAsync(List<string> steps, Func<Task<string>> differencesAsync)
    {
        for (var i = steps.Count - 1; i >= 0; i--)
        {
            var step = steps[i];
            steps.RemoveAt(i);
            if ((await differencesAsync()).Length == 0)
            {
                steps.Insert(i, step);
            }
        }
    }

    private static string Shown(ReadOnlySpan<byte> bytes) =>
        Encoding.UTF8.GetString(bytes).Replace("\e", "\\e", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
