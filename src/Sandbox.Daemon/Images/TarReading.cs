using System.Buffers.Text;
using System.Text;

namespace Sandbox.Daemon.Images;

internal enum TarKind
{
    File,
    HardLink,
    SymbolicLink,
    CharacterDevice,
    BlockDevice,
    Directory,
    Fifo,
}

/// <summary>One entry of a tar. Names are bytes: Linux knows no encoding of names.</summary>
internal sealed record TarEntry
{
    public required byte[] Name { get; init; }

    public required byte[] Target { get; init; }

    public required TarKind Kind { get; init; }

    /// <summary>Bytes of content; 0 for all but files.</summary>
    public required long Size { get; init; }

    /// <summary>Permission bits with set-uid, set-gid and sticky.</summary>
    public required uint Mode { get; init; }

    public required long Uid { get; init; }

    public required long Gid { get; init; }

    /// <summary>Seconds and nanoseconds since 1970.</summary>
    public required (long Seconds, int Nanoseconds) Modified { get; init; }

    /// <summary>Extended attributes, with their namespace: <c>security.capability</c>.</summary>
    public required IReadOnlyList<(string Name, byte[] Value)> Attributes { get; init; }
}

/// <summary>
/// Reads a tar: ustar, GNU's long names and PAX. Not <c>System.Formats.Tar</c>, because that decodes names and extended
/// attributes as UTF-8 and so breaks names that are not, and file capabilities, which are binary.
/// https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13 and tar(5)
/// <code>30 PATH=usr/share/name\n57 SCHILY.xattr.security.capability=\x01\0\0\x02…\n</code>
/// </summary>
internal sealed class TarReading(Stream stream)
{
    private const int BlockSize = 512;
    private const int MaxLongName = 64 * 1024;
    private const int MaxExtension = 1024 * 1024;

    private readonly byte[] _header = new byte[BlockSize];
    private long _left;
    private int _padding;

    /// <summary>The next entry, or null at the end.</summary>
    public TarEntry? Next()
    {
        byte[]? longName = null;
        byte[]? longTarget = null;
        PaxRecords? pax = null;
        while (true)
        {
            SkipRest();
            if (!ReadHeader())
            {
                return null;
            }

            var type = _header[156];
            var size = Number(124, 12);
            switch (type)
            {
                case (byte)'L':
                    longName = Extension(size, MaxLongName).AsSpan().TrimEnd((byte)0).ToArray();
                    continue;
                case (byte)'K':
                    longTarget = Extension(size, MaxLongName).AsSpan().TrimEnd((byte)0).ToArray();
                    continue;
                case (byte)'x':
                    pax = new PaxRecords(Extension(size, MaxExtension));
                    continue;
                case (byte)'g':
                    _ = Extension(size, MaxExtension); // comments; nothing that makes layers sets defaults for entries
                    continue;
            }

            return Entry(type, pax?.Size ?? size, pax?.Path ?? longName ?? HeaderName(), pax?.LinkPath ?? longTarget ?? Text(157, 100).ToArray(), pax);
        }
    }

    /// <summary>Reads content of the current entry; 0 at its end.</summary>
    public int Read(Span<byte> buffer)
    {
        var wanted = (int)Math.Min(_left, buffer.Length);
        if (wanted == 0)
        {
            return 0;
        }

        var count = stream.Read(buffer[..wanted]);
        if (count == 0)
        {
            throw Truncated();
        }

        _left -= count;
        return count;
    }

    private TarEntry Entry(byte type, long size, byte[] name, byte[] target, PaxRecords? pax)
    {
        TarKind kind = type switch
        {
            (byte)'0' or 0 or (byte)'7' => name is [.., (byte)'/'] ? TarKind.Directory : TarKind.File,
            (byte)'1' => TarKind.HardLink,
            (byte)'2' => TarKind.SymbolicLink,
            (byte)'3' => TarKind.CharacterDevice,
            (byte)'4' => TarKind.BlockDevice,
            (byte)'5' => TarKind.Directory,
            (byte)'6' => TarKind.Fifo,
            (byte)'S' => throw new InvalidDataException("a layer holds a sparse file in GNU's form"),
            _ => throw new InvalidDataException("a layer holds an entry of an unknown type"),
        };
        if (size < 0)
        {
            throw new InvalidDataException("a layer holds an entry of negative size");
        }

        if (kind != TarKind.File)
        {
            size = 0; // what the field says for a link is the size of the file it links to; no content follows
        }

        _left = size;
        _padding = (int)(-size & (BlockSize - 1));
        return new TarEntry
        {
            Name = name,
            Target = target,
            Kind = kind,
            Size = size,
            Mode = (uint)Number(100, 8) & 0xFFF,
            Uid = pax?.Uid ?? Number(108, 8),
            Gid = pax?.Gid ?? Number(116, 8),
            Modified = pax?.Modified ?? (Number(136, 12), 0),
            Attributes = pax?.Attributes ?? [],
        };
    }

    private bool ReadHeader()
    {
        var count = stream.ReadAtLeast(_header, BlockSize, throwOnEndOfStream: false);
        if (count == 0 || (count == BlockSize && !_header.AsSpan().ContainsAnyExcept((byte)0)))
        {
            return false;
        }

        if (count < BlockSize)
        {
            throw Truncated();
        }

        long sum = 8 * ' ';
        for (var i = 0; i < BlockSize; i++)
        {
            sum += i is >= 148 and < 156 ? 0 : _header[i];
        }

        return sum == Number(148, 8) ? true : throw new InvalidDataException("a layer is not a tar");
    }

