using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.RootFileSystems;
using Sandbox.Daemon.Sandboxes;
using Xunit;

namespace Sandbox.Daemon.Tests.Sandboxes;

/// <summary>Where a runtime starts.</summary>
[Collection(nameof(LinuxHost))]
public sealed class LaunchMountsTests(LinuxHost host)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_launch_sees_its_own_mounts_alone_and_leaves_none()
    {
        SandboxSpec[] specs = [Spec(), Spec()];
        var pid = 0;
        try
        {
            foreach (var spec in specs)
            {
                await host.Runtime.Sandboxes.CreateAsync(spec, Cancel);
            }

            var root = host.Parts.GetRequiredService<LiveSandboxes>().Find(specs[0].Id).Root;
            await using (var mounts = await LaunchMounts.MakeAsync(host.Parts.GetRequiredService<EmptyMounts>(), root.AllMounts))
            {
                pid = await mounts.SpawnAsync(Sleep);
                Assert.Equal(root.AllMounts, MountsOf(pid));
            }

            Assert.Empty(MountsOf(pid));
        }
        finally
        {
            if (pid != 0)
            {
                _ = Tool.Kill(pid, 9);
                _ = Native.WaitPid(pid, out _, 0);
            }

            foreach (var spec in specs)
            {
                await host.Runtime.Sandboxes.RemoveAsync(spec.Id, CancellationToken.None);
            }
        }
    }

    private static int Sleep()
    {
        using var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        return Tool.Spawn("sleep", ["1000"], nothing, nothing, nothing);
    }

    private List<string> MountsOf(int pid) =>
    [
        .. File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/mountinfo"))
            .Select(line => line.Split(' ')[4])
            .Where(place => place.StartsWith(host.Options.RunDirectory + "/", StringComparison.Ordinal)),
    ];

    private SandboxSpec Spec() => new()
    {
        Id = SandboxId.New(),
        Playground = PlaygroundId.New(),
        Owner = PersonId.New(),
        Name = "main",
        Image = host.Busybox,
        Limits = new SandboxLimits(1, 128L << 20, 128, 64L << 20, 10_000),
        OwnerLimits = new SandboxLimits(2, 4L << 30, 4096, 4L << 30, 1_000_000),
        Deadline = DateTimeOffset.UtcNow.AddMinutes(10),
    };
}
