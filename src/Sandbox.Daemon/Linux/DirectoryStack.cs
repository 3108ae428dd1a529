using Microsoft.Win32.SafeHandles;

namespace Sandbox.Daemon.Linux;

/// <summary>
/// The way down from a directory, however deep a hostile tree is, with a bounded number of open descriptors. Upper
/// directories are closed and reopened by name, never through <c>..</c>, which leads elsewhere once a directory was
/// moved.
/// </summary>
internal sealed class DirectoryStack(SafeFileHandle top) : IDisposable
{
    private const int OpenAtOnce = 256;
    private readonly List<(byte[] Name, SafeFileHandle? Handle)> _levels = [];

    /// <summary>How many directories below the top one.</summary>
    public int Depth => _levels.Count;

    /// <summary>The deepest directory, open for reading; at depth 0 the one that was given. A reopened directory has a new handle.</summary>
    public SafeFileHandle Current => _levels.Count == 0 ? top : _levels[^1].Handle!;

    /// <summary>Goes into a directory (its name closed by a NUL). Links and mounts are refused.</summary>
    public void Push(byte[] name)
    {
        _levels.Add((name, Open(Current, name)));
        var old = _levels.Count - 1 - OpenAtOnce;
        if (old >= 0)
        {
            _levels[old].Handle?.Dispose();
            _levels[old] = (_levels[old].Name, null);
        }
    }

    /// <summary>Goes back up.</summary>
    /// <returns>The name of the directory left, closed by a NUL.</returns>
    public byte[] Pop()
    {
        var (name, handle) = _levels[^1];
        handle!.Dispose();
        _levels.RemoveAt(_levels.Count - 1);
        if (_levels.Count > 0 && _levels[^1].Handle is null)
        {
            FindAgain();
        }

        return name;
    }

    public void Dispose()
    {
        foreach (var (_, handle) in _levels)
        {
            handle?.Dispose();
        }
    }

    /// <summary>Opens half as many as may be open, so that the way up does not reopen level by level.</summary>
    private void FindAgain()
    {
        var first = Math.Max(0, _levels.Count - (OpenAtOnce / 2));
        SafeFileHandle? way = null;
        try
        {
            for (var level = 0; level < first;)
            {
                var path = new List<byte>();
                for (; level < first && path.Count + _levels[level].Name.Length < 4000; level++)
                {
                    path.AddRange(_levels[level].Name.AsSpan()[..^1]);
                    path.Add((byte)'/');
                }

                path.Add(0);
                var next = Open(way ?? top, [.. path]);
                way?.Dispose();
                way = next;
            }

            for (var level = first; level < _levels.Count; level++)
            {
                var above = level == 0 ? top : level == first ? way! : _levels[level - 1].Handle!;
                _levels[level] = (_levels[level].Name, Open(above, _levels[level].Name));
            }
        }
        finally
        {
            way?.Dispose();
        }
    }

    private static SafeFileHandle Open(SafeFileHandle from, byte[] path) =>
        NativeFiles.OpenAt2(
            from,
            path,
            NativeFiles.ReadOnly | NativeFiles.Directory | NativeFiles.NoFollow,
            0,
            RootedDirectory.Confined | NativeFiles.ResolveBeneath | NativeFiles.ResolveNoSymlinks);
}
