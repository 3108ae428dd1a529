using System.Globalization;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Both processes may be killed at any moment: shells go on and no byte is missing.</summary>
public sealed class SurvivalTests(Instance instance, Chromium chromium)
{
    [Theory]
    [InlineData("web")]
    [InlineData("daemon")]
    public async Task A_shell_that_prints_through_a_kill_shows_every_line_once_and_in_order(string service)
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("i=0; while :; do echo line $i; i=$((i+1)); sleep 0.02; done");
        await visitor.SeesLineAsync("line 50");

        await instance.KillAsync(service);

        var before = Lines(await visitor.ScreenAsync()).Last();
        await visitor.SeesAsync(text => Lines(text).LastOrDefault() > before + 100, "lines of after the kill");
        await visitor.Page.Keyboard.PressAsync("Control+c");
        await visitor.TypeAsync("echo done-$((6*7))");
        await visitor.SeesLineAsync("done-42");

        var lines = Lines(await visitor.ScreenAsync());
        Assert.Equal(Enumerable.Range(0, lines.Count), lines);
        Assert.Equal(1, await visitor.Page.Locator(".ws-tab").CountAsync());

        // What was there before is managed as before.
        await visitor.ChooseAsync("stop");
        await visitor.StateIsAsync("stopped");
    }

    private static List<int> Lines(string text) =>
    [
        .. text.Split('\n')
            .Where(line => line.StartsWith("line ", StringComparison.Ordinal) || line.StartsWith("^Cline ", StringComparison.Ordinal))
            .Select(line => int.Parse(line[(line.IndexOf("line ", StringComparison.Ordinal) + 5)..], CultureInfo.InvariantCulture)),
    ];
}
