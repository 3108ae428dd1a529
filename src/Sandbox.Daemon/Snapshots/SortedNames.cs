using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Sandbox.Core.Errors;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Snapshots;

/// <summary>
/// The names of one directory as a layer's tar has them, in the order of their bytes: a name that overlayfs marks as
/// deleted is <c>.wh.NAME</c>. A million names take some twenty megabytes, not an object each.
/// </summary>
internal sealed class SortedNames
{
    /// <summary>The prefix of the names of deleted files.</summary>
    public static ReadOnlySpan<byte> Whiteout => ".wh."u8;

    /// <summary>"This directory hides its lower layers."</summary>
    public static ReadOnlySpan<byte> Opaque => ".wh..wh..opq"u8;

    private readonly List<byte> _bytes = [];
    private readonly List<(int Start, int Length)> _names = [];
    private int _next;

    /// <summary>Bytes of memory, about.</summary>
    public long Weight => _bytes.Count + (_names.Count * 8L);

    /// <summary>Reads a directory. A real name that begins with <c>.wh.</c> goes to <paramref name="reserved"/> instead.</summary>
    public static SortedNames Read(SafeFileHandle directory, bool isOpaque, int most, Action<byte[]> reserved)
    {
        var names = new SortedNames();
        using var reading = new DirectoryHandle(directory.Reopen());
        foreach (var (name, type) in reading.List())
        {
            if (names._names.Count >= most)
            {
                throw TooMany();
            }

            if (type is InodeType.CharacterDevice or InodeType.Other && reading.Find(name) is { Type: InodeType.CharacterDevice, DeviceMajor: 0, DeviceMinor: 0 })
            {
                names.Add(Whiteout, name);
            }
            else if (name.AsSpan().StartsWith(Whiteout))
            {
                reserved(name);
            }
            else
            {
                names.Add([], name);
            }
        }

        if (isOpaque)
        {
            names.Add([], Opaque);
        }

        names.Sort();
        return names;
    }

    /// <summary>The names of a directory, and as <c>.wh.NAME</c> those that only the other one has.</summary>
    public static SortedNames Compare(SafeFileHandle directory, SafeFileHandle? old, int most)
    {
        var names = Read(directory, isOpaque: false, most, _ => { });
        if (old is null)
        {
            return names;
        }

        var before = Read(old, isOpaque: false, most, _ => { });
        var gone = new List<byte[]>();
        var hasOne = names.TryNext(out var one);
        while (before.TryNext(out var other))
        {
            while (hasOne && one.SequenceCompareTo(other) < 0)
            {
                hasOne = names.TryNext(out one);
            }

            if (!(hasOne && one.SequenceEqual(other)) && !other.StartsWith(Whiteout))
            {
                gone.Add(other.ToArray());
            }
        }

        foreach (var name in gone)
        {
            names.Add(Whiteout, name);
        }

        names._next = 0;
        names.Sort();
        return names;
    }

    public bool TryNext(out ReadOnlySpan<byte> name)
    {
        name = default;
        if (_next == _names.Count)
        {
            return false;
        }

        var (start, length) = _names[_next++];
        name = CollectionsMarshal.AsSpan(_bytes).Slice(start, length);
        return true;
    }

    public static SandboxException TooMany() =>
        new(ErrorCode.TooLarge, "The sandbox changed too many files to be saved. Delete some of them, or exclude a directory.");

    private void Sort()
    {
        var bytes = CollectionsMarshal.AsSpan(_bytes).ToArray();
        _names.Sort((one, other) => bytes.AsSpan(one.Start, one.Length).SequenceCompareTo(bytes.AsSpan(other.Start, other.Length)));
    }

    private void Add(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> name)
    {
        _names.Add((_bytes.Count, prefix.Length + name.Length));
        _bytes.AddRange(prefix);
        _bytes.AddRange(name);
    }
}
