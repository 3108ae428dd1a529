using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>How many cells fit, and that the program gets the size: once, and again after each change.</summary>
public sealed class SizeTests(Instance instance, Chromium chromium)
{
    /// <summary>The canvas of WebGL; the other one underlines links.</summary>
    private const string Canvas = ".ws-xterm .xterm-screen > canvas:not(.xterm-link-layer)";

    [Theory]
    [InlineData(1280, 800, false)]
    [InlineData(390, 844, true)]
    public async Task A_shell_starts_with_the_size_it_keeps(int width, int height, bool phone)
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium, new()
        {
            ViewportSize = new() { Width = width, Height = height },
            HasTouch = phone,
            IsMobile = phone,
            DeviceScaleFactor = phone ? 3 : 1,
        });
        var calls = new HubCalls(visitor.Page);
        await visitor.LaunchAsync("busybox");
        var size = await visitor.AgreedSizeAsync();

        // The image's own shell starts with the sandbox; the first word about its size is the one that stays.
        Assert.Contains(calls.Sizes[0].Method, (string[])["Open", "Resize"]);
        Assert.Equal([size], calls.Sizes.Select(call => (call.Cols, call.Rows)).Distinct());
        await FillsAsync(visitor.Page);

        var before = calls.Sizes.Count;
        await visitor.Page.ReloadAsync();
        await visitor.ShellAsync();
        Assert.Equal(size, await visitor.AgreedSizeAsync());
        Assert.Equal([size], calls.Sizes.Skip(before).Select(call => (call.Cols, call.Rows)).Distinct());
    }

    [Theory]
    [InlineData("Alt+Shift+R")]
    [InlineData("Alt+Shift+D")]
    public async Task A_shell_in_half_a_pane_starts_with_the_size_it_keeps(string split)
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var calls = new HubCalls(visitor.Page);
        await visitor.LaunchAsync("busybox");
        await visitor.Page.Keyboard.PressAsync(split);
        await Assertions.Expect(visitor.Page.Locator(".ws-pane")).ToHaveCountAsync(2);
        await visitor.ShellAsync();
        var size = await visitor.AgreedSizeAsync();
        var opened = calls.Sizes.Last(call => call.Method is "Open" or "OpenShell");
        Assert.Equal(size, (opened.Cols, opened.Rows));
        await FillsAsync(visitor.Page);
    }

    [Fact]
    public async Task A_changed_text_size_changes_the_terminals_size()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        var (cols, rows) = await visitor.AgreedSizeAsync();
        await visitor.ChooseAsync("larger");
        await visitor.ChooseAsync("larger");
        var larger = await visitor.AgreedSizeAsync();
        Assert.True(larger.Cols < cols && larger.Rows < rows, $"{larger} after {(cols, rows)}");
        await FillsAsync(visitor.Page);
    }

    /// <summary>A graphics driver that fails takes its context away; and browsers do when there are too many.</summary>
    [Fact]
    public async Task A_lost_WebGL_context_falls_back_to_the_DOM_renderer_and_comes_back()
    {
        await using var drawn = await chromium.AnotherAsync("--use-angle=swiftshader", "--enable-unsafe-swiftshader");
        await using var visitor = await Visitor.ArriveAsync(instance, drawn);
        await ChooseAsync(visitor, "webgl");
        await visitor.LaunchAsync("busybox");
        var canvas = visitor.Page.Locator(Canvas);
        var letters = visitor.Page.Locator(".ws-xterm .xterm-rows");
        await Assertions.Expect(canvas).ToHaveCountAsync(1);
        var size = await visitor.AgreedSizeAsync();

        await canvas.EvaluateAsync("canvas => canvas.getContext('webgl2').getExtension('WEBGL_lose_context').loseContext()");
        await Assertions.Expect(letters).ToContainTextAsync("#");
        await visitor.AgreedSizeAsync();
        await FillsAsync(visitor.Page);

        await Assertions.Expect(canvas).ToHaveCountAsync(1);
        await Assertions.Expect(letters).ToHaveCountAsync(0);
        Assert.Equal(size, await visitor.AgreedSizeAsync());

        // A visitor who chooses otherwise gets it at once.
        await visitor.Page.Keyboard.PressAsync("Control+,");
        await visitor.Page.GetByLabel("Renderer").SelectOptionAsync("elements");
        await Assertions.Expect(canvas).ToHaveCountAsync(0);
        await Assertions.Expect(letters).ToContainTextAsync("#");
        await visitor.Page.GetByLabel("Renderer").SelectOptionAsync("webgl");
        await Assertions.Expect(canvas).ToHaveCountAsync(1);
        await visitor.Page.Keyboard.PressAsync("Escape");
        Assert.Equal(size, await visitor.AgreedSizeAsync());
    }

    /// <summary>Chromium computes WebGL where no graphics card draws it, and a frame of that takes a tenth of a second.</summary>
    [Fact]
    public async Task The_DOM_renderer_is_used_if_WebGL_runs_in_software()
    {
        await using var computed = await chromium.AnotherAsync("--use-angle=swiftshader", "--enable-unsafe-swiftshader");
        await using var visitor = await Visitor.ArriveAsync(instance, computed);
        await visitor.LaunchAsync("busybox");
        Assert.True(await visitor.Page.EvaluateAsync<bool>("() => document.createElement('canvas').getContext('webgl2') !== null"));
        await Assertions.Expect(visitor.Page.Locator(".ws-xterm .xterm-rows")).ToContainTextAsync("#");
        await Assertions.Expect(visitor.Page.Locator(Canvas)).ToHaveCountAsync(0);
        Assert.Empty(await visitor.Page.EvaluateAsync<string[]>("() => performance.getEntriesByType('resource').map(entry => entry.name).filter(name => name.includes('webgl'))"));
    }

    [Fact]
    public async Task The_DOM_renderer_is_used_without_WebGL()
    {
        await using var plain = await chromium.AnotherAsync("--disable-3d-apis");
        await using var visitor = await Visitor.ArriveAsync(instance, plain);
        await ChooseAsync(visitor, "webgl");
        var calls = new HubCalls(visitor.Page);
        await visitor.LaunchAsync("busybox");
        await Assertions.Expect(visitor.Page.Locator(Canvas)).ToHaveCountAsync(0);
        var size = await visitor.AgreedSizeAsync();
        Assert.Equal([size], calls.Sizes.Select(call => (call.Cols, call.Rows)).Distinct());
        await Assertions.Expect(visitor.Page.Locator(".ws-xterm .xterm-rows")).ToContainTextAsync($"{size.Rows} {size.Cols}");
        await FillsAsync(visitor.Page);
    }

    private static async Task ChooseAsync(Visitor visitor, string painter)
    {
        await visitor.Page.GotoAsync("/");
        await visitor.Page.EvaluateAsync("painter => localStorage.setItem('terminal-preferences', JSON.stringify({ painter }))", painter);
    }

    /// <summary>All rows and columns are seen, and no room is left for another.</summary>
    private static async Task FillsAsync(IPage page)
    {
        var room = await page.EvaluateAsync<double[]>(
            """
            () => {
              const host = document.querySelector('.ws-pane.focused .ws-terminal:not([hidden]) .ws-xterm');
              const screen = host.querySelector('.xterm-screen').getBoundingClientRect();
              const box = host.getBoundingClientRect();
              return [box.right - screen.right, box.bottom - screen.bottom, screen.width / host.terminal.cols, screen.height / host.terminal.rows];
            }
            """);
        Assert.InRange(room[0], 14, 14 + 20 + room[2]);
        Assert.InRange(room[1], 0, 20 + room[3]);
    }
}
