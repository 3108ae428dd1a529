using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Keys typed right after something of the page closed are the terminal's, the first one too.</summary>
public sealed class FirstKeyTests(Instance instance, Chromium chromium)
{
    [Fact]
    public async Task No_key_is_lost_after_a_dialog_a_menu_or_a_button_of_the_page()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        var round = 0;
        async Task TypesAsync()
        {
            round++;
            await visitor.TypeAsync($"echo round-{round}-$((6*7))");
            await visitor.SeesLineAsync($"round-{round}-42");
        }

        // A share link is revoked, and its dialog closed in each way.
        foreach (var close in new Func<Task>[]
        {
            () => page.Keyboard.PressAsync("Escape"),
            () => page.Locator(".share-dialog").GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync(),
            () => page.Mouse.ClickAsync(5, 400),
        })
        {
            await page.Locator("#ws-share").ClickAsync();
            await Assertions.Expect(page.Locator(".share-links button")).ToHaveCountAsync(0);
            await page.GetByRole(AriaRole.Button, new() { Name = "Create link" }).ClickAsync();
            await page.Locator(".share-links button").ClickAsync();
            await close();
            await TypesAsync();
        }

        // A recording begins, by the menu and by the palette.
        await visitor.ChooseAsync("record");
        await TypesAsync();
        await Assertions.Expect(page.Locator("#ws-status .rec-pill")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Control+Shift+P");
        await page.Keyboard.TypeAsync("stop recording");
        await page.Keyboard.PressAsync("Enter");
        await TypesAsync();

        // Dialogs that keys and buttons open, and a menu that is left.
        foreach (var button in new[] { "#ws-settings-button", "#ws-nodes", "#ws-actions" })
        {
            await page.Locator(button).ClickAsync();
            await Assertions.Expect(page.Locator("dialog:modal, :popover-open")).ToHaveCountAsync(1);
            await page.Keyboard.PressAsync("Escape");
            await TypesAsync();
        }

        // Buttons keep the focus after a click, have no use for letters, and go away.
        await page.Locator(".ws-bar [data-theme-toggle]").ClickAsync();
        await TypesAsync();
        await page.Locator("#ws-share").FocusAsync();
        await page.EvaluateAsync("() => document.getElementById('ws-share').disabled = true");
        await TypesAsync();
        await page.EvaluateAsync("() => document.activeElement.blur()");
        await page.Keyboard.PressAsync("ArrowUp");
        await page.Keyboard.PressAsync("Enter");
        await visitor.SeesAsync(text => text.Split('\n').Count(line => line == $"round-{round}-42") == 2, "the last command again");
    }
}
