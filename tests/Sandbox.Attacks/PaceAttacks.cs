using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Snapshots;
using Sandbox.Daemon.Sandboxes;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Attacks;

/// <summary>Work of the daemon that one person asks for beyond their pace: it waits, and nobody else's does.</summary>
[Collection(nameof(LinuxHost))]
public sealed class PaceAttacks(LinuxHost host) : Attacker(host)
{
    private const string ManyFiles = "mkdir /many; cd /many; seq 5000 | xargs touch; head -c 8000000 /dev/urandom > /file; truncate -s 1M /sparse";

    [Theory]
    [InlineData("saves")]
    [InlineData("searches")]
    [InlineData("lists")]
    [InlineData("downloads")]
    public async Task Work_beyond_the_pace_of_a_person_waits(string kind)
    {
        var usual = Host.Options;
        await Host.RestartAsync(options => options with { WorkBurstSeconds = 1, WorkPercent = 1, FileBurstBytes = 4 << 20, FileBytesPerSecond = 1024 });
        try
        {
            var spec = Spec();
            var attacker = await LaunchAsync(spec);
            var neighbour = await LaunchAsync();
            await RunAsync(attacker, "sh", "-c", ManyFiles);
            await RunAsync(neighbour, "sh", "-c", ManyFiles);
            var pace = PaceOf(kind);
            for (var call = 0; call < 300 && kind != "downloads" && pace.Take(spec.Owner, 0) == TimeSpan.Zero; call++)
            {
                await AskAsync(kind, attacker, Cancel);
            }

            Assert.True(kind == "downloads" || pace.Take(spec.Owner, 0) > TimeSpan.Zero, "nothing was counted");
            _ = pace.Take(spec.Owner, 5_000_000); // so long that this test ends before it, on any machine
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
            var waiting = AskAsync(kind, attacker, enough.Token);
            await AskAsync(kind, neighbour, Cancel);
            Assert.False(waiting.IsCompleted);
            await enough.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        }
        finally
        {
            await Host.RestartAsync(_ => usual);
        }
    }

    [Fact]
    public async Task A_command_that_would_wait_longer_than_it_may_is_refused_with_the_time_to_come_back()
    {
        var spec = Spec();
        var attacker = await LaunchAsync(spec);
        var neighbour = await LaunchAsync();
        _ = Host.Parts.GetRequiredService<HostPaces>().Commands.Take(spec.Owner, 100_000);
        var refused = await Assert.ThrowsAsync<SandboxException>(() => RunAsync(attacker, "true"));
        Assert.Equal(ErrorCode.Timeout, refused.Code);
        Assert.InRange(refused.RetryAfter ?? TimeSpan.Zero, TimeSpan.FromSeconds(1), TimeSpan.MaxValue);
        Assert.Equal((0, ""), await RunAsync(neighbour, "true"));
    }

    private FairPace PaceOf(string kind)
    {
        var paces = Host.Parts.GetRequiredService<HostPaces>();
        return kind == "downloads" ? paces.FileBytes : paces.Work;
    }

    private async Task AskAsync(string kind, SandboxId id, CancellationToken cancellationToken)
    {
        switch (kind)
        {
            case "saves":
                await Host.Runtime.Sandboxes.SnapshotAsync(id, SnapshotSpec.All, cancellationToken);
                break;
            case "searches":
                await Host.Runtime.Sandboxes.InspectAsync(id, cancellationToken);
                break;
            case "lists":
                await Host.Runtime.Files.ListAsync(id, Path("/many"), cancellationToken);
                break;
            default:
                await foreach (var bytes in Host.Runtime.Files.ReadAsync(id, Path("/sparse"), ReadForm.Raw, FileRange.Whole, cancellationToken))
                {
                    Assert.NotEqual(0, bytes.Length);
                }

                break;
        }
    }

    private static SandboxPath Path(string text) => SandboxPath.TryParse(text, out var path) ? path : throw new ArgumentException("no path", nameof(text));
}
