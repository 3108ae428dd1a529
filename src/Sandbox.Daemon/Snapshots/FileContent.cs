using Microsoft.Win32.SafeHandles;
using Sandbox.Core.Errors;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Snapshots;

/// <summary>The content of a file, holes apart.</summary>
internal static class FileContent
{
    private const int BufferLength = 256 * 1024;

    /// <summary>Whether two files of one length, open as paths, hold the same bytes.</summary>
    public static bool Equal(SafeFileHandle one, SafeFileHandle other)
    {
        using var first = one.Reopen();
        using var second = other.Reopen();
        var buffers = new byte[2 * BufferLength];
        for (long offset = 0; ;)
        {
            var read = first.Read(buffers.AsSpan(0, BufferLength), offset);
            var filled = 0;
            while (filled < read && second.Read(buffers.AsSpan(BufferLength + filled, read - filled), offset + filled) is var more and > 0)
            {
                filled += more;
            }

            if (filled != read || !buffers.AsSpan(0, read).SequenceEqual(buffers.AsSpan(BufferLength, read)))
            {
                return false;
            }

            if (read == 0)
            {
                return true;
            }

            offset += read;
        }
    }

    /// <summary>
    /// Copies exactly as many bytes as a header says. Bytes that were appended since are left out; a truncated file is
    /// Conflict, because zeros in place of its end would be lost data.
    /// </summary>
    public static void Copy(SafeFileHandle inode, long length, LayerBlobWriting target, byte[] buffer)
    {
        using var file = inode.Reopen();
        foreach (var (start, end) in SparseCopy.Data(file, length))
        {
            target.WriteZeros(start - target.ContentPosition);
            for (var position = start; position < end;)
            {
                var read = file.Read(buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - position)), position);
                if (read == 0)
                {
                    throw Cut();
                }

                target.Write(buffer.AsSpan(0, read));
                position += read;
            }
        }

        if (file.Status().Size < length)
        {
            throw Cut();
        }

        target.WriteZeros(length - target.ContentPosition);
    }

    private static SandboxException Cut() => new(ErrorCode.Conflict, "A file of the sandbox was cut while it was saved. Try again.");
}
