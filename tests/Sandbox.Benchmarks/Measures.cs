using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Sandbox.Benchmarks;

/// <summary>The measurements. Ours and the peers take turns, so that other load on the machine meets all of them.</summary>
internal sealed class Measures(Options options, OurClient ours, Report report)
{
    private const int Warming = 5;
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, Series> _phases = new(StringComparer.Ordinal);

    /// <summary>The first launches of a fresh start, and of this client. They are not counted.</summary>
    public async Task WarmUpAsync()
    {
        for (var round = 0; round < Warming; round++)
        {
            var (first, launched, terminal) = await LaunchAsync();
            if (round == 0)
            {
                report.Phases.Add(new Phase("first launch after the start", "answer, client's own start included", first, first));
                report.Phases.AddRange(launched.Phases.Select(phase => new Phase("first launch after the start", phase.Key, phase.Value, phase.Value)));
            }

            await using (terminal)
            {
                await ours.EchoAsync(launched);
            }

            await ours.RemoveAsync(launched);
            await PeerAsync(options.Docker);
            await PeerAsync(options.Shell);
        }

        _phases.Clear();
    }

    /// <summary>From the click to the prompt, one after the other.</summary>
    public async Task LaunchesAsync()
    {
        Series own = new(), docker = new(), shell = new();
        var log = LogLength();
        for (var round = 0; round < options.Launches; round++)
        {
            var (took, launched, terminal) = await LaunchAsync();
            await terminal.DisposeAsync();
            await ours.RemoveAsync(launched);
            own.Add(took);
            docker.Add(await PeerAsync(options.Docker));
            shell.Add(await PeerAsync(options.Shell));
        }

        var ratio = own.P50 / docker.P50;
        var spread = own.P95 / own.P50;
        report.Lines.Add(new Line($"click to prompt, p50 of {own.Count}", "ms", own.P50, docker.P50, shell.P50, "ratio at most 0.2", ratio <= 0.2));
        report.Lines.Add(new Line("click to prompt, p95", "ms", own.P95, docker.P95, shell.P95, "at most 2 x its p50", spread <= 2));
        report.Lines.Add(new Line("click to prompt, p95 / p50", "", spread, docker.P95 / docker.P50, shell.P95 / shell.P50, null, null));
        report.Phases.AddRange(_phases.Select(phase => new Phase("click to prompt", phase.Key, phase.Value.P50, phase.Value.P95)));
        report.Phases.AddRange(DaemonPhases(log));
    }

    /// <summary>Many at one instant, until the last of them shows its prompt.</summary>
    public async Task TogetherAsync()
    {
        // Each of these is a lot of work at once: the median of three rounds says more than one.
        Series own = new(), docker = new(), shell = new();
        for (var round = 0; round < 3; round++)
        {
            var tokens = await Task.WhenAll(Enumerable.Range(0, options.Together).Select(_ => ours.NewGuestAsync()));
            var since = Stopwatch.GetTimestamp();
            var launched = await Task.WhenAll(tokens.Select(token => LaunchAsync(token)));
            own.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
            await EndAsync(launched);

            docker.Add(await PeersAsync(options.Docker));
            shell.Add(await PeersAsync(options.Shell));
        }

        report.Lines.Add(new Line($"{options.Together} at once until all prompts, p50 of {own.Count}", "ms", own.P50, docker.P50, shell.P50, "ratio at most 0.2", own.P50 <= 0.2 * docker.P50));
    }

    /// <summary>The measure the field publishes: a new sandbox and its first command, over REST.</summary>
    public async Task FirstCommandsAsync()
    {
        Series both = new(), exec = new();
        for (var round = 0; round < options.Launches; round++)
        {
            var token = await ours.NewGuestAsync();
            var since = Stopwatch.GetTimestamp();
            var launched = await ours.LaunchAsync(token, options.Image);
            var created = Stopwatch.GetTimestamp();
            await ours.EchoAsync(launched);
            both.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
            exec.Add(Stopwatch.GetElapsedTime(created).TotalMilliseconds);
            await ours.RemoveAsync(launched);
        }

        report.Lines.Add(new Line("create and first echo over REST, p50", "ms", both.P50, null, null, null, null));
        report.Lines.Add(new Line("create and first echo over REST, p95", "ms", both.P95, null, null, "at most 100 ms", both.P95 <= 100));
        report.Phases.Add(new Phase("create and first echo", "exec", exec.P50, exec.P95));
    }

