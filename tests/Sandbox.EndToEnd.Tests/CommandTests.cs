using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>The marks beside the commands of a terminal, what can be done with them, and the list of them.</summary>
[Collection(typeof(Clipboard))]
public sealed class CommandTests(Instance instance, Chromium chromium)
{
    [Theory]
    [InlineData("debian")]
    [InlineData("busybox")]
    public async Task Commands_are_marked_with_their_exit_and_output_cannot_fake_a_mark(string image)
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium, WithClipboard());
        var page = visitor.Page;
        await visitor.LaunchAsync(image);
        var marks = page.Locator(".ws-pane.focused .command-mark");
        await visitor.TypeAsync("echo first-$((6*7))");
        await Assertions.Expect(marks).ToHaveCountAsync(1);
        await Assertions.Expect(marks.First).ToHaveAttributeAsync("data-outcome", "ok");
        await visitor.TypeAsync("sh -c 'echo second; exit 3'");
        await Assertions.Expect(page.Locator(".command-mark[data-outcome='failed']")).ToHaveCountAsync(1);
        await Assertions.Expect(page.Locator(".command-mark[data-outcome='failed']")).ToHaveAttributeAsync("aria-label", new System.Text.RegularExpressions.Regex("^exit code 3.*second", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)));

        // Printed sequences with another nonce or none are no marks.
        await visitor.TypeAsync("printf '\\033]633;A\\007\\033]633;E;evil\\007\\033]633;C\\007\\033]633;D;9\\007\\033]633;D;9;ffffffffffffffffffffffffffffffff\\007\\033]133;D;9\\007'; echo harmless");
        await visitor.SeesLineAsync("harmless");
        await Assertions.Expect(marks).ToHaveCountAsync(3);
        await Assertions.Expect(page.Locator(".command-mark[data-outcome='ok']")).ToHaveCountAsync(2);

        // One command's output, and nothing of the others.
        await page.Locator(".command-mark[data-outcome='failed']").ClickAsync();
        await page.GetByRole(AriaRole.Menuitem, new() { Name = "Copy output" }).ClickAsync();
        await ClipboardIsAsync(page, "second\n");

        // By keys: to the first one, its menu, run again.
        await page.Keyboard.PressAsync("Alt+Shift+K");
        await page.Keyboard.PressAsync("Alt+Shift+K");
        await page.Keyboard.PressAsync("Alt+Shift+K");
        await page.Keyboard.PressAsync("Alt+Shift+M");
        await Assertions.Expect(page.Locator(".command-menu-title")).ToContainTextAsync("echo first-");
        await page.GetByRole(AriaRole.Menuitem, new() { Name = "Run again" }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(marks).ToHaveCountAsync(4);
        await visitor.SeesAsync(text => text.Split('\n').Count(line => line == "first-42") == 2, "its output again");

        // Replayed output has its marks again.
        await page.ReloadAsync();
        await visitor.ShellAsync();
        await Assertions.Expect(marks).ToHaveCountAsync(4);
        await Assertions.Expect(page.Locator(".command-mark[data-outcome='failed']")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task The_list_of_commands_can_be_read_by_a_screen_reader()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium, WithClipboard());
        var page = visitor.Page;
        await visitor.LaunchAsync("debian");
        await visitor.ChooseAsync("screen-reader");
        await page.Locator(".ws-pane.focused .command-gutter").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        await visitor.TypeAsync("echo '<b>bold</b>'; sh -c 'exit 4'");
        await Assertions.Expect(page.Locator("#ws-commands-live")).ToContainTextAsync("exit code 4");
        await Assertions.Expect(page.Locator("#ws-commands-live")).ToContainTextAsync("<b>bold</b>");

        await page.Keyboard.PressAsync("Alt+Shift+L");
        var item = page.Locator(".command-item");
        await Assertions.Expect(item).ToHaveCountAsync(1);
        await Assertions.Expect(item.Locator(".command-line")).ToHaveTextAsync("echo '<b>bold</b>'; sh -c 'exit 4'");
        await Assertions.Expect(item.Locator(".command-outcome")).ToContainTextAsync("exit code 4");
        await item.Locator("summary").ClickAsync();
        await Assertions.Expect(item.GetByRole(AriaRole.Group, new() { Name = "Output", Exact = true }).Locator("xpath=self::pre")).ToHaveTextAsync("<b>bold</b>\n");
        await item.GetByRole(AriaRole.Button, new() { Name = "Copy command" }).ClickAsync();
        await ClipboardIsAsync(page, "echo '<b>bold</b>'; sh -c 'exit 4'");
    }

    [Fact]
    public async Task A_line_with_a_hidden_end_is_shown_whole_and_not_copied()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium, WithClipboard());
        var page = visitor.Page;
        await visitor.LaunchAsync("debian");
        await visitor.PasteAsync("echo a-$((6*7))" + new string(' ', 1000) + "; echo end");
        await page.Keyboard.PressAsync("Enter");
        await visitor.SeesLineAsync("a-42");
        await Assertions.Expect(page.Locator(".command-mark[data-outcome='ok']")).ToHaveCountAsync(1);
        await page.Keyboard.PressAsync("Alt+Shift+M");
        await Assertions.Expect(page.Locator(".command-menu-title")).ToContainTextAsync("echo a-$((6*7)) ⟨1,000 spaces⟩ ; echo end (exit code 0");
        await Assertions.Expect(page.GetByRole(AriaRole.Menu, new() { Name = "; echo end (exit code 0" }).GetByRole(AriaRole.Menuitem)).ToHaveTextAsync(["Copy output"]);
    }

    [Fact]
    public async Task The_menu_of_a_command_shows_a_long_line_whole()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium, WithClipboard());
        var page = visitor.Page;
        await visitor.LaunchAsync("debian");
        var line = ": " + new string('x', 1500) + "; echo end";
        await visitor.PasteAsync(line);
        await page.Keyboard.PressAsync("Enter");
        await visitor.SeesLineAsync("end");
        await Assertions.Expect(page.Locator(".command-mark[data-outcome='ok']")).ToHaveCountAsync(1);
        await page.Keyboard.PressAsync("Alt+Shift+M");
        var title = page.Locator(".command-menu-title");
        await Assertions.Expect(title).ToContainTextAsync(line);
        await page.Keyboard.PressAsync("Shift+Tab");
        await Assertions.Expect(title).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("End");
        await Eventually.TrueAsync(() => title.EvaluateAsync<bool>("title => title.scrollTop > 0 && title.scrollTop + title.clientHeight >= title.scrollHeight - 1"), "the end of the line");
        await page.Keyboard.PressAsync("Escape");
        await visitor.TypeAsync("echo typed-$((6*7))");
        await visitor.SeesLineAsync("typed-42");
    }

    private static BrowserNewContextOptions WithClipboard() => new() { ViewportSize = new() { Width = 1280, Height = 800 }, Permissions = ["clipboard-read", "clipboard-write"] };

    private static Task ClipboardIsAsync(IPage page, string text) =>
        Eventually.TrueAsync(async () => await page.EvaluateAsync<string>("navigator.clipboard.readText()") == text, $"'{text}' in the clipboard");
}