    private void SkipRest()
    {
        Span<byte> buffer = stackalloc byte[4096];
        _left += _padding;
        _padding = 0;
        while (Read(buffer) > 0)
        {
        }
    }

    private byte[] Extension(long size, int limit)
    {
        if (size < 0 || size > limit)
        {
            throw new InvalidDataException("a layer holds a name or attributes that are too long");
        }

        var bytes = new byte[size];
        _left = size;
        _padding = (int)(-size & (BlockSize - 1));
        for (var read = 0; read < size;)
        {
            read += Read(bytes.AsSpan(read));
        }

        return bytes;
    }

    private byte[] HeaderName()
    {
        var name = Text(0, 100);
        var prefix = _header.AsSpan(257, 6).SequenceEqual("ustar\0"u8) ? Text(345, 155) : [];
        return prefix.IsEmpty ? name.ToArray() : [.. prefix, (byte)'/', .. name];
    }

    private ReadOnlySpan<byte> Text(int offset, int length)
    {
        var field = _header.AsSpan(offset, length);
        var end = field.IndexOf((byte)0);
        return end < 0 ? field : field[..end];
    }

    // Octal digits, or GNU's big-endian binary when the first bit is set.
    private long Number(int offset, int length)
    {
        ReadOnlySpan<byte> field = _header.AsSpan(offset, length);
        if ((field[0] & 0x80) != 0)
        {
            long value = (field[0] & 0x40) != 0 ? -1 : 0;
            for (var i = length - 8; i < length; i++)
            {
                value = (value << 8) | field[i];
            }

            if (length > 8)
            {
                return value;
            }

            // In a field of eight bytes the first carries the mark itself.
            var first = (long)(sbyte)(byte)((field[0] & 0x7F) | ((field[0] & 0x40) << 1));
            return (first << 56) | (value & 0x00FFFFFFFFFFFFFF);
        }

        long number = 0;
        foreach (var digit in field.Trim(" \0"u8))
        {
            if (digit is < (byte)'0' or > (byte)'7')
            {
                throw new InvalidDataException("a layer is not a tar");
            }

            number = (number << 3) | (long)(digit - '0');
        }

        return number;
    }

    private static InvalidDataException Truncated() => new("a layer ends too early");

    /// <summary>The records of one PAX header: <c>LENGTH KEY=VALUE\n</c>, the length counting the whole record.</summary>
    private sealed class PaxRecords
    {
        private readonly List<(string Name, byte[] Value)> _attributes = [];

        public PaxRecords(ReadOnlySpan<byte> bytes)
        {
            while (!bytes.IsEmpty)
            {
                if (!Utf8Parser.TryParse(bytes, out int length, out var digits) || length <= digits + 2 || length > bytes.Length
                    || bytes[digits] != ' ' || bytes[length - 1] != '\n')
                {
                    throw new InvalidDataException("a layer holds a broken PAX header");
                }

                var record = bytes[(digits + 1)..(length - 1)];
                var equals = record.IndexOf((byte)'=');
                if (equals <= 0)
                {
                    throw new InvalidDataException("a layer holds a broken PAX header");
                }

                Take(Encoding.UTF8.GetString(record[..equals]), record[(equals + 1)..]);
                bytes = bytes[length..];
            }
        }

        public byte[]? Path { get; private set; }

        public byte[]? LinkPath { get; private set; }

        public long? Size { get; private set; }

        public long? Uid { get; private set; }

        public long? Gid { get; private set; }

        public (long Seconds, int Nanoseconds)? Modified { get; private set; }

        public IReadOnlyList<(string Name, byte[] Value)> Attributes => _attributes;

        private void Take(string key, ReadOnlySpan<byte> value)
        {
            const string attribute = "SCHILY.xattr.";
            switch (key)
            {
                case "path":
                    Path = value.ToArray();
                    break;
                case "linkpath":
                    LinkPath = value.ToArray();
                    break;
                case "size":
                    Size = Decimal(value);
                    break;
                case "uid":
                    Uid = Decimal(value);
                    break;
                case "gid":
                    Gid = Decimal(value);
                    break;
                case "mtime":
                    Modified = Time(value);
                    break;
                case var _ when key.StartsWith(attribute, StringComparison.Ordinal):
                    _attributes.Add((key[attribute.Length..], value.ToArray()));
                    break;
                case var _ when key.StartsWith("GNU.sparse.", StringComparison.Ordinal):
                    throw new InvalidDataException("a layer holds a sparse file in GNU's form");
            }
        }

        private static long Decimal(ReadOnlySpan<byte> value) =>
            Utf8Parser.TryParse(value, out long number, out var used) && used == value.Length && number >= 0
                ? number
                : throw new InvalidDataException("a layer holds a broken PAX header");

        private static (long Seconds, int Nanoseconds) Time(ReadOnlySpan<byte> value)
        {
            var dot = value.IndexOf((byte)'.');
            var whole = dot < 0 ? value : value[..dot];
            if (!Utf8Parser.TryParse(whole, out long seconds, out var used) || used != whole.Length)
            {
                throw new InvalidDataException("a layer holds a broken PAX header");
            }

            if (dot < 0)
            {
                return (seconds, 0);
            }

            var nanoseconds = 0;
            for (var i = 1; i <= 9; i++)
            {
                var digit = dot + i < value.Length ? value[dot + i] : (byte)'0';
                nanoseconds = digit is >= (byte)'0' and <= (byte)'9' ? (nanoseconds * 10) + digit - '0' : throw new InvalidDataException("a layer holds a broken PAX header");
            }

            return nanoseconds > 0 && value[0] == '-' ? (seconds - 1, 1_000_000_000 - nanoseconds) : (seconds, nanoseconds);
        }
    }
}
