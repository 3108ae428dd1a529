using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sandbox.Daemon.Linux;

/// <summary>A name in a directory, with what it is; <see cref="InodeType.Other"/> when the file system did not say.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct DirectoryEntry(byte[] Name, InodeType Type);

/// <summary>The owner (host ids) and the twelve permission bits of something new.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Ownership(uint Uid, uint Gid, int Mode);

/// <summary>
/// An open directory. Every operation takes one name in it, so no path is walked and no link followed: another writer
/// to the tree can make an operation fail, but cannot redirect it. A name is 1 to 255 bytes without <c>/</c> and NUL,
/// and neither <c>.</c> nor <c>..</c>; others fail with EINVAL.
/// </summary>
internal sealed class DirectoryHandle(SafeFileHandle handle) : IDisposable
{
    /// <summary>The descriptor; it may be only a path (<c>O_PATH</c>).</summary>
    public SafeFileHandle Handle => handle;

    public void Dispose() => handle.Dispose();

    /// <summary>The status of a name, or null if it does not exist.</summary>
    public InodeStatus? Find(ReadOnlySpan<byte> name)
    {
        try
        {
            return Inodes.Read(handle, Single(name), 0);
        }
        catch (PosixException e) when (e.Errno == Errno.NoEntry)
        {
            return null;
        }
    }

    /// <summary>The names in it except <c>.</c> and <c>..</c>, as the kernel gives them, in no order.</summary>
    public IEnumerable<DirectoryEntry> List()
    {
        using var reading = Open(handle, [(byte)'.', 0], NativeFiles.ReadOnly | NativeFiles.Directory);
        var buffer = new byte[32 * 1024];
        while (true)
        {
            var entries = ReadEntries(reading, buffer);
            if (entries is null)
            {
                yield break;
            }

            foreach (var entry in entries)
            {
                yield return entry;
            }
        }
    }

    /// <summary>Opens a directory in it. A link is ENOTDIR or ELOOP.</summary>
    public DirectoryHandle OpenDirectory(ReadOnlySpan<byte> name) => new(Open(handle, Single(name), NativeFiles.ReadOnly | NativeFiles.Directory | NativeFiles.NoFollow));

    /// <summary>Opens a name with <c>O_PATH</c>, for <see cref="Inodes"/>. A link is opened itself.</summary>
    public SafeFileHandle OpenInode(ReadOnlySpan<byte> name) => Open(handle, Single(name), NativeFiles.PathOnly | NativeFiles.NoFollow);

    /// <summary>Makes a new file, for writing, as 0600 of this process. Set owner and mode when it is filled.</summary>
    public SafeFileHandle CreateFile(ReadOnlySpan<byte> name) =>
        NativeFiles.OpenAt2(handle, Single(name), NativeFiles.WriteOnly | NativeFiles.Create | NativeFiles.Exclusive | NativeFiles.NoFollow, 0x180, RootedDirectory.Confined | NativeFiles.ResolveBeneath);

    /// <summary>
    /// Makes a file without a name, for writing, as 0600 of this process: should this process die, it is gone. Null if
    /// the file system cannot do this (overlayfs before Linux 6.1). <see cref="Name"/> gives it its name.
    /// </summary>
    public SafeFileHandle? TryCreateUnnamed()
    {
        try
        {
            return NativeFiles.OpenAt2(handle, [(byte)'.', 0], NativeFiles.WriteOnly | NativeFiles.Unnamed, 0x180, RootedDirectory.Confined | NativeFiles.ResolveBeneath);
        }
        catch (PosixException e) when (e.Errno is Errno.NotSupported or Errno.IsDirectory)
        {
            return null;
        }
    }

    /// <summary>Gives a file without a name a new one.</summary>
    public void Name(SafeFileHandle file, ReadOnlySpan<byte> name) =>
        PosixException.Check(NativeFiles.LinkAt(NativeFiles.AtFdCwd, Inodes.Magic(file), handle, Single(name), NativeFiles.AtSymlinkFollow), "linkat");

    /// <summary>Makes a new directory.</summary>
    public void MakeDirectory(ReadOnlySpan<byte> name, Ownership ownership)
    {
        PosixException.Check(NativeFiles.MakeDirectoryAt(handle, Single(name), 0x1C0), "mkdirat");
        Own(name, ownership);
    }

    /// <summary>
    /// Makes a directory unless it exists. An existing directory stays as it is; anything else is ENOTDIR, or is
    /// removed if <paramref name="replace"/> is set.
    /// </summary>
    /// <returns>Whether it was made.</returns>
    public bool EnsureDirectory(ReadOnlySpan<byte> name, Ownership ownership, bool replace = false)
    {
        switch (Find(name)?.Type)
        {
            case InodeType.Directory:
                return false;
            case null:
                break;
            case not null when replace:
                Unlink(name);
                break;
            default:
                throw new PosixException("mkdirat", Errno.NotDirectory);
        }

        MakeDirectory(name, ownership);
        return true;
    }

