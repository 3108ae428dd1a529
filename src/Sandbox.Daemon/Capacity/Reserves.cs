namespace Sandbox.Daemon.Capacity;

/// <summary>What stays free of the host, and how much more than the host has is promised to sandboxes.</summary>
internal sealed class Reserves(DaemonOptions options)
{
    /// <summary>Bytes of memory that stay free: by default an eighth of <see cref="MemoryOf"/>, and at most 2 GiB.</summary>
    public long Memory { get; } = options.MemoryReserveBytes > 0 ? options.MemoryReserveBytes : Math.Min(2L << 30, MemoryOf(options) / 8);

    /// <summary>Bytes of the data disk that stay free: by default a twentieth, and at most 2 GiB.</summary>
    public long Disk => options.DiskReserveBytes > 0 ? options.DiskReserveBytes : Math.Min(2L << 30, DiskTotal / 20);

    /// <summary>Bytes of the data disk that images leave: enough that no image alone makes sandboxes end.</summary>
    public long DiskForImages => ReserveRule.TargetOf(Disk);

    public long DiskTotal { get; } = new DriveInfo(options.DataDirectory).TotalSize;

    /// <summary>The memory that a reserve is a part of: the host's, or that of all sandboxes together if the operator set less.</summary>
    public static long MemoryOf(DaemonOptions options) =>
        options.SandboxMemoryBytes > 0 ? Math.Min(options.SandboxMemoryBytes, HostMeasures.MemoryTotal) : HostMeasures.MemoryTotal;

    /// <summary>Bytes of the disk that has a directory, or will have it.</summary>
    public static long DiskOf(string directory)
    {
        while (!Directory.Exists(directory) && Path.GetDirectoryName(directory) is { Length: > 0 } parent)
        {
            directory = parent;
        }

        return Directory.Exists(directory) ? new DriveInfo(directory).TotalSize : 0;
    }

    /// <summary>Bytes of memory that may be promised, if the group over everybody may take <paramref name="limit"/>.</summary>
    public long MemoryPromisable(long limit) => Times(limit - Memory, options.MemoryFactor);

    /// <summary>Bytes of the disk that may be promised beyond those that are written, if <paramref name="free"/> are free.</summary>
    public long DiskPromisable(long free) => Times(free - Disk, options.DiskFactor);

    private static long Times(long bytes, double factor) => (long)Math.Min(long.MaxValue / 2, Math.Max(0, bytes) * factor);
}
