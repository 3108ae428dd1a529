namespace Sandbox.Daemon.Capacity;

/// <summary>What stays free of the host, and how much more than the host has is promised to sandboxes.</summary>
internal sealed class Reserves(DaemonOptions options)
{
    private static readonly long MemoryTotal = HostMeasures.MemoryTotal;

    /// <summary>Bytes of memory that stay free: an eighth, and at most 2 GiB.</summary>
    public long Memory { get; } = options.MemoryReserveBytes > 0 ? options.MemoryReserveBytes : Math.Min(2L << 30, MemoryTotal / 8);

    /// <summary>Bytes of the data disk that stay free: a twentieth, and at most 2 GiB.</summary>
    public long Disk => options.DiskReserveBytes > 0 ? options.DiskReserveBytes : Math.Min(2L << 30, DiskTotal / 20);

    /// <summary>Bytes of the data disk that images leave: enough that no image alone makes sandboxes end.</summary>
    public long DiskForImages => ReserveRule.TargetOf(Disk);

    public long DiskTotal { get; } = new DriveInfo(options.DataDirectory).TotalSize;

    /// <summary>Bytes of memory that may be promised, if the group over everybody may take <paramref name="limit"/>.</summary>
    public long MemoryPromisable(long limit) => Times(limit - Memory, options.MemoryFactor);

    /// <summary>Bytes of the disk that may be promised beyond those that are written, if <paramref name="free"/> are free.</summary>
    public long DiskPromisable(long free) => Times(free - Disk, options.DiskFactor);

    private static long Times(long bytes, double factor) => (long)Math.Min(long.MaxValue / 2, Math.Max(0, bytes) * factor);
}
