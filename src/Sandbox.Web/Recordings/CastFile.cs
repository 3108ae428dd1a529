using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace Sandbox.Web.Recordings;

/// <summary>Where a recording stands: how much of its file is good, and how much of the terminal's output is in that.</summary>
/// <param name="Length">Bytes of the file.</param>
/// <param name="Offset">Bytes of the terminal's output that were before, or are in, what the file holds; null before the first.</param>
/// <param name="Last">The time of its newest line, in milliseconds.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct CastPlace(long Length, ulong? Offset, long Last);

/// <summary>
/// The file of one recording. Beside it, while it grows, stands a note of <see cref="CastPlace"/>, written after each
/// append: lines that were appended without it are cut off when the process is killed in between, and come again from
/// the terminal, which keeps what nobody acknowledged. So every byte is in the file once.
/// </summary>
internal sealed class CastFile : IDisposable
{
    private const int NoteLength = 4 * sizeof(long);
    private const int MostLine = 1 << 20;

    private readonly SafeFileHandle _file;
    private readonly SafeFileHandle _note;

    private CastFile(SafeFileHandle file, SafeFileHandle note, long length)
    {
        _file = file;
        _note = note;
        Length = length;
    }

    public long Length { get; private set; }

    /// <summary>A file that does not exist yet.</summary>
    public static CastFile Create(string path) =>
        new(Open(path, FileMode.CreateNew), Open(NoteOf(path), FileMode.Create), 0);

    /// <summary>A file that a process left; null when it cannot be gone on with: nobody noted where it stands.</summary>
    public static CastFile? Reopen(string path, out CastPlace place)
    {
        place = default;
        if (!File.Exists(path) || !File.Exists(NoteOf(path)))
        {
            return null;
        }

        var file = Open(path, FileMode.Open);
        var note = Open(NoteOf(path), FileMode.Open);
        if (!TryRead(note, out place) || place.Length > RandomAccess.GetLength(file))
        {
            file.Dispose();
            note.Dispose();
            return null;
        }

        RandomAccess.SetLength(file, place.Length);
        return new CastFile(file, note, place.Length);
    }

    /// <summary>Appends whole lines and notes where the recording stands.</summary>
    public void Append(ReadOnlySpan<byte> lines, ulong? offset, long last)
    {
        RandomAccess.Write(_file, lines, Length);
        Length += lines.Length;
        Span<byte> note = stackalloc byte[NoteLength];
        BinaryPrimitives.WriteInt64LittleEndian(note, Length);
        BinaryPrimitives.WriteInt64LittleEndian(note[8..], offset is { } known ? (long)known : -1);
        BinaryPrimitives.WriteInt64LittleEndian(note[16..], last);
        BinaryPrimitives.WriteInt64LittleEndian(note[24..], Check(note));
        RandomAccess.Write(_note, note, 0);
    }

    /// <summary>
    /// Cuts off what is not a whole line, as a host that lost its power leaves it: how much is left, and how long it
    /// lasts. Nothing is left of a file without a header.
    /// </summary>
    public static CastPlace CutTorn(string path)
    {
        if (!File.Exists(path))
        {
            return default;
        }

        using var file = Open(path, FileMode.Open);
        var end = RandomAccess.GetLength(file);
        var buffer = ArrayPool<byte>.Shared.Rent(MostLine);
        try
        {
            while (end > 0)
            {
                var from = Math.Max(0, end - MostLine);
                var block = buffer.AsSpan(0, RandomAccess.Read(file, buffer.AsSpan(0, (int)(end - from)), from));
                var newline = block.LastIndexOf((byte)'\n');
                var whole = newline < 0 ? block[..0] : block[..newline];
                var before = whole.LastIndexOf((byte)'\n');
                if (newline >= 0 && TryTime(whole[(before + 1)..], out var last))
                {
                    var place = new CastPlace(from + newline + 1, null, last);
                    RandomAccess.SetLength(file, place.Length);
                    return place;
                }

                // Neither an event nor a header: look for one before it.
                end = newline < 0 ? from : from + before + 1;
                if (newline < 0 && from == 0)
                {
                    break;
                }
            }

            RandomAccess.SetLength(file, 0);
            return default;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>No more is appended.</summary>
    public static void Finish(string path) => File.Delete(NoteOf(path));

    public static void Delete(string path)
    {
        File.Delete(path);
        File.Delete(NoteOf(path));
    }

    public void Dispose()
    {
        _file.Dispose();
        _note.Dispose();
    }

    private static string NoteOf(string path) => Path.ChangeExtension(path, ".place");

    private static SafeFileHandle Open(string path, FileMode mode)
    {
        var handle = File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        if (mode is FileMode.CreateNew or FileMode.Create)
        {
            File.SetUnixFileMode(handle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return handle;
    }

    private static bool TryRead(SafeFileHandle note, out CastPlace place)
    {
        Span<byte> bytes = stackalloc byte[NoteLength];
        place = default;
        if (RandomAccess.Read(note, bytes, 0) != NoteLength || BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]) != Check(bytes))
        {
            return false;
        }

        var offset = BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]);
        place = new CastPlace(BinaryPrimitives.ReadInt64LittleEndian(bytes), offset < 0 ? null : (ulong)offset, BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]));
        return place.Length > 0;
    }

    private static long Check(ReadOnlySpan<byte> note)
    {
        var sum = 1469598103934665603UL;
        foreach (var value in note[..24])
        {
            sum = (sum ^ value) * 1099511628211UL;
        }

        return (long)sum;
    }

    private static bool TryTime(ReadOnlySpan<byte> line, out long last)
    {
        last = 0;
        try
        {
            var reader = new Utf8JsonReader(line);
            using var json = JsonDocument.ParseValue(ref reader);
            if (reader.BytesConsumed != line.Length)
            {
                return false;
            }

            if (json.RootElement.ValueKind == JsonValueKind.Object)
            {
                return json.RootElement.TryGetProperty("version"u8, out _);
            }

            last = (long)(json.RootElement[0].GetDouble() * 1000);
            return json.RootElement.GetArrayLength() == 3;
        }
        catch (Exception torn) when (torn is JsonException or InvalidOperationException or IndexOutOfRangeException or FormatException)
        {
            return false;
        }
    }
}
