using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Links that programs print, and what programs say about themselves.</summary>
public sealed class LinkTests(Instance instance, Chromium chromium)
{
    [Fact]
    public async Task A_link_shows_its_target_before_it_is_followed()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        var target = $"{instance.Url}docs";
        await page.Context.RouteAsync("https://bank.example/**", route => route.FulfillAsync(new() { Body = "bank" }));
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync($"clear; echo {target}; echo https://bank.example@evil.example/; printf '\\033]8;;https://bank.example@{instance.Url.Authority}/docs\\a%s\\033]8;;\\a\\n' https://bank.example/; printf '\\033]8;;javascript:alert(1)\\a%s\\033]8;;\\a\\n' thir''d");
        await visitor.SeesLineAsync("third");
        var bar = page.Locator(".ws-question[data-kind='link']");

        // Plain, and its words are where it leads: Ctrl is enough.
        await HoverAsync(visitor, target);
        var opened = await page.Context.RunAndWaitForPageAsync(() => ClickAsync(visitor, target, "Control"));
        await Assertions.Expect(opened).ToHaveURLAsync("/docs");
        Assert.True(await opened.EvaluateAsync<bool>("() => window.opener === null && document.referrer === ''"));
        await opened.CloseAsync();

        await ClickAsync(visitor, target);
        await Assertions.Expect(bar).ToContainTextAsync($"Open this address? {target}");
        await Assertions.Expect(page.GetByRole(AriaRole.Group, new() { Name = $"Open this address? {target}" })).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(bar).ToHaveCountAsync(0);

        // Words that say something else: with any modifier, the visitor sees the host first.
        await ClickAsync(visitor, "https://bank.example/", "Control");
        await Assertions.Expect(bar).ToContainTextAsync($"This link leads to {instance.Url.Authority}:");
        var link = bar.GetByRole(AriaRole.Link, new() { Name = "Open" });
        await Assertions.Expect(link).ToBeFocusedAsync();
        await Assertions.Expect(link).ToHaveAttributeAsync("rel", "noopener noreferrer");
        await bar.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();

        // Words that are all true and still mislead.
        await ClickAsync(visitor, "https://bank.example@evil.example/", "Control");
        await Assertions.Expect(bar).ToContainTextAsync("This link leads to evil.example:");
        await bar.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();

        await ClickAsync(visitor, "third", "Control");
        await Assertions.Expect(page.Locator("#toasts")).ToContainTextAsync("can be opened");
        await Assertions.Expect(bar).ToHaveCountAsync(0);
        Assert.Single(page.Context.Pages);
        await visitor.TypeAsync("echo after-$((6*7))");
        await visitor.SeesLineAsync("after-42");
    }

    [Fact]
    public async Task A_tab_has_its_programs_title_until_it_is_renamed_and_shows_the_directory()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var tab = visitor.Page.Locator(".ws-pane.focused [role=tab]");
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("printf '\\033]0;top of \\342\\200\\256the pops\\a\\033]7;file://host/srv/a%%20b\\a'");
        await Assertions.Expect(tab).ToHaveTextAsync("top of the pops");
        await Assertions.Expect(tab).ToHaveAttributeAsync("title", "top of the pops\nin /srv/a b");

        await visitor.Page.Keyboard.PressAsync("Alt+Shift+E");
        await visitor.Page.Keyboard.TypeAsync("mine");
        await visitor.Page.Keyboard.PressAsync("Enter");
        await visitor.TypeAsync("printf '\\033]2;yours\\a'; echo said-$((6*7))");
        await visitor.SeesLineAsync("said-42");
        await Assertions.Expect(tab).ToHaveTextAsync("mine");
        await Assertions.Expect(tab).ToHaveAttributeAsync("title", "mine\nyours\nin /srv/a b");
    }

    private static Task HoverAsync(Visitor visitor, string words) => Eventually.TrueAsync(
        async () =>
        {
            // The terminal looks for a link when the mouse moves, and forgets it when it draws the line anew.
            var (x, y) = await visitor.CellAsync(words);
            await visitor.Page.Mouse.MoveAsync(x + 9, y);
            await visitor.Page.Mouse.MoveAsync(x, y);
            return await visitor.Page.Locator(".ws-pane.focused .ws-terminal:not([hidden]) .xterm-cursor-pointer").CountAsync() == 1;
        },
        $"a link below '{words}'");

    private static async Task ClickAsync(Visitor visitor, string words, string? held = null)
    {
        await HoverAsync(visitor, words);
        var (x, y) = await visitor.CellAsync(words);
        if (held is not null)
        {
            await visitor.Page.Keyboard.DownAsync(held);
        }

        await visitor.Page.Mouse.ClickAsync(x, y);
        if (held is not null)
        {
            await visitor.Page.Keyboard.UpAsync(held);
        }
    }
}
