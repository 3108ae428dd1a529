using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Sandbox.Terminals.Flow;

namespace Sandbox.Daemon.Terminals;

/// <summary>Reads the file in which a holder keeps what an image's own command prints; see <see cref="TtyLog"/>.</summary>
internal sealed class OwnLog : IDisposable
{
    private readonly SafeFileHandle _file;

    private OwnLog(SafeFileHandle file) => _file = file;

    /// <summary>Opens the log; null if there is none.</summary>
    public static OwnLog? Open(string path)
    {
        try
        {
            return new OwnLog(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>How the command of a log is; null if there is no log.</summary>
    public static TtyLogState? StateOf(string path)
    {
        using var log = Open(path);
        return log?.State();
    }

    public TtyLogState State()
    {
        Span<byte> header = stackalloc byte[TtyLog.HeaderLength];
        return RandomAccess.Read(_file, header, 0) == header.Length ? TtyLog.Read(header) : default;
    }

    /// <summary>The output after an offset. A sentence takes the place of what is no longer kept.</summary>
    /// <param name="after">Bytes that the reader has.</param>
    /// <param name="end">Bytes that it has then.</param>
    public byte[] ReadAfter(ulong after, out ulong end)
    {
        end = State().End;
        var first = Math.Max(after, Oldest(end));
        var bytes = new byte[end - first];
        for (var done = 0; done < bytes.Length;)
        {
            var position = TtyLog.PositionOf(first + (ulong)done);
            var piece = (int)Math.Min(bytes.Length - done, TtyLog.HeaderLength + TtyLog.Kept - position);
            if (RandomAccess.Read(_file, bytes.AsSpan(done, piece), position) is var read && read == 0)
            {
                break;
            }

            done += read;
        }

        // The holder went on meanwhile, over the oldest of it.
        var overwritten = (int)Math.Min((ulong)bytes.Length, Math.Max(first, Oldest(State().End)) - first);
        var lost = first + (ulong)overwritten - after;
        return lost == 0
            ? bytes[overwritten..]
            : [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"[{lost} bytes before this are no longer kept]\r\n")), .. bytes.AsSpan(overwritten)];
    }

    public void Dispose() => _file.Dispose();

    private static ulong Oldest(ulong end) => end > TtyLog.Kept ? end - TtyLog.Kept : 0;
}
