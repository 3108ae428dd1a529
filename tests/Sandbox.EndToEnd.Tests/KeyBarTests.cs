using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>The keys that a phone's keyboard lacks.</summary>
[Collection(typeof(Clipboard))]
public sealed class KeyBarTests(Instance instance, Chromium chromium)
{
    internal static readonly BrowserNewContextOptions Phone = new()
    {
        ViewportSize = new() { Width = 390, Height = 844 },
        HasTouch = true,
        IsMobile = true,
        DeviceScaleFactor = 2,
    };

    [Fact]
    public async Task Ctrl_and_Alt_hold_for_a_key_or_stay_down_and_arrows_follow_the_programs_mode()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium, new(Phone));
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        Assert.All(await page.Locator("#ws-keys button").EvaluateAllAsync<double[]>("all => all.flatMap(each => [each.getBoundingClientRect().width, each.getBoundingClientRect().height])"), side => Assert.True(side >= 44, $"{side}"));

        // All of them at once, and none of their words cut.
        Assert.Equal(0, await page.Locator("#ws-keys button").EvaluateAllAsync<int>("all => all.filter(each => each.getBoundingClientRect().left < 0 || each.getBoundingClientRect().right > innerWidth || each.scrollWidth > each.clientWidth).length"));
        Assert.True(await page.Locator("#ws-keys").EvaluateAsync<bool>("bar => bar.scrollWidth <= bar.clientWidth && bar.getBoundingClientRect().bottom <= innerHeight"));

        // cat -v shows the received keys. Before stty has worked, Ctrl-C would end the command.
        await visitor.TypeAsync("stty -icanon -echo -isig -icrnl; echo ready-$((6*7)); dd bs=1 count=25 2>/dev/null | cat -v; stty icanon echo isig icrnl; echo keys-$((6*7))");
        await visitor.SeesLineAsync("ready-42");
        var ctrl = page.Locator("#ws-keys [data-key='Ctrl']");
        await TapAsync(page, "Esc", "Tab", "|", "~", "/", "ArrowUp");
        await TapAsync(page, "Ctrl");
        await page.Keyboard.TypeAsync("aa");
        await TapAsync(page, "Alt");
        await page.Keyboard.TypeAsync("bb");
        await TapAsync(page, "Ctrl", "ArrowRight");
        var box = (await ctrl.BoundingBoxAsync())!;
        await Eventually.TrueAsync(
            async () =>
            {
                // Within 0.4 s these are one gesture, so the second does not wait for the first. If a busy machine took longer, Ctrl is up again.
                await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => page.Touchscreen.TapAsync(box.X + (box.Width / 2), box.Y + (box.Height / 2))));
                return await ctrl.GetAttributeAsync("aria-label") == "Control, stays down";
            },
            "Ctrl to stay down");
        await page.Keyboard.TypeAsync("cc");
        await Assertions.Expect(ctrl).ToHaveAttributeAsync("aria-pressed", "true");
        await TapAsync(page, "Ctrl");
        await Assertions.Expect(ctrl).ToHaveAttributeAsync("aria-pressed", "false");
        await page.Keyboard.TypeAsync("cend");
        await visitor.SeesAsync(text => text.Split('\n').Any(line => line.StartsWith("^[ ", StringComparison.Ordinal) && line.Contains(" |~/^[[A^Aa^[bb^[[1;5C^C^Ccendkeys-42", StringComparison.Ordinal)), "the keys as they arrived, and the end");

        await visitor.TypeAsync("printf '\\033[?1h'; stty -icanon -echo; dd bs=1 count=3 2>/dev/null | cat -v; stty icanon echo; printf '\\033[?1l'; echo done-$((6*7))");
        await visitor.SeesAsync(text => text.Contains("done-$", StringComparison.Ordinal), "the command");
        await Eventually.TrueAsync(() => page.EvaluateAsync<bool>("() => document.querySelector('.ws-xterm').terminal.modes.applicationCursorKeysMode"), "arrows of its own");
        await TapAsync(page, "ArrowLeft");
        await visitor.SeesAsync(text => text.Contains("^[OD", StringComparison.Ordinal), "an arrow of the program's own");
        await visitor.SeesAsync(text => text.Contains("done-42", StringComparison.Ordinal), "the end");
        Assert.True(await page.EvaluateAsync<bool>("() => document.querySelector('.ws-xterm').contains(document.activeElement)"));

        await visitor.TypeAsync("stty -icanon -echo; dd bs=1 count=8 2>/dev/null | cat -v; stty icanon echo; echo pages-$((6*7))");
        await visitor.SeesAsync(text => text.Replace("\n", "", StringComparison.Ordinal).Contains("pages-$", StringComparison.Ordinal), "the command");
        await TapAsync(page, "PageUp", "PageDown");
        await visitor.SeesAsync(text => text.Contains("^[[5~^[[6~", StringComparison.Ordinal), "the pages");
        await visitor.SeesAsync(text => text.Contains("pages-42", StringComparison.Ordinal), "the end");
    }

    [Fact]
    public async Task It_pastes_from_the_clipboard_or_without_permission_from_a_box()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium, new(Phone));
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        await visitor.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await page.EvaluateAsync("() => navigator.clipboard.writeText('echo pasted-$((6*7))\\n')");
        // Held modifiers do not apply to pasted text.
        await TapAsync(page, "Ctrl", "Paste");
        await visitor.SeesLineAsync("pasted-42");

        await visitor.Context.ClearPermissionsAsync();
        await page.EvaluateAsync("() => { navigator.clipboard.readText = () => Promise.reject(new DOMException('no', 'NotAllowedError')); }");
        await TapAsync(page, "Paste");
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = "Paste here" });
        await Assertions.Expect(dialog.GetByLabel("Text to paste")).ToBeFocusedAsync();
        await dialog.GetByLabel("Text to paste").FillAsync("echo boxed-$((6*7))\n");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Send to the terminal" }).ClickAsync();
        await visitor.SeesLineAsync("boxed-42");
    }

    [Fact]
    public async Task It_is_shown_on_a_desktop_if_the_visitor_chose_so()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        await Assertions.Expect(page.Locator("#ws-keys")).ToBeHiddenAsync();
        var rows = (await visitor.AgreedSizeAsync()).Rows;
        await page.Keyboard.PressAsync("Control+,");
        await page.GetByLabel("Key bar").SelectOptionAsync("always");
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Locator("#ws-keys")).ToBeVisibleAsync();
        await Eventually.TrueAsync(async () => (await visitor.AgreedSizeAsync()).Rows < rows, "fewer rows beside the bar");

        // One stop for Tab, arrows from key to key.
        await page.Locator("#ws-keys [data-key='Esc']").FocusAsync();
        await page.Keyboard.PressAsync("ArrowLeft");
        await Assertions.Expect(page.Locator("#ws-keys button").Last).ToBeFocusedAsync();
        Assert.Equal(1, await page.Locator("#ws-keys button[tabindex='0']").CountAsync());
    }

    private static async Task TapAsync(IPage page, params string[] keys)
    {
        foreach (var key in keys)
        {
            await page.Locator($"#ws-keys [data-key='{key}']").TapAsync();
        }
    }
}
