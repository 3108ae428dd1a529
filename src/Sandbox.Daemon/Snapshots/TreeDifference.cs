using Microsoft.Win32.SafeHandles;
using Sandbox.Core.Errors;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Snapshots;

/// <summary>
/// Compares the trees of two images and yields all differences, each directory before its entries and names in the order
/// of their bytes. Only what the trees are counts, not the layers that made them: the same two trees always give the same
/// changes, and there are no opaque directories among them.
/// </summary>
/// <param name="image">The image.</param>
/// <param name="below">The image that it is compared with, on the same file system.</param>
internal sealed class TreeDifference(LowerView image, LowerView below)
{
    private const int MostEntries = 2_000_000; // as many as LayerUnpacking takes
    private const int MostPath = 4095;

    private static readonly SandboxOwners Owners = new(0);

    private readonly Dictionary<ulong, byte[]> _links = [];
    private readonly List<byte> _path = [];
    private readonly Stack<Level> _levels = new();
    private int _entries;

    /// <summary>All changes. A directory on the way to one is a change too, also if it is the same in both.</summary>
    public IEnumerable<LayerChange> Changes()
    {
        using var way = new DirectoryStack(image.Root);
        using var root = image.Root.Reopen();
        var self = Describe([], root, below.Root);
        if (self.IsChanged)
        {
            yield return self;
        }

        Enter(way.Current, self, below.Root);
        while (_levels.TryPeek(out var level))
        {
            if (!level.Names.TryNext(out var next))
            {
                Leave(way);
                continue;
            }

            if (++_entries > MostEntries)
            {
                throw SortedNames.TooMany();
            }

            var name = next.ToArray();
            var isGone = name.AsSpan().StartsWith(SortedNames.Whiteout);
            var path = PathOf(isGone ? name.AsSpan(SortedNames.Whiteout.Length) : name);
            using var inode = isGone ? null : DirectoryHandle.Open(way.Current, [.. name, 0], NativeFiles.PathOnly | NativeFiles.NoFollow);
            using var old = level.HasBelow ? below.TryOpen(path) : null;
            if (inode is not null && Kind(inode.Status().Type) is null)
            {
                continue; // a socket or a device: an image's layer holds none
            }

            LayerChange change = inode is null ? new LayerChange.Deleted(path) : Describe(path, inode, old);
            if (change is not LayerChange.Present { IsChanged: false })
            {
                foreach (var above in _levels.Reverse().Where(above => !above.IsWritten))
                {
                    above.IsWritten = true;
                    yield return above.Self;
                }

                yield return change;
            }

            if (change is LayerChange.Present { Kind: TarKind.Directory } directory)
            {
                way.Push([.. name, 0]);
                _path.AddRange(name);
                _path.Add((byte)'/');
                Enter(way.Current, directory, old?.Status().Type == InodeType.Directory ? old : null);
            }
        }
    }

    private void Enter(SafeFileHandle directory, LayerChange.Present self, SafeFileHandle? old) =>
        _levels.Push(new Level(SortedNames.Compare(directory, old, MostEntries), self, old is not null) { IsWritten = self.IsChanged });

    private void Leave(DirectoryStack way)
    {
        _levels.Pop();
        if (_levels.Count > 0)
        {
            var name = way.Pop();
            _path.RemoveRange(_path.Count - name.Length, name.Length); // the slash here, the NUL there
        }
    }

    private LayerChange.Present Describe(byte[] path, SafeFileHandle inode, SafeFileHandle? old)
    {
        var status = inode.Status();
        var kind = Kind(status.Type)!.Value;
        var before = old?.Status();

        // Overlayfs gives files the inode numbers of the file system below, so one number is one file.
        if (before is { } same && kind != TarKind.Directory && same.Type == status.Type && same.Inode == status.Inode)
        {
            return new LayerChange.Present(path, true, false, kind, status, [], [], null);
        }

        if (kind == TarKind.File && status.Links > 1 && _links.TryGetValue(status.Inode, out var first))
        {
            return new LayerChange.Present(path, old is not null, true, TarKind.HardLink, status, [], first, null) { IsReplaced = before is { } other && other.Type != status.Type };
        }

        var attributes = Owners.Attributes(inode, inode.ListAttributes());
        var target = kind == TarKind.SymbolicLink ? inode.ReadLink() : [];
        var isSame = before is { } present && IsSame(kind, status, attributes, target, inode, present, old!);
        if (kind == TarKind.File && status.Links > 1)
        {
            _links[status.Inode] = path;
        }

        return new LayerChange.Present(path, old is not null, !isSame, kind, status, attributes, target, kind == TarKind.File ? inode : null)
        {
            IsReplaced = before is { } replaced && replaced.Type != status.Type,
        };
    }

    // Times are compared in whole seconds, because a layer keeps no more.
    private static bool IsSame(
        TarKind kind, InodeStatus status, IReadOnlyList<(string Name, byte[] Value)> attributes, byte[] target, SafeFileHandle inode, InodeStatus before, SafeFileHandle old) =>
        status.Type == before.Type && status.Mode == before.Mode && status.Uid == before.Uid && status.Gid == before.Gid
        && status.Modified.ToUnixTimeSeconds() == before.Modified.ToUnixTimeSeconds()
        && Equal(attributes, Owners.Attributes(old, old.ListAttributes()))
        && kind switch
        {
            TarKind.SymbolicLink => target.AsSpan().SequenceEqual(old.ReadLink()),
            TarKind.File => status.Size == before.Size && status.Links == 1 && before.Links == 1 && FileContent.Equal(inode, old),
            _ => true,
        };

    private static bool Equal(IReadOnlyList<(string Name, byte[] Value)> one, IReadOnlyList<(string Name, byte[] Value)> other) =>
        one.Count == other.Count && one.Zip(other).All(pair => pair.First.Name == pair.Second.Name && pair.First.Value.AsSpan().SequenceEqual(pair.Second.Value));

    private byte[] PathOf(ReadOnlySpan<byte> name)
    {
        if (_path.Count + name.Length > MostPath)
        {
            throw new SandboxException(ErrorCode.TooLarge, "Directories of the image are nested too deeply.");
        }

        return [.. _path, .. name];
    }

    private static TarKind? Kind(InodeType type) => type switch
    {
        InodeType.File => TarKind.File,
        InodeType.Directory => TarKind.Directory,
        InodeType.Symlink => TarKind.SymbolicLink,
        InodeType.Fifo => TarKind.Fifo,
        _ => null,
    };

    /// <param name="names">The names that are left of the directory.</param>
    /// <param name="self">The directory itself.</param>
    /// <param name="hasBelow">Whether the image below has a directory there too.</param>
    private sealed class Level(SortedNames names, LayerChange.Present self, bool hasBelow)
    {
        public SortedNames Names => names;

        public LayerChange.Present Self => self;

        public bool HasBelow => hasBelow;

        public bool IsWritten { get; set; }
    }
}
