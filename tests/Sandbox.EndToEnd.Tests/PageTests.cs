using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

public sealed class PageTests(Instance instance, Chromium chromium)
{
    [Fact]
    public async Task The_search_shows_only_matching_images()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.Page.GotoAsync("/");
        var shown = visitor.Page.Locator(".card:visible");
        Assert.True(await shown.CountAsync() >= 5);

        await visitor.Page.Keyboard.PressAsync("/");
        await visitor.Page.Keyboard.TypeAsync("pYtHon");
        await Assertions.Expect(shown).ToHaveCountAsync(1);
        await Assertions.Expect(shown).ToHaveAttributeAsync("data-image", "python");

        await visitor.Page.Keyboard.TypeAsync("nothing");
        await Assertions.Expect(shown).ToHaveCountAsync(0);
        await Assertions.Expect(visitor.Page.Locator("#search-none")).ToBeVisibleAsync();

        // The same without script: the server filters too.
        await visitor.Page.GotoAsync("/?q=postgres");
        await Assertions.Expect(shown).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task A_page_that_lost_a_script_reloads_once_and_then_shows_an_error()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var lost = 1;
        await visitor.Context.RouteAsync("**/dist/chunk-*", route => Interlocked.Decrement(ref lost) >= 0 ? route.AbortAsync("internetdisconnected") : route.ContinueAsync());
        await visitor.LaunchAsync("busybox");
        Assert.True(lost < 0);

