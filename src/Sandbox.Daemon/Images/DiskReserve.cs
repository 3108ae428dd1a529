using Sandbox.Core.Errors;

namespace Sandbox.Daemon.Images;

/// <summary>
/// The part of the data disk that images never take: 1 GiB, or 5 % of a disk smaller than 20 GiB. Sandboxes write to
/// the same disk, and a full one loses what they wrote.
/// </summary>
internal sealed class DiskReserve(string directory)
{
    public void Check(long wanted = 0)
    {
        var drive = new DriveInfo(directory);
        if (drive.AvailableFreeSpace - wanted < Math.Min(1L << 30, drive.TotalSize / 20))
        {
            throw Full();
        }
    }

    public static SandboxException Full(Exception? cause = null) =>
        new(ErrorCode.DiskFull, "The host's disk has no room for this image. Remove images that nobody uses, then try again.", cause);
}
