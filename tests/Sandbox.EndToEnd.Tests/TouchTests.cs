using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>What a finger does on a terminal.</summary>
[Collection(typeof(Clipboard))]
public sealed class TouchTests(Instance instance, Chromium chromium)
{
    private const string Terminal = "document.querySelector('.ws-xterm').terminal";

    [Fact]
    public async Task A_finger_scrolls_back_and_forth_and_opens_no_keyboard()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium, new(KeyBarTests.Phone));
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("seq 1 300; echo printed-$((6*7))");
        await visitor.SeesLineAsync("printed-42");
        await page.EvaluateAsync("() => document.activeElement.blur()");
        var finger = await FingerAsync(page);
        var end = await LineAsync(page);

        await DragAsync(finger, 300, 600, rests: true);
        await Eventually.TrueAsync(async () => await LineAsync(page) < end, "what was printed before");
        var up = await LineAsync(page);
        Assert.InRange(end - up, 10, 30);
        await DragAsync(finger, 600, 500, rests: true);
        await Eventually.TrueAsync(async () => await LineAsync(page) > up, "what was printed after");
        Assert.False(await HasKeysAsync(page));

        // A throw goes further than the finger.
        await page.EvaluateAsync($"() => {Terminal}.scrollToTop()");
        var height = await page.EvaluateAsync<double>($"() => document.querySelector('.xterm-screen').clientHeight / {Terminal}.rows");
        await DragAsync(finger, 500, 250, rests: false);
        await Eventually.TrueAsync(async () => await LineAsync(page) > 250 / height, "a throw");

        // A tap is still for typing; only one that stops a throw, which may go on for a while unseen, is not.
        await page.Locator(".ws-xterm").TapAsync();
        await page.Locator(".ws-xterm").TapAsync();
        await Eventually.TrueAsync(() => HasKeysAsync(page), "the keys");
    }

    [Fact]
    public async Task A_finger_scrolls_like_a_wheel_in_full_screen_and_mouse_programs()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium, new(KeyBarTests.Phone));
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        var finger = await FingerAsync(page);

        await visitor.TypeAsync("stty -icanon -echo; printf '\\033[?1049h'; dd bs=1 count=9 of=/tmp/wheel 2>/dev/null; stty icanon echo; printf '\\033[?1049l'; cat -v /tmp/wheel; echo over-$((6*7))");
        await Eventually.TrueAsync(() => page.EvaluateAsync<bool>($"() => {Terminal}.buffer.active.type === 'alternate'"), "a screen of its own");
        await DragAsync(finger, 500, 400, rests: true);
        await visitor.SeesAsync(text => text.Contains("^[[B^[[B^[[Bover-42", StringComparison.Ordinal), "arrows down");

        await visitor.TypeAsync("clear; stty -icanon -echo; printf '\\033[?1000h\\033[?1006h'; dd bs=1 count=5 2>/dev/null | cat -v; printf '\\033[?1000l\\033[?1006l'; echo");
        await Eventually.TrueAsync(() => page.EvaluateAsync<bool>($"() => {Terminal}.modes.mouseTrackingMode === 'vt200'"), "a program with a mouse");
        await DragAsync(finger, 500, 460, rests: true);
        await visitor.SeesAsync(text => text.Contains("^[[<65", StringComparison.Ordinal), "a wheel that turns down");
    }

    [Fact]
    public async Task A_long_press_opens_the_text_for_selecting_and_copying()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium, new(KeyBarTests.Phone));
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        await visitor.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await visitor.TypeAsync("clear; seq 1 200; echo pressed-$((6*7))");
        await visitor.SeesLineAsync("pressed-42");
        await page.EvaluateAsync("() => document.activeElement.blur()");
        var finger = await FingerAsync(page);
        var (x, y) = await visitor.CellAsync("pressed-42");
        await TouchAsync(finger, "touchStart", DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0, x, y);
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = "Text of the terminal" });
        await Assertions.Expect(dialog).ToBeVisibleAsync();
        await TouchAsync(finger, "touchEnd", DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0);
        await Assertions.Expect(dialog.Locator(".text-place")).ToHaveTextAsync("pressed-42");
        await Assertions.Expect(dialog.Locator(".text-place")).ToBeInViewportAsync();
        Assert.False(await HasKeysAsync(page));
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Copy all" }).TapAsync();
        await Assertions.Expect(dialog).ToHaveCountAsync(0);
        Assert.Contains("199\n200\npressed-42\n", await page.EvaluateAsync<string>("() => navigator.clipboard.readText()"), StringComparison.Ordinal);

        // By keys, and back to where they were.
        await page.Locator(".ws-xterm").TapAsync();
        await page.Keyboard.PressAsync("Alt+Shift+S");
        await Assertions.Expect(dialog).ToContainTextAsync("pressed-42");
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(dialog).ToHaveCountAsync(0);
        await Eventually.TrueAsync(() => HasKeysAsync(page), "the keys");
        await visitor.ChooseAsync("select-text");
        await Assertions.Expect(dialog).ToBeVisibleAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Close" }).TapAsync();
        await Assertions.Expect(dialog).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Two_fingers_magnify_and_the_program_keeps_its_size()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium, new(KeyBarTests.Phone));
        var page = visitor.Page;
        await visitor.LaunchAsync("busybox");
        const string Size = $"() => `${{{Terminal}.cols}}x${{{Terminal}.rows}} ${{document.getElementById('workspace').offsetHeight}}`";
        var size = await page.EvaluateAsync<string>(Size);
        var fingers = await FingerAsync(page);
        await fingers.SendAsync("Emulation.setPageScaleFactor", new() { ["pageScaleFactor"] = 2 });
        await Eventually.TrueAsync(() => page.EvaluateAsync<bool>("() => visualViewport.scale === 2"), "a magnified page");
        await page.EvaluateAsync("() => new Promise(done => setTimeout(done, 500))");
        Assert.Equal(size, await page.EvaluateAsync<string>(Size));
        await fingers.SendAsync("Emulation.setPageScaleFactor", new() { ["pageScaleFactor"] = 1 });
        await Eventually.TrueAsync(() => page.EvaluateAsync<bool>("() => visualViewport.scale === 1"), "a page as it was");
        Assert.Equal(size, await page.EvaluateAsync<string>(Size));
    }

    private static Task<ICDPSession> FingerAsync(IPage page) => page.Context.NewCDPSessionAsync(page);

    private static Task<int> LineAsync(IPage page) => page.EvaluateAsync<int>($"() => {Terminal}.buffer.active.viewportY");

    private static Task<bool> HasKeysAsync(IPage page) => page.EvaluateAsync<bool>("() => document.querySelector('.ws-xterm').contains(document.activeElement)");

    /// <summary>
    /// Draws a finger from one height to another; one that rests at the end throws nothing. The events carry the times of
    /// a finger, whenever a busy machine comes to them.
    /// </summary>
    private static async Task DragAsync(ICDPSession finger, double from, double to, bool rests)
    {
        const int Steps = 10;
        const double Pause = .008;
        const double Rest = .2;
        var began = (DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0) - Rest - (Steps * Pause);

        // Together: a finger that has not moved for half a second presses.
        var start = TouchAsync(finger, "touchStart", began, 200, from);
        for (var step = 1; step <= Steps; step++)
        {
            await Task.WhenAll(start, TouchAsync(finger, "touchMove", began + (step * Pause), 200, from + ((to - from) * step / Steps)));
        }

        await TouchAsync(finger, "touchEnd", began + (Steps * Pause) + (rests ? Rest : 0));
    }

    private static async Task TouchAsync(ICDPSession finger, string type, double time, params double[] at) => await finger.SendAsync("Input.dispatchTouchEvent", new()
    {
        ["type"] = type,
        ["timestamp"] = time,
        ["touchPoints"] = at is [var x, var y] ? new[] { new Dictionary<string, double> { ["x"] = x, ["y"] = y } } : [],
    });
}
