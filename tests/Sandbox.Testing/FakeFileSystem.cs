using System.Formats.Tar;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Snapshots;

namespace Sandbox.Testing;

/// <summary>A file system in memory, with links. Keys are paths as Latin-1 text, so that every byte of a name survives.</summary>
internal sealed class FakeFileSystem(TimeProvider time, long diskBytes)
{
    private readonly SortedDictionary<string, Node> _nodes = new(StringComparer.Ordinal)
    {
        ["/"] = new Node(FileKind.Directory, [], 0x1ED, time.GetUtcNow()),
    };

    private Dictionary<string, Node> _image = [];

    /// <summary>Takes what is there now for the image's.</summary>
    public void MarkAsImage() => _image = new Dictionary<string, Node>(_nodes, StringComparer.Ordinal);

    /// <summary>Fills this one with another's files.</summary>
    public void Fill(FakeFileSystem other)
    {
        foreach (var (path, node) in other._nodes)
        {
            _nodes[path] = node;
        }
    }

    /// <summary>A copy, in which excluded paths are as the image has them.</summary>
    public FakeFileSystem Copy(IReadOnlyList<SandboxPath> excluded)
    {
        var copy = new FakeFileSystem(time, diskBytes);
        copy.Fill(this);
        foreach (var path in excluded.Select(Key))
        {
            foreach (var below in copy._nodes.Keys.Where(key => IsAtOrBelow(key, path)).ToList())
            {
                copy._nodes.Remove(below);
            }

            foreach (var (key, node) in _image.Where(pair => IsAtOrBelow(pair.Key, path)))
            {
                copy._nodes[key] = node;
            }
        }

        copy._image = _image;
        return copy;
    }

    /// <summary>What differs from the image, by path; the content of what is gone is null.</summary>
    public IReadOnlyList<(SandboxPath Path, ChangeKind Kind, byte[]? Content, int Mode)> Changes() =>
    [
        .. _nodes.Where(pair => !_image.TryGetValue(pair.Key, out var node) || node.Mode != pair.Value.Mode || !node.Content.AsSpan().SequenceEqual(pair.Value.Content))
            .Select(pair => (PathOf(pair.Key), _image.ContainsKey(pair.Key) ? ChangeKind.Changed : ChangeKind.Added, (byte[]?)pair.Value.Content, pair.Value.Mode))
            .Concat(_image.Keys.Where(key => !_nodes.ContainsKey(key) && !_image.Keys.Any(above => above != key && above != "/" && IsAtOrBelow(key, above) && !_nodes.ContainsKey(above)))
                .Select(key => (PathOf(key), ChangeKind.Deleted, (byte[]?)null, 0)))
            .OrderBy(change => Key(change.Item1), StringComparer.Ordinal),
    ];

    private static bool IsAtOrBelow(string key, string path) => key == path || key.StartsWith(path == "/" ? "/" : path + "/", StringComparison.Ordinal);

    private static SandboxPath PathOf(string key) =>
        SandboxPath.TryParse(Encoding.Latin1.GetBytes(key), out var path) ? path : throw new InvalidOperationException(key);

    private sealed record Node(FileKind Kind, byte[] Content, int Mode, DateTimeOffset Modified);

    public long FreeBytes => diskBytes - _nodes.Values.Sum(node => (long)node.Content.Length);

    public void MakeDirectory(string path) => MakeParents(path + "/.");

    public void MakeDirectory(SandboxPath path) => MakeParents((Resolve(Key(path), followLast: true) ?? throw Missing(path)) + "/.");

    /// <summary>Makes the parents of a file to come, and refuses it where none can be.</summary>
    public void CheckPlace(SandboxPath path)
    {
        var at = Resolve(Key(path), followLast: true) ?? throw Missing(path);
        if (_nodes.TryGetValue(at, out var node) && node.Kind != FileKind.File)
        {
            throw new SandboxException(ErrorCode.Invalid, $"{path} is a directory.");
        }

        MakeParents(at);
    }

    public void MakeLink(string target, string path)
    {
        MakeParents(path);
        _nodes[path] = new Node(FileKind.Symlink, Encoding.Latin1.GetBytes(target), 0x1FF, time.GetUtcNow());
    }

    public IReadOnlyList<FileEntry> List(SandboxPath path)
    {
        var at = Resolve(Key(path), followLast: true);
        if (at is null || !_nodes.TryGetValue(at, out var node))
        {
            throw Missing(path);
        }

        return node.Kind == FileKind.Directory ? [.. Children(at).Select(child => Entry(child, _nodes[child]))] : [Entry(at, node)];
    }

    public FileEntry? Find(SandboxPath path) =>
        Resolve(Key(path), followLast: true) is { } at && _nodes.TryGetValue(at, out var node) ? Entry(at, node) : null;

    public byte[] Read(SandboxPath path, ReadForm form)
    {
        var at = Resolve(Key(path), followLast: true);
        if (at is null || !_nodes.TryGetValue(at, out var node))
        {
            throw Missing(path);
        }

        if (form == ReadForm.Tar)
        {
            return Pack(at);
        }

        return node.Kind == FileKind.File ? node.Content : throw new SandboxException(ErrorCode.Invalid, $"{path} is not a regular file.");
    }

