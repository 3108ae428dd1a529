using System.Diagnostics;
using System.Globalization;

namespace Sandbox.Benchmarks;

/// <summary>
/// A host with many idle sandboxes: what a launch costs there, and what becomes of everybody when some turn greedy.
/// <c>infra/bench</c> sets the reserves of its instance so that the greedy ask for more than there is.
/// </summary>
internal sealed class DensityMeasures(Options options, OurClient ours, Report report)
{
    private const int Launches = 30;
    private const int Greedy = 20;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(3);

    public async Task MeasureAsync()
    {
        await LaunchesAsync(); // the first ones of a fresh start
        var empty = await LaunchesAsync();
        var idle = new List<Launched>();
        for (var count = 0; count < options.Dense; count++)
        {
            idle.Add(await ours.LaunchAsync(await ours.NewGuestAsync(), options.Image));
        }

        var full = await LaunchesAsync();
        report.Lines.Add(new Line($"launch beside {options.Dense} idle ones, p50 of {Launches}", "ms", full.P50, empty.P50, null, "at most 1.2 x empty", full.P50 <= 1.2 * empty.P50));
        report.Lines.Add(new Line("launch on the empty host, p50", "ms", empty.P50, null, null, null, null));
        await GreedAsync(idle);
        await Parallel.ForEachAsync(idle, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (launched, _) =>
        {
            if ((await ours.StateAsync(launched)).State != "ended")
            {
                await ours.RemoveAsync(launched);
            }
        });
    }

    private async Task<Series> LaunchesAsync()
    {
        var series = new Series();
        for (var round = 0; round < Launches; round++)
        {
            var token = await ours.NewGuestAsync();
            var since = Stopwatch.GetTimestamp();
            var launched = await ours.LaunchAsync(token, options.Image);
            series.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
            await ours.RemoveAsync(launched);
        }

        return series;
    }

    /// <summary>Some take all their memory and some fill their disk, at one instant, until every one of them is done, ended or waits.</summary>
    private async Task GreedAsync(List<Launched> idle)
    {
        var greedy = Math.Min(Greedy, idle.Count / 3);
        var (memory, disk, quiet) = (idle[..greedy], idle[greedy..(2 * greedy)], idle[(2 * greedy)..]);
        await ours.ShellAsync(quiet[0], "head -c 8000000 /dev/urandom > /root/kept && md5sum /root/kept > /root/sum");
        await Task.WhenAll(
        [
            .. memory.Select(one => ours.ShellAsync(one, "(head -c 419430400 /dev/zero; sleep 900) | tail -c 419430400 > /dev/null 2>&1 &")),
            .. disk.Select(one => ours.ShellAsync(one, "(dd if=/dev/zero of=/root/fill bs=1M count=800 && touch /root/done) > /dev/null 2>&1 &")),
        ]);
        var (since, slowest, paused, words) = (Stopwatch.GetTimestamp(), 0.0, new HashSet<string>(StringComparer.Ordinal), new SortedDictionary<string, int>(StringComparer.Ordinal));
        var states = new Dictionary<string, (string State, string? Words)>(StringComparer.Ordinal);
        for (var calm = 0; calm < 10 && Stopwatch.GetElapsedTime(since) < Longest; calm++)
        {
            var asked = Stopwatch.GetTimestamp();
            await ours.EchoAsync(quiet[^1]);
            slowest = Math.Max(slowest, Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
            foreach (var one in memory.Concat(disk))
            {
                var state = await ours.StateAsync(one);
                calm = states.TryGetValue(one.SandboxId, out var before) && before == state ? calm : 0;
                states[one.SandboxId] = state;
                if (state.State == "paused")
                {
                    paused.Add(one.SandboxId);
                }
            }

            await Task.Delay(500);
        }

        foreach (var (state, why) in states.Values.Where(each => each.Words is not null))
        {
            var text = $"{state}: {why}";
            words[text] = words.GetValueOrDefault(text) + 1;
        }

        report.Lines.Add(new Line($"of {greedy} greedy in memory, programs ended", "", memory.Count(one => states[one.SandboxId].State == "stopped"), null, null, null, null));
        report.Lines.Add(new Line($"of {greedy} greedy in disk, ended", "", disk.Count(one => states[one.SandboxId].State == "ended"), null, null, null, null));
        report.Lines.Add(new Line("of both, paused for some time", "", paused.Count, null, null, null, null));
        report.Lines.Add(new Line("a neighbour's slowest echo over REST meanwhile", "ms", slowest, null, null, null, null));
        await ours.ShellAsync(quiet[0], "md5sum -c /root/sum");
        var answering = 0;
        foreach (var one in quiet)
        {
            answering += (await ours.StateAsync(one)) is { State: "running" } ? 1 : 0;
        }

        report.Lines.Add(new Line($"of {quiet.Count} others, untouched", "", answering, null, null, "all", answering == quiet.Count));
        foreach (var (text, count) in words)
        {
            await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  {count} {text}"));
        }
    }
}
