using System.Text;
using Sandbox.Terminals.Marks;
using Xunit;

namespace Sandbox.Terminals.Tests.Marks;

public sealed class CommandMarksTests
{
    private const string Nonce = "0123456789abcdef0123456789abcdef";

    private readonly CommandMarks _marks = new(Nonce);
    private long _now = 1000;

    [Fact]
    public void A_command_begins_and_ends()
    {
        Print($"{Mark("P;Cwd=/root")}{Mark("A")}$ {Mark("B")}");
        Assert.Equal(ShellIntegration.Commands, _marks.State.Integration);
        Assert.Equal("/root", _marks.State.Cwd);
        Assert.Null(_marks.State.Running);

        _now = 2000;
        Print($"make\r\n{Mark("E;make")}{Mark("C")}");
        Assert.Equal("make", _marks.State.Running!.Line);
        Assert.Equal("/root", _marks.State.Running.Cwd);
        Assert.Equal(2000, _marks.State.Running.StartedAt);

        _now = 5000;
        Print($"error\r\n{Mark("D;2")}{Mark("P;Cwd=/tmp")}{Mark("A")}$ {Mark("B")}");
        Assert.Null(_marks.State.Running);
        Assert.Equal(2, _marks.State.Last!.ExitCode);
        Assert.Equal(5000, _marks.State.Last.EndedAt);
        Assert.Equal("/root", _marks.State.Last.Cwd);
        Assert.Equal("/tmp", _marks.State.Cwd);
        Assert.Equal((ulong)"error\r\n".Length, _marks.State.Last.OutputEnd - _marks.State.Last.OutputAt);
    }

    [Fact]
    public void A_prompt_without_an_end_ends_the_command_with_an_unknown_code()
    {
        Print($"{Mark("A")}{Mark("B")}{Mark("E;x")}{Mark("C")}output{Mark("A")}");
        Assert.Null(_marks.State.Running);
        Assert.Equal("x", _marks.State.Last!.Line);
        Assert.Null(_marks.State.Last.ExitCode);
    }

    [Fact]
    public void An_end_without_a_command_is_nothing()
    {
        Print($"{Mark("A")}{Mark("D;0")}{Mark("D;1")}");
        Assert.Null(_marks.State.Last);
    }

    [Fact]
    public void A_shell_with_prompts_tells_a_line_when_it_is_over()
    {
        Print(Prompt("old", 0) + "# " + Mark("B"));
        Assert.Equal(ShellIntegration.Prompts, _marks.State.Integration);
        Print("false");
        Assert.Null(_marks.State.Running);
        Print("\r\n");
        Assert.NotNull(_marks.State.Running);
        Assert.Null(_marks.State.Running!.Line);
        Print(Prompt("false", 1) + "# " + Mark("B"));
        Assert.Equal(("false", 1), (_marks.State.Last!.Line, _marks.State.Last.ExitCode));
        Assert.Null(_marks.State.Running);
    }

    [Fact]
    public void An_empty_line_and_one_that_was_given_up_are_no_commands()
    {
        Print(Prompt("false", 0) + "# " + Mark("B") + "false\r\n" + Prompt("false", 1) + "# " + Mark("B"));
        var last = _marks.State.Last;
        Assert.Equal(1, last!.ExitCode);
        Print("\r\n" + Prompt("false", 1) + "# " + Mark("B"));
        Print("abc^C\r\n" + Prompt("false", 130) + "# " + Mark("B"));
        Assert.Equal(last, _marks.State.Last);

        // The same command again, interrupted: it printed something, the end of its line at least.
        Print("false\r\n^C\r\n" + Prompt("false", 130) + "# " + Mark("B"));
        Assert.Equal(130, _marks.State.Last!.ExitCode);
    }

    [Fact]
    public void What_was_typed_before_the_prompt_came_is_a_command_too()
    {
        Print(Prompt("", 0) + "# " + Mark("B") + Prompt("cd /tmp", 0) + "# " + Mark("B"));
        Assert.Equal("cd /tmp", _marks.State.Last!.Line);
        Print("\r\n" + Prompt("cd /tmp", 0) + "# " + Mark("B"));
        Assert.Equal(0, _marks.State.Last!.ExitCode);
        Print(Prompt("cd /nowhere", 1) + "# " + Mark("B"));
        Assert.Equal("cd /nowhere", _marks.State.Last!.Line);
    }

    [Fact]
    public void A_line_that_wraps_is_not_entered()
    {
        Print(Prompt("", 0) + "# " + Mark("B") + "\e[6necho aaaa\r\r\nbbbb");
        Assert.Null(_marks.State.Running);
        Print("\r\n");
        Assert.NotNull(_marks.State.Running);
    }

    [Fact]
    public void Lines_that_go_on_are_one_command()
    {
        Print(Prompt("", 0) + "# " + Mark("B") + "for i in 1\r\n" + Mark("F;for i in 1") + "> ");
        Assert.Null(_marks.State.Running);
        Print("do echo\r\n" + Mark("F;do echo") + "> done\r\n1\r\n" + Prompt("done", 0));
        Assert.Equal("for i in 1\ndo echo\ndone", _marks.State.Last!.Line);
    }

