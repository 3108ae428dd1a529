using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sandbox.Daemon.Linux;

/// <summary>Removes a tree of any depth and width in bounded memory, while its owner may go on changing it.</summary>
internal static class TreeRemoval
{
    // A program that makes files faster than they are removed wins: the removal gives up instead of going on for ever.
    private const int Rescans = 1000;

    /// <param name="parent">Where it is.</param>
    /// <param name="name">Its name, closed by a NUL.</param>
    /// <param name="cancellationToken">Stops between two entries; what is removed by then stays removed.</param>
    public static void Remove(DirectoryHandle parent, byte[] name, CancellationToken cancellationToken)
    {
        if (NativeFiles.UnlinkAt(parent.Handle, name, 0) == 0)
        {
            return;
        }

        var errno = Marshal.GetLastPInvokeError();
        if (errno != Errno.IsDirectory)
        {
            throw new PosixException("unlinkat", errno);
        }

        using var way = new DirectoryStack(parent.Handle);
        var scans = new Stack<Scan>();
        var buffer = new byte[32 * 1024];
        var rescans = 0;
        way.Push(name);
        scans.Push(new Scan(way.Current));
        while (way.Depth > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var scan = scans.Peek();
            if (!ReferenceEquals(scan.Handle, way.Current))
            {
                scan.Restart(way.Current);
            }

            if (scan.Directories.TryPop(out var directory))
            {
                if (TryEnter(way, directory))
                {
                    scans.Push(new Scan(way.Current));
                    if (scans.Count % 512 == 0)
                    {
                        // The scans whose descriptors were closed start again anyway: their lists need no memory meanwhile.
                        foreach (var above in scans.Skip(512))
                        {
                            above.Directories.Clear();
                        }
                    }
                }
            }
            else if (DirectoryHandle.ReadEntries(scan.Handle, buffer) is { } entries)
            {
                foreach (var entry in entries)
                {
                    byte[] entryName = [.. entry.Name, 0];
                    if (entry.Type == InodeType.Directory || !TryUnlink(scan.Handle, entryName))
                    {
                        scan.Directories.Push(entryName);
                    }
                }
            }
            else
            {
                scans.Pop();
                var emptied = way.Pop();
                if (!TryRemoveDirectory(way.Current, emptied))
                {
                    if (++rescans > Rescans)
                    {
                        throw new PosixException("unlinkat", Errno.NotEmpty);
                    }

                    if (TryEnter(way, emptied))
                    {
                        scans.Push(new Scan(way.Current));
                    }
                }
            }
        }
    }

    /// <returns>False when it is a directory.</returns>
    private static bool TryUnlink(SafeFileHandle directory, byte[] name)
    {
        if (NativeFiles.UnlinkAt(directory, name, 0) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() switch
        {
            Errno.IsDirectory => false,
            Errno.NoEntry => true,
            var errno => throw new PosixException("unlinkat", errno),
        };
    }

    /// <returns>False when something is in it still, or again, or it became something else.</returns>
    private static bool TryRemoveDirectory(SafeFileHandle directory, byte[] name)
    {
        if (NativeFiles.UnlinkAt(directory, name, NativeFiles.AtRemoveDirectory) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() switch
        {
            Errno.NoEntry => true,
            Errno.NotEmpty or Errno.NotDirectory => false,
            var errno => throw new PosixException("unlinkat", errno),
        };
    }

    /// <returns>False when it is no directory any more; then it is gone.</returns>
    private static bool TryEnter(DirectoryStack way, byte[] name)
    {
        try
        {
            way.Push(name);
            return true;
        }
        catch (PosixException e) when (e.Errno is Errno.NoEntry or Errno.NotDirectory or Errno.Loop)
        {
            _ = NativeFiles.UnlinkAt(way.Current, name, 0);
            return false;
        }
    }

    /// <summary>How far a directory is read. Its subdirectories wait until the buffered entries are done.</summary>
    private sealed class Scan(SafeFileHandle handle)
    {
        public SafeFileHandle Handle { get; private set; } = handle;

        public Stack<byte[]> Directories { get; } = new();

        public void Restart(SafeFileHandle reopened)
        {
            Handle = reopened;
            Directories.Clear();
        }
    }
}
