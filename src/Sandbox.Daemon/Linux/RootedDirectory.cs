using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Sandbox.Daemon.Linux;

/// <summary>
/// A directory that no path leads out of: the kernel resolves every path in it as if it were <c>/</c>, so absolute
/// links and <c>..</c> stay inside, also while others change the tree. Mounts inside (unless they are asked for) and the
/// kernel's magic links are not entered. Paths are bytes, 0 to 4095 of them without NUL; the empty path is the root.
/// <para>Callers open an inode through it, and then work on what they opened (<see cref="DirectoryHandle"/>,
/// <see cref="Inodes"/>). Faults are <see cref="PosixException"/>.</para>
/// https://man7.org/linux/man-pages/man2/openat2.2.html (RESOLVE_IN_ROOT)
/// </summary>
internal sealed class RootedDirectory : IDisposable
{
    internal const ulong Confined = NativeFiles.ResolveNoMagicLinks | NativeFiles.ResolveNoCrossDevice;

    private readonly ulong _resolve;

    private RootedDirectory(SafeFileHandle handle, ulong resolve = Confined) => (Top, _resolve) = (new DirectoryHandle(handle), resolve | NativeFiles.ResolveInRoot);

    /// <summary>The root itself, for names right in it.</summary>
    public DirectoryHandle Top { get; }

    /// <summary>Opens a directory of the host, by a path that only this daemon can change.</summary>
    public static RootedDirectory Open(string hostPath) => new(OpenHandle(hostPath));

    /// <summary>The same, for the root of a process: its paths lead through the mounts of its namespace.</summary>
    public static RootedDirectory OpenWithMounts(string hostPath) => new(OpenHandle(hostPath), NativeFiles.ResolveNoMagicLinks);

    public void Dispose() => Top.Dispose();

    /// <summary>A directory inside as a root of its own.</summary>
    public RootedDirectory OpenRoot(ReadOnlySpan<byte> path) => new(Resolve(path, NativeFiles.PathOnly | NativeFiles.Directory));

    /// <summary>Opens a directory; links are followed.</summary>
    public DirectoryHandle OpenDirectory(ReadOnlySpan<byte> path) => new(Resolve(path, NativeFiles.PathOnly | NativeFiles.Directory));

    /// <summary>
    /// Opens the directory a path's last name is in. Links before the last name are followed. The last name is not
    /// looked up; a path without one (the root, <c>..</c>) is EINVAL.
    /// </summary>
    /// <param name="path">The path.</param>
    /// <param name="name">Its last name.</param>
    /// <param name="makeParents">The owner of missing parents; null makes a missing parent ENOENT.</param>
    public DirectoryHandle OpenParent(ReadOnlySpan<byte> path, out byte[] name, Ownership? makeParents = null)
    {
        var parent = path[..ParentLength(path, out var last)];
        if (last.IsEmpty || last.SequenceEqual("."u8) || last.SequenceEqual(".."u8))
        {
            throw new PosixException("path", Errno.Invalid);
        }

        name = last.ToArray();
        try
        {
            return OpenDirectory(parent);
        }
        catch (PosixException e) when (e.Errno == Errno.NoEntry && makeParents is not null)
        {
            return MakeDirectories(parent, makeParents.Value);
        }
    }

    /// <summary>Opens a path with <c>O_PATH</c>, for <see cref="Inodes"/>. Nothing is read, and a FIFO does not block.</summary>
    public SafeFileHandle OpenInode(ReadOnlySpan<byte> path, bool followLast) =>
        Resolve(path, NativeFiles.PathOnly | (followLast ? 0 : NativeFiles.NoFollow));

    /// <summary>Opens a regular file for reading. Anything else is EINVAL, a directory EISDIR, and is not opened at all.</summary>
    public SafeFileHandle OpenRead(ReadOnlySpan<byte> path, bool followLast = true)
    {
        using var inode = OpenInode(path, followLast);
        return inode.Status().Type switch
        {
            InodeType.File => inode.Reopen(),
            InodeType.Directory => throw new PosixException("open", Errno.IsDirectory),
            _ => throw new PosixException("open", Errno.Invalid),
        };
    }

    /// <summary>The status of a path, or null if it does not exist (also if a parent is missing or not a directory).</summary>
    public InodeStatus? Find(ReadOnlySpan<byte> path, bool followLast)
    {
        try
        {
            using var inode = OpenInode(path, followLast);
            return inode.Status();
        }
        catch (PosixException e) when (e.Errno is Errno.NoEntry or Errno.NotDirectory or Errno.Loop)
        {
            return null;
        }
    }

    /// <summary>Bytes as the kernel takes them, with the closing NUL.</summary>
    internal static byte[] Text(ReadOnlySpan<byte> text)
    {
        if (text.Length > 4095)
        {
            throw new PosixException("path", Errno.NameTooLong);
        }

        return text.Contains((byte)0) ? throw new PosixException("path", Errno.Invalid) : [.. text, 0];
    }

    /// <summary>The length of everything before a path's last name, slashes included. Slashes after the name do not belong to it.</summary>
    internal static int ParentLength(ReadOnlySpan<byte> path, out ReadOnlySpan<byte> last)
    {
        var trimmed = path.TrimEnd((byte)'/');
        var length = trimmed.LastIndexOf((byte)'/') + 1;
        last = trimmed[length..];
        return length;
    }

    /// <summary>Each prefix is resolved anew by the kernel, so links on the way are followed inside the root only.</summary>
    private DirectoryHandle MakeDirectories(ReadOnlySpan<byte> path, Ownership ownership)
    {
        for (var end = 0; end < path.Length;)
        {
            var next = path[(end + 1)..].IndexOf((byte)'/');
            end = next < 0 ? path.Length : end + 1 + next;
            var prefix = path[..end];
            try
            {
                using var present = OpenDirectory(prefix);
                continue;
            }
            catch (PosixException e) when (e.Errno == Errno.NoEntry)
            {
            }

            var length = ParentLength(prefix, out var name);
            using var parent = OpenDirectory(prefix[..length]);
            try
            {
                parent.MakeDirectory(name, ownership);
            }
            catch (PosixException e) when (e.Errno == Errno.Exists)
            {
                // It exists by now, or is a dangling link, on which the next step fails.
            }
        }

        return OpenDirectory(path);
    }

    private static SafeFileHandle OpenHandle(string hostPath) => new(
        (nint)PosixException.Check(
            NativeFiles.OpenAt(NativeFiles.AtFdCwd, [.. Encoding.UTF8.GetBytes(hostPath), 0], NativeFiles.PathOnly | NativeFiles.Directory | NativeFiles.CloseOnExec, 0),
            "open"),
        ownsHandle: true);

    private SafeFileHandle Resolve(ReadOnlySpan<byte> path, int flags) =>
        NativeFiles.OpenAt2(Top.Handle, path.IsEmpty ? [(byte)'.', 0] : Text(path), flags, 0, _resolve);
}
