using Sandbox.Core.Errors;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Images;

/// <summary>
/// Applies a layer's tar to an empty directory, in the form overlayfs takes as a lower directory. The kernel resolves the
/// way to each entry as if the directory were <c>/</c> (RESOLVE_IN_ROOT), so links and absolute names stay inside, as
/// with Docker and containerd; then the entry is made by its one name in the directory that was opened.
/// https://github.com/opencontainers/image-spec/blob/main/layer.md
/// </summary>
/// <remarks>
/// Owners stay the numbers of the tar: idmapped mounts shift them. An unusual entry is changed or skipped, and the
/// import's notes say so; a layer that is hostile (a name above the root) or broken is refused.
/// </remarks>
internal sealed class LayerUnpacking : IDisposable
{
    private const int MaxEntries = 2_000_000;
    private const int MaxKeptNameBytes = 128 << 20;
    private const long MaxId = 65_535;
    private const uint Nobody = 65_534;

    private static readonly Ownership ImpliedParent = new(0, 0, 0x1ED); // 0755

    private readonly RootedDirectory _root;
    private readonly List<(byte[] Path, DateTimeOffset Modified)> _directoryTimes = [];
    private readonly byte[] _buffer = new byte[128 * 1024];
    private readonly ImportNotes _notes;
    private DirectoryHandle? _parent;
    private byte[]? _parentPath;
    private int _keptNameBytes;

    private LayerUnpacking(string directory, ImportNotes notes) => (_root, _notes) = (RootedDirectory.Open(directory), notes);

    /// <summary>Unpacks all of a layer's tar.</summary>
    public static void Unpack(LayerBlob tar, string directory, UnpackBudget budget, ImportNotes notes)
    {
        using var unpacking = new LayerUnpacking(directory, notes);
        var entry = default(TarEntry);
        try
        {
            var reading = new TarReading(tar);
            for (var count = 0; (entry = reading.Next()) is not null; count++)
            {
                if (count == MaxEntries)
                {
                    throw ImageManifest.Invalid($"a layer has more than {MaxEntries} entries");
                }

                // An inode costs the disk about a block, however empty.
                budget.Spend(4096);
                unpacking.Apply(entry, reading);
            }

            unpacking.SetDirectoryTimes();
        }
        catch (PosixException exception) when (Blame(exception) is { } why)
        {
            throw ImageManifest.Invalid(entry is null ? why : $"{why}: '{ShownName(entry)}'", exception);
        }
    }

    public void Dispose()
    {
        _parent?.Dispose();
        _root.Dispose();
    }

    private const string NoTarget = "a layer has a hard link to a name it does not hold, or to a directory";

    // These errors are caused by the layer; all others by the host.
    private static string? Blame(PosixException exception) => exception.Errno switch
    {
        Errno.CrossesDevice => "a layer leads out of the image",
        Errno.Loop or Errno.NotDirectory or Errno.NoEntry or Errno.IsDirectory => "a layer uses something as a directory that is none",
        Errno.NameTooLong or Errno.Invalid => "a layer has a name or attribute that Linux does not take",
        _ => null,
    };

    private static SandboxException Refuse(string why, TarEntry entry) => ImageManifest.Invalid($"{why}: '{ShownName(entry)}'");

    private static string ShownName(TarEntry entry) => ImageManifest.Shown(System.Text.Encoding.UTF8.GetString(entry.Name));

