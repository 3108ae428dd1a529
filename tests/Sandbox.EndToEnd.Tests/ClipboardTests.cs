using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Copying and pasting between a terminal and the visitor's clipboard, as far as the visitor allows it.</summary>
[Collection(typeof(Clipboard))]
public sealed class ClipboardTests(Instance instance, Chromium chromium)
{
    private const string Kept = "kept by the visitor";

    [Fact]
    public async Task A_hint_names_the_keys_for_copying_once_and_programs_get_Ctrl_V()
    {
        await using var visitor = await ArriveAsync();
        var said = visitor.Page.Locator("#toasts").GetByText("Ctrl+Shift+C copies, Ctrl+Shift+V pastes");
        await visitor.LaunchAsync("busybox");

        // The terminal is no longer the shell's once it shows this; before, Ctrl-C would be a character.
        await visitor.TypeAsync("echo begun-$((6*7)); cat -v");
        await visitor.SeesLineAsync("begun-42");
        await visitor.Page.Keyboard.PressAsync("Control+v");
        await visitor.Page.Keyboard.PressAsync("Control+v");
        await Assertions.Expect(said).ToHaveCountAsync(1);
        await visitor.Page.Keyboard.PressAsync("Control+c");
        await visitor.TypeAsync("echo after-$((6*7))");
        await visitor.SeesLineAsync("after-42");
    }

    [Fact]
    public async Task A_program_copies_only_after_a_yes_and_never_learns_what_is_on_the_clipboard()
    {
        await using var visitor = await ArriveAsync();
        var bar = visitor.Page.Locator(".ws-question[data-kind='copy']");
        await visitor.LaunchAsync("busybox");
        await CopyAsync(visitor, "hällo wörld");
        await Assertions.Expect(bar).ToContainTextAsync("A program wants to copy 11 characters to your clipboard: hällo wörld");
        Assert.Equal(Kept, await ClipboardAsync(visitor));

        // The question takes no key that was meant for the shell.
        await visitor.TypeAsync("echo typed-$((6*7))");
        await visitor.SeesLineAsync("typed-42");
        Assert.Equal(Kept, await ClipboardAsync(visitor));

        // By keys: from the terminal to the question, and its answer.
        await Assertions.Expect(bar.GetByRole(AriaRole.Button, new() { Name = "Allow once" })).ToBeEnabledAsync();
        await visitor.Page.Keyboard.PressAsync("Control+Shift+ArrowDown");
        await visitor.Page.Keyboard.PressAsync("Enter");
        await Eventually.TrueAsync(async () => await ClipboardAsync(visitor) == "hällo wörld", "what the program copied");
        await Assertions.Expect(bar).ToHaveCountAsync(0);

        // A query of the clipboard gets no answer: read gets the next typed line.
        await visitor.TypeAsync("printf '\\033]52;c;?\\a'; read -t 2 answer; echo \"answer:$answer:\"");
        await visitor.SeesLineAsync("answer::");

        // Replayed output asks nothing again.
        await visitor.Page.EvaluateAsync("text => navigator.clipboard.writeText(text)", Kept);
        await visitor.Page.ReloadAsync();
        await visitor.ShellAsync();
        await visitor.TypeAsync("echo again-$((6*7))");
        await visitor.SeesLineAsync("again-42");
        await Assertions.Expect(bar).ToHaveCountAsync(0);
        Assert.Equal(Kept, await ClipboardAsync(visitor));
    }

