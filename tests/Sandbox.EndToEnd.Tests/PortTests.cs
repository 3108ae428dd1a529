using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>A server that a visitor starts in their terminal, opened from the page.</summary>
public sealed class PortTests(Instance instance, Chromium chromium)
{
    [Fact]
    public async Task A_server_in_a_terminal_opens_in_a_tab_of_its_own()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("mkdir /www; echo '<h1>Served from inside</h1>' > /www/index.html; httpd -p 8080 -h /www");
        var button = visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Port 8080", Exact = true });

        // The message goes after a while.
        await Task.WhenAll(
            Assertions.Expect(visitor.Page.GetByText("A program listens on port 8080.")).ToBeVisibleAsync(),
            Assertions.Expect(button).ToBeVisibleAsync());

        // The server for programs of the visitor's own computer.
        await button.ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Use from your computer" }).ClickAsync();
        var dialog = visitor.Page.GetByRole(AriaRole.Dialog, new() { Name = "Use from your computer" });
        await Assertions.Expect(dialog.GetByRole(AriaRole.Textbox, new() { Name = "Command", Exact = true })).ToHaveValueAsync(new Regex("^python3 sandbox-tunnel.py http://localhost:[0-9]+/api/v1/sandboxes/[a-z2-7]{16} 8080$", RegexOptions.None, TimeSpan.FromSeconds(1)));
        await Assertions.Expect(dialog.GetByRole(AriaRole.Textbox, new() { Name = "Port 8080 in a browser" })).ToHaveValueAsync("http://127.0.0.1:8080");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Create a token" }).ClickAsync();
        await Assertions.Expect(dialog.GetByRole(AriaRole.Textbox, new() { Name = "Token", Exact = true })).ToHaveValueAsync(new Regex("^sbxp_", RegexOptions.None, TimeSpan.FromSeconds(1)));
        await visitor.Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(dialog).ToBeHiddenAsync();

