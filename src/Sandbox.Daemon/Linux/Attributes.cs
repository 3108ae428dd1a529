using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Sandbox.Daemon.Linux;

/// <summary>
/// Reads extended attributes of an open inode, also one opened with <c>O_PATH</c>.
/// https://man7.org/linux/man-pages/man7/xattr.7.html
/// </summary>
internal static partial class Attributes
{
    private const int MaxBytes = 65_536; // XATTR_LIST_MAX and XATTR_SIZE_MAX
    private const int NoData = 61;
    private const int OutOfRange = 34;

    /// <summary>The names of all attributes, in no order.</summary>
    public static unsafe IReadOnlyList<string> ListAttributes(this SafeFileHandle inode)
    {
        var path = Inodes.Magic(inode);
        Span<byte> small = stackalloc byte[512];
        fixed (byte* bytes = small)
        {
            var length = List(path, bytes, (nuint)small.Length);
            if (length == 0)
            {
                return [];
            }

            if (length > 0)
            {
                return Names(small[..(int)length]);
            }
        }

        return Marshal.GetLastPInvokeError() switch
        {
            Errno.NotSupported => [],
            OutOfRange => ListAll(path),
            var errno => throw new PosixException("listxattr", errno),
        };
    }

    /// <summary>An attribute's value, or null when there is no such attribute.</summary>
    public static byte[]? ReadAttribute(this SafeFileHandle inode, string name)
    {
        var path = Inodes.Magic(inode);
        byte[] terminated = [.. Encoding.UTF8.GetBytes(name), 0];
        Span<byte> small = stackalloc byte[256];
        if (TryGet(path, terminated, small, out var length))
        {
            return length < 0 ? null : small[..length].ToArray();
        }

        var value = new byte[MaxBytes];
        return TryGet(path, terminated, value, out length) ? length < 0 ? null : value[..length] : throw new PosixException("getxattr", OutOfRange);
    }

    /// <returns>False if the buffer is too small for the value. A length below 0 means that there is no such attribute.</returns>
    private static unsafe bool TryGet(byte[] path, byte[] name, Span<byte> value, out int length)
    {
        fixed (byte* bytes = value)
        {
            length = (int)Get(path, name, bytes, (nuint)value.Length);
        }

        return length >= 0 || Marshal.GetLastPInvokeError() switch
        {
            OutOfRange => false,
            NoData or Errno.NotSupported => true,
            var errno => throw new PosixException("getxattr", errno),
        };
    }

    private static unsafe List<string> ListAll(byte[] path)
    {
        var all = new byte[MaxBytes];
        fixed (byte* bytes = all)
        {
            return Names(all.AsSpan(0, (int)PosixException.Check(List(path, bytes, (nuint)all.Length), "listxattr")));
        }
    }

    // Each name ends with a NUL.
    private static List<string> Names(ReadOnlySpan<byte> list)
    {
        var names = new List<string>();
        while (list.IndexOf((byte)0) is var end and >= 0)
        {
            names.Add(Encoding.UTF8.GetString(list[..end]));
            list = list[(end + 1)..];
        }

        return names;
    }

    [LibraryImport("libc", EntryPoint = "listxattr", SetLastError = true)]
    private static unsafe partial nint List(byte[] path, byte* list, nuint length);

    [LibraryImport("libc", EntryPoint = "getxattr", SetLastError = true)]
    private static unsafe partial nint Get(byte[] path, byte[] name, byte* value, nuint length);
}
