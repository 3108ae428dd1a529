using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Sandbox.Benchmarks;

/// <summary>A sandbox of the class gvisor until its prompt, beside <c>runsc run</c> with the same root file system and nothing around it.</summary>
internal sealed class GvisorMeasures(Options options, OurClient ours, Report report)
{
    private const int Rounds = 15;

    public async Task MeasureAsync()
    {
        if (options.RunscPid == 0 || !await ours.HasClassAsync("gvisor"))
        {
            report.Lines.Add(new Line("gVisor: runsc is not installed, or does not run here", "", null, null, null, null, null));
            return;
        }

        Series own = new(), bare = new(), plain = new();
        for (var round = -1; round < Rounds; round++)
        {
            var each = (await OursAsync("gvisor"), await BareAsync(round), await OursAsync(null));
            if (round >= 0)
            {
                own.Add(each.Item1);
                bare.Add(each.Item2);
                plain.Add(each.Item3);
            }
        }

        report.Lines.Add(new Line($"gVisor to prompt beside runsc run, p50 of {own.Count}", "ms", own.P50, bare.P50, null, "at most 1.5 x bare", own.P50 <= 1.5 * bare.P50));
        report.Lines.Add(new Line("the same, p95", "ms", own.P95, bare.P95, null, null, null));
        report.Lines.Add(new Line("a container's in the same rounds, p50", "ms", plain.P50, null, null, null, null));
    }

    private async Task<double> OursAsync(string? isolation)
    {
        var token = await ours.NewGuestAsync();
        var since = Stopwatch.GetTimestamp();
        var connecting = ours.ConnectAsync(token);
        var launched = isolation is null ? await ours.LaunchAsync(token, options.Image) : await ours.LaunchIsolatedAsync(token, options.Image, isolation);
        double took;
        await using (var terminal = await OurTerminal.OpenAsync(await connecting, launched.SandboxId))
        {
            await terminal.PromptAsync();
            took = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
        }

        await ours.RemoveAsync(launched);
        return took;
    }

    /// <summary>Its shell has no terminal, and ends with its input.</summary>
    private async Task<double> BareAsync(int round)
    {
        var since = Stopwatch.GetTimestamp();
        using var runsc = HostCommand.Start(
            "nsenter", "--target", options.RunscPid.ToString(CultureInfo.InvariantCulture), "--net", "--mount", "--",
            "runsc", "--root", Path.Combine(options.RunscBundle, "state"), "--ignore-cgroups", "--overlay2=none", "--file-access=shared", "--net-raw",
            "run", "--bundle", options.RunscBundle, string.Create(CultureInfo.InvariantCulture, $"bench{round + 1}"));
        var printed = runsc.StandardOutput.ReadToEndAsync();
        var seen = new StringBuilder();
        var letters = new char[256];
        while (!seen.ToString().Contains("# ", StringComparison.Ordinal))
        {
            var count = await runsc.StandardError.ReadAsync(letters);
            seen.Append(letters, 0, count > 0 ? count : throw new InvalidDataException($"runsc ended without a prompt: {seen}"));
        }

        var took = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
        runsc.StandardInput.Close();
        await runsc.StandardError.ReadToEndAsync();
        await printed;
        await runsc.WaitForExitAsync();
        return took;
    }
}