    [Fact]
    public async Task No_silences_a_program_and_always_applies_to_one_playground()
    {
        await using var visitor = await ArriveAsync();
        var bar = visitor.Page.Locator(".ws-question[data-kind='copy']");
        await visitor.LaunchAsync("busybox");
        await CopyAsync(visitor, "first");
        await bar.GetByRole(AriaRole.Button, new() { Name = "Deny" }).ClickAsync();
        await CopyAsync(visitor, "second");
        await Assertions.Expect(bar).ToHaveCountAsync(0);
        Assert.Equal(Kept, await ClipboardAsync(visitor));

        // In a terminal without a "no".
        await visitor.Page.Keyboard.PressAsync("Alt+Shift+N");
        await Assertions.Expect(visitor.Page.Locator(".ws-tab")).ToHaveCountAsync(2);
        await visitor.ShellAsync();
        await CopyAsync(visitor, "third");
        await bar.GetByRole(AriaRole.Button, new() { Name = "Always in this playground" }).ClickAsync();
        await Eventually.TrueAsync(async () => await ClipboardAsync(visitor) == "third", "the third copy");
        await CopyAsync(visitor, "fourth");
        await Eventually.TrueAsync(async () => await ClipboardAsync(visitor) == "fourth", "the fourth copy, unasked");
        await Assertions.Expect(bar).ToHaveCountAsync(0);

        await visitor.LaunchAsync("busybox");
        await CopyAsync(visitor, "fifth");
        await Assertions.Expect(bar).ToHaveCountAsync(1);
        Assert.Equal("fourth", await ClipboardAsync(visitor));
    }

    [Fact]
    public async Task A_click_allows_only_the_copy_that_was_shown()
    {
        await using var visitor = await ArriveAsync();
        var bar = visitor.Page.Locator(".ws-question[data-kind='copy']");
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("printf '\\033]52;c;%s\\a\\033]52;c;%s\\a' $(printf 'ls %300s;\\nrm x' | base64 -w0) $(printf evil | base64); echo copied-$((6*7))");
        await visitor.SeesLineAsync("copied-42");
        await Assertions.Expect(bar).ToContainTextAsync("A program wants to copy 2 lines, 309 characters, to your clipboard: ls ; ⏎ rm x");
        await bar.GetByRole(AriaRole.Button, new() { Name = "Allow once" }).ClickAsync();
        await Eventually.TrueAsync(async () => await ClipboardAsync(visitor) is var text && text.StartsWith("ls ", StringComparison.Ordinal) && text.EndsWith(";\nrm x", StringComparison.Ordinal), "the copy that was asked about");
    }

    [Fact]
    public async Task A_program_copies_no_more_than_a_hundred_kilobytes()
    {
        await using var visitor = await ArriveAsync();
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("printf '\\033]52;c;%s\\a' \"$(head -c 110000 /dev/zero | base64 -w0)\"; echo sent-$((6*7))");
        await visitor.SeesLineAsync("sent-42");
        await Assertions.Expect(visitor.Page.Locator("#toasts")).ToContainTextAsync("more than 100 KiB");
        await Assertions.Expect(visitor.Page.Locator(".ws-question")).ToHaveCountAsync(0);
        Assert.Equal(Kept, await ClipboardAsync(visitor));
    }

    [Fact]
    public async Task Selecting_copies_and_a_right_click_pastes_if_the_visitor_chose_so()
    {
        await using var visitor = await ArriveAsync();
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("clear; echo wo''rd-$((6*7))");
        await visitor.SeesLineAsync("word-42");
        var (x, y) = await visitor.CellAsync("word-42");
        await page.Mouse.DblClickAsync(x, y);
        Assert.Equal(Kept, await ClipboardAsync(visitor));

        await page.Keyboard.PressAsync("Control+,");
        await page.GetByLabel("Copy on select").CheckAsync();
        await page.GetByLabel("Right click").SelectOptionAsync("paste");
        await page.Keyboard.PressAsync("Escape");
        (x, y) = await visitor.CellAsync("word-42");
        await page.Mouse.DblClickAsync(x, y);
        await Eventually.TrueAsync(async () => await ClipboardAsync(visitor) == "word-42", "what was selected");

        await page.EvaluateAsync("() => navigator.clipboard.writeText('echo pasted-$((6*7))')");
        await page.Mouse.ClickAsync(x, y, new() { Button = MouseButton.Right });
        await visitor.SeesAsync(text => text.EndsWith("echo pasted-$((6*7))", StringComparison.Ordinal), "what was pasted");
        await page.Keyboard.PressAsync("Enter");
        await visitor.SeesLineAsync("pasted-42");
    }

