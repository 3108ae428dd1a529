using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Programs that print without end: memory does not grow, the page stays responsive, and Ctrl-C ends them.</summary>
[Collection(typeof(Alone))]
public sealed class FlowTests(Instance instance, Chromium chromium)
{
    private const long MostHeapGrowth = 64L * 1024 * 1024;
    private const long MostServerGrowth = 128L * 1024 * 1024;

    private static readonly TimeSpan Flood = TimeSpan.FromMinutes(1);

    /// <summary>Two visitors at once: the server holds no more for both than it may for one.</summary>
    [Fact]
    public Task Endless_output_leaves_memory_and_page_as_they_were_and_ends_at_once_by_keyboard() =>
        Task.WhenAll(FloodAsync("yes"), FloodAsync("cat /dev/urandom"));

    private async Task FloodAsync(string command)
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");

        // The scrollback is full before memory is measured.
        await visitor.TypeAsync("yes | head -n 30000; echo full-$((6*7))");
        await visitor.SeesLineAsync("full-42");
        await using var browser = await Heap.OpenAsync(visitor);
        var (heap, server) = (await browser.BytesAsync(), await ServerAsync());
        await visitor.Page.EvaluateAsync(
            """
            () => {
              let last = performance.now();
              window.pulse = { beats: 0, longest: 0 };
              setInterval(() => {
                const now = performance.now();
                window.pulse.beats++;
                window.pulse.longest = Math.max(window.pulse.longest, now - last);
                last = now;
              }, 50);
            }
            """);

        await visitor.TypeAsync(command);
        var watch = Stopwatch.StartNew();
        long serverPeak = 0;
        while (watch.Elapsed < Flood)
        {
            await Task.Delay(500);
            serverPeak = Math.Max(serverPeak, await ServerAsync());
        }

        var pulse = await visitor.Page.EvaluateAsync<JsonElement>("() => window.pulse");
        Assert.True(pulse.GetProperty("beats").GetInt32() >= 100, $"{command}: the page's clock stood: {pulse}");
        Assert.True(pulse.GetProperty("longest").GetDouble() < 5000, $"{command}: the page stood for long: {pulse}");

        if (command == "yes")
        {
            await visitor.Page.Keyboard.PressAsync("Control+c");
            await visitor.TypeAsync("echo ended-$((6*7))");
            await visitor.SeesLineAsync("ended-42");
        }
        else
        {
            await visitor.SetRightAsync();
        }

        await visitor.Page.Locator(".ws-pane.focused .ws-tab.active[data-state='live']").WaitForAsync();

        Assert.InRange(await browser.BytesAsync() - heap, long.MinValue, MostHeapGrowth);
        Assert.InRange(serverPeak - server, long.MinValue, MostServerGrowth);
    }

    private async Task<long> ServerAsync()
    {
        var pid = await instance.PidAsync("web");
        var line = (await File.ReadAllLinesAsync($"/proc/{pid}/status")).Single(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    /// <summary>The memory of the page's scripts, after a collection of garbage.</summary>
    private sealed class Heap(ICDPSession session) : IAsyncDisposable
    {
        public static async Task<Heap> OpenAsync(Visitor visitor)
        {
            var session = await visitor.Context.NewCDPSessionAsync(visitor.Page);
            await session.SendAsync("HeapProfiler.enable");
            return new Heap(session);
        }

        public async Task<long> BytesAsync()
        {
            await session.SendAsync("HeapProfiler.collectGarbage");
            var usage = (await session.SendAsync("Runtime.getHeapUsage"))!.Value;
            var apart = usage.TryGetProperty("backingStorageSize", out var buffers) ? buffers.GetDouble() : 0;
            return (long)(usage.GetProperty("usedSize").GetDouble() + apart);
        }

        public async ValueTask DisposeAsync() => await session.DetachAsync();
    }
}
