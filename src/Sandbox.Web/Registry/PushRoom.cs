using Sandbox.Core.Errors;

namespace Sandbox.Web.Registry;

/// <summary>
/// The part of the host's disk that uploads never take. The runtime ends sandboxes when less than a twentieth of it, at most
/// 2 GiB, is free; uploads leave at least a quarter more.
/// </summary>
/// <param name="look">Bytes of the disk, and how many of them are free now.</param>
internal sealed class PushRoom(Func<(long Total, long Free)> look)
{
    public static PushRoom Of(WebOptions options)
    {
        var drive = new DriveInfo(options.DataDirectory);
        return new PushRoom(() => (drive.TotalSize, drive.AvailableFreeSpace));
    }

    /// <summary>Code: DiskFull.</summary>
    public void Check()
    {
        var (total, free) = look();
        if (free < Math.Min(3L << 30, total / 16))
        {
            throw new SandboxException(ErrorCode.DiskFull, "The host's disk has no room for uploads now. Try again later.");
        }
    }
}
