using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Both processes may be killed at any moment: shells and uploads go on, and no byte is missing.</summary>
[Collection(typeof(Alone))]
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
    public async Task A_million_lines_come_once_and_in_order_through_a_kill(string service)
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await NumbersOnTheWire.WatchAsync(visitor.Page);
        await visitor.LaunchAsync("busybox");
        await MillionLines.PrintAsync(visitor, () => instance.KillAsync(service));
    }

    [Theory]
    [InlineData("web")]
    [InlineData("daemon")]
    [InlineData("network")]
    public async Task An_upload_goes_on_by_itself_where_it_was_cut_off(string cut)
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        var bytes = RandomNumberGenerator.GetBytes(24_000_000);
        using var desktop = new Desktop();
        var offsets = new List<long>();
        visitor.Page.Request += (_, request) =>
        {
            if (request.Method == "PATCH")
            {
                offsets.Add(long.Parse(request.Headers["upload-offset"], CultureInfo.InvariantCulture));
            }
        };

        // Before: the upload is over in seconds, and to find a process takes some on a busy host.
        var pid = cut == "network" ? null : await instance.PidAsync(cut);
        var throttle = await Throttle.StartAsync(visitor);
        await desktop.DropAsync(visitor, "large", bytes);
        var bar = visitor.Page.Locator(".files-tray-list progress");
        await Eventually.TrueAsync(async () => await bar.CountAsync() > 0 && await bar.EvaluateAsync<double>("bar => bar.value") > 3_000_000, "a part that is sent");

        if (cut == "network")
        {
            // The browser's own way of being offline refuses new requests; what is under way is cut from the other side.
            await throttle.GoOfflineAsync();
            await instance.KillAsync("web");
            await Assertions.Expect(visitor.Page.Locator(".files-tray-list li[data-state='held']")).ToHaveCountAsync(1);
        }
        else
        {
            await instance.KillAsync(cut, pid!.Value);
        }

        await throttle.EndAsync();
        await Desktop.UploadedAsync(visitor, "1 file uploaded");
        Assert.True(offsets.Count >= 2 && offsets[^1] > 1_000_000, string.Join(' ', offsets));
        Assert.StartsWith(Convert.ToHexStringLower(SHA256.HashData(bytes)), await visitor.ExecAsync("sha256sum /root/large"), StringComparison.Ordinal);
        Assert.Equal("1\n", await visitor.ExecAsync("ls -A /root | grep -c large"));
    }

    [Fact]
    public async Task The_round_trip_of_keys_is_shown_in_the_bar_and_so_is_a_lost_connection()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await visitor.TypeAsync("echo counted");
        await visitor.SeesLineAsync("counted");

        var dot = visitor.Page.Locator("#ws-latency");
        await Assertions.Expect(dot).ToHaveAttributeAsync("data-pace", Known());
        await Assertions.Expect(dot).ToHaveAttributeAsync("title", RoundTrip());
        await Assertions.Expect(dot.Locator(".latency-words")).ToHaveTextAsync(RoundTrip());

        // Without a network, a connection that is cut stays so until there is one.
        await visitor.Context.SetOfflineAsync(true);
        await instance.KillAsync("web");
        await Assertions.Expect(dot).ToHaveAttributeAsync("title", "Not connected");
        await visitor.Context.SetOfflineAsync(false);
        await Assertions.Expect(dot).ToHaveAttributeAsync("title", RoundTrip());
    }

    // What is typed stands before the line that is printed meanwhile.
    private static List<int> Lines(string text) =>
        [.. PrintedLine().Matches(text).Select(match => int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture))];

    [GeneratedRegex(@"line (?<number>\d+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PrintedLine();

    [GeneratedRegex("^(?:good|slow)$", RegexOptions.None, 1000)]
    private static partial Regex Known();

    [GeneratedRegex("ound trip (?:under )?[0-9.]+ m?s$", RegexOptions.None, 1000)]
    private static partial Regex RoundTrip();
}
