using Microsoft.Win32.SafeHandles;
using Sandbox.Core.Errors;
using Sandbox.Core.Snapshots;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Snapshots;

/// <summary>
/// Walks the upper directory of a sandbox's overlay and yields all differences from the image below it, each directory
/// before its entries and names in the order of their bytes. Overlay also copies a file up for a change that changes
/// nothing (<c>chown -R</c>): such copies are found by comparing, so that the same tree gives the same layer.
/// https://docs.kernel.org/filesystems/overlayfs.html
/// </summary>
/// <param name="upper">The upper directory.</param>
/// <param name="lower">The image below it.</param>
/// <param name="owners">The sandbox's range of owners.</param>
/// <param name="filter">The paths to leave out.</param>
/// <param name="mustStand">Whether the tree must not change meanwhile, because the sandbox is frozen; otherwise entries
/// that vanish are skipped.</param>
internal sealed class UpperWalk(SafeFileHandle upper, LowerView lower, SandboxOwners owners, ChangeFilter filter, bool mustStand)
{
    private const int MostEntries = 2_000_000; // as many as LayerUnpacking takes
    private const int MostPath = 4095;
    private const long MostWaiting = 256L << 20;
    private const long MostLinkBytes = 64L << 20;
    private const string OpaqueMark = "trusted.overlay.opaque";
    private const string RedirectMark = "trusted.overlay.redirect";
    private const string MetacopyMark = "trusted.overlay.metacopy";

    private static readonly SandboxOwners ImageOwners = new(0);

    private readonly Dictionary<ulong, byte[]> _links = [];
    private readonly List<byte> _path = [];
    private readonly Stack<Level> _levels = new();
    private long _waiting;
    private long _linkBytes;
    private int _entries;

    /// <summary>All changes. The root comes first when there are any.</summary>
    public IEnumerable<LayerChange> Changes()
    {
        using var way = new DirectoryStack(upper);
        using var root = upper.Reopen();
        var status = root.Status();
        var attributes = owners.Attributes(root, root.ListAttributes());
        var self = new LayerChange.Present([], true, !IsSame(status, attributes, lower.Root), TarKind.Directory, status, attributes, [], null);
        if (self.IsChanged)
        {
            yield return self;
        }

        Enter(way.Current, self);
        while (_levels.TryPeek(out var level))
        {
            if (!level.Names.TryNext(out var next))
            {
                Leave(way);
                continue;
            }

            var name = next.ToArray();
            if (++_entries > MostEntries)
            {
                throw SortedNames.TooMany();
            }

            using var inode = name.AsSpan().StartsWith(SortedNames.Whiteout) ? null : TryOpen(way.Current, name);
            var change = inode is null ? Absent(level, name) : Look(level, name, inode);
            if (change is null)
            {
                continue;
            }

            if (change is not LayerChange.Present { IsChanged: false })
            {
                // The directories on the way are written only now, because something in them is.
                foreach (var above in _levels.Reverse().Where(above => !above.IsWritten))
                {
                    above.IsWritten = true;
                    yield return above.Self;
                }

                yield return change;
            }

            if (change is LayerChange.Present { Kind: TarKind.Directory } directory && TryPush(way, name))
            {
                _path.AddRange(name);
                _path.Add((byte)'/');
                Enter(way.Current, directory);
            }
        }
    }

    private void Enter(SafeFileHandle directory, LayerChange.Present self)
    {
        var merges = self.IsInImage && ImageHasDirectory(self.Path);
        var prefix = _path.ToArray();
        var names = SortedNames.Read(directory, merges && self.IsOpaque, MostEntries, name => filter.Skip([.. prefix, .. name], SkipReason.ReservedName));
        _waiting += names.Weight;
        if (_waiting > MostWaiting)
        {
            throw SortedNames.TooMany();
        }

        _levels.Push(new Level(names, self, merges && !self.IsOpaque) { IsWritten = self.IsChanged });
    }

    private void Leave(DirectoryStack way)
    {
        _waiting -= _levels.Pop().Names.Weight;
        if (_levels.Count > 0)
        {
            var name = way.Pop();
            _path.RemoveRange(_path.Count - name.Length, name.Length); // the slash here, the NUL there
        }
    }

    private bool ImageHasDirectory(byte[] path)
    {
        if (path.Length == 0)
        {
            return true;
        }

        using var below = lower.TryOpen(path);
        return below?.Status().Type == InodeType.Directory;
    }

    /// <summary>A name that stands for something deleted, or one that went away since the directory was read.</summary>
    private LayerChange? Absent(Level level, byte[] name)
    {
        if (name.AsSpan().SequenceEqual(SortedNames.Opaque))
        {
            return new LayerChange.Emptied([.. _path.Take(Math.Max(0, _path.Count - 1))]);
        }

        if (!name.AsSpan().StartsWith(SortedNames.Whiteout))
        {
            return mustStand ? throw Changed() : null;
        }

        var path = PathOf(name.AsSpan(SortedNames.Whiteout.Length));
        if (!level.ShowsImage || filter.Excludes(path))
        {
            return null;
        }

        using var below = lower.TryOpen(path);
        return below is null ? null : new LayerChange.Deleted(path);
    }

