using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Sandbox.Core.Errors;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Files;

/// <summary>Free space on a sandbox's disk, and the errors when it is too little.</summary>
/// <param name="FreeBytes">Bytes that may still be written.</param>
/// <param name="FreeFiles">Files that may still be made.</param>
internal sealed record DiskRoom(long FreeBytes, long FreeFiles)
{
    public static DiskRoom Of(SafeFileHandle onIt)
    {
        var (block, blocks, files, _) = onIt.FileSystemRoom();
        return new DiskRoom(block * blocks, files);
    }

    /// <summary>A file of a known length does not fit.</summary>
    public SandboxException TooLittle(long needed) => FreeFiles == 0
        ? TooLittle(cause: null)
        : Full($"{Size(needed)} needed, {Size(FreeBytes)} free.", null);

    /// <summary>A file of unknown length did not fit.</summary>
    public SandboxException TooLittle(Exception? cause) => FreeFiles == 0
        ? Full("it holds as many files as it can.", cause)
        : Full($"{Size(FreeBytes)} free, and the file needs more.", cause);

    private static SandboxException Full(string why, Exception? cause) =>
        new(ErrorCode.DiskFull, $"The sandbox's disk is full: {why} Delete something there, then try again.", cause);

    private static string Size(long bytes) => bytes switch
    {
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.#} GB"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.#} MB"),
        >= 1000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0} kB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes"),
    };
}
