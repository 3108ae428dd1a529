using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Sandbox.Daemon.Linux;

/// <summary>The type of an inode.</summary>
internal enum InodeType
{
    Other,
    File,
    Directory,
    Symlink,
    Fifo,
    CharacterDevice,
    BlockDevice,
    Socket,
}

/// <summary>The status of an inode. Owners are host ids.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Mode">The twelve permission bits.</param>
/// <param name="Uid">The host's number of its owner.</param>
/// <param name="Gid">The host's number of its group.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Modified">When its content changed last, clamped to the years of .NET.</param>
/// <param name="Inode">Its number.</param>
/// <param name="Links">How many names it has.</param>
/// <param name="DeviceMajor">Of a device node.</param>
/// <param name="DeviceMinor">Of a device node.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct InodeStatus(
    InodeType Type, int Mode, uint Uid, uint Gid, long Size, DateTimeOffset Modified, ulong Inode, uint Links, uint DeviceMajor, uint DeviceMinor);

/// <summary>
/// Operations on an open inode, also one opened with <c>O_PATH</c>: nobody can put another in its place meanwhile.
/// </summary>
internal static class Inodes
{
    public const int ModeMask = 0xFFF;
    private const uint BasicStatus = 0x7FF;
    private static readonly byte[] Itself = [0];

    public static InodeStatus Status(this SafeFileHandle handle) => Read(handle, Itself, NativeFiles.AtEmptyPath);

    /// <summary>Changes the owner; of a link, the link's own. The kernel takes set-id bits away, so the mode comes after.</summary>
    public static void SetOwner(this SafeFileHandle handle, uint uid, uint gid) =>
        PosixException.Check(NativeFiles.ChangeOwnerAt(handle, Itself, uid, gid, NativeFiles.AtEmptyPath), "fchownat");

    /// <summary>Changes the twelve permission bits, whatever the umask is. Links have none.</summary>
    public static void SetMode(this SafeFileHandle handle, int mode) =>
        PosixException.Check(NativeFiles.ChangeMode(Magic(handle), (uint)(mode & ModeMask)), "chmod");

    public static void SetModified(this SafeFileHandle handle, DateTimeOffset modified)
    {
        var ticks = modified.UtcTicks - DateTime.UnixEpoch.Ticks;
        var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
        if (rest < 0)
        {
            seconds--;
            rest += TimeSpan.TicksPerSecond;
        }

        var time = new NativeFiles.TimeSpec { Seconds = seconds, Nanoseconds = rest * 100 };
        PosixException.Check(NativeFiles.SetTimesAt(handle, Itself, [time, time], NativeFiles.AtEmptyPath), "utimensat");
    }

    /// <summary>Sets an extended attribute; of a link, the link's own. https://man7.org/linux/man-pages/man7/xattr.7.html</summary>
    public static unsafe void SetAttribute(this SafeFileHandle handle, string name, ReadOnlySpan<byte> value)
    {
        fixed (byte* bytes = value)
        {
            PosixException.Check(NativeFiles.SetAttribute(Magic(handle), [.. Encoding.UTF8.GetBytes(name), 0], bytes, (nuint)value.Length, 0), "setxattr");
        }
    }

    /// <summary>Marks a directory so that overlayfs hides everything that the layers below have in it.</summary>
    public static void SetOpaque(this SafeFileHandle directory) => directory.SetAttribute("trusted.overlay.opaque", "y"u8);

    /// <summary>The target of a link opened with <c>O_PATH</c>.</summary>
    public static byte[] ReadLink(this SafeFileHandle link)
    {
        var target = new byte[4096];
        var length = PosixException.Check(NativeFiles.ReadLinkAt(link, Itself, target, (nuint)target.Length), "readlinkat");
        return target[..(int)length];
    }

    /// <summary>
    /// Identifies an inode on this host until the next boot. The kernel answers from its cache, so no file system in a
    /// sandbox can block this.
    /// </summary>
    public static unsafe (uint Major, uint Minor, ulong Inode) Identity(this SafeFileHandle handle)
    {
        var buffer = default(NativeFiles.StatusBuffer);
        PosixException.Check(NativeFiles.StatusAt(handle, Itself, NativeFiles.AtEmptyPath | NativeFiles.AtStatusAsCached, BasicStatus, &buffer), "statx");
        return (buffer.FileSystemMajor, buffer.FileSystemMinor, buffer.Inode);
    }

    /// <summary>The path of an open inode, in its own mount namespace; the kernel appends <c> (deleted)</c> if it was removed.</summary>
    public static byte[] KernelPath(this SafeFileHandle handle)
    {
        var path = new byte[4096];
        var length = PosixException.Check(NativeFiles.ReadLinkAt(handle, Magic(handle), path, (nuint)path.Length), "readlinkat");
        return path[..(int)length];
    }

