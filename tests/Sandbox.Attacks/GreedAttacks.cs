using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Attacks;

/// <summary>Guests who all use what they were promised, on a host that promised more than it has.</summary>
[Collection(nameof(LinuxHost))]
public sealed class GreedAttacks(LinuxHost host) : Attacker(host)
{
    private const string Disk = "/var/tmp/sandbox-greed";

    [Fact]
    public async Task Greed_for_memory_ends_programs_of_the_greediest_and_nobody_elses()
    {
        var before = Host.Options;
        await Host.RestartAsync(options => options with { SandboxMemoryBytes = 560L << 20, MemoryReserveBytes = 256L << 20 });
        try
        {
            var greedy = PersonId.New();
            var neighbour = await LaunchAsync();
            var one = await LaunchAsync(Spec() with { Owner = greedy });
            var two = await LaunchAsync(Spec() with { Owner = greedy });
            await RunAsync(two, "sh", "-c", "echo kept > /root/kept");
            await TakeMemoryAsync(one, 120);
            await TakeMemoryAsync(two, 225);

            await UntilAsync(async () => await StateAsync(two) == SandboxState.Stopped && await StateAsync(one) == SandboxState.Running, "the larger one is stopped, and the other goes on");
            Assert.Contains("short of memory, and your sandboxes used the most", (await Host.Runtime.Sandboxes.FindAsync(two, Cancel))!.Notice, StringComparison.Ordinal);
            Assert.Null((await Host.Runtime.Sandboxes.FindAsync(neighbour, Cancel))!.Notice);
            Assert.Equal((0, "hello\n"), await RunAsync(neighbour, "echo", "hello"));
            Assert.Contains((await CapacityAsync()).Acts, act => act.Sandbox == two && act.Kind == "stopped" && act.Bytes > 120L << 20);
            await UntilAsync(async () => (await CapacityAsync()).Refusal is null, "the host has room again");
            Assert.Equal(SandboxState.Running, (await Host.Runtime.Sandboxes.StartAsync(two, Cancel)).State);
            Assert.Equal((0, "kept\n"), await RunAsync(two, "cat", "/root/kept"));

            // Nobody holds anything that would help: then nothing is ended, and nothing is started.
            await Host.Runtime.Sandboxes.RemoveAsync(one, Cancel);
            await Host.Runtime.Sandboxes.StopAsync(two, TimeSpan.Zero, Cancel);
            await Host.RestartAsync(options => options with { MemoryReserveBytes = 1L << 30 });
            await UntilAsync(async () => (await CapacityAsync()).Refusal is not null, "the reserve is touched");
            var refused = await Assert.ThrowsAsync<SandboxException>(() => LaunchAsync());
            Assert.Equal((ErrorCode.Capacity, "The host is short of memory. New launches wait until there is room. Try again in a minute."), (refused.Code, refused.Message));
            Assert.Equal(ErrorCode.Capacity, (await Assert.ThrowsAsync<SandboxException>(() => Host.Runtime.Sandboxes.StartAsync(two, Cancel))).Code);
            Assert.Equal((0, "hello\n"), await RunAsync(neighbour, "echo", "hello"));
        }
        finally
        {
            await Host.RestartAsync(_ => before);
        }

        await UntilAsync(async () => (await CapacityAsync()).Refusal is null, "the host has room");
        await LaunchAsync();
    }

    [Fact]
    public async Task Greed_for_disk_pauses_writers_ends_the_greediest_and_loses_no_byte_of_others()
    {
        var before = Host.Options;
        var tool = Host.Parts.GetRequiredService<Tool>();
        Directory.CreateDirectory(Disk);
        using (var image = File.Create(Disk + ".ext4"))
        {
            image.SetLength(2048L << 20);
        }

        await tool.RunOrThrowAsync("mkfs.ext4", ["-q", "-F", "-m", "0", Disk + ".ext4"], cancellationToken: Cancel);
        await tool.RunOrThrowAsync("mount", ["-o", "loop", Disk + ".ext4", Disk], cancellationToken: Cancel);
        try
        {
            await Host.RestartAsync(options => options with
            {
                DataDirectory = Disk + "/data",
                RegistryDirectory = Disk + "/registry",
                OwnRegistryDirectory = Disk + "/registry-own",
                DiskReserveBytes = 400L << 20,
            });
            await Host.AddAsync("busybox");
            SandboxSpec Large() => Spec() with { Limits = Spec().Limits with { DiskBytes = 900L << 20 } };
            var neighbour = await LaunchAsync(Large());
            var writers = new[] { await LaunchAsync(Large()), await LaunchAsync(Large()) };
            var (_, sum) = await RunAsync(neighbour, "sh", "-c", "head -c 8000000 /dev/urandom > /root/kept; md5sum /root/kept");
            foreach (var writer in writers)
            {
                await RunAsync(writer, "sh", "-c", "dd if=/dev/zero of=/root/fill bs=1M > /dev/shm/said 2>&1 &");
            }

            var least = long.MaxValue;
            await UntilAsync(async () =>
            {
                least = Math.Min(least, new DriveInfo(Disk).AvailableFreeSpace);
                return (await StatesAsync(writers)).Order().SequenceEqual([SandboxState.Running, SandboxState.Ended]);
            }, "one of them is ended, and the other goes on");

            Assert.True(least > 0, "the host's disk was full");
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"at least {least >> 20} MiB were free"));
            var infos = await Task.WhenAll(writers.Select(id => Host.Runtime.Sandboxes.FindAsync(id, Cancel)));
            Assert.Equal(EndReason.DiskFull, Assert.Single(infos, info => info!.State == SandboxState.Ended)!.Reason);
            Assert.Contains((await CapacityAsync()).Acts, act => act.Kind == "ended" && act.Bytes > 64L << 20);
            Assert.Equal((0, sum), await RunAsync(neighbour, "md5sum", "/root/kept"));
            await UntilAsync(async () => (await CapacityAsync()).Refusal is null, "the host has room again");
            foreach (var id in writers.Append(neighbour))
            {
                await Host.Runtime.Sandboxes.RemoveAsync(id, Cancel);
            }
        }
        finally
        {
            await Host.RestartAsync(_ => before);
            await tool.RunAsync("umount", ["-l", Disk], cancellationToken: CancellationToken.None);
            File.Delete(Disk + ".ext4");
            Directory.Delete(Disk);
        }
    }

    private async Task<Core.Runtime.HostCapacity> CapacityAsync() => (await Host.Runtime.GetInfoAsync(Cancel)).Capacity!;

    private async Task<IEnumerable<SandboxState>> StatesAsync(IEnumerable<SandboxId> ids)
    {
        var states = new List<SandboxState>();
        foreach (var id in ids)
        {
            states.Add(await StateAsync(id));
        }

        return states;
    }

    /// <summary>A program that holds so many MiB, beside the test.</summary>
    private async Task TakeMemoryAsync(SandboxId id, int mebibytes)
    {
        var bytes = (mebibytes << 20).ToString(CultureInfo.InvariantCulture);
        await RunAsync(id, "sh", "-c", $"(head -c {bytes} /dev/zero; sleep 600) | tail -c {bytes} > /dev/null 2>&1 &");
    }
}