    [Fact]
    public async Task A_paste_of_several_lines_into_a_prompt_asks_first_and_one_line_does_not()
    {
        await using var visitor = await ArriveAsync();
        var page = visitor.Page;
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = "Paste 2 lines?" });
        await visitor.LaunchAsync("busybox");
        await PasteAsync(visitor, "echo one-$((6*7))\n");
        await visitor.SeesAsync(text => text.Split('\n') is [.., "one-42", { Length: > 0 }], "the prompt after it");

        await PasteAsync(visitor, "echo two-$((6*7))\necho three-$((6*7))\n");
        await Assertions.Expect(dialog.Locator(".paste-sample")).ToContainTextAsync("echo three-$((6*7))");
        await page.Keyboard.PressAsync("Escape");
        await visitor.TypeAsync("echo four-$((6*7))");
        await visitor.SeesAsync(text => text.Split('\n') is [.., "four-42", { Length: > 0 }], "the prompt after it");
        Assert.DoesNotContain("two-", await visitor.ScreenAsync(), StringComparison.Ordinal);

        await PasteAsync(visitor, "echo two-$((6*7))\necho three-$((6*7))\n");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Paste", Exact = true }).ClickAsync();
        await visitor.SeesLineAsync("two-42");
        await visitor.SeesLineAsync("three-42");
    }

    [Fact]
    public async Task A_shell_with_bracketed_paste_needs_no_question_and_cannot_be_tricked()
    {
        await using var visitor = await ArriveAsync();
        await visitor.LaunchAsync("debian");
        await visitor.TypeAsync("echo begun-$((6*7))");
        await visitor.SeesAsync(text => text.Split('\n') is [.., "begun-42", { Length: > 0 }], "the prompt after it");
        await PasteAsync(visitor, "echo one-$((6*7))\necho two-$((6*7))\u001b[201~\necho three-$((6*7))\n");
        await visitor.SeesAsync(text => text.Contains("echo three", StringComparison.Ordinal), "the paste on the line");
        await Assertions.Expect(visitor.Page.Locator("dialog[open]")).ToHaveCountAsync(0);

        // Not Ctrl-C: a bash that is interrupted while it draws keeps the line, and runs it at the next Enter.
        await visitor.Page.Keyboard.PressAsync("Control+u");
        await visitor.TypeAsync("echo four-$((6*7))");
        await visitor.SeesLineAsync("four-42");
        Assert.DoesNotContain("one-42", await visitor.ScreenAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain("three-42", await visitor.ScreenAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_clipboard_API_a_dialog_copies()
    {
        await using var visitor = await ArriveAsync();
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");

        // As on a page over plain http.
        await page.EvaluateAsync("() => Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })");
        await page.Locator("#ws-share").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Create link" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Copy link" }).ClickAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Copied" })).ToBeFocusedAsync();
        await page.EvaluateAsync("() => { delete navigator.clipboard; }");
        Assert.Equal(await page.Locator("#share-url").InputValueAsync(), await ClipboardAsync(visitor));
    }

    private async Task<Visitor> ArriveAsync()
    {
        var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await visitor.Page.GotoAsync("/");
        await visitor.Page.EvaluateAsync("text => navigator.clipboard.writeText(text)", Kept);
        return visitor;
    }

    private static Task<string> ClipboardAsync(Visitor visitor) => visitor.Page.EvaluateAsync<string>("() => navigator.clipboard.readText()");

    /// <summary>Copies as a program does, and waits until the page has read it.</summary>
    private static async Task CopyAsync(Visitor visitor, string text)
    {
        await visitor.TypeAsync($"printf '\\033]52;c;%s\\a' \"$(printf '{text}' | base64)\"; echo copied-$((6*7))-{text.Length}");
        await visitor.SeesLineAsync($"copied-42-{text.Length}");
    }

    private static async Task PasteAsync(Visitor visitor, string text)
    {
        await visitor.Page.EvaluateAsync("text => navigator.clipboard.writeText(text)", text);
        await visitor.Page.Keyboard.PressAsync("Control+Shift+v");
    }
}