    /// <summary>Free space on its file system: bytes per block, blocks, files; and how many files it has room for in all, 0 if that is no fixed number.</summary>
    public static unsafe (long BlockSize, long FreeBlocks, long FreeFiles, long Files) FileSystemRoom(this SafeFileHandle handle)
    {
        var buffer = default(NativeFiles.FileSystemBuffer);
        PosixException.Check(NativeFiles.FileSystemStatus(handle, &buffer), "fstatfs");
        return (buffer.BlockSize, buffer.AvailableBlocks, buffer.FreeInodes, buffer.Inodes);
    }

    /// <summary>What is used of its file system: bytes and inodes.</summary>
    public static unsafe (long Bytes, long Inodes) FileSystemUse(this SafeFileHandle handle)
    {
        var buffer = default(NativeFiles.FileSystemBuffer);
        PosixException.Check(NativeFiles.FileSystemStatus(handle, &buffer), "fstatfs");
        return ((buffer.Blocks - buffer.FreeBlocks) * buffer.BlockSize, buffer.Inodes - buffer.FreeInodes);
    }

    /// <summary>Opens an <c>O_PATH</c> handle for reading, or for writing. Check the type first: opening a FIFO or a device has effects.</summary>
    public static SafeFileHandle Reopen(this SafeFileHandle handle, bool write = false) => new(
        (nint)PosixException.Check(
            NativeFiles.OpenAt(
                NativeFiles.AtFdCwd,
                Magic(handle),
                (write ? NativeFiles.WriteOnly : NativeFiles.ReadOnly) | NativeFiles.NonBlocking | NativeFiles.NoControllingTerminal | NativeFiles.CloseOnExec,
                0),
            "open"),
        ownsHandle: true);

    /// <summary>Reads at most a buffer from an offset; 0 at the end.</summary>
    public static unsafe int Read(this SafeFileHandle file, Span<byte> buffer, long offset)
    {
        fixed (byte* bytes = buffer)
        {
            return (int)PosixException.Check(NativeFiles.ReadAt(file, bytes, (nuint)buffer.Length, offset), "pread");
        }
    }

    /// <summary>Writes all of a buffer at an offset.</summary>
    public static unsafe void Write(this SafeFileHandle file, ReadOnlySpan<byte> buffer, long offset)
    {
        while (!buffer.IsEmpty)
        {
            fixed (byte* bytes = buffer)
            {
                var written = (int)PosixException.Check(NativeFiles.WriteAt(file, bytes, (nuint)buffer.Length, offset), "pwrite");
                buffer = buffer[written..];
                offset += written;
            }
        }
    }

    /// <summary>The status of a name in a directory (links are not followed), or of the directory itself when the name is empty.</summary>
    internal static unsafe InodeStatus Read(SafeFileHandle directory, byte[] name, int flags)
    {
        var buffer = default(NativeFiles.StatusBuffer);
        PosixException.Check(NativeFiles.StatusAt(directory, name, flags | NativeFiles.AtSymlinkNoFollow, BasicStatus, &buffer), "statx");
        return new InodeStatus(
            TypeOf(buffer.Mode),
            buffer.Mode & ModeMask,
            buffer.Uid,
            buffer.Gid,
            (long)buffer.Size,
            Time(buffer.ModifiedSeconds, buffer.ModifiedNanoseconds),
            buffer.Inode,
            buffer.Links,
            buffer.DeviceMajor,
            buffer.DeviceMinor);
    }

    // chmod and setxattr refuse O_PATH descriptors before Linux 6.6; the link in /proc/self/fd works everywhere.
    internal static byte[] Magic(SafeFileHandle handle) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{handle.DangerousGetHandle()}\0"));

    private static InodeType TypeOf(uint mode) => (mode & NativeFiles.TypeMask) switch
    {
        0x8000 => InodeType.File,
        0x4000 => InodeType.Directory,
        0xA000 => InodeType.Symlink,
        NativeFiles.TypeFifo => InodeType.Fifo,
        NativeFiles.TypeCharacterDevice => InodeType.CharacterDevice,
        0x6000 => InodeType.BlockDevice,
        0xC000 => InodeType.Socket,
        _ => InodeType.Other,
    };

    private static DateTimeOffset Time(long seconds, uint nanoseconds)
    {
        var limited = Math.Clamp(seconds, DateTimeOffset.MinValue.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds());
        return DateTimeOffset.FromUnixTimeSeconds(limited).AddTicks(limited == seconds ? nanoseconds / 100 : 0);
    }
}