        lost = int.MaxValue;
        await visitor.Page.ReloadAsync();
        var notice = visitor.Page.GetByRole(AriaRole.Alert).Filter(new() { HasText = "A part of this page could not be loaded." });
        await Assertions.Expect(notice).ToBeVisibleAsync();
        lost = 0;
        await notice.GetByRole(AriaRole.Button, new() { Name = "Reload" }).ClickAsync();
        await visitor.ShellAsync();
    }

    [Fact]
    public async Task A_phone_shows_everything_in_its_width_and_its_key_bar_interrupts()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium, new()
        {
            ViewportSize = new() { Width = 390, Height = 844 },
            HasTouch = true,
            IsMobile = true,
            DeviceScaleFactor = 2,
        });
        await visitor.LaunchAsync("busybox");
        await FitsAsync(visitor.Page);

        // The terminal is no longer the shell's once it shows this; before, Ctrl-C would be a character.
        await visitor.TypeAsync("echo begun-$((6*7)); sleep 100");
        await visitor.SeesLineAsync("begun-42");
        await visitor.Page.Locator("#ws-keys [data-key='Ctrl']").TapAsync();
        await Assertions.Expect(visitor.Page.Locator("#ws-keys [data-key='Ctrl']")).ToHaveAttributeAsync("aria-pressed", "true");
        await visitor.Page.Keyboard.TypeAsync("c");
        await Assertions.Expect(visitor.Page.Locator("#ws-keys [data-key='Ctrl']")).ToHaveAttributeAsync("aria-pressed", "false");
        await visitor.TypeAsync("echo after-$((6*7))");
        await visitor.SeesLineAsync("after-42");

        await visitor.Page.Locator("#ws-keys [data-key='ArrowUp']").TapAsync();
        await visitor.Page.Keyboard.PressAsync("Enter");
        await visitor.SeesAsync(text => text.Split('\n').Count(line => line == "after-42") == 2, "the last command again");

        foreach (var path in new[] { "/", "/playgrounds", "/links", "/images", "/volumes", "/tutorials", "/docs" })
        {
            await visitor.Page.GotoAsync(path);
            await FitsAsync(visitor.Page);
        }
    }

    [Theory]
    [InlineData(ColorScheme.Dark)]
    [InlineData(ColorScheme.Light)]
    public async Task The_page_follows_the_system_and_the_toggle_wins_and_lasts(ColorScheme scheme)
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium, new() { ColorScheme = scheme });
        await visitor.Page.GotoAsync("/");
        Assert.Equal(scheme == ColorScheme.Dark, await IsDarkAsync(visitor.Page));

        await visitor.Page.Locator(".theme-toggle").ClickAsync();
        await Eventually.TrueAsync(async () => await IsDarkAsync(visitor.Page) == (scheme == ColorScheme.Light), "the other colours");

        await visitor.LaunchAsync("busybox");
        Assert.Equal(scheme == ColorScheme.Light, await IsDarkAsync(visitor.Page));
        var ink = await visitor.Page.EvaluateAsync<string>("() => document.querySelector('.ws-xterm').terminal.options.theme.foreground");
        Assert.Equal(scheme == ColorScheme.Light, Brightness(ink) > 128);
    }

    [Fact]
    public async Task The_reference_of_the_api_is_shown_under_the_policy_of_the_site()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var foreign = new List<string>();
        visitor.Page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(instance.Url.ToString(), StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal))
            {
                foreign.Add(request.Url);
            }
        };

        await visitor.Page.GotoAsync("/docs/api");

        await Assertions.Expect(visitor.Page.GetByText("/api/v1/images").First).ToBeVisibleAsync();
        await Assertions.Expect(visitor.Page.GetByText("Generate SDK")).ToHaveCountAsync(0);
        Assert.Empty(foreign);
    }

    [Fact]
    public async Task The_row_of_a_playground_that_ended_meanwhile_has_no_buttons()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await visitor.Page.RouteAsync("**/api/v1/playgrounds/*", async route =>
        {
            // The same answer as for an id that does not exist.
            var answer = await visitor.Context.APIRequest.GetAsync("/api/v1/playgrounds/aaaaaaaaaaaaaaaa");
            await route.FulfillAsync(new() { Response = answer });
        });

        // As a page does that wakes up: without that it asks every quarter of a minute.
        await visitor.Page.EvaluateAsync("() => dispatchEvent(new Event('online'))");
        await Assertions.Expect(visitor.Panel).ToContainTextAsync("This playground does not exist");
        foreach (var id in new[] { "ws-actions", "ws-share", "ws-files", "ws-lease", "ws-extend" })
        {
            await Assertions.Expect(visitor.Page.Locator("#" + id)).ToBeHiddenAsync();
        }

        await visitor.TabsToAsync(visitor.Panel.GetByRole(AriaRole.Link, new() { Name = "Other images" }));
    }

    [Fact]
    public async Task Another_visitor_gets_not_found_at_the_address_of_a_playground()
    {
        await using var owner = await Visitor.ArriveAsync(instance, chromium);
        await owner.LaunchAsync("busybox");
        var playground = await (await owner.Context.APIRequest.GetAsync($"/api/v1/playgrounds/{owner.Playground}")).JsonAsync();
        var sandbox = playground!.Value.GetProperty("sandboxes")[0].GetProperty("id").GetString();

        await using var stranger = await Visitor.ArriveAsync(instance, chromium);
        await stranger.Page.GotoAsync("/");
        var page = await stranger.Page.GotoAsync($"/p/{owner.Playground}");
        Assert.Equal(404, page!.Status);
        await Assertions.Expect(stranger.Page.GetByRole(AriaRole.Heading, new() { Name = "There is nothing here" })).ToBeVisibleAsync();

        var request = stranger.Context.APIRequest;
        await request.GetAsync("/api/v1/playgrounds");
        Assert.Equal(404, (await request.GetAsync($"/api/v1/playgrounds/{owner.Playground}")).Status);
        Assert.Equal(404, (await request.DeleteAsync($"/api/v1/playgrounds/{owner.Playground}")).Status);
        Assert.Equal(404, (await request.GetAsync($"/api/v1/sandboxes/{sandbox}/terminals")).Status);
        Assert.Equal(404, (await request.PostAsync($"/api/v1/sandboxes/{sandbox}/stop")).Status);
        Assert.Equal(404, (await request.GetAsync($"/api/v1/sandboxes/{sandbox}/files/etc/passwd")).Status);
        Assert.Equal(404, (await request.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new() { DataObject = new { command = new[] { "id" } } })).Status);

        await owner.TypeAsync("echo untouched-$((6*7))");
        await owner.SeesLineAsync("untouched-42");
    }

    private static Task FitsAsync(IPage page)
    {
        var width = 0;
        return Eventually.TrueAsync(
            async () => (width = await page.EvaluateAsync<int>("() => Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)")) == 390,
            () => $"{page.Url} to fit into 390 pixels; it takes {width}");
    }

    private static async Task<bool> IsDarkAsync(IPage page) =>
        await page.EvaluateAsync<int>(
            """
            () => {
              const canvas = document.createElement('canvas').getContext('2d');
              canvas.fillStyle = getComputedStyle(document.body).backgroundColor;
              canvas.fillRect(0, 0, 1, 1);
              const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
              return Math.round((red + green + blue) / 3);
            }
            """) < 128;

    private static int Brightness(string hex) =>
        Enumerable.Range(0, 3).Sum(part => Convert.ToInt32(hex.Substring(1 + (2 * part), 2), 16)) / 3;
}