    private LayerChange.Present? Look(Level level, byte[] name, SafeFileHandle inode)
    {
        var path = PathOf(name);
        if (filter.Excludes(path))
        {
            return null;
        }

        var status = inode.Status();
        if (!owners.Contains(status))
        {
            return null; // the daemon is writing it: a part of an upload, or a file not yet in place
        }

        if (Kind(status.Type) is not { } kind)
        {
            filter.Skip(path, status.Type == InodeType.Socket ? SkipReason.Socket : SkipReason.Device);
            return null;
        }

        var names = inode.ListAttributes();
        if (names.Contains(RedirectMark, StringComparer.Ordinal) || names.Contains(MetacopyMark, StringComparer.Ordinal))
        {
            throw new SandboxException(ErrorCode.Conflict, "The changes of this sandbox cannot be read. Restart it, then save it.");
        }

        if (kind == TarKind.File && filter.Given(path) is { } given && IsGiven(inode, status, given))
        {
            return null;
        }

        if (kind == TarKind.File && status.Links > 1 && _links.TryGetValue(status.Inode, out var first))
        {
            return new LayerChange.Present(path, level.ShowsImage && IsInImage(path), true, TarKind.HardLink, status, [], first, null);
        }

        var attributes = owners.Attributes(inode, names);
        var target = kind == TarKind.SymbolicLink ? inode.ReadLink() : [];
        using var below = level.ShowsImage ? lower.TryOpen(path) : null;
        var isOpaque = names.Contains(OpaqueMark, StringComparer.Ordinal);
        var isTouched = below is not null && !isOpaque && IsSame(status, attributes, below);
        var isSame = isTouched && status.Modified == below!.Status().Modified && HasSameContent(kind, status, inode, target, below!);
        if (kind == TarKind.Directory)
        {
            return new LayerChange.Present(path, below is not null, !isSame, kind, status, attributes, [], null) { IsOpaque = isOpaque, IsTouched = isTouched };
        }

        if (isSame)
        {
            return null;
        }

        if (kind == TarKind.File && status.Links > 1)
        {
            Remember(status.Inode, path);
        }

        return new LayerChange.Present(path, below is not null, true, kind, status, attributes, target, inode);
    }

    /// <summary>Whether kind, mode, owner and attributes are those of the image's.</summary>
    private bool IsSame(InodeStatus status, IReadOnlyList<(string Name, byte[] Value)> attributes, SafeFileHandle image)
    {
        var below = image.Status();
        return status.Type == below.Type && status.Mode == below.Mode
            && owners.Inside(status.Uid) == below.Uid && owners.Inside(status.Gid) == below.Gid
            && Equal(attributes, ImageOwners.Attributes(image, image.ListAttributes()));
    }

    private static bool Equal(IReadOnlyList<(string Name, byte[] Value)> one, IReadOnlyList<(string Name, byte[] Value)> other) =>
        one.Count == other.Count && one.Zip(other).All(pair => pair.First.Name == pair.Second.Name && pair.First.Value.AsSpan().SequenceEqual(pair.Second.Value));

    // A file with several names is always written: it may have been linked anew.
    private static bool HasSameContent(TarKind kind, InodeStatus status, SafeFileHandle inode, byte[] target, SafeFileHandle image)
    {
        switch (kind)
        {
            case TarKind.SymbolicLink:
                return target.AsSpan().SequenceEqual(image.ReadLink());
            case TarKind.File:
                var below = image.Status();
                return status.Size == below.Size && status.Links == 1 && below.Links == 1 && FileContent.Equal(inode, image);
            default:
                return true;
        }
    }

    private bool IsGiven(SafeFileHandle inode, InodeStatus status, byte[] content)
    {
        if (status.Size != content.Length || status.Mode != 0x1A4 || owners.Inside(status.Uid) != 0 || owners.Inside(status.Gid) != 0 || status.Links != 1)
        {
            return false;
        }

        using var file = inode.Reopen();
        var bytes = new byte[content.Length];
        return file.Read(bytes, 0) == bytes.Length && bytes.AsSpan().SequenceEqual(content);
    }

    private bool IsInImage(byte[] path)
    {
        using var below = lower.TryOpen(path);
        return below is not null;
    }

    private void Remember(ulong inode, byte[] path)
    {
        _linkBytes += path.Length + 64;
        if (_linkBytes > MostLinkBytes)
        {
            throw SortedNames.TooMany();
        }

        _links[inode] = path;
    }

    private byte[] PathOf(ReadOnlySpan<byte> name)
    {
        if (_path.Count + name.Length > MostPath)
        {
            throw new SandboxException(ErrorCode.TooLarge, "Directories of the sandbox are nested too deeply to be saved. Exclude them, or move them up.");
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

    private static SandboxException Changed() => new(ErrorCode.Conflict, "Files of the sandbox changed while it was saved. Try again.");

    private static SafeFileHandle? TryOpen(SafeFileHandle directory, byte[] name)
    {
        try
        {
            return DirectoryHandle.Open(directory, [.. name, 0], NativeFiles.PathOnly | NativeFiles.NoFollow);
        }
        catch (PosixException e) when (e.Errno is Errno.NoEntry)
        {
            return null;
        }
    }

    private bool TryPush(DirectoryStack way, byte[] name)
    {
        try
        {
            way.Push([.. name, 0]);
            return true;
        }
        catch (PosixException e) when (e.Errno is Errno.NoEntry or Errno.NotDirectory or Errno.Loop)
        {
            return mustStand ? throw Changed() : false;
        }
    }

    /// <param name="names">The names that are left of the directory.</param>
    /// <param name="self">The directory itself.</param>
    /// <param name="showsImage">Whether the image's entries in it show through.</param>
    private sealed class Level(SortedNames names, LayerChange.Present self, bool showsImage)
    {
        public SortedNames Names => names;

        public LayerChange.Present Self => self;

        public bool ShowsImage => showsImage;

        public bool IsWritten { get; set; }
    }
}
