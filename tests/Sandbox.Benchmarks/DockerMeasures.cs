using System.Diagnostics;
using System.Globalization;

namespace Sandbox.Benchmarks;

/// <summary>
/// Docker in a playground beside Docker and Buildah on the host. The same script takes the time on both sides, next to the
/// programs, so neither our API nor a start of a process here counts.
/// </summary>
internal sealed class DockerMeasures(Options options, OurClient ours, Report report)
{
    private const int Runs = 15;
    private const int Builds = 5;
    private const int Starts = 5;
    private const int Many = 10;
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);

    private const string Dockerfile =
        """
        FROM debian
        RUN mkdir /srv/app && for file in $(seq 500); do echo "line $file" > /srv/app/$file; done
        COPY content /srv/content
        RUN sha256sum /srv/content > /srv/sum
        """;

    public async Task MeasureAsync()
    {
        await StartsAsync();
        var launched = await ours.LaunchAsync(await ours.NewGuestAsync(), "docker");
        try
        {
            await ours.ShellAsync(launched, "docker pull -q debian && buildah pull -q debian", TimeSpan.FromMinutes(2));
            await RunsAsync(launched);
            await BuildsAsync(launched);
        }
        finally
        {
            await ours.RemoveAsync(launched);
        }

        await TogetherAsync();
    }

    /// <summary>From the click to an answer of the daemon inside.</summary>
    private async Task StartsAsync()
    {
        Series answered = new(), run = new();
        for (var round = 0; round < Starts; round++)
        {
            var token = await ours.NewGuestAsync();
            var since = Stopwatch.GetTimestamp();
            var launched = await ours.LaunchAsync(token, "docker");
            await ours.ShellAsync(launched, "docker version");
            answered.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
            await ours.ShellAsync(launched, "docker run --rm busybox true");
            run.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
            await ours.RemoveAsync(launched);
        }

        report.Lines.Add(new Line($"click to a docker version, p50 of {answered.Count}", "ms", answered.P50, null, null, "at most 2 s", answered.P50 <= 2000));
        report.Lines.Add(new Line("click to the end of a container, p50", "ms", run.P50, null, null, null, null));
    }

    private async Task RunsAsync(Launched launched)
    {
        Series inside = new(), outside = new();
        for (var round = -1; round < Runs; round++)
        {
            var mine = await InsideAsync(launched, "docker run --rm debian true");
            var peer = await OutsideAsync($"{Docker} run --rm bench/debian true");
            if (round >= 0)
            {
                inside.Add(mine);
                outside.Add(peer);
            }
        }

        report.Lines.Add(new Line($"docker run --rm beside the host's, p50 of {inside.Count}", "ms", inside.P50, outside.P50, null, "at most 1.3 x", inside.P50 <= 1.3 * outside.P50));
        report.Lines.Add(new Line("the same, p95", "ms", inside.P95, outside.P95, null, null, null));
    }

    private async Task BuildsAsync(Launched launched)
    {
        var context = Path.Combine(options.DockerMark, "context");
        var make = $"mkdir -p context && cd context && head -c 20000000 /dev/urandom > content && cat > Dockerfile <<'END'\n{Dockerfile}\nEND\n";
        await ours.ShellAsync(launched, $"cd /root && {make}");
        await HostCommand.RunAsync("bash", "-ec", $"cd '{options.DockerMark}' && {make}");
        Series docker = new(), buildah = new(), outside = new();
        for (var round = -1; round < Builds; round++)
        {
            var each = (
                await InsideAsync(launched, "docker build -q --no-cache --network none -t built /root/context"),
                await InsideAsync(launched, "buildah build -q --no-cache --network none -t built /root/context"),
                await OutsideAsync($"{options.Buildah} -q --no-cache --network none -t built '{context}'"));
            if (round >= 0)
            {
                docker.Add(each.Item1);
                buildah.Add(each.Item2);
                outside.Add(each.Item3);
            }
        }

        report.Lines.Add(new Line($"buildah build beside the host's, p50 of {buildah.Count}", "ms", buildah.P50, outside.P50, null, "at most 1.3 x", buildah.P50 <= 1.3 * outside.P50));
        report.Lines.Add(new Line("docker build beside the host's buildah, p50", "ms", docker.P50, outside.P50, null, "at most 1.3 x", docker.P50 <= 1.3 * outside.P50));
    }

    /// <summary>Many at one instant, until each of them has run a container of an image that it pulled from the host.</summary>
    private async Task TogetherAsync()
    {
        var tokens = await Task.WhenAll(Enumerable.Range(0, Many).Select(_ => ours.NewGuestAsync()));
        var since = Stopwatch.GetTimestamp();
        var launched = await Task.WhenAll(tokens.Select(token => ours.LaunchAsync(token, "docker")));
        try
        {
            var usable = (await Task.WhenAll(launched.Select(UsableAsync))).Count(isUsable => isUsable);
            var took = Stopwatch.GetElapsedTime(since).TotalSeconds;
            report.Lines.Add(new Line($"of {Many} Docker playgrounds at once, usable", "", usable, null, null, "all", usable == Many));
            report.Lines.Add(new Line("until each had pulled debian and run it", "s", took, null, null, null, null));

            await Task.Delay(Settling);
            var programs = new SortedDictionary<string, double>(StringComparer.Ordinal);
            foreach (var (pid, name) in launched.SelectMany(one => ProcessMemory.Holding(one.SandboxId)).DistinctBy(process => process.Pid))
            {
                programs[name] = programs.GetValueOrDefault(name) + (ProcessMemory.Of(pid) / Many);
            }

            report.Lines.Add(new Line("idle cost of one Docker playground", "MiB", programs.Values.Sum(), null, null, null, null));
            report.Phases.AddRange(programs.Select(pair => new Phase("idle, MiB of one Docker playground", pair.Key, pair.Value, pair.Value)));
        }
        finally
        {
            await Task.WhenAll(launched.Select(ours.RemoveAsync));
        }
    }

    private async Task<bool> UsableAsync(Launched launched)
    {
        try
        {
            await ours.ShellAsync(launched, "docker run --rm debian true", TimeSpan.FromMinutes(5));
            return true;
        }
        catch (InvalidDataException refused)
        {
            await Console.Error.WriteLineAsync($"  {refused.Message}");
            return false;
        }
    }

    private string Docker => $"/usr/bin/docker -H 'unix://{options.DockerSocket}'";

    private async Task<double> InsideAsync(Launched launched, string command) => Milliseconds(await ours.OutputAsync(launched, ["bash", "-ec", Timed(command)], TimeSpan.FromMinutes(2)));

    private static async Task<double> OutsideAsync(string command) => Milliseconds(await HostCommand.RunAsync("bash", "-ec", Timed(command)));

    private static string Timed(string command) =>
        $$"""
        since=${EPOCHREALTIME/[.,]/}
        {{command}} > /dev/null
        echo $((${EPOCHREALTIME/[.,]/} - since))
        """;

    private static double Milliseconds(string microseconds) => long.Parse(microseconds.Trim(), CultureInfo.InvariantCulture) / 1e3;
}
