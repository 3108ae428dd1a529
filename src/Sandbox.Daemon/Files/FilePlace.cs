using Sandbox.Core.Files;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Files;

/// <summary>The destination of a file, with its owner and mode.</summary>
/// <param name="Way">The path that was resolved last: its last name is no link.</param>
/// <param name="Parent">The directory it goes into.</param>
/// <param name="Name">Its name in it.</param>
/// <param name="Uid">The host's number of its owner.</param>
/// <param name="Gid">The host's number of its group.</param>
/// <param name="Mode">Its permission bits, unless others are asked for.</param>
internal sealed record FilePlace(byte[] Way, DirectoryHandle Parent, byte[] Name, uint Uid, uint Gid, int Mode) : IDisposable
{
    public const int DirectoryMode = 0b111_101_101;
    private const int FileMode = 0b110_100_100;
    private const int MaxLinks = 40; // the kernel fails with ELOOP beyond as many
    private const uint IdsPerSandbox = 65_536;

    public void Dispose() => Parent.Dispose();

    /// <summary>
    /// Follows the links at the end of a path to where a program that wrote there would write. Each step is resolved in
    /// the root; the last is done by name in an open directory, where a link is replaced and never followed.
    /// </summary>
    public static FilePlace Find(string root, FileOwner owner, SandboxPath path)
    {
        using var rooted = SandboxFiles.OpenRoot(root);
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

                parent = rooted.OpenParent(way, out var name, links == 0 ? new Ownership(owner.Uid, owner.Gid, DirectoryMode) : null);
                if (parent.Find(name) is { Type: InodeType.Symlink })
                {
                    using var link = parent.OpenInode(name);
                    var target = link.ReadLink();
                    way = target[0] == (byte)'/' ? target : [.. way.AsSpan(0, last), .. target];
                    parent.Dispose();
                }
                else
                {
                    return At(way, parent, name, owner);
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

    /// <summary>The destination of a name as it is now: a replaced file keeps its owner and mode; anything but a file is not replaced.</summary>
    public static FilePlace At(byte[] way, DirectoryHandle parent, byte[] name, FileOwner owner)
    {
        var found = parent.Find(name);
        return found switch
        {
            null or { Type: InodeType.Symlink } => new FilePlace(way, parent, name, owner.Uid, owner.Gid, FileMode),
            { Type: InodeType.File } file when owner.IsAsked => new FilePlace(way, parent, name, owner.Uid, owner.Gid, file.Mode),
            { Type: InodeType.File } file => new FilePlace(way, parent, name, Inside(file.Uid, owner.Base), Inside(file.Gid, owner.Base), file.Mode),
            { Type: InodeType.Directory } => throw new PosixException("path", Errno.IsDirectory),
            _ => throw new PosixException("path", Errno.Invalid),
        };
    }

    /// <summary>Turns an id outside the sandbox's range into its root, so that no file of a foreign owner is made.</summary>
    private static uint Inside(uint id, uint uidBase) => id >= uidBase && id - uidBase < IdsPerSandbox ? id : uidBase;
}