    private void Apply(TarEntry entry, TarReading reading)
    {
        if (entry.Uid is < 0 or > MaxId || entry.Gid is < 0 or > MaxId)
        {
            _notes.Add("Gave a file whose owner is above 65535 to nobody (65534)", ShownName(entry));
            entry = entry with { Uid = entry.Uid is < 0 or > MaxId ? Nobody : entry.Uid, Gid = entry.Gid is < 0 or > MaxId ? Nobody : entry.Gid };
        }

        if (entry.Kind == TarKind.Unknown)
        {
            _notes.Add("Skipped an entry of an unknown type", ShownName(entry));
            return;
        }

        var path = Normalize(entry.Name, entry);
        if (path.Length == 0)
        {
            if (entry.Kind != TarKind.Directory)
            {
                throw Refuse("a layer replaces the root", entry);
            }

            using var top = _root.OpenInode(path, followLast: false);
            Finish(top, entry);
            KeepTime(path, entry);
            return;
        }

        var length = RootedDirectory.ParentLength(path, out var name);
        var parent = Parent(path.AsSpan(0, Math.Max(0, length - 1)));
        if (name.StartsWith(".wh."u8))
        {
            ApplyWhiteout(parent, name, entry);
            return;
        }

        switch (entry.Kind)
        {
            case TarKind.Directory:
                ApplyDirectory(parent, name, path, entry);
                break;
            case TarKind.File:
                MakeRoom(parent, name);
                ApplyFile(parent, name, entry, reading);
                break;
            case TarKind.SymbolicLink:
                if (entry.Target.Length == 0)
                {
                    throw Refuse("a layer has a link without a target", entry);
                }

                MakeRoom(parent, name);
                parent.MakeSymlink(name, entry.Target, (uint)entry.Uid, (uint)entry.Gid);
                using (var link = parent.OpenInode(name))
                {
                    link.SetModified(Modified(entry));
                }

                break;
            case TarKind.HardLink:
                ApplyHardLink(parent, name, path, entry);
                break;
            case TarKind.Fifo:
                MakeRoom(parent, name);
                parent.MakeFifo(name, Owner(entry));
                using (var fifo = parent.OpenInode(name))
                {
                    fifo.SetModified(Modified(entry));
                }

                break;
            case TarKind.CharacterDevice or TarKind.BlockDevice:
                // The runtime makes /dev itself; anywhere else a sandbox could not open a device.
                if (!path.AsSpan().StartsWith("dev/"u8))
                {
                    _notes.Add("Skipped a device node", ShownName(entry));
                }

                break;
        }
    }

    private void ApplyDirectory(DirectoryHandle parent, ReadOnlySpan<byte> name, byte[] path, TarEntry entry)
    {
        var present = parent.Find(name);
        if (present?.Type != InodeType.Directory)
        {
            MakeRoom(parent, name);
            parent.MakeDirectory(name, Owner(entry));
        }

        using var directory = parent.OpenInode(name);
        if (present?.Type == InodeType.CharacterDevice)
        {
            directory.SetOpaque(); // the same layer deletes the name and makes it anew: nothing from below may show
        }

        Finish(directory, entry);
        KeepTime(path, entry);
    }

    private void ApplyFile(DirectoryHandle parent, ReadOnlySpan<byte> name, TarEntry entry, TarReading reading)
    {
        using var file = parent.CreateFile(name);
        long offset = 0;
        for (int count; (count = reading.Read(_buffer, ref offset)) > 0; offset += count)
        {
            // A snapshot of a sparse file has its holes as zeros: on disk they become holes again.
            ReadOnlySpan<byte> bytes = _buffer.AsSpan(0, count);
            for (var (start, end) = SparseCopy.NextData(bytes, 0); start < count; (start, end) = SparseCopy.NextData(bytes, end))
            {
                file.Write(bytes[start..end], offset + start);
            }
        }

        RandomAccess.SetLength(file, entry.Sparse?.Length ?? offset);
        Finish(file, entry);
        file.SetModified(Modified(entry));
    }

    private void ApplyHardLink(DirectoryHandle parent, ReadOnlySpan<byte> name, byte[] path, TarEntry entry)
    {
        var target = Normalize(entry.Target, entry);
        if (target.AsSpan().SequenceEqual(path))
        {
            return;
        }

        var length = RootedDirectory.ParentLength(target, out var targetName);
        using var from = OpenParentOf(target.AsSpan(0, Math.Max(0, length - 1)), entry);
        if (targetName.IsEmpty || from.Find(targetName) is not { } linked || linked.Type == InodeType.Directory)
        {
            throw Refuse(NoTarget, entry);
        }

        MakeRoom(parent, name);
        parent.MakeHardLink(name, from, targetName);
    }

    private DirectoryHandle OpenParentOf(ReadOnlySpan<byte> path, TarEntry entry)
    {
        try
        {
            return OpenBeneath(path);
        }
        catch (PosixException exception) when (exception.Errno is Errno.NoEntry or Errno.NotDirectory)
        {
            throw Refuse(NoTarget, entry);
        }
    }

    // https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts A whiteout applies to the layers below
    // only: an entry of the same layer stays.
    private static void ApplyWhiteout(DirectoryHandle parent, ReadOnlySpan<byte> name, TarEntry entry)
    {
        if (name.SequenceEqual(".wh..wh..opq"u8))
        {
            parent.Handle.SetOpaque();
            return;
        }

        if (name.StartsWith(".wh..wh."u8))
        {
            return; // AUFS kept notes of its own under such names
        }

        var deleted = name[4..];
        if (deleted.IsEmpty || deleted.SequenceEqual("."u8) || deleted.SequenceEqual(".."u8))
        {
            throw Refuse("a layer has a broken whiteout", entry);
        }

        switch (parent.Find(deleted)?.Type)
        {
            case null:
                parent.MakeWhiteout(deleted);
                break;
            case InodeType.Directory:
                using (var directory = parent.OpenInode(deleted))
                {
                    directory.SetOpaque();
                }

                break;
        }
    }

