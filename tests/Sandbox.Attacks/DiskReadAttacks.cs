using System.Diagnostics;
using System.Globalization;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Attacks;

/// <summary>Reads past the page cache: a neighbour's program took 17 times as long to be read beside those of one guest.</summary>
[Collection(nameof(LinuxHost))]
public sealed class DiskReadAttacks(LinuxHost host) : Attacker(host)
{
    private static readonly bool IsVersion1 = Directory.Exists("/sys/fs/cgroup/blkio");

    [Fact]
    public async Task The_reads_of_all_sandboxes_of_a_person_have_one_rate()
    {
        var spec = Spec() with { OwnerLimits = new SandboxLimits(2, 512L << 20, 512, 1L << 30, 100_000) };
        var other = Spec() with { Owner = spec.Owner, OwnerLimits = spec.OwnerLimits };
        await LaunchAsync(spec);
        await LaunchAsync(other);
        var rates = (SandboxSpec[])[spec, other];
        var bytes = IsVersion1 ? rates.Sum(one => RateOf(one, "bps")) : RateOf(spec, "bps");
        var reads = IsVersion1 ? rates.Sum(one => RateOf(one, "iops")) : RateOf(spec, "iops");
        Assert.InRange(bytes, 1, Host.Options.DiskReadBytesPerSecond);
        Assert.InRange(reads, 1, Host.Options.DiskReadsPerSecond);
    }

    /// <summary>A sandbox's disk is a loop device; what it reads from the host's disk is read by a thread of the kernel.</summary>
    [Fact]
    public async Task Reads_through_the_disk_of_a_sandbox_are_charged_to_it()
    {
        var spec = Spec();
        var id = await LaunchAsync(spec);
        Assert.Equal(0, (await RunAsync(id, "dd", "if=/dev/urandom", "of=/file", "bs=1M", "count=8")).Code);
        var disk = Path.Combine(Host.Options.DataDirectory, "sandboxes", id.Value, "disk.ext4");
        var upper = Path.Combine(MountOf(id), "files", "file");
        await RunOnHostAsync("sync", "-f", upper); // its pages go to the loop device, and from there to the disk: then they can be dropped
        await RunOnHostAsync("sync", disk);
        await RunOnHostAsync("dd", $"if={upper}", "iflag=nocache", "count=0");
        await RunOnHostAsync("dd", $"if={disk}", "iflag=nocache", "count=0");
        var before = ReadBy(spec);
        Assert.Equal((0, "8388608\n"), await RunAsync(id, "sh", "-c", "cat /file | wc -c"));
        Assert.InRange(ReadBy(spec) - before, 4L << 20, long.MaxValue);
    }

    [Fact]
    public async Task Root_of_a_sandbox_does_not_raise_its_rate()
    {
        var spec = Spec() with { Image = Host.Nested };
        var id = await LaunchAsync(spec);
        var before = RateOf(spec, "bps");
        var (code, _) = await RunAsync(id, "sh", "-c", "cd /sys/fs/cgroup; echo 0 > cgroup.procs; for f in blkio/blkio.throttle.read_bps_device io.max; do [ -e $f ] && echo '254:0 0' > $f; done");
        Assert.NotEqual(0, code);
        Assert.Equal(before, RateOf(spec, "bps"));
    }

    /// <summary>Bytes a second (<c>bps</c>) or reads a second (<c>iops</c>) that the group of a sandbox, or on version 2 that of its owner, may read.</summary>
    private long RateOf(SandboxSpec spec, string unit)
    {
        if (IsVersion1)
        {
            // 254:0 134217728
            return long.Parse(File.ReadAllText(Path.Combine(GroupOf(spec), $"blkio.throttle.read_{unit}_device")).Split(' ')[1], CultureInfo.InvariantCulture);
        }

        // 254:0 rbps=402653184 wbps=max riops=9000 wiops=max
        var rate = File.ReadAllText(Path.Combine(GroupOf(spec), "io.max")).Split(' ').Single(word => word.StartsWith($"r{unit}=", StringComparison.Ordinal));
        return long.Parse(rate.AsSpan(rate.IndexOf('=', StringComparison.Ordinal) + 1), CultureInfo.InvariantCulture);
    }

    /// <summary>Bytes that were read from disks for a sandbox.</summary>
    private long ReadBy(SandboxSpec spec) => IsVersion1
        ? File.ReadLines(Path.Combine(GroupOf(spec), "blkio.throttle.io_service_bytes")).Select(line => line.Split(' ')) // 254:0 Read 8388608
            .Where(words => words is [_, "Read", _]).Sum(words => long.Parse(words[2], CultureInfo.InvariantCulture))
        : File.ReadLines(Path.Combine(GroupOf(spec), "io.stat")).SelectMany(line => line.Split(' ')).Where(word => word.StartsWith("rbytes=", StringComparison.Ordinal))
            .Sum(word => long.Parse(word.AsSpan(7), CultureInfo.InvariantCulture));

    private string GroupOf(SandboxSpec spec) =>
        IsVersion1 ? $"/sys/fs/cgroup/blkio/{Host.Options.Instance}/{spec.Owner}/{spec.Id}" : $"/sys/fs/cgroup/{Host.Options.Instance}/{spec.Owner}";

    // 31 30 7:0 / /run/sandbox/sandboxes/…/disk rw,noatime - ext4 /dev/loop3 rw
    private static string MountOf(SandboxId id) =>
        File.ReadLines("/proc/self/mountinfo").Single(mount => mount.Contains($"/{id}/disk ", StringComparison.Ordinal)).Split(' ')[4];

    private static async Task RunOnHostAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
        var said = await process.StandardError.ReadToEndAsync(Cancel);
        await process.WaitForExitAsync(Cancel);
        Assert.True(process.ExitCode == 0, said);
    }
}
