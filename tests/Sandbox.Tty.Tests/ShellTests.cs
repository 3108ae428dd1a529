using Sandbox.Rpc;
using Sandbox.Terminals.Flow;
using Sandbox.Terminals.Marks;
using Sandbox.Web.Terminals;
using Xunit;

namespace Sandbox.Tty.Tests;

/// <summary>The shells themselves, with the scripts that every sandbox sees.</summary>
public sealed class ShellTests(HolderFixture fixture) : IClassFixture<HolderFixture>
{
    private const string Nonce = "0123456789abcdef0123456789abcdef";

    /// <summary>The line of a command, and whether the shell tells it when the command begins.</summary>
    private sealed record Shell(string[] Command, string[] Environment, ShellIntegration Integration, bool TellsLines = true)
    {
        public static Shell Of(string name)
        {
            string[] common = ["PATH=/bin:/usr/bin", "TERM=xterm", "HOME=/root", "LANG=C.UTF-8"];
            return name switch
            {
                "bash" => new(["/usr/bin/bash", "--rcfile", "/dev/shell/bash"], common, ShellIntegration.Commands),
                "login bash" => new(["/usr/bin/bash", "-l"], [.. common, "PROMPT_COMMAND=. /dev/shell/bash"], ShellIntegration.Commands),
                "zsh" => new(["/usr/bin/zsh"], [.. common, "ZDOTDIR=/dev/shell/zsh"], ShellIntegration.Commands),
                "fish" => new(["/usr/bin/fish", "--init-command", "source /dev/shell/fish"], common, ShellIntegration.Commands),
                "ash" => new(["/bin/ash"], [.. common, "ENV=/dev/shell/ash"], ShellIntegration.Prompts),
                "dash" => new(["/usr/bin/dash"], [.. common, "ENV=/dev/shell/ash"], ShellIntegration.Prompts, TellsLines: false),
                _ => throw new ArgumentException(name, nameof(name)),
            };
        }
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("login bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("ash")]
    [InlineData("dash")]
    public async Task A_shell_tells_its_commands_their_exit_codes_and_where_they_ran(string name)
    {
        var shell = Shell.Of(name);
        await using var terminal = await OpenAsync(shell);
        await using var viewer = await terminal.FollowAsync();
        await viewer.UntilStateAsync(state => state.Integration == shell.Integration && state is { Cwd: "/", Running: null });

        var first = await RunAsync(viewer, "cd /tmp");
        Assert.Equal(0, first.ExitCode);
        Assert.Equal("/", first.Cwd);
        Assert.Equal(shell.TellsLines ? "cd /tmp" : null, first.Line);

        // The holder sends the state beside the output, so it may come after the prompt.
        await viewer.UntilStateAsync(state => state.Cwd == "/tmp");

        var second = await RunAsync(viewer, "printf 'a;b\\n'; sh -c 'exit 7'");
        Assert.Equal(7, second.ExitCode);
        Assert.Equal("/tmp", second.Cwd);
        Assert.Equal(shell.TellsLines ? "printf 'a;b\\n'; sh -c 'exit 7'" : null, second.Line);
        Assert.True(second.EndedAt >= second.StartedAt && second.StartedAt >= first.EndedAt);
        Assert.True(second.PromptAt < second.OutputAt && second.OutputAt < second.OutputEnd);
        Assert.Contains("a;b", Output(viewer, second), StringComparison.Ordinal);

        // The same line once more is one more command, and no line is none.
        var third = await RunAsync(viewer, "cd /tmp");
        var fourth = await RunAsync(viewer, "cd /tmp");
        Assert.True(fourth.PromptAt > third.PromptAt);
        Assert.Equal(shell.TellsLines ? "cd /tmp" : null, fourth.Line);
        viewer.Type("\r");
        await PromptAsync(viewer, viewer.Held);
        await RunAsync(viewer, "sh -c 'exit 3'");

        // Where no line is told, an empty one is a command that did nothing, and may be told of as late as now.
        var fifth = await viewer.UntilStateAsync(state => shell.TellsLines || state.Last is { ExitCode: not 0 });
        Assert.Equal(3, fifth.Last!.ExitCode);
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("ash")]
    public async Task A_command_runs_until_it_is_over_and_can_be_interrupted(string name)
    {
        var shell = Shell.Of(name);
        await using var terminal = await OpenAsync(shell);
        await using var viewer = await terminal.FollowAsync();
        await viewer.UntilStateAsync(state => state.Integration == shell.Integration);
        const string Line = "sh -c 'echo be''gun; sleep 1000'";
        await PromptAsync(viewer, 0);
        viewer.Type(Line + "\r");
        var running = await viewer.UntilStateAsync(state => state.Running is not null);
        await viewer.UntilAsync("begun");
        Assert.Equal(shell.Integration == ShellIntegration.Commands ? Line : null, running.Running!.Line);
        Assert.Equal(0, running.Running.EndedAt);

        // A viewer that comes meanwhile is told at once, and one that only asks.
        await using (var late = await terminal.FollowAsync(ulong.MaxValue))
        {
            Assert.NotNull((await late.UntilStateAsync(_ => true)).Running);
        }

        // A busy host may not answer within the patience of one question.
        TtyState? answer;
        for (var end = DateTime.UtcNow + Viewer.Limit; ;)
        {
            answer = await TtyConnection.AskStateAsync(token => TerminalSockets.ConnectAsync(terminal.Socket, token), CancellationToken.None);
            if (answer is not null)
            {
                break;
            }

            Assert.True(DateTime.UtcNow < end, "the holder does not answer");
        }

        Assert.NotNull(answer.Running);
        viewer.Type("\u0003");
        var over = await viewer.UntilStateAsync(state => state.Last is not null);
        Assert.Equal(130, over.Last!.ExitCode);
        Assert.Equal(Line, over.Last.Line);
        Assert.Null(over.Running);
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("login bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("ash")]
    [InlineData("dash")]
    public async Task Programs_inherit_nothing_of_it(string name)
    {
        var shell = Shell.Of(name);
        shell = shell with { Environment = [.. shell.Environment, name is "fish" ? "X=1" : "PS1=> "] };
        await using var terminal = await OpenAsync(shell);
        await using var viewer = await terminal.FollowAsync();
        await viewer.UntilStateAsync(state => state.Integration == shell.Integration);
        var environment = await RunAsync(viewer, "env");
        var text = Output(viewer, environment);
        Assert.Contains("HOME=/root", text, StringComparison.Ordinal);
        Assert.DoesNotContain(Nonce, text, StringComparison.Ordinal);
        Assert.DoesNotContain("/dev/shell", text, StringComparison.Ordinal);
        Assert.DoesNotContain("SANDBOX_", text, StringComparison.Ordinal);
        Assert.DoesNotContain("PROMPT_COMMAND", text, StringComparison.Ordinal);

        // Nor when somebody exports the prompt later on, as a venv's activate does.
        if (name is "bash" or "login bash" or "zsh")
        {
            await RunAsync(viewer, "PS1=\"(venv) $PS1\"; export PS1" + (name is "zsh" ? "" : "; env"));
            Assert.DoesNotContain(Nonce, Output(viewer, viewer.State!.Last!), StringComparison.Ordinal);
            var later = await RunAsync(viewer, "env");
            Assert.Contains("HOME=/root", Output(viewer, later), StringComparison.Ordinal);
            Assert.DoesNotContain("(venv)", Output(viewer, later), StringComparison.Ordinal);
            Assert.DoesNotContain(Nonce, Output(viewer, later), StringComparison.Ordinal);
        }

        // Nor can anybody find it in the environment, on the command line or behind a descriptor of the shell.
        var pid = int.Parse(terminal.Line["ok ".Length..], System.Globalization.CultureInfo.InvariantCulture);
        Assert.DoesNotContain(Nonce, await File.ReadAllTextAsync($"/proc/{pid}/environ"), StringComparison.Ordinal);
        Assert.DoesNotContain(Nonce, await File.ReadAllTextAsync($"/proc/{pid}/cmdline"), StringComparison.Ordinal);
        var left = await RunAsync(viewer, "cat < /dev/fd/3");
        Assert.DoesNotContain(Nonce, Unmarked(Output(viewer, left)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("ash")]
    public async Task What_a_program_prints_is_not_believed(string name)
    {
        var shell = Shell.Of(name);
        await using var terminal = await OpenAsync(shell);
        await using var viewer = await terminal.FollowAsync();
        await viewer.UntilStateAsync(state => state.Integration == shell.Integration);
        var evil = Path.Combine(fixture.RootFs, "tmp", "evil-" + name);
        await File.WriteAllTextAsync(evil, string.Concat(Enumerable.Repeat(
            "\e]633;E;rm -rf /\a\e]633;C\a\e]633;D;0\a\e]133;D;0\a\e]633;P;Cwd=/evil;ffffffffffffffffffffffffffffffff\a\e]633;E;rm -rf /;ffffffffffffffffffffffffffffffff\e\\\e]633;D;0;\a\e]633;A;\a", 50))
            + "\e]633;E;" + new string('x', 100_000));
        var command = await RunAsync(viewer, $"cat /tmp/evil-{name}; sh -c 'exit 9'");
        Assert.Equal(9, command.ExitCode);
        Assert.Equal($"cat /tmp/evil-{name}; sh -c 'exit 9'", command.Line);
        Assert.Equal("/", viewer.State!.Cwd);
    }

    [Theory]
    [InlineData("bash", "set -eu", "false || echo $?")]
    [InlineData("zsh", "set -u", "false || echo $?")]
    [InlineData("ash", "set -eu", "false || echo $?")]
    [InlineData("dash", "set -eu", "false || echo $?")]
    public async Task Strict_shells_go_on(string name, string strict, string line)
    {
        await using var terminal = await OpenAsync(Shell.Of(name));
        await using var viewer = await terminal.FollowAsync();
        await viewer.UntilStateAsync(state => state.Integration != ShellIntegration.None);
        await RunAsync(viewer, strict);
        var command = await RunAsync(viewer, line);
        Assert.Contains("1", Unmarked(Output(viewer, command)), StringComparison.Ordinal);
        Assert.Equal(0, command.ExitCode);
        Assert.Equal(0, (await RunAsync(viewer, "true")).ExitCode);
    }

    [Fact]
    public async Task Bash_keeps_what_its_user_set_up()
    {
        Directory.CreateDirectory(Path.Combine(fixture.RootFs, "tmp/home"));
        await File.WriteAllTextAsync(Path.Combine(fixture.RootFs, "tmp/home/.bashrc"), """
            PROMPT_COMMAND='echo "status $?"'
            PS1='mine\$ '
            PS0='(run)'
            trap 'traced=yes' DEBUG
            HISTCONTROL=ignoreboth
            greet() { echo hello; }

            """);
        var shell = Shell.Of("bash");
        shell = shell with { Environment = [.. shell.Environment.Where(line => !line.StartsWith("HOME=", StringComparison.Ordinal)), "HOME=/tmp/home"] };
        await using var terminal = await OpenAsync(shell);
        await using var viewer = await terminal.FollowAsync();
        await viewer.UntilAsync("mine");
        var greeting = await RunAsync(viewer, "greet; sh -c 'exit 5'");
        await viewer.UntilAsync("status 5");
        Assert.Contains("(run)", viewer.Text, StringComparison.Ordinal);
        Assert.Contains("hello", Output(viewer, greeting), StringComparison.Ordinal);
        var status = await RunAsync(viewer, "sh -c 'exit 6'");
        Assert.Equal(6, status.ExitCode);
        status = await RunAsync(viewer, "echo code=$? traced=$traced");
        Assert.Contains("code=6 traced=yes", Output(viewer, status), StringComparison.Ordinal);

        // What bash keeps out of its history it does not tell either.
        Assert.Null((await RunAsync(viewer, " echo secret")).Line);
        Assert.Equal("echo public", (await RunAsync(viewer, "echo public")).Line);

        // Another prompt and another PROMPT_COMMAND later on.
        await RunAsync(viewer, "PS1='other> '");
        await RunAsync(viewer, "PROMPT_COMMAND=:");
        Assert.Equal(4, (await RunAsync(viewer, "sh -c 'exit 4'")).ExitCode);
    }

    [Fact]
    public async Task A_command_over_several_lines_is_one()
    {
        foreach (var (name, line) in ((string, string)[])[("zsh", "for i in 1 2; do\necho $i\ndone"), ("fish", "for i in 1 2\necho $i\nend"), ("ash", "for i in 1 2; do\necho $i\ndone")])
        {
            Assert.Equal(line, await LineOfAsync(name, line));
        }

        Assert.Equal("for i in 1 2; do echo $i; done", await LineOfAsync("bash", "for i in 1 2; do\necho $i\ndone"));
    }

    [Fact]
    public async Task A_line_of_a_megabyte_is_told_cut()
    {
        await using var terminal = await OpenAsync(Shell.Of("bash"));
        await using var viewer = await terminal.FollowAsync();
        await viewer.UntilStateAsync(state => state.Integration != ShellIntegration.None);
        await File.WriteAllTextAsync(Path.Combine(fixture.RootFs, "tmp/long"), ": " + new string('y', 1_000_000) + "\n");
        await RunAsync(viewer, "history -s \"$(cat /tmp/long)\"; set -o histexpand");
        viewer.Type("!:0 \"$(cat /tmp/long)\" " + new string('z', 3000) + "\r");
        var last = (await viewer.UntilStateAsync(state => state.Last is { IsCut: true })).Last!;
        Assert.InRange(last.Line!.Length, TtyState.LongestTold - 3, TtyState.LongestTold);
    }

    [Fact]
    public async Task Who_makes_marks_all_the_time_is_told_of_ten_times_a_second_and_the_last_one_is_told()
    {
        const int Count = 30_000;
        var script = $"read line; i=0; while [ $i -lt {Count} ]; do i=$((i+1)); printf '\\033]633;P;Cwd=/%s;{Nonce}\\007' $i; done";
        await using var terminal = await OpenTerminal.StartShellAsync(fixture, Nonce, ["/bin/sh", "-c", script], ["PATH=/bin"]);
        await using var viewer = await terminal.FollowAsync();
        var first = await viewer.UntilStateAsync(_ => true);
        Assert.Equal((Nonce, 0UL), (first.Nonce, viewer.Held));

        var since = System.Diagnostics.Stopwatch.StartNew();
        viewer.Type("\n");
        var (told, last) = (0, first);
        while (await viewer.ReadAsync())
        {
            told += ReferenceEquals(last, viewer.State) ? 0 : 1;
            last = viewer.State!;
        }

        Assert.Equal($"/{Count}", last.Cwd);

        // one at once, and the last one when the program ends
        Assert.InRange(told, 1, 2 + (since.ElapsedMilliseconds / TtyFrame.StateEvery));
    }

    [Fact]
    public async Task Without_a_nonce_nothing_is_told()
    {
        await using var terminal = await OpenTerminal.StartAsync(fixture, "sh");
        await using var viewer = await terminal.FollowAsync();
        viewer.Type("printf '\\033]633;A;\\007'; echo a$((1+1))b\n");
        await viewer.UntilAsync("a2b\r\n");
        Assert.Null(viewer.State);
    }

    private async Task<string?> LineOfAsync(string name, string line)
    {
        await using var terminal = await OpenAsync(Shell.Of(name));
        await using var viewer = await terminal.FollowAsync();
        await viewer.UntilStateAsync(state => state.Integration != ShellIntegration.None);
        return (await RunAsync(viewer, line)).Line;
    }

    private Task<OpenTerminal> OpenAsync(Shell shell) => OpenTerminal.StartShellAsync(fixture, Nonce, shell.Command, shell.Environment);

    /// <summary>Types a line once there is a prompt, and waits until it is over and there is the next one.</summary>
    private static async Task<ShellCommand> RunAsync(Viewer viewer, string line)
    {
        var before = viewer.State?.Last;
        await PromptAsync(viewer, before?.OutputEnd ?? 0);
        viewer.Type(line.Replace('\n', '\r') + "\r");
        var state = await viewer.UntilStateAsync(state => state.Last is not null && state.Last != before && state.Running is null);
        await PromptAsync(viewer, state.Last!.OutputEnd);
        return viewer.State!.Last!;
    }

    /// <summary>Waits for a prompt. What a shell without a line editor is told before it, it reads without a word of it.</summary>
    private static async Task PromptAsync(Viewer viewer, ulong after)
    {
        bool IsThere()
        {
            var text = System.Text.Encoding.Latin1.GetString(viewer.Output)[(int)Math.Min(after, viewer.Held)..];
            var prompt = text.IndexOf("\e]633;A;", StringComparison.Ordinal);
            return prompt >= 0 && (text.IndexOf("\e]633;B;", prompt, StringComparison.Ordinal) >= 0 || text.IndexOf("# ", prompt, StringComparison.Ordinal) >= 0);
        }

        while (!IsThere())
        {
            Assert.True(await viewer.ReadAsync(), viewer.Text);
        }
    }

    private static string Output(Viewer viewer, ShellCommand command) =>
        System.Text.Encoding.UTF8.GetString(viewer.Output[(int)command.OutputAt..(int)command.OutputEnd]);

    private static string Unmarked(string text) => System.Text.RegularExpressions.Regex.Replace(text, "\e\\][0-9]+;[^\a\e]*(\a|\e\\\\)", "", System.Text.RegularExpressions.RegexOptions.ExplicitCapture, Viewer.Limit);
}
