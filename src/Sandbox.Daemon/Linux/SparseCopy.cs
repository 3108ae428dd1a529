using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sandbox.Daemon.Linux;

/// <summary>Copies a file without its holes. https://man7.org/linux/man-pages/man2/lseek.2.html (SEEK_DATA)</summary>
internal static partial class SparseCopy
{
    private const int SeekData = 3;
    private const int SeekHole = 4;
    private const int Enxio = 6;
    private const int Block = 4096;

    public static void Copy(SafeFileHandle from, SafeFileHandle to)
    {
        var length = RandomAccess.GetLength(from);
        RandomAccess.SetLength(to, length);
        var buffer = new byte[256 * 1024];
        long position = 0;
        while (position < length)
        {
            var data = Seek(from, position, SeekData);
            if (data < 0)
            {
                if (Marshal.GetLastPInvokeError() == Enxio)
                {
                    return; // only a hole is left
                }

                Native.Check((int)data, "lseek");
            }

            var end = Seek(from, data, SeekHole);
            for (position = data; position < end;)
            {
                var read = RandomAccess.Read(from, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - position)), position);
                if (read == 0)
                {
                    return;
                }

                RandomAccess.Write(to, buffer.AsSpan(0, read), position);
                position += read;
            }
        }
    }

    /// <summary>
    /// The parts of a file that are no holes, up to a length. A file that is truncated meanwhile ends the list.
    /// </summary>
    public static IEnumerable<(long Start, long End)> Data(SafeFileHandle file, long length)
    {
        for (long position = 0; position < length;)
        {
            var start = Seek(file, position, SeekData);
            if (start < 0 && Marshal.GetLastPInvokeError() != Enxio)
            {
                throw new PosixException("lseek", Marshal.GetLastPInvokeError());
            }

            if (start < 0 || start >= length)
            {
                yield break;
            }

            var end = Seek(file, start, SeekHole);
            if (end <= start)
            {
                yield break;
            }

            yield return (start, Math.Min(end, length));
            position = end;
        }
    }

    /// <summary>
    /// The next part that is not blocks of zeros, from <paramref name="from"/> on; it begins at the end of the bytes if
    /// there is none.
    /// </summary>
    public static (int Start, int End) NextData(ReadOnlySpan<byte> bytes, int from)
    {
        var start = from;
        while (start < bytes.Length && IsZero(bytes, start))
        {
            start = Math.Min(start + Block, bytes.Length);
        }

        var end = start;
        while (end < bytes.Length && !IsZero(bytes, end))
        {
            end = Math.Min(end + Block, bytes.Length);
        }

        return (start, end);
    }

    /// <summary>Bytes a file occupies on disk.</summary>
    public static unsafe long AllocatedBytes(string path)
    {
        var stat = stackalloc long[18]; // struct stat of x86-64 is 144 bytes; st_blocks is at byte 64
        return StatCall(path, stat) == 0 ? stat[8] * 512 : 0;
    }

    private static bool IsZero(ReadOnlySpan<byte> bytes, int at) => !bytes[at..Math.Min(at + Block, bytes.Length)].ContainsAnyExcept((byte)0);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "stat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatCall(string path, long* stat);
}
