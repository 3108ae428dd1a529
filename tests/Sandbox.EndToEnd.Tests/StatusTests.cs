using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

public sealed class StatusTests(Instance instance, Chromium chromium)
{
    [Fact]
    public async Task A_lost_network_is_shown_at_once_and_keys_wait_for_it()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await visitor.Context.SetOfflineAsync(true);
        await Assertions.Expect(visitor.Page.Locator("#ws-latency")).ToHaveAttributeAsync("title", "Not connected");
        await Assertions.Expect(visitor.Page.Locator("#ws-link")).ToContainTextAsync("This device is offline");
        await visitor.TypeAsync("echo waited-$((6*7))");
        await visitor.Context.SetOfflineAsync(false);
        await visitor.SeesLineAsync("waited-42");
        await Assertions.Expect(visitor.Page.Locator("#ws-link")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task Launches_and_keys_are_counted_from_what_visitors_do()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var before = await FiguresAsync(visitor);
        await visitor.LaunchAsync("busybox");
        const string Line = "echo counted";
        for (var typed = 1; typed <= Line.Length; typed++)
        {
            await visitor.Page.Keyboard.TypeAsync(Line[typed - 1].ToString());
            await visitor.SeesAsync(text => text.EndsWith(Line[..typed].TrimEnd(), StringComparison.Ordinal), "the key's echo");
        }

        await Eventually.TrueAsync(
            async () =>
            {
                var now = await FiguresAsync(visitor);
                return now.Launches > before.Launches && now.First > before.First && now.Echoes > before.Echoes;
            },
            "the figures to count a launch, its first output and a key");

        await visitor.Page.GotoAsync("/status");
        await Assertions.Expect(visitor.Page.Locator(".latency svg")).ToHaveCountAsync(3);
        await Assertions.Expect(visitor.Page.Locator(".status-now")).ToHaveAttributeAsync("data-state", "up");
    }

    private static async Task<(long Launches, long First, long Echoes)> FiguresAsync(Visitor visitor)
    {
        var latency = (await (await visitor.Context.APIRequest.GetAsync("/api/v1/status")).JsonAsync())!.Value.GetProperty("latency");
        long Count(string kind) => latency.GetProperty(kind).GetProperty("lastHour").GetProperty("count").GetInt64();
        return (Count("launch"), Count("firstOutput"), Count("echo"));
    }
}
