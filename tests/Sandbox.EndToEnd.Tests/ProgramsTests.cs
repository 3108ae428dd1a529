using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Full-screen programs, used as people use them: started, typed into, resized, left.</summary>
public sealed partial class ProgramsTests(Instance instance, Chromium chromium)
{
    [Fact]
    public async Task The_editor_the_pager_and_the_monitor_of_busybox_draw_follow_the_window_and_leave_the_shell_as_it_was()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var keys = visitor.Page.Keyboard;
        await visitor.LaunchAsync("busybox");
        await visitor.ResizeAsync(110, 24);
        await visitor.TypeAsync("seq 1 500 > /tmp/numbers; echo before-$((6*7))");
        await visitor.SeesLineAsync("before-42");

        await PromptAsync(visitor);
        await visitor.TypeAsync("vi /tmp/poem");
        await visitor.ViewsAsync(rows => rows.Split('\n').Count(row => row == "~") == 22, "an empty file of 24 rows");
        await keys.TypeAsync("ione\ntwo\nthree");
        await keys.PressAsync("Escape");
        await visitor.ViewsAsync(rows => rows.StartsWith("one\ntwo\nthree\n~\n", StringComparison.Ordinal), "what was typed");
        await visitor.ResizeAsync(96, 12);
        await visitor.ViewsAsync(rows => rows.StartsWith("one\ntwo\nthree\n~\n", StringComparison.Ordinal) && rows.Split('\n') is { Length: 12 } lines && lines[^1].StartsWith("- /tmp/poem", StringComparison.Ordinal), "the same in 12 rows");
        await keys.TypeAsync("kdd");
        await visitor.ViewsAsync(rows => rows.StartsWith("one\nthree\n~\n", StringComparison.Ordinal) && rows.Split('\n').Count(row => row == "~") is 9 or 8, "12 rows, and a line less");
        await visitor.TypeAsync(":wq");
        await PromptAsync(visitor);
        await visitor.TypeAsync("tr '\\n' , < /tmp/poem; echo; echo edited-$((6*7))");
        await visitor.SeesLineAsync("edited-42");
        await visitor.SeesLineAsync("one,three,");
        await visitor.SeesLineAsync("before-42");

        await PromptAsync(visitor);
        await visitor.TypeAsync("clear; less /tmp/numbers");
        await visitor.ViewsAsync(rows => rows.StartsWith("1\n2\n3\n", StringComparison.Ordinal) && rows.Split('\n').Length == 12, "the first page");
        await keys.TypeAsync(" ");
        await visitor.ViewsAsync(rows => rows.StartsWith("12\n13\n", StringComparison.Ordinal), "the second page");
        await visitor.ResizeAsync(110, 24);

        // The pager takes a new size that comes into what it reads for a letter.
        await visitor.ViewsAsync(rows => rows.StartsWith("12\n13\n", StringComparison.Ordinal) && rows.Split('\n').Length == 24, "a longer page");
        await visitor.TypeAsync("/^400");
        await visitor.ViewsAsync(rows => rows.Split('\n').Contains("400", StringComparer.Ordinal), "what was searched for");
        await keys.TypeAsync("q");
        await PromptAsync(visitor);
        await visitor.TypeAsync("echo read-$((6*7))");
        await visitor.SeesLineAsync("read-42");

