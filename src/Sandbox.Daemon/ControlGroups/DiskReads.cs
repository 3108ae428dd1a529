using System.Globalization;
using Sandbox.Core.Quotas;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.ControlGroups;

/// <summary>How fast a control group may read from a disk.</summary>
/// <param name="Major">Of the disk's device number.</param>
/// <param name="Minor">Of the disk's device number.</param>
/// <param name="BytesPerSecond">Bytes a second, 0 for any.</param>
/// <param name="PerSecond">Reads a second, 0 for any.</param>
internal sealed record DiskReadRate(uint Major, uint Minor, long BytesPerSecond, long PerSecond);

/// <summary>
/// How fast one person's sandboxes read from the disk that holds them and their images. Reads through a loop device are
/// charged to the group of the program that reads, down to this disk.
/// <para>
/// Writes have no rate: control groups of version 1 do not know which group a page belongs to when the kernel writes it
/// out, and on version 2 the journal of the host's own file system, and everybody who waits for it, would wait for
/// them. A sandbox cannot have more to be written than its disk holds.
/// </para>
/// https://docs.kernel.org/admin-guide/cgroup-v1/blkio-controller.html#throttling-upper-limit-policy
/// </summary>
internal sealed class DiskReads(DaemonOptions options)
{
    private readonly Lazy<(uint Major, uint Minor)?> _disk = new(() => Find(options.DataDirectory));

    /// <summary>The rate of a person; null without any limit, or where the files lie on no block device.</summary>
    public DiskReadRate? OfPerson() =>
        (options.DiskReadBytesPerSecond > 0 || options.DiskReadsPerSecond > 0) && _disk.Value is var (major, minor)
            ? new DiskReadRate(major, minor, options.DiskReadBytesPerSecond, options.DiskReadsPerSecond)
            : null;

    /// <summary>
    /// The part of a sandbox: that which it has of its owner's memory. For version 1, where the rate of a group does
    /// not bound the groups below it; so the sum over a person's sandboxes stays within theirs.
    /// </summary>
    public DiskReadRate? OfSandbox(SandboxLimits limits, SandboxLimits owner)
    {
        var part = Math.Min(1, (double)limits.MemoryBytes / owner.MemoryBytes);
        return OfPerson() is { } rate
            ? rate with { BytesPerSecond = PartOf(rate.BytesPerSecond, part, 1 << 20), PerSecond = PartOf(rate.PerSecond, part, 100) }
            : null;
    }

    private static long PartOf(long rate, double part, long least) => rate == 0 ? 0 : Math.Max(least, (long)(rate * part));

    /// <summary>The whole disk of a directory: rates are not for partitions. Null where its file system has no disk of its own.</summary>
    private static (uint Major, uint Minor)? Find(string directory)
    {
        using var opened = RootedDirectory.Open(directory);
        var (major, minor, _) = opened.Top.Handle.Identity();
        var link = new DirectoryInfo(string.Create(CultureInfo.InvariantCulture, $"/sys/dev/block/{major}:{minor}"));
        if (link.ResolveLinkTarget(returnFinalTarget: true) is not { } block)
        {
            return null;
        }

        // /sys/devices/…/block/vda/vda1 has a file "partition"; the directory above it is the disk, whose file "dev" says 254:0.
        var disk = File.Exists(Path.Combine(block.FullName, "partition")) ? Path.GetDirectoryName(block.FullName)! : block.FullName;
        var parts = File.ReadAllText(Path.Combine(disk, "dev")).Trim().Split(':');
        return (uint.Parse(parts[0], CultureInfo.InvariantCulture), uint.Parse(parts[1], CultureInfo.InvariantCulture));
    }
}
