using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>A page that loses its connection, or is loaded again, misses no line.</summary>
public sealed class ReconnectTests(Instance instance, Chromium chromium)
{
    [Fact]
    public async Task A_million_lines_come_once_and_in_order_over_a_connection_that_was_cut_for_half_a_minute()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await NumbersOnTheWire.WatchAsync(visitor.Page);
        var line = await Line.HoldAsync(visitor.Page);
        await visitor.LaunchAsync("busybox");
        await MillionLines.PrintAsync(visitor, async () =>
        {
            await line.CutAsync();
            await visitor.Page.Locator(".ws-tab.active[data-state='offline']").WaitForAsync();
            await Task.Delay(TimeSpan.FromSeconds(30));
            line.Mend();
        });
    }

    [Fact]
    public async Task A_million_lines_come_once_and_in_order_to_a_page_that_is_loaded_again()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await NumbersOnTheWire.WatchAsync(visitor.Page);
        await visitor.LaunchAsync("busybox");
        await MillionLines.PrintAsync(visitor, () => visitor.Page.ReloadAsync(), loadsPage: true);
    }
}