        await button.ClickAsync();
        var popup = await visitor.Page.RunAndWaitForPopupAsync(() => visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Open port 8080" }).ClickAsync());
        await Assertions.Expect(popup.GetByRole(AriaRole.Heading, new() { Name = "Served from inside" })).ToBeVisibleAsync();
        Assert.Matches("^http://8080-[a-z2-7]{16}\\.localhost:[0-9]+/$", popup.Url);

        // Another origin: no cookie of ours, and no way to the page that opened it.
        Assert.Equal("", await popup.EvaluateAsync<string>("document.cookie"));
        Assert.True(await popup.EvaluateAsync<bool>("window.opener === null"));

        await visitor.ExecAsync("killall httpd");
        await visitor.Page.BringToFrontAsync();
        await Assertions.Expect(button).ToBeHiddenAsync();
        await popup.ReloadAsync();
        await Assertions.Expect(popup.GetByRole(AriaRole.Heading, new() { Name = "Nothing listens on port 8080 yet" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_page_beside_the_terminal_is_shown_and_reaches_nothing_of_ours()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        await visitor.PutAsync("one.html", "<!doctype html><html lang=en><title>One</title><h1>First page</h1><input aria-label=Word><button onclick=\"try { top.location = 'about:blank' } catch { document.querySelector('h1').textContent = 'Kept out' }\">Leave</button>"u8.ToArray());
        await visitor.PutAsync("two.html", "<!doctype html><html lang=en><title>Two</title><h1>Second page</h1>"u8.ToArray());
        await visitor.TypeAsync("httpd -p 8080 -h .");
        await page.GetByRole(AriaRole.Button, new() { Name = "Port 8080", Exact = true }).ClickAsync();
        var offer = page.GetByText("A program listens on port 8080.");
        await Assertions.Expect(offer).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Beside the terminal: port 8080" }).ClickAsync();
        await Assertions.Expect(offer).ToBeHiddenAsync(new() { Timeout = 2000 }); // of itself it goes after eight seconds
        var pane = page.GetByRole(AriaRole.Region, new() { Name = "Preview" });
        var path = pane.GetByRole(AriaRole.Textbox, new() { Name = "Path of port 8080" });
        await Assertions.Expect(path).ToBeFocusedAsync();
        await path.FillAsync("one.html");
        await path.PressAsync("Enter");
        await Assertions.Expect(path).ToHaveValueAsync("/one.html");
        var shown = pane.FrameLocator("iframe");
        await Assertions.Expect(shown.GetByRole(AriaRole.Heading, new() { Name = "First page" })).ToBeVisibleAsync();

        // It gets no key of a terminal before the visitor presses it, also while the pointer rests over it and nothing is typed.
        var cover = pane.GetByRole(AriaRole.Button, new() { Name = "Use the page of port 8080" });
        await page.Locator(".ws-pane.focused .xterm").First.ClickAsync();
        await cover.HoverAsync();
        await Task.Delay(1000, TestContext.Current.CancellationToken);
        var frame = page.Frames.Single(each => each.Url.EndsWith("/one.html", StringComparison.Ordinal));
        await TakeFocusAsync(".xterm-helper-textarea");
        await page.Keyboard.TypeAsync("echo kept-$((40+2))\n");
        await visitor.SeesLineAsync("kept-42");

        // The focus goes back to the element that had it, here a field of our page.
        await path.FocusAsync();
        await TakeFocusAsync(".preview-head input");
        Assert.Equal("", await frame.EvaluateAsync<string>("document.querySelector('input').value"));

        await cover.ClickAsync();
        await Assertions.Expect(cover).ToBeHiddenAsync();
        await shown.GetByRole(AriaRole.Textbox).ClickAsync();
        await page.Keyboard.TypeAsync("now");
        await Assertions.Expect(shown.GetByRole(AriaRole.Textbox)).ToHaveValueAsync("now");

        // It is covered again once the terminal has the focus. Without a mouse, Tab and Enter lead into it.
        await page.Locator(".ws-pane.focused .xterm").First.ClickAsync();
        await Assertions.Expect(cover).ToBeVisibleAsync();
        await path.FocusAsync();
        await visitor.TabsToAsync(cover);
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(cover).ToBeHiddenAsync();
        await frame.WaitForFunctionAsync("document.hasFocus()");

        // Another origin: it reads nothing of this page and cannot lead it elsewhere, not even after a click.
        Assert.True(await frame.EvaluateAsync<bool>("(() => { try { return !parent.document; } catch { return true; } })()"));
        await shown.GetByRole(AriaRole.Button, new() { Name = "Leave" }).ClickAsync();
        await Assertions.Expect(shown.GetByRole(AriaRole.Heading, new() { Name = "Kept out" })).ToBeVisibleAsync();

        // A page that does not stop is closed.
        await page.Locator(".ws-pane.focused .xterm").First.ClickAsync();
        await frame.EvaluateAsync("setInterval(() => document.querySelector('input').focus(), 20)");
        await Assertions.Expect(pane.GetByRole(AriaRole.Alert)).ToHaveTextAsync("This page kept taking the keyboard from the terminal, so it was closed.");

        // It is there again when the page is.
        await path.FillAsync("/two.html");
        await path.PressAsync("Enter");
        await Assertions.Expect(shown.GetByRole(AriaRole.Heading, new() { Name = "Second page" })).ToBeVisibleAsync();
        await page.ReloadAsync();
        await Assertions.Expect(shown.GetByRole(AriaRole.Heading, new() { Name = "Second page" })).ToBeVisibleAsync();
        await pane.GetByRole(AriaRole.Button, new() { Name = "Close the preview" }).ClickAsync();
        await Assertions.Expect(pane).ToBeHiddenAsync();
        await page.WaitForFunctionAsync("document.activeElement.matches('.xterm-helper-textarea')");

        async Task TakeFocusAsync(string from)
        {
            await page.EvaluateAsync("window.wasTaken = false; addEventListener('blur', () => setTimeout(() => setTimeout(() => { window.wasTaken = true; })), { once: true })");
            await frame.EvaluateAsync("document.querySelector('input').blur(); document.querySelector('input').focus()");
            await page.WaitForFunctionAsync("from => window.wasTaken && document.activeElement.matches(from)", from);
        }
    }
}
