using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Parts of a page that must not be cut, on pages of any size.</summary>
public sealed class FitTests(Instance instance, Chromium chromium)
{
    [Theory]
    [InlineData(390, 844, true)]
    [InlineData(768, 1024, false)]
    [InlineData(1440, 900, false)]
    public async Task The_name_and_the_actions_are_not_cut_and_shortcuts_begin_at_their_top(int width, int height, bool isPhone)
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium, new() { ViewportSize = new() { Width = width, Height = height }, HasTouch = isPhone, IsMobile = isPhone });
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        await Assertions.Expect(page.Locator("#ws-share")).ToBeVisibleAsync();
        Assert.True(await page.Locator(".ws-name h1").EvaluateAsync<bool>("name => name.clientWidth > 0 && name.scrollWidth <= name.clientWidth"));
        Assert.Empty(await page.Locator(".ws-bar").EvaluateAsync<string[]>(
            """
            bar => {
              const boxes = [...bar.children].filter(each => each.checkVisibility() && !each.classList.contains('hidden-text')).map(each => [each.className, each.getBoundingClientRect()]).filter(([, box]) => box.width > 0);
              return boxes.filter(([, box], index) => box.right > innerWidth + .5 || index > 0 && box.left < boxes[index - 1][1].right - .5).map(([name]) => name);
            }
            """));

        await page.Locator("#ws-actions").ClickAsync();
        Assert.True(await page.Locator("#ws-actions-menu").EvaluateAsync<bool>(
            """
            menu => {
              // A phone's menu may go on below, but not with an action that ends something.
              const [bottom, end] = [menu.getBoundingClientRect().bottom, menu.querySelector("[data-act='remove']").getBoundingClientRect().bottom];
              return bottom <= innerHeight && end <= bottom && (matchMedia('(pointer: coarse)').matches || menu.scrollHeight <= menu.clientHeight);
            }
            """));
        await page.Locator("#ws-actions-menu [data-act='shortcuts']").ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Keyboard shortcuts" })).ToBeInViewportAsync();
        await Assertions.Expect(page.Locator("#ws-shortcuts").GetByRole(AriaRole.Button, new() { Name = "Close" })).ToBeInViewportAsync();
    }

    [Fact]
    public async Task A_narrow_window_with_a_mouse_does_not_cut_the_menu()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium, new() { ViewportSize = new() { Width = 390, Height = 844 } });
        await visitor.LaunchAsync("busybox");
        await visitor.Page.Locator("#ws-actions").ClickAsync();
        Assert.True(await visitor.Page.Locator("#ws-actions-menu").EvaluateAsync<bool>("menu => { const { left, right } = menu.getBoundingClientRect(); return left >= 0 && right <= innerWidth && menu.scrollWidth <= menu.clientWidth; }"));
    }

    [Fact]
    public async Task A_tab_with_a_long_name_keeps_its_button_in_a_narrow_pane()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium, new() { ViewportSize = new() { Width = 768, Height = 900 } });
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        await page.Keyboard.PressAsync("Alt+Shift+R");
        await Assertions.Expect(page.Locator(".ws-tab.active[data-state='live']")).ToHaveCountAsync(2);
        await page.Keyboard.PressAsync("Alt+Shift+N");
        await Assertions.Expect(page.Locator(".ws-tab[data-state='live']")).ToHaveCountAsync(3);
        await visitor.ShellAsync();
        await visitor.TypeAsync("printf '\\033]0;a server that is built with a long name\\a'; read line");
        var tab = page.Locator(".ws-pane.focused .ws-tab.active");
        await Assertions.Expect(tab).ToContainTextAsync("a server that is built");
        Assert.True(await tab.EvaluateAsync<bool>("tab => tab.querySelector('.ws-tab-close').getBoundingClientRect().right <= tab.parentElement.getBoundingClientRect().right + 1"));
    }

    [Fact]
    public async Task Plain_reverse_video_has_the_colour_of_the_background_for_its_letters()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium, new() { ViewportSize = new() { Width = 1280, Height = 800 }, ColorScheme = ColorScheme.Light });
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        await page.Keyboard.PressAsync("Control+,");
        await page.GetByLabel("Renderer").SelectOptionAsync("elements");
        await page.Keyboard.PressAsync("Escape");
        await visitor.TypeAsync("clear; printf '\\033[7mreversed\\033[0m\\n'");
        var letters = page.Locator(".xterm-rows .xterm-bg-257", new() { HasTextString = "reversed" });
        await Assertions.Expect(letters).ToHaveCountAsync(1);
        await Assertions.Expect(letters).ToHaveCSSAsync("color", await page.Locator(".ws-main").EvaluateAsync<string>("main => getComputedStyle(main).backgroundColor"));
    }
}
