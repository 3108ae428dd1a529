using System.Globalization;
using System.Text;

namespace Sandbox.Daemon.Images;

/// <summary>
/// Writes a tar: ustar, and a PAX header before an entry that ustar cannot express. Names and attributes are bytes, for
/// the reasons of <see cref="TarReading"/>. The same entries give the same bytes.
/// https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13
/// </summary>
internal sealed class TarWriting(Stream stream)
{
    private const int BlockSize = 512;
    private const long MostEightDigits = (1L << 21) - 1; // seven octal digits and a NUL
    private const long MostTwelveDigits = (1L << 33) - 1; // eleven and a NUL

    private static readonly byte[] Zeros = new byte[BlockSize];
    private readonly byte[] _header = new byte[BlockSize];
    private int _padding;

    /// <summary>Writes an entry's header. Its content, exactly <see cref="TarEntry.Size"/> bytes, goes to the stream after it.</summary>
    public void Write(TarEntry entry)
    {
        EndEntry();
        var records = new MemoryStream();
        var (prefix, name) = Split(entry.Name);
        if (name is null)
        {
            Record(records, "path"u8, entry.Name);
        }

        if (entry.Target.Length > 100)
        {
            Record(records, "linkpath"u8, entry.Target);
        }

        RecordNumber(records, "size"u8, entry.Size, MostTwelveDigits);
        RecordNumber(records, "uid"u8, entry.Uid, MostEightDigits);
        RecordNumber(records, "gid"u8, entry.Gid, MostEightDigits);
        var (seconds, nanoseconds) = entry.Modified;
        if (nanoseconds != 0 || seconds is < 0 or > MostTwelveDigits)
        {
            Record(records, "mtime"u8, Encoding.ASCII.GetBytes(Time(seconds, nanoseconds)));
        }

        foreach (var (attribute, value) in entry.Attributes)
        {
            Record(records, [.. "SCHILY.xattr."u8, .. Encoding.UTF8.GetBytes(attribute)], value);
        }

        if (records.Length > 0)
        {
            WriteHeader((byte)'x', [], "PaxHeader"u8, [], records.Length, 0x1A4, 0, 0, 0);
            stream.Write(records.GetBuffer(), 0, (int)records.Length);
            Pad(records.Length);
        }

        WriteHeader(
            Type(entry.Kind), prefix, name ?? entry.Name.AsSpan(0, Math.Min(100, entry.Name.Length)), entry.Target.AsSpan(0, Math.Min(100, entry.Target.Length)),
            entry.Size, entry.Mode, entry.Uid, entry.Gid, Math.Clamp(seconds, 0, MostTwelveDigits));
        _padding = (int)(-entry.Size & (BlockSize - 1));
    }

    /// <summary>Begins the next entry without the content of the last one and what fills it up: for counting.</summary>
    public void Skip() => _padding = 0;

    /// <summary>Writes a small file of the archive's own, with no owner and no time.</summary>
    public void WriteFile(string name, ReadOnlySpan<byte> content)
    {
        Write(File(name, content.Length));
        stream.Write(content);
    }

    /// <summary>The header of a file of the archive's own.</summary>
    public static TarEntry File(string name, long size) => new()
    {
        Name = Encoding.UTF8.GetBytes(name),
        Target = [],
        Kind = TarKind.File,
        Size = size,
        Mode = 0x1A4, // 0644
        Uid = 0,
        Gid = 0,
        Modified = (0, 0),
        Attributes = [],
    };

    /// <summary>Writes the end of the archive: two blocks of zeros.</summary>
    public void Finish()
    {
        EndEntry();
        stream.Write(Zeros);
        stream.Write(Zeros);
    }

    private static byte Type(TarKind kind) => kind switch
    {
        TarKind.File => (byte)'0',
        TarKind.HardLink => (byte)'1',
        TarKind.SymbolicLink => (byte)'2',
        TarKind.Directory => (byte)'5',
        TarKind.Fifo => (byte)'6',
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "devices are not written"),
    };

    /// <summary>A name as ustar's two fields, 155 and 100 bytes, or no name where it does not fit into them.</summary>
    private static (byte[] Prefix, byte[]? Name) Split(byte[] path)
    {
        if (path.Length <= 100)
        {
            return ([], path);
        }

        // The slash between the fields is in neither; the one that ends a directory's name is no such slash.
        var slash = path.AsSpan(0, Math.Min(156, path.Length - 1)).LastIndexOf((byte)'/');
        return slash > 0 && path.Length - slash - 1 <= 100 ? (path[..slash], path[(slash + 1)..]) : ([], null);
    }

    private static void RecordNumber(MemoryStream records, ReadOnlySpan<byte> key, long value, long most)
    {
        if (value > most)
        {
            Record(records, key, Encoding.ASCII.GetBytes(value.ToString(CultureInfo.InvariantCulture)));
        }
    }

    /// <summary><c>LENGTH KEY=VALUE\n</c>, where the length counts its own digits.</summary>
    private static void Record(MemoryStream records, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var rest = key.Length + value.Length + 3;
        var length = rest + Digits(rest);
        if (Digits(length) > Digits(rest))
        {
            length++;
        }

        records.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{length} ")));
        records.Write(key);
        records.WriteByte((byte)'=');
        records.Write(value);
        records.WriteByte((byte)'\n');
    }

    private static int Digits(int number) => number.ToString(CultureInfo.InvariantCulture).Length;

    private static string Time(long seconds, int nanoseconds)
    {
        if (seconds < 0 && nanoseconds > 0)
        {
            // -1.25 is 1.25 before 1970; the kernel counts it as 2 before and 0.75 on.
            return string.Create(CultureInfo.InvariantCulture, $"-{-(seconds + 1)}.{1_000_000_000 - nanoseconds:D9}");
        }

        return nanoseconds == 0 ? seconds.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{seconds}.{nanoseconds:D9}");
    }

    private void WriteHeader(byte type, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> name, ReadOnlySpan<byte> target, long size, uint mode, long uid, long gid, long seconds)
    {
        var header = _header.AsSpan();
        header.Clear();
        name.CopyTo(header);
        Octal(header[100..108], mode);
        Octal(header[108..116], Math.Min(uid, MostEightDigits));
        Octal(header[116..124], Math.Min(gid, MostEightDigits));
        Octal(header[124..136], Math.Min(size, MostTwelveDigits));
        Octal(header[136..148], seconds);
        header[156] = type;
        target.CopyTo(header[157..]);
        "ustar\0"u8.CopyTo(header[257..]);
        "00"u8.CopyTo(header[263..]);
        Octal(header[329..337], 0);
        Octal(header[337..345], 0);
        prefix.CopyTo(header[345..]);
        header[148..156].Fill((byte)' ');
        var sum = 0;
        foreach (var part in header)
        {
            sum += part;
        }

        Octal(header[148..155], sum);
        stream.Write(header);
    }

    // Digits up to the last byte of the field, which is a NUL.
    private static void Octal(Span<byte> field, long value)
    {
        for (var i = field.Length - 2; i >= 0; i--)
        {
            field[i] = (byte)('0' + (value & 7));
            value >>= 3;
        }

        field[^1] = 0;
    }

    private void EndEntry()
    {
        if (_padding > 0)
        {
            stream.Write(Zeros, 0, _padding);
            _padding = 0;
        }
    }

    private void Pad(long length) => stream.Write(Zeros, 0, (int)(-length & (BlockSize - 1)));
}
