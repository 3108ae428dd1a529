using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Several terminals on one page: panes, tabs, names, and that a reload brings them back.</summary>
public sealed class WorkspaceTests(Instance instance, Chromium chromium)
{
    [Fact]
    public async Task The_palette_finds_an_action_of_the_menu_and_runs_it()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");

        await page.Keyboard.PressAsync("Control+Shift+P");
        var search = page.GetByRole(AriaRole.Combobox, new() { Name = "Find an action" });
        await Assertions.Expect(search).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("ri spl");
        await Assertions.Expect(page.GetByRole(AriaRole.Option)).ToHaveTextAsync(["Split rightAlt+Shift+R"]);
        await page.Keyboard.PressAsync("Enter");

        await Assertions.Expect(page.Locator(".ws-pane")).ToHaveCountAsync(2);
        await visitor.ShellAsync();
        await page.Keyboard.PressAsync("Control+Shift+P");
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(search).ToHaveCountAsync(0);
        await visitor.TypeAsync("echo back-$((6*7))");
        await visitor.SeesLineAsync("back-42");
    }

    [Fact]
    public async Task Panes_split_by_keys_resize_by_keys_and_come_back_after_a_reload_with_their_names()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("here=left; stty size");
        await visitor.SeesAsync(text => text.Split('\n').Any(line => line.Split(' ') is [_, var wide] && wide.Length == 3), "the width of the whole page");

        await page.Keyboard.PressAsync("Alt+Shift+R");
        await Assertions.Expect(page.Locator(".ws-pane")).ToHaveCountAsync(2);
        await visitor.ShellAsync();
        await visitor.TypeAsync("here=right");
        await page.Keyboard.PressAsync("Alt+Shift+D");
        await Assertions.Expect(page.Locator(".ws-pane")).ToHaveCountAsync(3);
        await visitor.ShellAsync();
        await visitor.TypeAsync("here=below; echo $here-$((6*7))");
        await visitor.SeesLineAsync("below-42");

        // Keys follow the focus: up to the second shell, left to the first.
        await page.Keyboard.PressAsync("Alt+Shift+ArrowUp");
        await visitor.TypeAsync("echo $here-$((6*7))");
        await visitor.SeesLineAsync("right-42");
        await page.Keyboard.PressAsync("Alt+Shift+ArrowLeft");
        await visitor.TypeAsync("echo $here-$((6*7))");
        await visitor.SeesLineAsync("left-42");

        // The shell gets the size of its pane, and again when the border moves.
        var border = page.Locator(".ws-border[aria-orientation='vertical']");
        Assert.Equal("50", await border.GetAttributeAsync("aria-valuenow"));
        await border.FocusAsync();
        await page.Keyboard.PressAsync("ArrowLeft");
        await page.Keyboard.PressAsync("ArrowLeft");
        await Assertions.Expect(border).ToHaveAttributeAsync("aria-valuenow", "44");
        await page.Keyboard.PressAsync("Alt+Shift+ArrowLeft");
        await page.Locator(".ws-pane.focused .ws-xterm").ClickAsync();
        Assert.InRange((await visitor.AgreedSizeAsync()).Cols, 50, 75);

        await page.Keyboard.PressAsync("Alt+Shift+E");
        await page.Keyboard.TypeAsync("editor");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator(".ws-pane.focused [role=tab]")).ToHaveTextAsync("editor");

        var before = await PlacesAsync(page);
        await page.ReloadAsync();
        await visitor.ShellAsync();
        await Eventually.TrueAsync(async () => await PlacesAsync(page) == before, "every terminal where it was");
        await visitor.TypeAsync("echo again-$here");
        await visitor.SeesLineAsync("again-left");

        // Closing asks about a command that runs, and one runs until the prompt after it.
        await visitor.SeesAsync(text => text.TrimEnd().EndsWith('#'), "the prompt after the command");
        await Assertions.Expect(page.Locator(".ws-pane.focused [role=tab]")).ToHaveTextAsync("editor");

        // One large, all again, and the last shell of a pane takes the pane with it.
        await page.Keyboard.PressAsync("Alt+Shift+Z");
        await Assertions.Expect(page.Locator(".ws-pane:visible")).ToHaveCountAsync(1);
        await page.Locator(".ws-unzoom:visible").ClickAsync();
        await Assertions.Expect(page.Locator(".ws-pane:visible")).ToHaveCountAsync(3);
        await page.Keyboard.PressAsync("Alt+Shift+W");
        await Assertions.Expect(page.Locator(".ws-pane")).ToHaveCountAsync(2);
    }

    [Fact]
    public async Task A_name_stays_on_all_pages_of_a_playground()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        var other = await visitor.Context.NewPageAsync();
        await other.GotoAsync(page.Url);
        var names = page.Locator("[role=tab]");
        await Assertions.Expect(other.Locator("[role=tab]")).ToHaveCountAsync(1);
        await Assertions.Expect(other.Locator("#ws-panel")).ToBeHiddenAsync();

        // One that the other page knows, and one that it does not.
        await page.BringToFrontAsync();
        await NameAsync("build");
        await page.Keyboard.PressAsync("Alt+Shift+R");
        await Assertions.Expect(names).ToHaveCountAsync(2);
        await visitor.ShellAsync();
        await NameAsync("tests");
        await Assertions.Expect(other.Locator("[role=tab]")).ToHaveTextAsync("build");
        await other.BringToFrontAsync();
        await other.Locator(".ws-xterm").ClickAsync();
        await other.Keyboard.PressAsync("Alt+Shift+D");
        await Assertions.Expect(other.Locator("[role=tab]")).ToHaveCountAsync(2);

        await page.BringToFrontAsync();
        await page.ReloadAsync();
        await Assertions.Expect(names).ToHaveCountAsync(3);
        await Assertions.Expect(names.Filter(new() { HasText = "build" })).ToHaveCountAsync(1);
        await Assertions.Expect(names.Filter(new() { HasText = "tests" })).ToHaveCountAsync(1);

        async Task NameAsync(string name)
        {
            await page.Keyboard.PressAsync("Alt+Shift+E");
            await page.Keyboard.TypeAsync(name);
            await page.Keyboard.PressAsync("Enter");
            await Assertions.Expect(page.Locator(".ws-pane.focused [role=tab]")).ToHaveTextAsync(name);
        }
    }

    [Fact]
    public async Task A_shell_that_ended_and_was_closed_or_replaced_does_not_come_back()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        await page.Keyboard.PressAsync("Alt+Shift+R");
        await Assertions.Expect(page.Locator(".ws-pane")).ToHaveCountAsync(2);
        await visitor.ShellAsync();

        await visitor.TypeAsync("exit");
        await page.Locator(".ws-notice:visible").GetByRole(AriaRole.Button, new() { Name = "Close", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator(".ws-pane")).ToHaveCountAsync(1);
        await visitor.TypeAsync("exit");
        await page.Locator(".ws-notice:visible").GetByRole(AriaRole.Button, new() { Name = "Open a new shell" }).ClickAsync();
        await visitor.ShellAsync();

        await OnlyAsync(visitor, await page.Locator(".ws-tab").GetAttributeAsync("data-terminal"));
        await page.ReloadAsync();
        await visitor.ShellAsync();
        await Assertions.Expect(page.Locator(".ws-tab")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task After_a_restart_of_a_page_with_panes_there_is_a_shell_again()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        await page.Keyboard.PressAsync("Alt+Shift+R");
        await Assertions.Expect(page.Locator(".ws-pane")).ToHaveCountAsync(2);
        await visitor.ShellAsync();
        await visitor.TypeAsync("here=before; echo kept > kept; echo written-$((6*7))");
        await visitor.SeesLineAsync("written-42");

        await visitor.RestartAsync();
        await Assertions.Expect(page.Locator(".ws-pane")).ToHaveCountAsync(1);
        await visitor.ShellAsync();
        await visitor.TypeAsync("echo after-$here-$(cat kept)");
        await visitor.SeesLineAsync("after--kept");
        Assert.InRange((await visitor.AgreedSizeAsync()).Cols, 100, 250);
    }

    [Fact]
    public async Task A_terminal_behind_a_large_pane_stays_shared_and_is_there_again()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("here=left");
        var terminal = await page.Locator(".ws-tab.active").GetAttributeAsync("data-terminal");
        var link = await page.EvaluateAsync<string>(
            """
            async terminal => {
              const headers = { 'content-type': 'application/json' };
              return (await (await fetch(`/api/v1/terminals/${terminal}/shares`, { method: 'POST', headers, body: '{"access":"watch"}' })).json()).url;
            }
            """,
            terminal);
        await page.Keyboard.PressAsync("Alt+Shift+R");
        await Assertions.Expect(page.Locator(".ws-pane")).ToHaveCountAsync(2);
        await visitor.ShellAsync();
        await page.Keyboard.PressAsync("Alt+Shift+Z");
        await Assertions.Expect(page.Locator(".ws-pane:visible")).ToHaveCountAsync(1);

        // A reload while it is behind, and one more terminal in front of it.
        await page.ReloadAsync();
        await visitor.ShellAsync();
        await page.Keyboard.PressAsync("Alt+Shift+N");
        await Assertions.Expect(page.Locator(".ws-tab:visible")).ToHaveCountAsync(2);
        await visitor.ShellAsync();

        await using var watcher = await Visitor.ArriveAsync(instance, chromium);
        await watcher.Page.GotoAsync(link);
        await Assertions.Expect(page.Locator($".ws-tab[data-terminal='{terminal}'] .viewers-badge")).ToHaveTextAsync("1");
        await page.Locator(".ws-unzoom:visible").ClickAsync();
        await Assertions.Expect(page.Locator($".ws-tab[data-terminal='{terminal}'] .viewers-badge")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Alt+Shift+ArrowLeft");
        await visitor.TypeAsync("echo again-$here");
        await visitor.SeesLineAsync("again-left");
    }

    [Fact]
    public async Task Closing_a_busy_terminal_asks_and_closing_an_idle_one_does_not()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        await page.Keyboard.PressAsync("Alt+Shift+N");
        await Assertions.Expect(page.Locator(".ws-tab")).ToHaveCountAsync(2);
        await visitor.ShellAsync();
        await visitor.TypeAsync("echo some > some; vi some");
        await visitor.ViewsAsync(rows => rows.StartsWith("some", StringComparison.Ordinal) && rows.Contains("\n~", StringComparison.Ordinal), "the editor");

        await page.Locator(".ws-tab.active .ws-tab-close").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Keep it open" }).ClickAsync();
        await page.Keyboard.TypeAsync("ikept ");
        await visitor.ViewsAsync(rows => rows.StartsWith("kept some", StringComparison.Ordinal), "the keys in the editor");
        await page.Keyboard.PressAsync("Alt+Shift+W");
        await page.GetByRole(AriaRole.Button, new() { Name = "Close it" }).ClickAsync();
        await Assertions.Expect(page.Locator(".ws-tab")).ToHaveCountAsync(1);

        await page.Keyboard.PressAsync("Alt+Shift+W");
        await Assertions.Expect(page.Locator(".ws-tab")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_new_shell_begins_where_the_one_beside_it_works_and_keeps_its_name()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        var names = page.Locator(".ws-tab [role=tab]");
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("mkdir '/tmp/a b' && cd '/tmp/a b' && echo \"in $PWD\"");
        await visitor.SeesLineAsync("in /tmp/a b");
        await page.Keyboard.PressAsync("Alt+Shift+N");
        await Assertions.Expect(names).ToHaveTextAsync(["shell 1", "shell 2"]);
        await visitor.ShellAsync();
        await visitor.TypeAsync("echo \"at $PWD\"");
        await visitor.SeesLineAsync("at /tmp/a b");
        await page.ReloadAsync();
        await visitor.ShellAsync();
        await Assertions.Expect(names).ToHaveTextAsync(["shell 1", "shell 2"]);
        await names.First.PressAsync("Delete");
        await Assertions.Expect(names).ToHaveTextAsync(["shell 2"]);
        await OnlyAsync(visitor, await page.Locator(".ws-tab").GetAttributeAsync("data-terminal"));
        await page.ReloadAsync();
        await visitor.ShellAsync();
        await Assertions.Expect(names).ToHaveTextAsync(["shell 2"]);
    }

    /// <summary>Waits until the server has no other terminal: what a page closes goes on for a moment.</summary>
    private static async Task OnlyAsync(Visitor visitor, string? shell)
    {
        var terminals = (await visitor.FileAsync("")).Replace("/files/", "/terminals", StringComparison.Ordinal);
        await Eventually.TrueAsync(
            async () =>
            {
                var open = (await (await visitor.Context.APIRequest.GetAsync(terminals)).JsonAsync())!.Value.EnumerateArray();
                return open.Select(terminal => terminal.GetProperty("id").GetString()).SequenceEqual([shell]);
            },
            "the shells that ended to be gone");
    }

    /// <summary>Where each terminal is, in whole pixels.</summary>
    private static Task<string> PlacesAsync(IPage page) => page.EvaluateAsync<string>(
        """
        () => [...document.querySelectorAll('.ws-tab')].map(tab => {
          const box = tab.closest('.ws-pane').getBoundingClientRect();
          return tab.dataset.terminal + ':' + [box.left, box.top, box.width, box.height].map(Math.round).join(',');
        }).join(' ')
        """);
}