    public void Write(SandboxPath path, int? mode, byte[] content)
    {
        var at = Resolve(Key(path), followLast: true) ?? throw Missing(path);
        if (_nodes.TryGetValue(at, out var node) && node.Kind != FileKind.File)
        {
            throw new SandboxException(ErrorCode.Invalid, $"{path} is a directory.");
        }

        var used = _nodes.Values.Sum(other => (long)other.Content.Length) - (node?.Content.Length ?? 0);
        if (used + content.Length > diskBytes)
        {
            throw new SandboxException(ErrorCode.DiskFull, "The disk of the sandbox is full.");
        }

        MakeParents(at);
        _nodes[at] = new Node(FileKind.File, content, mode ?? node?.Mode ?? 0x1A4, time.GetUtcNow());
    }

    public void Delete(SandboxPath path)
    {
        var at = Resolve(Key(path), followLast: false);
        if (at == "/")
        {
            throw new SandboxException(ErrorCode.Invalid, "The root cannot be removed.");
        }

        if (at is null || !_nodes.ContainsKey(at))
        {
            throw Missing(path);
        }

        foreach (var below in _nodes.Keys.Where(key => key == at || key.StartsWith(at + "/", StringComparison.Ordinal)).ToList())
        {
            _nodes.Remove(below);
        }
    }

    private static SandboxException Missing(SandboxPath path) => new(ErrorCode.NotFound, $"There is no {path}.");

    private static string Key(SandboxPath path) => Encoding.Latin1.GetString(path.Bytes);

    private static string NameOf(string key) => key == "/" ? "/" : key[(key.LastIndexOf('/') + 1)..];

    private static FileEntry Entry(string key, Node node) =>
        new(Encoding.Latin1.GetBytes(NameOf(key)), node.Kind, node.Content.Length, node.Mode, node.Modified);

    private IEnumerable<string> Children(string directory)
    {
        var prefix = directory == "/" ? "/" : directory + "/";
        return _nodes.Keys.Where(key => key.Length > prefix.Length
            && key.StartsWith(prefix, StringComparison.Ordinal)
            && !key.AsSpan(prefix.Length).Contains('/'));
    }

    private void MakeParents(string path)
    {
        var at = "/";
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries)[..^1])
        {
            at = at == "/" ? "/" + name : at + "/" + name;
            if (!_nodes.TryGetValue(at, out var node))
            {
                _nodes[at] = new Node(FileKind.Directory, [], 0x1ED, time.GetUtcNow());
            }
            else if (node.Kind != FileKind.Directory)
            {
                throw new SandboxException(ErrorCode.NotFound, $"{at} is not a directory.");
            }
        }
    }

    /// <summary>Follows links as the kernel does inside a root: <c>..</c> of the root is the root. Null for a loop.</summary>
    private string? Resolve(string path, bool followLast)
    {
        var rest = new LinkedList<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries));
        var done = new List<string>();
        for (var links = 0; rest.First is { } next;)
        {
            rest.RemoveFirst();
            if (next.Value is "." or "..")
            {
                if (next.Value == ".." && done.Count > 0)
                {
                    done.RemoveAt(done.Count - 1);
                }

                continue;
            }

            done.Add(next.Value);
            var at = "/" + string.Join('/', done);
            if (_nodes.TryGetValue(at, out var node) && node.Kind == FileKind.Symlink && (followLast || rest.Count > 0))
            {
                if (++links > 40)
                {
                    return null;
                }

                var target = Encoding.Latin1.GetString(node.Content);
                done.RemoveAt(done.Count - 1);
                if (target.StartsWith('/'))
                {
                    done.Clear();
                }

                foreach (var part in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
                {
                    rest.AddFirst(part);
                }
            }
        }

        return "/" + string.Join('/', done);
    }

    private byte[] Pack(string top)
    {
        using var packed = new MemoryStream();
        using (var tar = new TarWriter(packed, leaveOpen: true))
        {
            var cut = top.LastIndexOf('/') + 1;
            foreach (var (key, node) in _nodes.Where(pair => pair.Key == top || pair.Key.StartsWith(top == "/" ? "/" : top + "/", StringComparison.Ordinal)))
            {
                if (key == "/")
                {
                    continue;
                }

                var kind = node.Kind switch
                {
                    FileKind.Directory => TarEntryType.Directory,
                    FileKind.Symlink => TarEntryType.SymbolicLink,
                    _ => TarEntryType.RegularFile,
                };
                var entry = new PaxTarEntry(kind, key[cut..]) { Mode = (UnixFileMode)node.Mode, ModificationTime = node.Modified };
                if (kind == TarEntryType.SymbolicLink)
                {
                    entry.LinkName = Encoding.Latin1.GetString(node.Content);
                }
                else if (kind == TarEntryType.RegularFile)
                {
                    entry.DataStream = new MemoryStream(node.Content);
                }

                tar.WriteEntry(entry);
            }
        }

        return packed.ToArray();
    }
}
