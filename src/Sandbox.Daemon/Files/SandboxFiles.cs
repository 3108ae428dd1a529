using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Runtime;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Files;

/// <summary>
/// The members of <see cref="ISandboxFiles"/> over a sandbox's root file system, as the host sees it. Programs in the
/// sandbox may change the tree at the same time, so no path is checked first and used afterwards.
/// <para>Roots are host paths, owners on disk are the sandbox's own plus <c>uidBase</c>. Faults are
/// <see cref="SandboxException"/>s with the codes the port names. System calls block, so they run on the thread pool.</para>
/// </summary>
internal static class SandboxFiles
{
    /// <summary>The most entries of a listing; larger directories have to be packed.</summary>
    public const int MaxListed = 50_000;

    /// <summary>The most bytes of one chunk of a read.</summary>
    public const int ChunkLength = 64 * 1024;

    /// <summary>Directories of the root that every isolation class mounts something on.</summary>
    private static readonly HashSet<string> MountPoints = new(StringComparer.Ordinal) { "dev", "proc", "sys" };

    /// <summary>The entries of a directory, by name; of anything else, itself. Codes: NotFound, TooLarge.</summary>
    public static Task<IReadOnlyList<FileEntry>> ListAsync(string root, SandboxPath path, CancellationToken cancellationToken) =>
        RunAsync<IReadOnlyList<FileEntry>>(
            path,
            () =>
            {
                using var rooted = OpenRoot(root);
                using var inode = rooted.OpenInode(path.Bytes, followLast: true);
                var status = inode.Status();
                if (status.Type != InodeType.Directory)
                {
                    return [Entry(LastName(path), status)];
                }

                using var directory = new DirectoryHandle(inode);
                var entries = new List<FileEntry>();
                foreach (var (name, _) in directory.List())
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (entries.Count == MaxListed)
                    {
                        throw new SandboxException(ErrorCode.TooLarge, $"{path} holds more than {MaxListed} entries, too many to list. Fetch it as a tar, or list it in a terminal.");
                    }

                    if (directory.Find(name) is { } found)
                    {
                        entries.Add(Entry(name, found));
                    }
                }

                entries.Sort((a, b) => a.Name.Span.SequenceCompareTo(b.Name.Span));
                return entries;
            },
            cancellationToken);

    /// <summary>The entry at a path; links are followed. Null if nothing is there.</summary>
    public static Task<FileEntry?> FindAsync(string root, SandboxPath path, CancellationToken cancellationToken) =>
        RunAsync(
            path,
            () =>
            {
                using var rooted = OpenRoot(root);
                return rooted.Find(path.Bytes, followLast: true) is { } status ? Entry(LastName(path), status) : null;
            },
            cancellationToken);

    /// <summary>
    /// Reads a file as long as it is at the beginning, or packs a tree. Chunks of at most <see cref="ChunkLength"/>, each
    /// in memory of its own. Codes: NotFound, Invalid (not a regular file; a tree too deep to pack), TooLarge.
    /// </summary>
    public static IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(string root, uint uidBase, SandboxPath path, ReadForm form, FileRange range, CancellationToken cancellationToken) =>
        form == ReadForm.Tar ? TarPacking.PackAsync(root, uidBase, path, cancellationToken) : ReadRawAsync(root, path, range, cancellationToken);

    /// <summary>
    /// Writes a file as a whole: without a name until it is complete, when it replaces the old one at once. A link is
    /// followed inside the root. A new file and missing parents are the owner's; a file replaced keeps its owner unless
    /// another is asked for, and its mode when <paramref name="mode"/> is null. When the content or the call breaks off, all is as before.
    /// Codes: DiskFull, Invalid (something other than a file is in the way), NotFound (a parent is a file).
    /// </summary>
    public static async Task WriteAsync(
        string root, FileOwner owner, SandboxPath path, int? mode, IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken)
    {
        if (mode is < 0 or > Inodes.ModeMask)
        {
            throw new SandboxException(ErrorCode.Invalid, "A file's mode is 0 to 7777 in octal.");
        }

        using var place = await RunAsync(path, () => FilePlace.Find(root, owner, path), cancellationToken);
        var name = Encoding.ASCII.GetBytes($".{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12))}.part");
        var unnamed = await RunAsync(path, place.Parent.TryCreateUnnamed, cancellationToken);
        using var file = unnamed ?? await RunAsync(path, () => place.Parent.CreateFile(name), cancellationToken);
        try
        {
            long length = 0;
            await foreach (var chunk in content.WithCancellation(cancellationToken))
            {
                var at = length;
                await RunAsync(path, () => file.Write(chunk.Span, at), cancellationToken);
                length += chunk.Length;
            }

            await RunAsync(
                path,
                () =>
                {
                    file.SetOwner(place.Uid, place.Gid);
                    file.SetMode(mode ?? place.Mode);
                    if (unnamed is not null)
                    {
                        place.Parent.Name(file, name); // only a rename can replace a file of the final name
                    }

                    place.Parent.Rename(name, place.Parent, place.Name);
                },
                cancellationToken);
        }
        catch (Exception fault)
        {
            await Task.Run(() => Forget(place.Parent, name), CancellationToken.None);
            if (fault is SandboxException { Code: ErrorCode.DiskFull })
            {
                file.Dispose(); // without a name, it gives its bytes back now
                throw DiskRoom.Of(place.Parent.Handle).TooLittle(fault);
            }

            throw;
        }
    }

    /// <summary>Makes a directory and its parents, the owner's; links are followed. Codes: NotFound (a file is in the way), DiskFull.</summary>
    public static Task MakeDirectoryAsync(string root, FileOwner owner, SandboxPath path, CancellationToken cancellationToken) =>
        RunAsync(
            path,
            () =>
            {
                using var rooted = OpenRoot(root);
                using var made = rooted.OpenParent([.. path.Bytes, .. "/-"u8], out _, new Ownership(owner.Uid, owner.Gid, FilePlace.DirectoryMode));
            },
            cancellationToken);

    /// <summary>Removes a file, a link (not what it leads to) or a whole tree. Codes: NotFound, Invalid (the root), Conflict (it is filled faster than emptied).</summary>
    public static Task DeleteAsync(string root, SandboxPath path, CancellationToken cancellationToken)
    {
        if (path.Bytes.SequenceEqual("/"u8))
        {
            throw new SandboxException(ErrorCode.Invalid, "The root directory cannot be deleted.");
        }

        return RunAsync(
            path,
            () =>
            {
                using var rooted = OpenRoot(root);
                using var parent = rooted.OpenParent(path.Bytes, out var name);
                RefuseMountPoint(rooted, parent, name);
                try
                {
                    parent.Remove(name, cancellationToken);
                }
                catch (PosixException e) when (e.Errno == Errno.NotEmpty)
                {
                    throw new SandboxException(ErrorCode.Conflict, $"Something in the sandbox goes on writing to {path}. Stop it and try again.", e);
                }
            },
            cancellationToken);
    }

    /// <summary>
    /// A directory that something is mounted on cannot be removed from inside. Removed from outside, where it is an
    /// ordinary one, the kernel would take the sandbox's mount away with it.
    /// </summary>
    private static void RefuseMountPoint(RootedDirectory root, DirectoryHandle parent, byte[] name)
    {
        if (MountPoints.Contains(Encoding.UTF8.GetString(name)) && parent.Handle.Status().Inode == root.Top.Handle.Status().Inode)
        {
            throw new SandboxException(ErrorCode.Invalid, $"/{Encoding.UTF8.GetString(name)} is where the kernel's own files are mounted; it cannot be deleted.");
        }
    }

    /// <summary>Opens a sandbox's root. It is not mounted while the sandbox is stopped or going.</summary>
    internal static RootedDirectory OpenRoot(string root)
    {
        try
        {
            return RootedDirectory.Open(root);
        }
        catch (PosixException e) when (e.Errno is Errno.NoEntry or Errno.NotDirectory)
        {
            throw new SandboxException(ErrorCode.Conflict, "The sandbox's files are not there at the moment. Start it and try again.", e);
        }
    }

    /// <summary>Says what went wrong in words for people.</summary>
    internal static async Task<T> RunAsync<T>(SandboxPath path, Func<T> work, CancellationToken cancellationToken)
    {
        try
        {
            return await Task.Run(work, cancellationToken);
        }
        catch (PosixException e)
        {
            throw FileFault.Of(e, path);
        }
        catch (ObjectDisposedException e) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException("closed in the middle", e, cancellationToken);
        }
    }

    internal static Task<bool> RunAsync(SandboxPath path, Action work, CancellationToken cancellationToken) =>
        RunAsync(
            path,
            () =>
            {
                work();
                return true;
            },
            cancellationToken);

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadRawAsync(string root, SandboxPath path, FileRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var file = await RunAsync(
            path,
            () =>
            {
                using var rooted = OpenRoot(root);
                return rooted.OpenRead(path.Bytes);
            },
            cancellationToken);
        using var closing = cancellationToken.Register(file.Dispose); // also while a slow reader has not taken everything
        var length = await RunAsync(path, () => file.Status().Size, cancellationToken); // a log that grows faster than it is read would never end
        length = range.Length < length - range.First ? range.First + range.Length : length;
        for (var at = range.First; at < length;)
        {
            var buffer = new byte[Math.Min(ChunkLength, length - at)];
            var offset = at;
            var read = await RunAsync(path, () => file.Read(buffer, offset), cancellationToken);
            if (read == 0)
            {
                yield break;
            }

            at += read;
            yield return buffer.AsMemory(0, read);
        }
    }

    private static void Forget(DirectoryHandle parent, byte[] name)
    {
        try
        {
            parent.Unlink(name);
        }
        catch (PosixException)
        {
            // It is gone: renamed already, or removed by the sandbox.
        }
    }

    private static FileEntry Entry(byte[] name, InodeStatus status) => new(
        name,
        status.Type switch
        {
            InodeType.File => FileKind.File,
            InodeType.Directory => FileKind.Directory,
            InodeType.Symlink => FileKind.Symlink,
            _ => FileKind.Other,
        },
        status.Size,
        status.Mode,
        status.Modified);

    private static byte[] LastName(SandboxPath path)
    {
        RootedDirectory.ParentLength(path.Bytes, out var name);
        return name.IsEmpty ? "/"u8.ToArray() : name.ToArray();
    }
}