    private void Finish(Microsoft.Win32.SafeHandles.SafeFileHandle inode, TarEntry entry)
    {
        inode.SetOwner((uint)entry.Uid, (uint)entry.Gid);
        inode.SetMode((int)entry.Mode);
        foreach (var (name, value) in entry.Attributes)
        {
            if (name is "security.capability" or "system.posix_acl_access" or "system.posix_acl_default" || name.StartsWith("user.", StringComparison.Ordinal))
            {
                inode.SetAttribute(name, value);
            }
            else
            {
                _notes.Add($"Skipped the attribute {ImageManifest.Shown(name)}", ShownName(entry));
            }
        }
    }

    private void MakeRoom(DirectoryHandle parent, ReadOnlySpan<byte> name)
    {
        if (parent.Find(name) is { } present)
        {
            parent.Remove(name);
            if (present.Type is InodeType.Directory or InodeType.Symlink)
            {
                _parentPath = null; // the way to it may have led through the removed entry
            }
        }
    }

    private DirectoryHandle Parent(ReadOnlySpan<byte> path)
    {
        if (_parent is not null && _parentPath is not null && path.SequenceEqual(_parentPath))
        {
            return _parent;
        }

        DirectoryHandle parent;
        try
        {
            parent = OpenBeneath(path);
        }
        catch (PosixException exception) when (exception.Errno == Errno.NoEntry)
        {
            using (_root.OpenParent([.. path, (byte)'/', (byte)'x'], out _, ImpliedParent))
            {
            }

            parent = OpenBeneath(path);
        }

        _parent?.Dispose();
        _parent = parent;
        _parentPath = path.ToArray();
        return parent;
    }

    private DirectoryHandle OpenBeneath(ReadOnlySpan<byte> path) => new(NativeFiles.OpenAt2(
        _root.Top.Handle,
        path.IsEmpty ? [(byte)'.', 0] : RootedDirectory.Text(path),
        NativeFiles.PathOnly | NativeFiles.Directory,
        0,
        RootedDirectory.Confined | NativeFiles.ResolveInRoot));

    private void KeepTime(byte[] path, TarEntry entry)
    {
        _keptNameBytes += path.Length + 64;
        if (_keptNameBytes > MaxKeptNameBytes)
        {
            throw ImageManifest.Invalid("a layer has too many directories");
        }

        _directoryTimes.Add((path, Modified(entry)));
    }

    // At the end, because every entry made in a directory changes its time.
    private void SetDirectoryTimes()
    {
        if (!_directoryTimes.Exists(entry => entry.Path.Length == 0))
        {
            // A layer without an entry for the root would show when it was unpacked, and so would each snapshot.
            _directoryTimes.Add(([], DateTimeOffset.UnixEpoch));
        }

        foreach (var (path, modified) in _directoryTimes)
        {
            try
            {
                using var directory = OpenBeneath(path);
                directory.Handle.SetModified(modified);
            }
            catch (PosixException exception) when (exception.Errno is Errno.NoEntry or Errno.NotDirectory)
            {
                // A later entry took its place.
            }
        }
    }

    private static Ownership Owner(TarEntry entry) => new((uint)entry.Uid, (uint)entry.Gid, (int)entry.Mode);

    private static DateTimeOffset Modified(TarEntry entry)
    {
        var (seconds, nanoseconds) = entry.Modified;
        var limited = Math.Clamp(seconds, -0x8000_0000L, 0x3_7FFF_FFFF); // the years that ext4 can say: 1901 to 2446
        return DateTimeOffset.FromUnixTimeSeconds(limited).AddTicks(nanoseconds / 100);
    }

    // "/usr//lib/../bin/" is "usr/bin", as Docker cleans names before it uses them; the root is empty.
    private static byte[] Normalize(ReadOnlySpan<byte> name, TarEntry entry)
    {
        var path = new List<byte>(name.Length);
        foreach (var range in name.Split((byte)'/'))
        {
            var part = name[range];
            if (part.IsEmpty || part.SequenceEqual("."u8))
            {
                continue;
            }

            if (part.SequenceEqual(".."u8))
            {
                if (path.Count == 0)
                {
                    throw Refuse("a layer has a name that climbs out of the image", entry);
                }

                var above = path.LastIndexOf((byte)'/');
                path.RemoveRange(Math.Max(0, above), path.Count - Math.Max(0, above));
                continue;
            }

            if (path.Count > 0)
            {
                path.Add((byte)'/');
            }

            path.AddRange(part);
        }

        return [.. path];
    }
}
