using System.Text;
using Sandbox.Terminals.Marks;
using Xunit;

namespace Sandbox.Terminals.Tests.Marks;

public sealed class LineEchoTests
{
    private const string Nonce = "0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData("$ ls -l\r\n", "ls -l", "as it was typed")]
    [InlineData("$ lz\b\e[Ks -l\r\n", "ls -l", "with a correction")]
    [InlineData("$ git stauts\b\b\b\e[1P\e[Cus\r\n", "git status", "with one in the middle")]
    [InlineData("$ cd tmp\b\b\b\e[1@/\e[3C\r\n", "cd /tmp", "with a letter put in")]
    [InlineData("$ make\r$ \e[Kls\r\n", "ls", "replaced from the history")]
    [InlineData("$ make\r$ \e[4Ginstall\r\n", "instal", "painted elsewhere")]
    [InlineData("$ echo aaaa \rbbbb\r\n", "echo aaaabbbb", "wrapped at the margin")]
    [InlineData("$ echo aaaa\r\r\nbbbb\r\n", "echo aaaabbbb", "wrapped by a busybox")]
    [InlineData("$ \e[1m\e[32mls\e(B\e[m \e]0;ls -a\a-l\e[?2004l\r\r\n", "ls -l", "coloured")]
    [InlineData("$ for i in 1\r\n> do é ☂\r\n", "do é ☂", "of several lines")]
    public void A_line_that_was_shown_is_known(string shown, string line, string how) => Assert.True(Echo(shown).Shows(line), how);

    [Theory]
    [InlineData("$ \r\n", "export TOKEN=1", "without echo")]
    [InlineData("$ ****\r\n", "1234", "with stars")]
    [InlineData("$ exp\r\n", "export TOKEN=1", "with echo at first")]
    [InlineData("$ \e]0;export TOKEN=1\a\e]633;E;export TOKEN=1;n\e\\\eP1export TOKEN=1\e\\\r\n", "export TOKEN=1", "told, and not shown")]
    [InlineData("$ \e]0;x\e]633;E;export TOKEN=1;n\a\r\n", "export TOKEN=1", "told in what broke off another string")]
    [InlineData("$ \e[3\e]633;E;export TOKEN=1;n\a\r\n", "export TOKEN=1", "told in what broke off a control")]
    [InlineData("$ TOKEN\r\nexport =1\r\n", "export TOKEN=1", "in pieces")]
    [InlineData("$ ls\r\n", "", "empty")]
    public void A_line_that_was_not_shown_is_not_known(string shown, string line, string how) => Assert.False(Echo(shown).Shows(line), how);

    [Fact]
    public void What_stood_in_a_line_before_is_not_in_the_next_one()
    {
        var echo = Echo("$ export TOKEN=1\r\n");
        echo.Begin();
        echo.Read("$ x\e[40Cy\r\n"u8);
        Assert.False(echo.Shows("export TOKEN=1"));
        echo.End();
        echo.Read("export TOKEN=1"u8);
        Assert.False(echo.Shows("export TOKEN=1"));
    }

    [Theory]
    [InlineData("x", 64 * 1024)]
    [InlineData("\n", 64 * 1024)]
    [InlineData("\e[999C\e[999Cx\n", 4096)]
    [InlineData("\e[999@", 4096)]
    [InlineData("xxxxxxxxxxxxxxxx\r\e[@\e[P", 64 * 1024)]
    [InlineData("\e[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1", 4096)]
    public void Whatever_comes_what_is_kept_is_bounded(string piece, int times)
    {
        var bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(piece, times)));
        var echo = new LineEcho();
        echo.Read(bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < 8; round++)
        {
            echo.Begin();
            echo.Read(bytes);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        echo.Begin();
        echo.Read("ls"u8);
        Assert.True(echo.Shows("ls"));
    }

    [Fact]
    public void Each_command_of_a_shell_has_the_echo_of_its_own_line()
    {
        var echo = new LineEcho();
        var learned = new List<(string? Line, bool Shown)>();
        var marks = new CommandMarks(Nonce) { IsLate = true, Echo = echo };
        marks.Learned = command => learned.Add((command.Line, echo.Shows(command.Line ?? "")));
        var output = Encoding.UTF8.GetBytes(
            $"one\r\n{Enter("one")}{Done()}two\r\n{Enter("two")}two\r\n{Done()}{Enter("export TOKEN=1")}{Done()}export TOKEN=1\r\n{Enter("export TOKEN=1")}{Enter("export TOKEN=1")}");
        foreach (var value in output)
        {
            marks.Read([value], 0);
        }

        Assert.Equal([("one", true), ("two", true), ("export TOKEN=1", false), ("export TOKEN=1", true), ("export TOKEN=1", false)], learned);

        static string Enter(string line) => $"\e]633;E;{line};{Nonce}\a\e]633;C;{Nonce}\a";
        static string Done() => $"\e]633;D;0;{Nonce}\a\e]633;A;{Nonce}\a$ \e]633;B;{Nonce}\a";
    }

    [Fact]
    public void A_shell_with_prompts_too()
    {
        var echo = new LineEcho();
        var learned = new List<(string? Line, bool Shown)>();
        var marks = new CommandMarks(Nonce) { IsLate = true, Echo = echo };
        marks.Learned = command => learned.Add((command.Line, echo.Shows(command.Line ?? "")));
        foreach (var value in Encoding.UTF8.GetBytes($"{Prompt("")}id\r\nuid=0\r\n{Prompt("id")}\r\nuid=0\r\n{Prompt("export TOKEN=1")}ls\r\n{new string('x', 50_000)}\r\n{Prompt("ls")}true\r\n{Prompt("true")}"))
        {
            marks.Read([value], 0);
        }

        Assert.Equal([("id", true), ("export TOKEN=1", false), ("ls", true), ("true", true)], learned);

        static string Prompt(string line) => $"\e]633;P;Integration=prompt;{Nonce}\a\e]633;E;{line};{Nonce}\a\e]633;D;0;{Nonce}\a\e]633;A;{Nonce}\a# \e]633;B;{Nonce}\a";
    }

    private static LineEcho Echo(string shown)
    {
        var echo = new LineEcho();
        foreach (var value in Encoding.UTF8.GetBytes(shown))
        {
            echo.Read([value]);
        }

        return echo;
    }
}
