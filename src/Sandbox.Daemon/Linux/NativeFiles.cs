using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sandbox.Daemon.Linux;

/// <summary>System calls on files that take an open directory and a name's bytes, closed by a NUL. Values are those of x86-64.</summary>
internal static partial class NativeFiles
{
    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int NoControllingTerminal = 0x100;
    public const int NonBlocking = 0x800;
    public const int Directory = 0x10000;
    public const int NoFollow = 0x20000;
    public const int CloseOnExec = 0x80000;
    public const int PathOnly = 0x200000;
    public const int Unnamed = 0x400000 | Directory; // O_TMPFILE

    public const ulong ResolveNoCrossDevice = 0x01;
    public const ulong ResolveNoMagicLinks = 0x02;
    public const ulong ResolveNoSymlinks = 0x04;
    public const ulong ResolveBeneath = 0x08;
    public const ulong ResolveInRoot = 0x10;

    public const int AtFdCwd = -100;
    public const int AtSymlinkNoFollow = 0x100;
    public const int AtRemoveDirectory = 0x200;
    public const int AtSymlinkFollow = 0x400;
    public const int AtEmptyPath = 0x1000;
    public const int AtStatusAsCached = 0x4000; // AT_STATX_DONT_SYNC

    public const uint TypeMask = 0xF000;
    public const uint TypeFifo = 0x1000;
    public const uint TypeCharacterDevice = 0x2000;
    public const long TimeOmit = 0x3FFFFFFE;

    private const int SysOpenAt2 = 437;

    // A lookup that meets ".." while anything on the host is renamed or mounted fails with EAGAIN, one whose result is
    // moved away in that very moment with EXDEV (as does a mount point, every time): both are retried.
    private const int LookupAttempts = 500;

    /// <summary>https://man7.org/linux/man-pages/man2/openat2.2.html</summary>
    public static unsafe SafeFileHandle OpenAt2(SafeFileHandle directory, byte[] path, int flags, uint mode, ulong resolve)
    {
        var how = new OpenHow { Flags = (ulong)(uint)(flags | CloseOnExec), Mode = mode, Resolve = resolve };
        var added = false;
        try
        {
            directory.DangerousAddRef(ref added);
            fixed (byte* name = path)
            {
                for (var attempt = 1; ; attempt++)
                {
                    var fd = Native.SysCall(SysOpenAt2, directory.DangerousGetHandle(), (nint)name, (nint)(&how), sizeof(OpenHow), 0);
                    if (fd >= 0)
                    {
                        return new SafeFileHandle(fd, ownsHandle: true);
                    }

                    var errno = Marshal.GetLastPInvokeError();
                    if (errno is not (Errno.TryAgain or Errno.CrossesDevice) || attempt == LookupAttempts)
                    {
                        throw new PosixException("openat2", errno);
                    }
                }
            }
        }
        finally
        {
            if (added)
            {
                directory.DangerousRelease();
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    public static partial int OpenAt(int directory, byte[] path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true)]
    public static partial int MakeDirectoryAt(SafeFileHandle directory, byte[] name, uint mode);

    [LibraryImport("libc", EntryPoint = "symlinkat", SetLastError = true)]
    public static partial int SymlinkAt(byte[] target, SafeFileHandle directory, byte[] name);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Link(string from, string to);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true)]
    public static partial int LinkAt(SafeFileHandle fromDirectory, byte[] fromName, SafeFileHandle toDirectory, byte[] toName, int flags);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true)]
    public static partial int LinkAt(int fromDirectory, byte[] fromPath, SafeFileHandle toDirectory, byte[] toName, int flags);

    [LibraryImport("libc", EntryPoint = "mknodat", SetLastError = true)]
    public static partial int MakeNodeAt(SafeFileHandle directory, byte[] name, uint mode, ulong device);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true)]
    public static partial int UnlinkAt(SafeFileHandle directory, byte[] name, int flags);

    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true)]
    public static partial int RenameAt(SafeFileHandle fromDirectory, byte[] fromName, SafeFileHandle toDirectory, byte[] toName);

    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true)]
    public static partial nint ReadLinkAt(SafeFileHandle directory, byte[] name, [Out] byte[] target, nuint length);

    [LibraryImport("libc", EntryPoint = "fchownat", SetLastError = true)]
    public static partial int ChangeOwnerAt(SafeFileHandle directory, byte[] name, uint uid, uint gid, int flags);

    [LibraryImport("libc", EntryPoint = "chmod", SetLastError = true)]
    public static partial int ChangeMode(byte[] path, uint mode);

    [LibraryImport("libc", EntryPoint = "utimensat", SetLastError = true)]
    public static partial int SetTimesAt(SafeFileHandle directory, byte[] name, [In] TimeSpec[] accessedAndModified, int flags);

    [LibraryImport("libc", EntryPoint = "setxattr", SetLastError = true)]
    public static unsafe partial int SetAttribute(byte[] path, byte[] attribute, byte* value, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    public static unsafe partial int StatusAt(SafeFileHandle directory, byte[] name, int flags, uint mask, StatusBuffer* status);

    [LibraryImport("libc", EntryPoint = "getdents64", SetLastError = true)]
    public static partial nint ReadEntries(SafeFileHandle directory, [Out] byte[] buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "fstatfs", SetLastError = true)]
    public static unsafe partial int FileSystemStatus(SafeFileHandle file, FileSystemBuffer* status);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    public static unsafe partial nint ReadAt(SafeFileHandle file, byte* buffer, nuint length, long offset);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    public static unsafe partial nint WriteAt(SafeFileHandle file, byte* buffer, nuint length, long offset);

    /// <summary><c>struct timespec</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    /// <summary><c>struct statx</c>: 256 bytes, the same everywhere. https://man7.org/linux/man-pages/man2/statx.2.html</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct StatusBuffer
    {
        [FieldOffset(16)]
        public uint Links;

        [FieldOffset(20)]
        public uint Uid;

        [FieldOffset(24)]
        public uint Gid;

        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(32)]
        public ulong Inode;

        [FieldOffset(40)]
        public ulong Size;

        [FieldOffset(112)]
        public long ModifiedSeconds;

        [FieldOffset(120)]
        public uint ModifiedNanoseconds;

        [FieldOffset(128)]
        public uint DeviceMajor;

        [FieldOffset(132)]
        public uint DeviceMinor;

        [FieldOffset(136)]
        public uint FileSystemMajor;

        [FieldOffset(140)]
        public uint FileSystemMinor;
    }

    /// <summary><c>struct statfs</c>: 120 bytes. https://man7.org/linux/man-pages/man2/statfs.2.html</summary>
    [StructLayout(LayoutKind.Explicit, Size = 120)]
    public struct FileSystemBuffer
    {
        [FieldOffset(8)]
        public long BlockSize;

        [FieldOffset(16)]
        public long Blocks;

        [FieldOffset(24)]
        public long FreeBlocks;

        [FieldOffset(32)]
        public long AvailableBlocks;

        [FieldOffset(40)]
        public long Inodes;

        [FieldOffset(48)]
        public long FreeInodes;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct OpenHow
    {
        public ulong Flags;
        public ulong Mode;
        public ulong Resolve;
    }
}