    /// <summary>What a sandbox with one terminal costs while nothing happens in it.</summary>
    public async Task IdleAsync()
    {
        await Task.Delay(Settling);
        var (web, daemon) = (ProcessMemory.Of(options.WebPid), ProcessMemory.Of(options.DaemonPid));
        var launched = new List<(double Took, Launched Launched, OurTerminal Terminal)>();
        for (var count = 0; count < options.Together; count++)
        {
            launched.Add(await LaunchAsync());
        }

        await Task.Delay(Settling);
        double number = options.Together;
        var (webGrowth, daemonGrowth) = ((ProcessMemory.Of(options.WebPid) - web) / number, (ProcessMemory.Of(options.DaemonPid) - daemon) / number);
        var beside = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var (pid, name) in launched.SelectMany(one => ProcessMemory.Holding(one.Launched.SandboxId)).DistinctBy(process => process.Pid))
        {
            beside[name] = beside.GetValueOrDefault(name) + (ProcessMemory.Of(pid) / number);
        }

        await EndAsync([.. launched]);

        // The shell is the visitor's own program; everybody pays for that.
        var shells = beside.Where(pair => pair.Key is "bash" or "sh" or "ash").ToList();
        var own = beside.Values.Sum() - shells.Sum(shell => shell.Value) + webGrowth + daemonGrowth;

        var (engine, _, _) = Engine();
        var peers = new List<Terminal>();
        for (var count = 0; count < options.Together; count++)
        {
            var terminal = await TtydTerminal.ConnectAsync(options.Docker);
            await terminal.PromptAsync();
            peers.Add(terminal);
        }

        await Task.Delay(Settling);
        var (grown, shims, clients) = Engine();
        await Task.WhenAll(peers.Select(terminal => terminal.ExitAsync()));
        await EndedAsync();

