using System.Diagnostics;

namespace Sandbox.Benchmarks;

/// <summary>Saving a state, opening it again, and a second sandbox of it; beside docker commit and docker run.</summary>
internal sealed class LinkMeasures(Options options, OurClient ours, Report report)
{
    private const int Rounds = 20;
    private const int Saves = 10;
    private const int LargeSaves = 3;
    private const string PeerImage = "bench/debian";

    public async Task MeasureAsync()
    {
        var author = await ours.NewGuestAsync();
        var state = await ours.LaunchAsync(author, options.Image);
        var peer = await DockerAsync("run", "-d", PeerImage, "sleep", "1000000");
        try
        {
            await SavesAsync(state, peer);
            await OpeningsAsync(state);
            await ForksAsync(state, peer);
            await LargeSavesAsync(state, peer);
        }
        finally
        {
            await ours.RemoveAsync(state);
            await ours.DeleteLinksAsync(author);
            await DockerAsync("rm", "-f", peer);
        }
    }

    /// <summary>A file more in each round, so that no round finds the work of another.</summary>
    private async Task SavesAsync(Launched state, string peer)
    {
        Series own = new(), docker = new();
        for (var round = 0; round < Saves; round++)
        {
            var change = $"mkdir -p /root/state && echo {round} > /root/state/file-{round}";
            await ours.ShellAsync(state, change);
            own.Add(await TimeAsync(() => ours.SaveAsync(state)));
            await DockerAsync("exec", peer, "sh", "-ec", change);
            docker.Add(await TimeAsync(() => DockerAsync("commit", peer, $"bench/few-{round}")));
        }

        report.Lines.Add(new Line($"save a state of few changes, p50 of {own.Count}", "ms", own.P50, docker.P50, null, "at most 100 ms", own.P50 <= 100));
    }

    private async Task OpeningsAsync(Launched state)
    {
        var hash = await ours.SaveAsync(state);
        Series plain = new(), opened = new();
        for (var round = 0; round < Rounds; round++)
        {
            plain.Add(await ToPromptAsync(state.Token, token => ours.LaunchAsync(token, options.Image)));
            opened.Add(await ToPromptAsync(state.Token, token => ours.OpenLinkAsync(token, hash)));
        }

        report.Lines.Add(new Line($"open a link whose images are here to prompt, p50 of {opened.Count}", "ms", opened.P50, null, null, "at most 1.2 x a launch", opened.P50 <= 1.2 * plain.P50));
        report.Lines.Add(new Line("the same as a part of a launch in the same rounds", "", opened.P50 / plain.P50, null, null, null, null));
    }

    private async Task ForksAsync(Launched state, string peer)
    {
        Series plain = new(), forked = new(), docker = new();
        for (var round = 0; round < Saves; round++)
        {
            // A guest of their own: how often one person saves is bounded.
            var token = await ours.NewGuestAsync();
            var source = await ours.LaunchAsync(token, options.Image);
            await ours.ShellAsync(source, $"echo {round} > /root/forked-{round}");
            plain.Add(await ToPromptAsync(token, person => ours.LaunchAsync(person, options.Image)));
            forked.Add(await ToPromptAsync(token, _ => ours.ForkAsync(source)));
            await ours.RemoveAsync(source);
            await ours.DeleteLinksAsync(token);
            await DockerAsync("exec", peer, "sh", "-ec", $"echo {round} > /root/forked-{round}");
            docker.Add(await TimeAsync(async () =>
            {
                await DockerAsync("commit", peer, $"bench/fork-{round}");
                await DockerAsync("run", "--rm", $"bench/fork-{round}", "true");
            }));
        }

        report.Lines.Add(new Line($"fork to prompt (docker: commit and run true), p50 of {forked.Count}", "ms", forked.P50, docker.P50, null, "at most 1.5 x a launch", forked.P50 <= 1.5 * plain.P50));
        report.Lines.Add(new Line("the same as a part of a launch in the same rounds", "", forked.P50 / plain.P50, null, null, null, null));
    }

    private async Task LargeSavesAsync(Launched state, string peer)
    {
        Series own = new(), docker = new();
        for (var round = 0; round < LargeSaves; round++)
        {
            const string Change = "head -c 100000000 /dev/urandom > /root/large";
            await ours.ShellAsync(state, Change);
            own.Add(await TimeAsync(() => ours.SaveAsync(state)));
            await DockerAsync("exec", peer, "sh", "-ec", Change);
            docker.Add(await TimeAsync(() => DockerAsync("commit", peer, $"bench/large-{round}")));
        }

        report.Lines.Add(new Line($"save a state of 100 MB, p50 of {own.Count}", "ms", own.P50, docker.P50, null, "at most 2 s", own.P50 <= 2000));
    }

    private async Task<double> ToPromptAsync(string token, Func<string, Task<Launched>> launch)
    {
        await using var hub = await ours.ConnectAsync(token);
        var since = Stopwatch.GetTimestamp();
        var launched = await launch(token);
        double took;
        await using (var terminal = await OurTerminal.OpenAsync(hub, launched.SandboxId))
        {
            await terminal.PromptAsync();
            took = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
        }

        await ours.RemoveAsync(launched);
        return took;
    }

    private static async Task<double> TimeAsync(Func<Task> work)
    {
        var since = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(since).TotalMilliseconds;
    }

    private async Task<string> DockerAsync(params string[] arguments)
    {
        using var docker = Process.Start(new ProcessStartInfo("/usr/bin/docker", ["-H", $"unix://{options.DockerSocket}", .. arguments]) { RedirectStandardOutput = true, UseShellExecute = false })
            ?? throw new InvalidOperationException("docker does not start");
        var text = await docker.StandardOutput.ReadToEndAsync();
        await docker.WaitForExitAsync();
        return docker.ExitCode == 0 ? text.Trim() : throw new InvalidDataException($"docker {string.Join(' ', arguments)} ended with {docker.ExitCode}");
    }
}
