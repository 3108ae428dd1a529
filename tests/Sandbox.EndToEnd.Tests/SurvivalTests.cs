using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Both processes may be killed at any moment: shells go on and no byte is missing.</summary>
public sealed partial class SurvivalTests(Instance instance, Chromium chromium)
{
    [Theory]
    [InlineData("web")]
    [InlineData("daemon")]
    public async Task A_shell_that_prints_through_a_kill_shows_every_line_once_and_in_order(string service)
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        // It ends by a line: a shell's loop of commands may miss an interrupt that comes between two of them, and a read that
        // is given up for the time it took drops what it has read.
        await visitor.TypeAsync("i=0; while sleep 0.02; do echo line $i; i=$((i+1)); done & read word; kill $!; echo $word-$((6*7))");
        await visitor.SeesLineAsync("line 50");

        await instance.KillAsync(service);

        var before = Lines(await visitor.ScreenAsync()).Last();
        await visitor.SeesAsync(text => Lines(text).LastOrDefault() > before + 100, "lines of after the kill");
        await visitor.TypeAsync("enough");
        await visitor.SeesLineAsync("enough-42");

        var lines = Lines(await visitor.ScreenAsync());
        Assert.Equal(Enumerable.Range(0, lines.Count), lines);
        Assert.Equal(1, await visitor.Page.Locator(".ws-tab").CountAsync());

        // What was there before is managed as before.
        await visitor.StopAsync();
        await visitor.StateIsAsync("stopped");
    }

    [Theory]
    [InlineData("web")]
    [InlineData("daemon")]
    [InlineData("network")]
    [InlineData("reload")]
    public async Task A_million_lines_come_once_and_in_order_whatever_happens_in_the_middle(string what)
    {
        const int Last = 1_000_000;
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await NumbersOnTheWire.WatchAsync(visitor.Page);
        var line = what == "network" ? await Line.HoldAsync(visitor.Page) : null;
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync($"seq 1 {Last}; echo over-$((6*7))");
        await NumbersOnTheWire.UntilAsync(visitor.Page, 100_000);
        Assert.InRange((await NumbersOnTheWire.SeenAsync(visitor.Page)).Last, 0, Last - 1);
        switch (what)
        {
            case "network":
                await line!.CutAsync();
                await visitor.Page.Locator(".ws-tab.active[data-state='offline']").WaitForAsync();
                await Task.Delay(TimeSpan.FromSeconds(30));
                line.Mend();
                break;
            case "reload":
                await visitor.Page.ReloadAsync();
                break;
            default:
                await instance.KillAsync(what);
                break;
        }

        await visitor.SeesLineAsync("over-42");
        var seen = await NumbersOnTheWire.SeenAsync(visitor.Page);
        Assert.Equal((Last, ""), (seen.Last, seen.Mistake));
        Assert.Equal(Last - seen.First + 1, seen.Count);
        if (what == "reload")
        {
            // A page that knows nothing gets all that is kept, after one mark that there was more.
            Assert.InRange(seen.Gaps, 0, 1);
        }
        else
        {
            Assert.Equal((1, 0), (seen.First, seen.Gaps));
        }
    }

    // What is typed stands before the line that is printed meanwhile.
    private static List<int> Lines(string text) =>
        [.. PrintedLine().Matches(text).Select(match => int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture))];

    [GeneratedRegex(@"line (?<number>\d+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PrintedLine();
}