    /// <summary>Makes a symbolic link. The target is 1 to 4095 bytes and may be anything.</summary>
    public void MakeSymlink(ReadOnlySpan<byte> name, ReadOnlySpan<byte> target, uint uid, uint gid)
    {
        PosixException.Check(NativeFiles.SymlinkAt(RootedDirectory.Text(target), handle, Single(name)), "symlinkat");
        using var link = OpenInode(name);
        link.SetOwner(uid, gid);
    }

    /// <summary>Makes a hard link. A symbolic link as its source is not followed.</summary>
    public void MakeHardLink(ReadOnlySpan<byte> name, DirectoryHandle from, ReadOnlySpan<byte> fromName) =>
        PosixException.Check(NativeFiles.LinkAt(from.Handle, Single(fromName), handle, Single(name), 0), "linkat");

    public void MakeFifo(ReadOnlySpan<byte> name, Ownership ownership)
    {
        PosixException.Check(NativeFiles.MakeNodeAt(handle, Single(name), NativeFiles.TypeFifo | 0x180, 0), "mknodat");
        Own(name, ownership);
    }

    /// <summary>Makes overlayfs's mark for a deleted name: a character device 0:0. No other device can be made.</summary>
    public void MakeWhiteout(ReadOnlySpan<byte> name) =>
        PosixException.Check(NativeFiles.MakeNodeAt(handle, Single(name), NativeFiles.TypeCharacterDevice, 0), "mknodat");

    /// <summary>Renames atomically, and replaces anything that has the new name.</summary>
    public void Rename(ReadOnlySpan<byte> name, DirectoryHandle to, ReadOnlySpan<byte> toName) =>
        PosixException.Check(NativeFiles.RenameAt(handle, Single(name), to.Handle, Single(toName)), "renameat");

    /// <summary>Removes a name that is no directory.</summary>
    public void Unlink(ReadOnlySpan<byte> name) => PosixException.Check(NativeFiles.UnlinkAt(handle, Single(name), 0), "unlinkat");

    /// <summary>Removes a name with all that is below it; a link alone, never what it leads to.</summary>
    public void Remove(ReadOnlySpan<byte> name, CancellationToken cancellationToken = default) => TreeRemoval.Remove(this, Single(name), cancellationToken);

    /// <summary>The next entries of a directory open for reading, or null at its end. Buffers are as getdents64(2) fills them:
    /// d_ino 8, d_off 8, d_reclen 2, d_type 1, the name and its NUL.</summary>
    internal static List<DirectoryEntry>? ReadEntries(SafeFileHandle reading, byte[] buffer)
    {
        var length = (int)NativeFiles.ReadEntries(reading, buffer, (nuint)buffer.Length);
        if (length < 0 && Marshal.GetLastPInvokeError() != Errno.NoEntry)
        {
            PosixException.Check(length, "getdents64");
        }

        if (length <= 0)
        {
            return null; // a directory that was removed meanwhile says ENOENT
        }

        var entries = new List<DirectoryEntry>();
        for (var rest = buffer.AsSpan(0, length); !rest.IsEmpty;)
        {
            var size = BinaryPrimitives.ReadUInt16LittleEndian(rest[16..]);
            var name = rest[19..size];
            name = name[..name.IndexOf((byte)0)];
            if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
            {
                entries.Add(new DirectoryEntry(name.ToArray(), TypeOf(rest[18])));
            }

            rest = rest[size..];
        }

        return entries;
    }

    /// <summary>Opens one name below a directory, never a link's target and never another mount.</summary>
    internal static SafeFileHandle Open(SafeFileHandle directory, byte[] name, int flags) =>
        NativeFiles.OpenAt2(directory, name, flags, 0, RootedDirectory.Confined | NativeFiles.ResolveBeneath);

    private static byte[] Single(ReadOnlySpan<byte> name)
    {
        if (name.Length > 255)
        {
            throw new PosixException("name", Errno.NameTooLong);
        }

        if (name.IsEmpty || name.ContainsAny((byte)'/', (byte)0) || name.SequenceEqual("."u8) || name.SequenceEqual(".."u8))
        {
            throw new PosixException("name", Errno.Invalid);
        }

        return [.. name, 0];
    }

    private static InodeType TypeOf(byte type) => type switch
    {
        1 => InodeType.Fifo,
        2 => InodeType.CharacterDevice,
        4 => InodeType.Directory,
        6 => InodeType.BlockDevice,
        8 => InodeType.File,
        10 => InodeType.Symlink,
        12 => InodeType.Socket,
        _ => InodeType.Other,
    };

    private void Own(ReadOnlySpan<byte> name, Ownership ownership)
    {
        using var inode = OpenInode(name);
        inode.SetOwner(ownership.Uid, ownership.Gid);
        if (inode.Status().Type != InodeType.Symlink)
        {
            inode.SetMode(ownership.Mode);
        }
    }
}