        await PromptAsync(visitor);
        await visitor.TypeAsync("clear; top");
        await visitor.ViewsAsync(rows => rows.Contains("Mem:", StringComparison.Ordinal) && Process().IsMatch(rows), "the processes");
        await visitor.ResizeAsync(96, 12);
        await visitor.ViewsAsync(rows => rows.Contains("Mem:", StringComparison.Ordinal) && rows.Split('\n').Length <= 12, "fewer of them");
        await keys.TypeAsync("q");
        await PromptAsync(visitor);
        await visitor.TypeAsync("echo watched-$((6*7))");
        await visitor.SeesLineAsync("watched-42");
    }

    [Fact]
    public async Task The_python_prompt_has_blocks_history_interrupt_and_exit()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("python");
        await visitor.SeesAsync(text => text.EndsWith(">>>", StringComparison.Ordinal), "the prompt below the interpreter's greeting");
        await visitor.TypeAsync("def times(n):");
        await visitor.TypeAsync("    return n * 6");
        await visitor.ResizeAsync(96, 12);
        await visitor.TypeAsync("");
        await visitor.TypeAsync("print('made', times(7))");
        await visitor.SeesLineAsync("made 42");
        await visitor.Page.Keyboard.PressAsync("ArrowUp");
        await visitor.Page.Keyboard.PressAsync("Enter");
        await visitor.SeesAsync(text => text.Split('\n').Count(line => line == "made 42") == 2, "the same once more");
        await visitor.SeesAsync(text => text.EndsWith(">>>", StringComparison.Ordinal), "the prompt after it");
        await visitor.TypeAsync("while True: pass");
        await visitor.SeesAsync(text => text.EndsWith("\n...", StringComparison.Ordinal), "the prompt within the block");
        await visitor.Page.Keyboard.PressAsync("Control+c");
        await visitor.SeesAsync(text => text.Contains("KeyboardInterrupt", StringComparison.Ordinal) && text.EndsWith(">>>", StringComparison.Ordinal), "the interruption, and a prompt");
        await visitor.TypeAsync("exit(3)");
        await Assertions.Expect(visitor.Page.Locator(".ws-tab[data-state='exited']")).ToHaveCountAsync(1);

        // The same program again, in the same place.
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Run it again" }).ClickAsync();
        await visitor.ShellAsync();
        await visitor.SeesAsync(text => text.Contains(">>>", StringComparison.Ordinal), "the interpreter");
        await visitor.TypeAsync("print('again', 6 * 7)");
        await visitor.SeesLineAsync("again 42");
        await Assertions.Expect(visitor.Page.Locator(".ws-tab")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task Vim_tmux_htop_and_nano_draw_follow_the_window_and_leave_the_shell_as_it_was()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var keys = visitor.Page.Keyboard;
        await visitor.LaunchAsync("debian");
        await visitor.ResizeAsync(110, 24);
        await visitor.InstallAsync("vim tmux htop nano");

        await PromptAsync(visitor);
        await visitor.TypeAsync("vim -N -u NONE -i NONE /tmp/poem");
        await visitor.ViewsAsync(rows => rows.Split('\n').Count(row => row == "~") >= 21, "an empty file of 24 rows");
        await keys.TypeAsync("ione\ntwo\nthree");
        await keys.PressAsync("Escape");
        await visitor.ResizeAsync(96, 12);
        await keys.TypeAsync("gg3yyP");
        await visitor.ViewsAsync(rows => rows.StartsWith("one\ntwo\nthree\none\ntwo\nthree\n~\n", StringComparison.Ordinal) && rows.Split('\n').Length <= 12, "the lines twice in 12 rows");
        await visitor.TypeAsync(":%s/two/2/");
        await visitor.ViewsAsync(rows => rows.StartsWith("one\n2\nthree\none\n2\nthree\n~\n", StringComparison.Ordinal), "the change");
        await visitor.TypeAsync(":wq");
        await PromptAsync(visitor);
        await visitor.TypeAsync("tr '\\n' , < /tmp/poem; echo; echo edited-$((6*7))");
        await visitor.SeesLineAsync("edited-42");
        await visitor.SeesLineAsync("one,2,three,one,2,three,");
        await visitor.SeesLineAsync("installed-0");

        await PromptAsync(visitor);
        await visitor.TypeAsync("tmux -f /dev/null new -s here sh");
        await visitor.ViewsAsync(rows => rows.Split('\n')[^1].StartsWith("[here]", StringComparison.Ordinal), "the line of tmux");
        await keys.PressAsync("Control+b");
        await keys.TypeAsync("%");
        await visitor.ViewsAsync(rows => rows.Split('\n').Count(row => row.Contains('│', StringComparison.Ordinal)) >= 10 && Prompt().IsMatch(rows), "two halves, and the shell's prompt in the right one");
        await visitor.TypeAsync("echo right-$((6*7))");
        await visitor.ViewsAsync(rows => Right().IsMatch(rows), "an answer in the right half");
        await visitor.ResizeAsync(110, 24);
        await visitor.ViewsAsync(rows => rows.Split('\n').Count(row => row.Contains('│', StringComparison.Ordinal)) >= 22, "two longer halves");
        await keys.PressAsync("Control+b");
        await keys.TypeAsync("d");
        await visitor.SeesAsync(text => text.Contains("[detached (from session here)]", StringComparison.Ordinal), "the end of tmux");
        await PromptAsync(visitor);
        await visitor.TypeAsync("tmux attach");
        await visitor.ViewsAsync(rows => Right().IsMatch(rows), "the same again");
        await keys.PressAsync("Control+b");
        await keys.TypeAsync("d");
        await PromptAsync(visitor);
        await visitor.TypeAsync("tmux kill-server; clear; htop");

        await visitor.ViewsAsync(rows => rows.Contains("Load average", StringComparison.Ordinal) && rows.Contains("F10Quit", StringComparison.Ordinal), "htop");
        await visitor.ResizeAsync(100, 20);
        await visitor.ViewsAsync(rows => rows.Split('\n') is { Length: 20 } lines && lines[^1].Contains("F10Quit", StringComparison.Ordinal) && rows.Contains("Load average", StringComparison.Ordinal), "htop in 20 rows");
        await keys.PressAsync("F10");
        await PromptAsync(visitor);

        await visitor.TypeAsync("clear; nano /tmp/letter");
        await visitor.ViewsAsync(rows => rows.Contains("GNU nano", StringComparison.Ordinal) && rows.Contains("^X Exit", StringComparison.Ordinal), "nano");
        await keys.TypeAsync("dear all");

        // A key that nano reads as the size changes is lost in it: it reports the new size in the key's place.
        await visitor.ViewsAsync(rows => rows.Split('\n').Contains("dear all", StringComparer.Ordinal), "the letter");
        await visitor.ResizeAsync(96, 12);
        await visitor.ViewsAsync(rows => rows.Split('\n') is { Length: 12 } lines && lines.Contains("dear all", StringComparer.Ordinal), "nano in 12 rows");
        await keys.PressAsync("Control+x");
        await keys.TypeAsync("y");
        await keys.PressAsync("Enter");
        await PromptAsync(visitor);
        await visitor.TypeAsync("wc -c < /tmp/letter; echo written-$((6*7))");
        await visitor.SeesLineAsync("written-42");
        await visitor.SeesLineAsync("9");
    }

    /// <summary>Waits for the shell's prompt: programs discard keys that are typed while they end.</summary>
    private static Task PromptAsync(Visitor visitor) =>
        visitor.ViewsAsync(rows => rows.Split('\n')[^1] is { } last && (last.EndsWith('#') || last.EndsWith('$')), "the shell's prompt");

    [GeneratedRegex(@"^ *1 +\d* *root ", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Process();

    [GeneratedRegex("│[^│\n]*# *$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Prompt();

    [GeneratedRegex(@"│ *right-42", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Right();
}
