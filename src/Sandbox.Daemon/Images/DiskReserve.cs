using Sandbox.Core.Errors;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Images;

/// <summary>
/// The part of the data disk that images never take: 1 GiB and 100,000 files, or 5 % of a disk that is smaller than 20
/// times that; more if more is kept for the sandboxes. Sandboxes write to the same disk, and a full one loses what they wrote.
/// </summary>
internal sealed class DiskReserve(string directory, long least = 0)
{
    private const long Bytes = 1L << 30;
    private const long Files = 100_000;

    public void Check(long wanted = 0)
    {
        var drive = new DriveInfo(directory);
        if (drive.AvailableFreeSpace - wanted < Math.Max(least, Math.Min(Bytes, drive.TotalSize / 20)))
        {
            throw Full();
        }

        // Ext4 has a fixed number of inodes, which layers of empty files reach long before the disk is full.
        using var root = RootedDirectory.Open(directory);
        var (_, _, free, all) = root.Top.Handle.FileSystemRoom();
        if (free < Math.Min(Files, all / 20))
        {
            throw Full();
        }
    }

    public static SandboxException Full(Exception? cause = null) =>
        new(ErrorCode.DiskFull, "The host's disk has no room for this image. Remove images that nobody uses, then try again.", cause);
}
