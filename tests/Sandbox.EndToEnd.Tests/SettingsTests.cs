using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Settings for terminals: chosen by keys, applied at once on all pages, and kept for the next visit.</summary>
public sealed class SettingsTests(Instance instance, Chromium chromium)
{
    private const string Shown = "document.querySelector('.ws-pane.focused .ws-terminal:not([hidden]) .ws-xterm')";

    [Fact]
    public async Task Settings_apply_at_once_on_every_page_and_last()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        var beside = await visitor.Context.NewPageAsync();
        await beside.GotoAsync(page.Url);
        await Assertions.Expect(beside.Locator(".ws-tab[data-state='live']")).ToHaveCountAsync(1);
        await page.BringToFrontAsync();

        await page.Keyboard.PressAsync("Control+,");
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = "Terminal settings" });
        await Assertions.Expect(dialog.GetByLabel("Colours")).ToBeFocusedAsync();
        await dialog.GetByLabel("Colours").SelectOptionAsync("solarized-dark");
        await dialog.GetByLabel("Font", new() { Exact = true }).SelectOptionAsync("dejavu");
        await dialog.GetByLabel("Text size").FillAsync("18");
        await dialog.GetByLabel("Line height").FillAsync("1.3");
        await dialog.GetByLabel("Cursor", new() { Exact = true }).SelectOptionAsync("bar");
        await dialog.GetByLabel("Scrollback lines").SelectOptionAsync("1000");
        await dialog.GetByLabel("Screen reader support").CheckAsync();
        foreach (var each in new[] { page, beside })
        {
            await HasAsync(each);
        }

        // Every key goes to the dialog while it is open, and to the terminal again afterwards.
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(dialog).ToBeHiddenAsync();
        await visitor.TypeAsync("echo after-$((6*7))");
        await visitor.SeesLineAsync("after-42");
        await page.ReloadAsync();
        await visitor.ShellAsync();
        await HasAsync(page);

        // The page around stays as the system wants it; what lies on the terminal is as the terminal.
        await Assertions.Expect(page.Locator(".ws-tab.active")).ToHaveCSSAsync("background-color", "rgb(0, 43, 54)");
        await Assertions.Expect(page.Locator(".ws-tab.active")).ToHaveCSSAsync("color-scheme", "dark");
        await Assertions.Expect(page.Locator(".ws-bar")).ToHaveCSSAsync("color-scheme", "light dark");

        await page.Locator("#ws-settings-button").ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Reset to defaults" }).ClickAsync();
        Assert.Equal("14", await page.EvaluateAsync<string>($"() => String({Shown}.terminal.options.fontSize)"));
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Done" }).ClickAsync();

        // The browser itself gives the focus to the button first, and tells of the closing after that.
        await page.WaitForFunctionAsync($"() => {Shown}.contains(document.activeElement)");
    }

    [Fact]
    public async Task Nonsense_in_the_stored_settings_harms_nothing()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.Page.GotoAsync("/");
        await visitor.Page.EvaluateAsync("""() => localStorage.setItem('terminal-preferences', '{"fontSize":-4,"theme":{"a":1},"font":"constructor","scrollback":1e12,"bell":"visual"}')""");
        await visitor.LaunchAsync("busybox");
        Assert.Equal("14 10000", await visitor.Page.EvaluateAsync<string>($"() => {Shown}.terminal.options.fontSize + ' ' + {Shown}.terminal.options.scrollback"));
    }

    [Fact]
    public async Task Keys_in_the_terminal_change_the_size_of_its_text()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        var usual = await visitor.AgreedSizeAsync();
        await visitor.Page.Keyboard.PressAsync("Control+=");
        await visitor.Page.Keyboard.PressAsync("Control++");
        Assert.Equal(16, await FontSizeAsync(visitor.Page));
        Assert.True((await visitor.AgreedSizeAsync()).Cols < usual.Cols);
        await visitor.Page.Keyboard.PressAsync("Control+-");
        Assert.Equal(15, await FontSizeAsync(visitor.Page));
        await visitor.Page.Keyboard.PressAsync("Control+0");

        // The message goes after a while.
        await Assertions.Expect(visitor.Page.Locator("#toasts p").Last).ToHaveTextAsync("Text size 14");
        Assert.Equal(14, await FontSizeAsync(visitor.Page));
        Assert.Equal(usual, await visitor.AgreedSizeAsync());
    }

    [Fact]
    public async Task The_bell_flashes_if_chosen_and_at_most_twice_a_second()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await visitor.Page.EvaluateAsync(
            $$"""
            () => {
              const host = {{Shown}};
              const add = host.classList.add.bind(host.classList);
              window.flashes = [];

              // As the page asks for it: the page measures the pause then, and a busy machine draws later.
              host.classList.add = (...names) => {
                if (names.includes('rings')) { window.flashes.push(performance.now()); }
                add(...names);
              };
            }
            """);
        await visitor.TypeAsync("printf '\\a'; echo quiet-$((6*7))");
        await visitor.SeesLineAsync("quiet-42");
        Assert.Equal(0, await visitor.Page.EvaluateAsync<int>("() => window.flashes.length"));

        await visitor.Page.Keyboard.PressAsync("Control+,");
        await visitor.Page.GetByLabel("Bell").SelectOptionAsync("visual");
        await visitor.Page.Keyboard.PressAsync("Escape");
        await visitor.TypeAsync("for i in $(seq 1 40); do printf '\\a'; usleep 50000; done; echo loud-$((6*7))");
        await visitor.SeesLineAsync("loud-42");
        var times = await visitor.Page.EvaluateAsync<double[]>("() => window.flashes");
        Assert.NotEmpty(times);
        Assert.All(times.Zip(times.Skip(1)), pair => Assert.True(pair.Second - pair.First >= 490, $"{pair}"));
    }

    private static Task<int> FontSizeAsync(IPage page) => page.EvaluateAsync<int>($"() => {Shown}.terminal.options.fontSize");

    private static Task HasAsync(IPage page) => Eventually.TrueAsync(
        async () => await page.EvaluateAsync<string>(
            $$"""
            () => {
              const { fontSize, fontFamily, lineHeight, cursorStyle, scrollback, screenReaderMode, theme } = {{Shown}}.terminal.options;
              return [fontSize, fontFamily.split(',')[0], lineHeight, cursorStyle, scrollback, screenReaderMode, theme.background].join(' ');
            }
            """) == "18 \"DejaVu Sans Mono\" 1.3 bar 1000 true #002b36",
        "the choices on the page");
}
