using System.Diagnostics;

namespace Sandbox.Benchmarks;

/// <summary>What a Docker daemon in a playground pulls from the registry of its host.</summary>
internal sealed class PullMeasures(Options options, OurClient ours, Report report)
{
    private const int Rounds = 5;

    public async Task MeasureAsync()
    {
        var megabytes = await ours.ImageBytesAsync(options.Image) / 1e6;
        var launched = await ours.LaunchAsync(await ours.NewGuestAsync(), "docker");
        try
        {
            await ours.ShellAsync(launched, "docker version");
            Series bytes = new(), pulls = new();
            for (var round = 0; round < Rounds; round++)
            {
                bytes.Add(megabytes / await SecondsAsync(launched, $$"""
                    accept=application/vnd.oci.image.manifest.v1+json,application/vnd.docker.distribution.manifest.v2+json
                    for layer in $(curl -sf -H "Accept: $accept" http://registry.internal/v2/{{options.Image}}/manifests/latest | jq -r '.layers[].digest'); do
                        curl -sf -o /dev/null http://registry.internal/v2/{{options.Image}}/blobs/$layer
                    done
                    """));
                pulls.Add(megabytes / await SecondsAsync(launched, $"docker pull -q {options.Image}"));
                await ours.ShellAsync(launched, $"docker rmi {options.Image}");
            }

            report.Lines.Add(new Line($"docker pull of {options.Image} in a playground, p50 of {Rounds}", "MB/s", pulls.P50, null, null, "at least 200 MB/s", pulls.P50 >= 200));
            report.Lines.Add(new Line("the same bytes from the registry to nowhere", "MB/s", bytes.P50, null, null, null, null));
        }
        finally
        {
            await ours.RemoveAsync(launched);
        }
    }

    private async Task<double> SecondsAsync(Launched launched, string script)
    {
        var since = Stopwatch.GetTimestamp();
        await ours.ShellAsync(launched, script);
        return Stopwatch.GetElapsedTime(since).TotalSeconds;
    }
}
