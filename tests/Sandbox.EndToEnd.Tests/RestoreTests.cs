using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>A viewer who comes too late for a terminal's bytes sees its screen, and can go on.</summary>
public sealed class RestoreTests(Instance instance, Chromium chromium)
{
    // Nearly three megabytes: the beginning is not kept any more.
    private const string Flood = "seq 1 400000";

    [Fact]
    public async Task Another_device_sees_the_editor_and_the_shell_behind_it()
    {
        await using var first = await Visitor.ArriveAsync(instance, chromium);
        await first.LaunchAsync("busybox");
        await first.TypeAsync("for i in $(seq 1 100); do echo \"line $i of the file\"; done > /tmp/file");
        await first.TypeAsync($"{Flood}; echo over-$((6*7))");
        await first.SeesLineAsync("over-42");

        // The shell asks where the cursor is, and an editor that has begun meanwhile would get the answer.
        await first.SeesAsync(text => text.EndsWith('#'), "the prompt after the lines");
        await first.TypeAsync("vi /tmp/file");
        await first.ViewsAsync(rows => rows.Contains("line 1 of the file", StringComparison.Ordinal), "the editor");
        await first.Page.Keyboard.TypeAsync("jjjA, changed");
        await first.ViewsAsync(rows => rows.Contains("line 4 of the file, changed", StringComparison.Ordinal), "the change");

        await using var second = await ComeAsAsync(first);
        await second.ViewsAsync(rows => rows.Contains("line 4 of the file, changed", StringComparison.Ordinal), "the editor on another device");
        await Eventually.TrueAsync(async () => await first.ViewAsync() == await second.ViewAsync(), "the same rows and cursor on both");
        Assert.DoesNotContain("skipped", await second.ScreenAsync(), StringComparison.Ordinal);

        await second.Page.Keyboard.TypeAsync(" twice");
        await second.ViewsAsync(rows => rows.Contains("line 4 of the file, changed twice", StringComparison.Ordinal), "what is typed there");
        await second.Page.Keyboard.PressAsync("Escape");
        await second.ViewsAsync(rows => rows.Contains("\n- /tmp/file", StringComparison.Ordinal), "the editor to take commands");
        await second.TypeAsync(":q!");
        await second.TypeAsync("echo shell-$((6*7))");
        await second.SeesLineAsync("shell-42");
        var text = await second.ScreenAsync();
        Assert.StartsWith(" ⋯ Earlier output was discarded ⋯", text, StringComparison.Ordinal);
        Assert.Contains("\n399999\n400000\nover-42\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("[?", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_that_was_offline_during_a_flood_finds_a_mark_and_the_screen()
    {
        await using var late = await Visitor.ArriveAsync(instance, chromium);
        var line = await Line.HoldAsync(late.Page);
        await late.LaunchAsync("busybox");
        await late.TypeAsync("echo before-$((6*7))");
        await late.SeesLineAsync("before-42");
        await using var other = await ComeAsAsync(late);
        await other.SeesLineAsync("before-42");
        await late.Context.SetOfflineAsync(true);
        await line.CutAsync();
        await late.Page.Locator(".ws-tab.active[data-state='offline']").WaitForAsync();
        await other.TypeAsync($"{Flood}; echo over-$((6*7))");
        await other.SeesLineAsync("over-42");
        line.Mend();
        await late.Context.SetOfflineAsync(false);
        await late.SeesLineAsync("over-42");
        var text = await late.ScreenAsync();
        var mark = text.IndexOf("of output were skipped", StringComparison.Ordinal);
        Assert.InRange(text.IndexOf("before-42", StringComparison.Ordinal), 0, mark);
        Assert.True(text.IndexOf("\n399999\n400000\nover-42\n", StringComparison.Ordinal) > mark, text[..Math.Min(text.Length, 3000)]);
        await late.TypeAsync("echo again-$((6*7))");
        await late.SeesLineAsync("again-42");
        await Eventually.TrueAsync(async () => (await other.ViewAsync()).Rows == (await late.ViewAsync()).Rows, "the same screen on both");
    }

    [Fact]
    public async Task Vim_less_and_htop_go_on_in_a_window_of_another_size_that_comes_too_late_for_their_bytes()
    {
        await using var here = await Visitor.ArriveAsync(instance, chromium);
        await here.LaunchAsync("debian");
        await here.InstallAsync("vim less htop");
        await here.TypeAsync($"seq 1 400 > /tmp/numbers; {Flood}; echo over-$((6*7))");
        await here.SeesLineAsync("over-42");
        Visitor? there = null;
        try
        {
            foreach (var (program, sign, keys, next, leave) in new[]
            {
                ("vim -N -u NONE -i NONE /tmp/numbers", "1\n2\n3\n4\n", "G", "\n399\n400", ":q!\n"),
                ("less /tmp/numbers", "1\n2\n3\n4\n", "/^321\n", "321\n322\n", "q"),
                ("htop", "F10Quit", "t", "F5List", "q"),
            })
            {
                await here.TypeAsync(program);
                await here.ViewsAsync(rows => rows.Contains(sign, StringComparison.Ordinal), program);
                if (there is null)
                {
                    there = await ComeAsAsync(here, new() { ViewportSize = new() { Width = 900, Height = 600 } });
                }
                else
                {
                    await there.Page.ReloadAsync();
                    await there.ShellAsync();
                }

                // The window that came last decides the size. less gives a search up when a new size comes into it.
                await there.SizedAsync();
                await there.ViewsAsync(rows => rows.Contains(sign, StringComparison.Ordinal), $"{program} on another device");
                Assert.DoesNotContain("skipped", await there.ScreenAsync(), StringComparison.Ordinal);
                await there.Page.Keyboard.TypeAsync(keys);
                await there.ViewsAsync(rows => rows.Contains(next, StringComparison.Ordinal), $"what {program} makes of {keys}");
                await here.ViewsAsync(rows => rows.Contains(next, StringComparison.Ordinal), $"the same in the first window");
                await there.Page.Keyboard.TypeAsync(leave);
                await there.ViewsAsync(rows => rows.Split('\n')[^1].EndsWith('#'), "the shell's prompt");
                Assert.Contains("\n399999\n400000\nover-42\n", await there.ScreenAsync(), StringComparison.Ordinal);
            }
        }
        finally
        {
            if (there is not null)
            {
                await there.DisposeAsync();
            }
        }
    }

    // The same person with another browser.
    private async Task<Visitor> ComeAsAsync(Visitor who, BrowserNewContextOptions? options = null)
    {
        var visitor = await Visitor.ArriveAsync(instance, chromium, options);
        var cookies = await who.Context.CookiesAsync();
        await visitor.Context.AddCookiesAsync(cookies.Select(cookie => new Cookie
        {
            Name = cookie.Name,
            Value = cookie.Value,
            Domain = cookie.Domain,
            Path = cookie.Path,
            HttpOnly = cookie.HttpOnly,
            Secure = cookie.Secure,
        }));
        await visitor.Page.GotoAsync(who.Page.Url);
        await visitor.ShellAsync();
        return visitor;
    }
}