    [Fact]
    public void A_state_is_read_as_it_was_written()
    {
        var command = new ShellCommand { Line = "é;\n", IsCut = true, Cwd = "/a b", ExitCode = -1, StartedAt = 5, EndedAt = 7, PromptAt = 1, OutputAt = ulong.MaxValue, OutputEnd = 3 };
        foreach (var state in (TtyState[])[
            new() { Nonce = Nonce },
            new() { Nonce = Nonce, Integration = ShellIntegration.Prompts, Cwd = "", Last = command with { Line = null, ExitCode = null, Cwd = null } },
            new() { Nonce = Nonce, Integration = ShellIntegration.Commands, Cwd = "/", Running = command, Last = command with { IsCut = false } }])
        {
            var bytes = new byte[TtyState.MostBytes];
            var length = state.Write(bytes);
            Assert.True(TtyState.TryRead(bytes.AsSpan(0, length), out var read));
            Assert.Equal(state, read);
            for (var less = 0; less < length; less++)
            {
                Assert.False(TtyState.TryRead(bytes.AsSpan(0, less), out _));
            }

            Assert.False(TtyState.TryRead(bytes.AsSpan(0, length + 1), out _));
        }
    }

    [Fact]
    public void The_longest_state_there_can_be_has_room()
    {
        var letters = new string('\uffff', TtyState.LongestTold / 3);
        var command = new ShellCommand { Line = letters, Cwd = letters, ExitCode = 1 };
        var state = new TtyState { Nonce = new string('a', 64), Cwd = letters, Running = command, Last = command };
        var bytes = new byte[TtyState.MostWritten];
        Assert.True(TtyState.TryRead(bytes.AsSpan(0, state.Write(bytes)), out var read));
        Assert.Equal(state, read);
    }

    [Theory]
    [InlineData("a", 1024)]
    [InlineData("é", 512)]
    [InlineData("日", 341)]
    [InlineData("😀", 256)]
    public void A_line_is_told_with_its_first_characters_and_a_long_directory_is_not(string letter, int kept)
    {
        var letters = string.Concat(Enumerable.Repeat(letter, MarkReader.LongestText));
        var command = new ShellCommand { Line = letters, Cwd = letters, ExitCode = 1 };
        var state = new TtyState { Nonce = Nonce, Cwd = letters, Running = command, Last = command };
        var bytes = new byte[TtyState.MostWritten];
        Assert.True(TtyState.TryRead(bytes.AsSpan(0, state.Write(bytes)), out var read));
        var told = command with { Line = string.Concat(Enumerable.Repeat(letter, kept)), IsCut = true, Cwd = null };
        Assert.Equal(state with { Cwd = null, Running = told, Last = told }, read);
    }

    [Fact]
    public void A_line_from_before_is_no_command_of_who_came_late()
    {
        var late = new CommandMarks(Nonce) { IsLate = true };
        var learned = new List<string?>();
        late.Learned = command => learned.Add(command.Line);
        void Read(string text) => late.Read(Encoding.UTF8.GetBytes(text), _now);

        Read("ls\r\n" + Prompt("export TOKEN=1", 0) + "# " + Mark("B"));
        Assert.Empty(learned);
        Read(" ls\r\n" + Prompt("export TOKEN=1", 0) + "# " + Mark("B"));
        Read("id\r\n" + Prompt("id", 0) + "# " + Mark("B"));
        Read("export TOKEN=1\r\n" + Prompt("export TOKEN=1", 0) + "# " + Mark("B"));
        Assert.Equal([null, "id", "export TOKEN=1"], learned);
    }

    [Fact]
    public void What_was_begun_before_lost_output_is_forgotten_and_what_comes_after_is_read()
    {
        var learned = new List<string?>();
        _marks.Learned = command => learned.Add(command.Line);
        var before = $"{Mark("A")}$ {Mark("B")}make\r\n{Mark("E;make")}{Mark("C")}out\e]633;D;1";
        Print(before);
        _marks.Skip((ulong)Encoding.UTF8.GetByteCount(before));
        Assert.NotNull(_marks.State.Running);

        // In the middle of a mark, of which what comes next is no part.
        _marks.Skip(100_000);
        Assert.Null(_marks.State.Running);
        Print($";{Nonce}\a{Mark("D;0")}{Mark("A")}$ {Mark("B")}ls\r\n{Mark("E;ls")}{Mark("C")}");
        Assert.Equal((ulong)100_000, _marks.State.Running!.PromptAt - (ulong)$";{Nonce}\a{Mark("D;0")}".Length);
        Assert.Null(_marks.State.Last);
        Assert.Equal(["make", "ls"], learned);
    }

    [Fact]
    public void Of_a_shell_with_prompts_too_and_a_line_of_what_was_lost_is_no_command()
    {
        var late = new CommandMarks(Nonce) { IsLate = true };
        var learned = new List<string?>();
        late.Learned = command => learned.Add(command.Line);
        void Read(string text) => late.Read(Encoding.UTF8.GetBytes(text), _now);

        Read(Prompt("old", 0) + "# " + Mark("B") + "id\r\n" + Prompt("id", 0) + "# " + Mark("B") + "make\r\n");
        Assert.NotNull(late.State.Running);
        late.Skip(100_000);
        Read("out\r\n" + Prompt("export TOKEN=1", 0) + "# " + Mark("B") + " ls\r\n" + Prompt("export TOKEN=1", 0) + "# " + Mark("B") + "id\r\n" + Prompt("id", 0));
        Assert.Equal(["id", null, "id"], learned);
    }

    private static string Mark(string text) => text[0] is 'D' or 'E' or 'F' or 'P' ? $"\e]633;{text};{Nonce}\a" : $"\e]633;{text[0]};{Nonce}{text[1..]}\a";

    private static string Prompt(string line, int code) => Mark("P;Integration=prompt") + Mark("E;" + line) + Mark($"D;{code}") + Mark("P;Cwd=/") + Mark("A");

    private void Print(string text) => _marks.Read(Encoding.UTF8.GetBytes(text), _now);
}
