using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Runtime;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Files;

/// <summary>
/// The file members of <see cref="ISandboxRuntime"/> over a sandbox's root file system, as the host sees it. Whatever
/// runs in the sandbox may change the tree at the same time, so nothing is decided by a path that is used again.
/// <para>Roots are host paths, owners on disk are the sandbox's own plus <c>uidBase</c>. Faults are
/// <see cref="SandboxException"/>s with the codes the port names. System calls block, so they run on the thread pool.</para>
/// </summary>
internal static class SandboxFiles
{
    /// <summary>The most entries a listing has; larger directories are to be packed.</summary>
    public const int MaxListed = 50_000;

    /// <summary>The most bytes one chunk of a read holds.</summary>
    public const int ChunkLength = 64 * 1024;

    private const int DefaultMode = 0b110_100_100;
    private const int DirectoryMode = 0b111_101_101;
    private const int MaxLinks = 40; // what the kernel follows before it says ELOOP
    private const uint IdsPerSandbox = 65_536;

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

    /// <summary>What a path is; links are followed. Null when nothing is there.</summary>
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
    public static IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(string root, uint uidBase, SandboxPath path, ReadForm form, CancellationToken cancellationToken) =>
        form == ReadForm.Tar ? TarPacking.PackAsync(root, uidBase, path, cancellationToken) : ReadRawAsync(root, path, cancellationToken);

    /// <summary>
    /// Writes a file as a whole: under a name of its own beside the old one, which it then replaces at once. A link is
    /// followed inside the root. A new file and missing parents are the sandbox's root's; a file replaced keeps its
    /// owner, and its mode when <paramref name="mode"/> is null. When the content or the call breaks off, all is as before.
    /// Codes: DiskFull, Invalid (something other than a file is in the way), NotFound (a parent is a file).
    /// </summary>
    public static async Task WriteAsync(
        string root, uint uidBase, SandboxPath path, int? mode, IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken)
    {
        if (mode is < 0 or > Inodes.ModeMask)
        {
            throw new SandboxException(ErrorCode.Invalid, "A file's mode is 0 to 7777 in octal.");
        }

        using var place = await RunAsync(path, () => FindPlace(root, uidBase, path), cancellationToken);
        var name = Encoding.ASCII.GetBytes($".{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12))}.part");
        using var file = await RunAsync(path, () => place.Parent.CreateFile(name), cancellationToken);
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
                    place.Parent.Rename(name, place.Parent, place.Name);
                },
                cancellationToken);
        }
        catch
        {
            await Task.Run(() => Forget(place.Parent, name), CancellationToken.None);
            throw;
        }
    }

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
    }

    private static Task<bool> RunAsync(SandboxPath path, Action work, CancellationToken cancellationToken) =>
        RunAsync(
            path,
            () =>
            {
                work();
                return true;
            },
            cancellationToken);

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadRawAsync(string root, SandboxPath path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var file = await RunAsync(
            path,
            () =>
            {
                using var rooted = OpenRoot(root);
                return rooted.OpenRead(path.Bytes);
            },
            cancellationToken);
        var length = file.Status().Size; // a log that grows faster than it is read would never end
        for (long at = 0; at < length;)
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

    /// <summary>
    /// Follows the links at the end of a path to where a program that wrote there would write. Each step is resolved in
    /// the root; the last is done by name in an open directory, where a link is replaced and never followed.
    /// </summary>
    private static Place FindPlace(string root, uint uidBase, SandboxPath path)
    {
        using var rooted = OpenRoot(root);
        var way = path.Bytes.ToArray();
        for (var links = 0; links <= MaxLinks; links++)
        {
            DirectoryHandle? parent = null;
            try
            {
                // A link to a missing directory stays an error, as it is for a program.
                var last = RootedDirectory.ParentLength(way, out var lastName);
                if (way.EndsWith("/"u8) || lastName.SequenceEqual(".."u8) || lastName.SequenceEqual("."u8))
                {
                    throw new PosixException("path", Errno.IsDirectory);
                }

                parent = rooted.OpenParent(way, out var name, links == 0 ? new Ownership(uidBase, uidBase, DirectoryMode) : null);
                var found = parent.Find(name);
                if (found is null)
                {
                    return new Place(parent, name, uidBase, uidBase, DefaultMode);
                }

                var status = found.Value;
                switch (status.Type)
                {
                    case InodeType.File:
                        return new Place(parent, name, Inside(status.Uid, uidBase), Inside(status.Gid, uidBase), status.Mode);
                    case InodeType.Directory:
                        throw new PosixException("path", Errno.IsDirectory);
                    case InodeType.Symlink:
                        using (var link = parent.OpenInode(name))
                        {
                            var target = link.ReadLink();
                            way = target[0] == (byte)'/' ? target : [.. way.AsSpan(0, last), .. target];
                        }

                        parent.Dispose();
                        break;
                    default:
                        throw new PosixException("path", Errno.Invalid);
                }
            }
            catch
            {
                parent?.Dispose();
                throw;
            }
        }

        throw new PosixException("path", Errno.Loop);
    }

    /// <summary>An id of the sandbox, so that no file of an id that is not can be made here.</summary>
    private static uint Inside(uint id, uint uidBase) => id >= uidBase && id - uidBase < IdsPerSandbox ? id : uidBase;

    private static void Forget(DirectoryHandle parent, byte[] name)
    {
        try
        {
            parent.Unlink(name);
        }
        catch (PosixException)
        {
            // It is gone: renamed already, or taken away by the sandbox itself.
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

    /// <summary>Where a file goes, and whose it becomes.</summary>
    private sealed record Place(DirectoryHandle Parent, byte[] Name, uint Uid, uint Gid, int Mode) : IDisposable
    {
        public void Dispose() => Parent.Dispose();
    }
}