        report.Lines.Add(new Line("idle cost of one sandbox, without its shell", "MiB", own, (shims + grown - engine) / number, null, "at most 3 MB", own * 1.048576 <= 3));
        report.Phases.Add(new Phase("idle, MiB of one sandbox", "growth of the web process", webGrowth, webGrowth));
        report.Phases.Add(new Phase("idle, MiB of one sandbox", "growth of the daemon", daemonGrowth, daemonGrowth));
        report.Phases.AddRange(beside.Select(pair => new Phase("idle, MiB of one sandbox", pair.Key, pair.Value, pair.Value)));
        report.Phases.Add(new Phase("idle, MiB, docker", "containerd-shim", shims / number, shims / number));
        report.Phases.Add(new Phase("idle, MiB, docker", "growth of dockerd and containerd", (grown - engine) / number, (grown - engine) / number));
        report.Phases.Add(new Phase("idle, MiB, docker", "docker run (not counted above)", clients / number, clients / number));
    }

    private async Task<(double Took, Launched Launched, OurTerminal Terminal)> LaunchAsync(string? guest = null)
    {
        var token = guest ?? await ours.NewGuestAsync();
        var since = Stopwatch.GetTimestamp();

        // The page connects while the launch is on its way; both are on the clock.
        var connecting = ours.ConnectAsync(token);
        var launched = await ours.LaunchAsync(token, options.Image);
        var created = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
        var hub = await connecting;
        var connected = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
        var terminal = await OurTerminal.OpenAsync(hub, launched.SandboxId);
        await terminal.PromptAsync();
        var took = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
        lock (_phases)
        {
            foreach (var (name, duration) in launched.Phases)
            {
                Add($"web {name}", duration);
            }

            Add("POST answered", created);
            Add("hub connected after that", connected - created);
            Add("terminal opened", terminal.OpenMilliseconds);
            Add("attached, prompt", took - connected - terminal.OpenMilliseconds);
        }

        return (took, launched, terminal);
    }

    private void Add(string phase, double milliseconds)
    {
        if (!_phases.TryGetValue(phase, out var series))
        {
            _phases[phase] = series = new Series();
        }

        series.Add(milliseconds);
    }

    private async Task EndAsync((double Took, Launched Launched, OurTerminal Terminal)[] launched)
    {
        await Task.WhenAll(launched.Select(async one =>
        {
            await one.Terminal.DisposeAsync();
            await ours.RemoveAsync(one.Launched);
        }));
    }

    /// <summary>From a browser's connection to the prompt; what was started ends before this returns.</summary>
    private async Task<double> PeerAsync(Uri ttyd)
    {
        var since = Stopwatch.GetTimestamp();
        await using var terminal = await TtydTerminal.ConnectAsync(ttyd);
        await terminal.PromptAsync();
        var took = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
        await terminal.ExitAsync();
        await EndedAsync();
        return took;
    }

    private async Task<double> PeersAsync(Uri ttyd)
    {
        var since = Stopwatch.GetTimestamp();
        var terminals = await Task.WhenAll(Enumerable.Range(0, options.Together).Select(async _ =>
        {
            var terminal = await TtydTerminal.ConnectAsync(ttyd);
            await terminal.PromptAsync();
            return terminal;
        }));
        var took = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
        foreach (var terminal in terminals)
        {
            await terminal.ExitAsync();
            await terminal.DisposeAsync();
        }

        await EndedAsync();
        return took;
    }

    /// <summary>Until the peer's engine has taken down every container.</summary>
    private async Task EndedAsync()
    {
        for (var attempt = 0; attempt < 3000; attempt++)
        {
            if (!ProcessMemory.Holding(options.DockerMark).Any(process => process.Name is "docker" || process.Name.StartsWith("containerd-shim", StringComparison.Ordinal)))
            {
                return;
            }

            await Task.Delay(10);
        }

        throw new TimeoutException("the peer's containers do not end");
    }

    private (double Engine, double Shims, double Clients) Engine()
    {
        var processes = ProcessMemory.Holding(options.DockerMark);
        double Sum(Func<string, bool> which) => processes.Where(process => which(process.Name)).Sum(process => ProcessMemory.Of(process.Pid));
        return (Sum(name => name is "dockerd" or "containerd"), Sum(name => name.StartsWith("containerd-shim", StringComparison.Ordinal)), Sum(name => name is "docker"));
    }

    private long LogLength() => File.Exists(options.DaemonLog) ? new FileInfo(options.DaemonLog).Length : 0;

    /// <summary>The phases our daemon logs of each launch; each is counted from the launch's begin.</summary>
    private IEnumerable<Phase> DaemonPhases(long from)
    {
        if (!File.Exists(options.DaemonLog) || new FileInfo(options.DaemonLog).Length < from)
        {
            return []; // the log was turned over meanwhile
        }

        var phases = new Dictionary<string, Series>(StringComparer.Ordinal);
        using var stream = new FileStream(options.DaemonLog, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        stream.Position = from;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            var at = line.IndexOf('{', StringComparison.Ordinal);
            if (at < 0 || !line.Contains("\"launched ", StringComparison.Ordinal))
            {
                continue;
            }

            try
            {
                using var entry = JsonDocument.Parse(line[at..]);
                foreach (var value in entry.RootElement.GetProperty("State").EnumerateObject())
                {
                    if (value.Value.ValueKind == JsonValueKind.String && TimeSpan.TryParse(value.Value.GetString(), CultureInfo.InvariantCulture, out var duration))
                    {
                        phases.TryAdd(value.Name, new Series());
                        phases[value.Name].Add(duration.TotalMilliseconds);
                    }
                }
            }
            catch (JsonException)
            {
                // A line that was cut.
            }
        }

        return phases.Select(phase => new Phase("daemon, from the begin until", phase.Key, phase.Value.P50, phase.Value.P95));
    }
}
