using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>A terminal shared from its owner's page, and the page behind the link.</summary>
public sealed class SharingTests(Instance instance, Chromium chromium)
{
    private const string Buffer =
        """
        () => {
          const buffer = document.querySelector('#shared-terminal').terminal?.buffer.active;
          if (!buffer) { return ''; }
          let text = '';
          for (let row = 0; row < buffer.length; row++) {
            text += buffer.getLine(row).translateToString(true) + '\n';
          }
          return text;
        }
        """;

    [Fact]
    public async Task A_watcher_sees_output_live_and_no_key_of_theirs_arrives_until_the_link_is_revoked()
    {
        await using var owner = await Visitor.ArriveAsync(instance, chromium);
        await owner.LaunchAsync("busybox");
        await owner.TypeAsync("echo before-$((6*7))");
        await owner.SeesLineAsync("before-42");
        var link = await ShareAsync(owner, "watch");
        await owner.Page.Keyboard.PressAsync("Escape");

        await using var watcher = await Visitor.ArriveAsync(instance, chromium);
        await FollowAsync(watcher, link);
        await SeesAsync(watcher, "before-42");
        await Assertions.Expect(watcher.Page.Locator("#ws-state")).ToHaveTextAsync("watching");
        await Assertions.Expect(owner.Page.Locator("#ws-status .viewers-chip")).ToHaveTextAsync("1 watching");

        await watcher.Page.Locator("#shared-terminal textarea").FocusAsync();
        await watcher.Page.Keyboard.TypeAsync("echo typed-by-watcher\n");
        await using (var hub = await ConnectAsync(link))
        {
            var terminal = (await hub.InvokeAsync<Opened>("Shared", TestContext.Current.CancellationToken)).TerminalId;
            var refusal = await Assert.ThrowsAsync<Microsoft.AspNetCore.SignalR.HubException>(() => hub.InvokeAsync("Input", terminal, "echo typed-by-hand\n"u8.ToArray(), TestContext.Current.CancellationToken));
            Assert.Contains("not_found: ", refusal.Message, StringComparison.Ordinal);
        }

        await owner.TypeAsync("echo after-$((6*7))");
        await SeesAsync(watcher, "after-42");
        Assert.DoesNotContain("typed-by", await owner.ScreenAsync(), StringComparison.Ordinal);

        await owner.Page.Locator("#ws-share").ClickAsync();
        await owner.Page.Locator(".share-links button").ClickAsync();
        await Assertions.Expect(watcher.Page.GetByRole(AriaRole.Heading, new() { Name = "This link was revoked" })).ToBeVisibleAsync();
        await Assertions.Expect(owner.Page.Locator(".share-none")).ToBeVisibleAsync();
        await watcher.Page.ReloadAsync();
        await Assertions.Expect(watcher.Page.GetByRole(AriaRole.Heading, new() { Name = "This link was revoked" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_writer_types_and_the_owner_is_warned_before()
    {
        await using var owner = await Visitor.ArriveAsync(instance, chromium);
        await owner.LaunchAsync("busybox");
        var link = await ShareAsync(owner, "type");
        await Assertions.Expect(owner.Page.Locator(".share-warning")).ToBeVisibleAsync();
        await owner.Page.Keyboard.PressAsync("Escape");

        await using var writer = await Visitor.ArriveAsync(instance, chromium);
        await FollowAsync(writer, link);
        await Assertions.Expect(writer.Page.Locator("#ws-state")).ToHaveTextAsync("you can type");
        await writer.Page.Locator("#shared-terminal textarea").FocusAsync();
        await writer.TypeAsync("echo together-$((6*7))");
        await owner.SeesLineAsync("together-42");
        await SeesAsync(writer, "together-42");
        await Assertions.Expect(owner.Page.Locator("#ws-status .viewers-chip")).ToHaveTextAsync("1 can type");

        // Shortcuts work as on the owner's page; the shell reports a command at the prompt after it.
        await Eventually.TrueAsync(async () => (await writer.Page.EvaluateAsync<string>(Buffer)).TrimEnd().EndsWith('#'), "the prompt after the command");
        await writer.Page.Keyboard.PressAsync("Control+Shift+F");
        await writer.Page.GetByLabel("Find in the output", new() { Exact = true }).And(writer.Page.Locator("input")).FillAsync("together");
        await Assertions.Expect(writer.Page.Locator("#ws-find-result")).ToHaveTextAsync("2 of 2");
        await writer.Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(writer.Page.Locator("#shared-terminal textarea")).ToBeFocusedAsync();
        await writer.Page.Keyboard.PressAsync("Alt+Shift+M");
        await writer.Page.GetByRole(AriaRole.Menuitem, new() { Name = "Run again" }).PressAsync("Enter");
        await Eventually.TrueAsync(async () => (await owner.ScreenAsync()).Split("together-42").Length == 3, "the command's output again");

        await writer.Page.Locator(".viewers-chip").ClickAsync();
        await writer.Page.GetByLabel("Your name").FillAsync("Ada <b>");
        await writer.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await owner.Page.Locator("#ws-status .viewers-chip").ClickAsync();
        await Assertions.Expect(owner.Page.Locator(".viewers-menu bdi").Nth(1)).ToHaveTextAsync("Ada <b>");

        await owner.Page.Keyboard.PressAsync("Escape");
        await owner.Page.Locator(".ws-xterm textarea").FocusAsync();
        await owner.TypeAsync("exit");
        await Assertions.Expect(writer.Page.GetByRole(AriaRole.Heading, new() { Name = "This terminal has ended" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task The_owners_window_decides_the_size_or_the_smallest_if_they_chose_so()
    {
        await using var owner = await Visitor.ArriveAsync(instance, chromium);
        await owner.LaunchAsync("busybox");
        var link = await ShareAsync(owner, "watch");
        var (cols, rows) = await SizeAsync(owner, ".ws-xterm");

        await using var phone = await Visitor.ArriveAsync(instance, chromium, new() { ViewportSize = new() { Width = 390, Height = 844 }, HasTouch = true, IsMobile = true });
        await FollowAsync(phone, link);
        await Eventually.TrueAsync(async () => await SizeAsync(phone, ".ws-xterm") == (cols, rows), "the owner's size on the phone");
        await Assertions.Expect(phone.Page.Locator(".sized-note")).ToHaveTextAsync($"{cols}×{rows}, sized by the owner");

        await owner.Page.Locator(".share-sizes input[value=smallest]").CheckAsync();
        await owner.Page.Keyboard.PressAsync("Escape");
        await Eventually.TrueAsync(async () => (await SizeAsync(owner, ".ws-xterm")).Cols is > 30 and < 70, "the phone's size on the owner's page");
        var small = await owner.AgreedSizeAsync();
        Assert.InRange(small.Cols, 30, 70);
        Assert.Equal(390, await phone.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth"));

        // More columns than letters can be small for: a finger moves along the lines.
        await owner.Page.Locator("#ws-share").ClickAsync();
        await owner.Page.Locator(".share-sizes input[value=owner]").CheckAsync();
        await owner.Page.Keyboard.PressAsync("Escape");
        await owner.Page.SetViewportSizeAsync(2400, 900);
        await Eventually.TrueAsync(() => phone.Page.EvaluateAsync<bool>("() => { const { scrollWidth, clientWidth } = document.querySelector('#shared-terminal'); return scrollWidth > clientWidth + 50; }"), "a terminal wider than the phone");
        var finger = await phone.Context.NewCDPSessionAsync(phone.Page);
        for (var step = 0; step <= 12; step++)
        {
            await finger.SendAsync("Input.dispatchTouchEvent", new()
            {
                ["type"] = step == 0 ? "touchStart" : "touchMove",
                ["touchPoints"] = new[] { new Dictionary<string, double> { ["x"] = 300 - (15 * step), ["y"] = 150 } },
            });
        }

        await finger.SendAsync("Input.dispatchTouchEvent", new() { ["type"] = "touchEnd", ["touchPoints"] = Array.Empty<object>() });
        await Eventually.TrueAsync(() => phone.Page.EvaluateAsync<bool>("() => document.querySelector('#shared-terminal').scrollLeft > 40"), "the end of the lines");
        Assert.Equal(390, await phone.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth"));

        await phone.Page.CloseAsync();
        await Eventually.TrueAsync(async () => (await SizeAsync(owner, ".ws-xterm")).Cols > 100, "the owner's size again");
        Assert.True((await owner.AgreedSizeAsync()).Cols > 100);
    }

    [Fact]
    public async Task An_incomplete_link_shows_an_error()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        foreach (var fragment in new[] { "", "#sbxt_AAAA", "#nonsense" })
        {
            await visitor.Page.GotoAsync("about:blank");
            await visitor.Page.GotoAsync("/t" + fragment);
            await Assertions.Expect(visitor.Page.GetByRole(AriaRole.Heading, new() { Name = "This link is incomplete or expired" })).ToBeVisibleAsync();
        }

        Assert.Equal("noindex", await visitor.Page.Locator("meta[name=robots]").GetAttributeAsync("content"));
    }

    [Fact]
    public async Task The_list_of_links_shows_an_error_while_it_cannot_be_loaded()
    {
        await using var owner = await Visitor.ArriveAsync(instance, chromium);
        await owner.LaunchAsync("busybox");
        await ShareAsync(owner, "watch");
        var error = owner.Page.Locator(".share-error");
        await owner.Page.RouteAsync("**/shares", route => route.AbortAsync("internetdisconnected"));
        await Assertions.Expect(error).ToContainTextAsync("cannot be reached");
        await owner.Page.UnrouteAsync("**/shares");
        await Assertions.Expect(error).ToBeEmptyAsync();
    }

    private static async Task<string> ShareAsync(Visitor owner, string access)
    {
        await owner.Page.Locator("#ws-share").ClickAsync();
        await owner.Page.Locator($".share-form input[value={access}]").CheckAsync();
        await owner.Page.GetByRole(AriaRole.Button, new() { Name = "Create link" }).ClickAsync();
        var link = await owner.Page.Locator("#share-url").InputValueAsync();
        await Assertions.Expect(owner.Page.Locator(".share-links li")).ToHaveCountAsync(1);
        return link;
    }

    private static async Task FollowAsync(Visitor visitor, string link)
    {
        await visitor.Page.GotoAsync(link);
        try
        {
            await visitor.Page.Locator("#workspace[data-session=live]").WaitForAsync();
        }
        catch (TimeoutException)
        {
            Assert.Fail("The link's page never came to live:\n" + await visitor.ConditionAsync());
        }

        await Assertions.Expect(visitor.Panel).ToBeHiddenAsync();
        Assert.Equal(0, await visitor.Page.Locator("a[href*='/p/']").CountAsync());
    }

    private static Task SeesAsync(Visitor visitor, string words) =>
        Eventually.TrueAsync(async () => (await visitor.Page.EvaluateAsync<string>(Buffer)).Contains(words, StringComparison.Ordinal), $"'{words}' on the page of the link");

    private static async Task<(int Cols, int Rows)> SizeAsync(Visitor visitor, string host)
    {
        var size = await visitor.Page.EvaluateAsync<int[]>("host => { const { cols, rows } = document.querySelector(host).terminal; return [cols, rows]; }", host);
        return (size[0], size[1]);
    }

    private async Task<HubConnection> ConnectAsync(string link)
    {
        var hub = new HubConnectionBuilder().WithUrl(new Uri(instance.Url, "/hubs/terminal"), options =>
        {
            options.AccessTokenProvider = () => Task.FromResult<string?>(new Uri(link).Fragment[1..]);
            options.Proxy = null;
        }).AddMessagePackProtocol().Build();
        await hub.StartAsync(TestContext.Current.CancellationToken);
        return hub;
    }

    /// <summary>What a link opens.</summary>
    [MessagePack.MessagePackObject]
    public sealed class Opened
    {
        [MessagePack.Key("terminalId")]
        public string TerminalId { get; set; } = "";
    }
}
