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

    /// <summary>A type that no program that makes layers writes: a volume label, a list of a directory's names.</summary>
    Unknown,
}

/// <summary>One entry of a tar. Names are bytes: Linux knows no encoding of names.</summary>
internal sealed record TarEntry
{
    public required byte[] Name { get; init; }

    public required byte[] Target { get; init; }

    public required TarKind Kind { get; init; }

    /// <summary>Bytes of content as the tar stores them; 0 for all but files.</summary>
    public required long Size { get; init; }

    /// <summary>Where the stored bytes belong; null when the file has no holes.</summary>
    public SparseMap? Sparse { get; init; }

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
/// Reads a tar: ustar, GNU's long names and sparse files, and PAX. Not <c>System.Formats.Tar</c>, because that decodes
/// names and extended attributes as UTF-8: it breaks other names, and file capabilities, which are binary.
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
    private SparseMap? _sparse;
    private int _piece;
    private long _inPiece;

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

    /// <summary>Reads content of the current entry with the offset in the file where it belongs; 0 at its end.</summary>
    public int Read(Span<byte> buffer, ref long offset)
    {
        if (_sparse is null)
        {
            return Read(buffer);
        }

        while (_piece < _sparse.Pieces.Count && _inPiece == _sparse.Pieces[_piece].Length)
        {
            (_piece, _inPiece) = (_piece + 1, 0);
        }

        if (_piece == _sparse.Pieces.Count)
        {
            return 0;
        }

        var (start, length) = _sparse.Pieces[_piece];
        offset = start + _inPiece;
        var count = Read(buffer[..(int)Math.Min(buffer.Length, length - _inPiece)]);
        _inPiece += count;
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
            (byte)'S' => TarKind.File,
            _ => TarKind.Unknown,
        };
        if (size < 0)
        {
            throw new InvalidDataException("a layer holds an entry of negative size");
        }

        if (kind is not (TarKind.File or TarKind.Unknown))
        {
            size = 0; // for a link the field is the size of the file it links to; no content follows
        }

        var entry = new TarEntry
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
        _padding = (int)(-size & (BlockSize - 1));
        _left = size;

        // Reading the map may read on from the stream, over the header.
        (_sparse, _piece, _inPiece) = (kind == TarKind.File ? Sparse(type, pax) : null, 0, 0);
        return _sparse is null ? entry : entry with { Sparse = _sparse, Name = pax?.SparseName ?? name };
    }

    /// <summary>
    /// The map of a sparse file in one of GNU's four forms; null when the file is none. The first form has it in the
    /// header and blocks after it, PAX 0.0 and 0.1 in records, PAX 1.0 before the content.
    /// https://www.gnu.org/software/tar/manual/html_section/Sparse-Formats.html
    /// </summary>
    private SparseMap? Sparse(byte type, PaxRecords? pax)
    {
        if (type == (byte)'S')
        {
            return OldSparse();
        }

        if (pax?.SparseVersion is "1.0")
        {
            return SparseMap.Check(pax.SparseSize ?? throw SparseMap.Broken(), LeadingMap(), _left);
        }

        return pax?.SparsePieces is { } pieces ? SparseMap.Check(pax.SparseSize ?? throw SparseMap.Broken(), pieces, _left) : null;
    }

    private SparseMap OldSparse()
    {
        var length = Number(483, 12);
        var numbers = new List<long>();
        AddPairs(386, 4);
        var next = _header[482];
        while (next != 0)
        {
            // They stand between the header and the content, and the size does not count them.
            var header = new byte[BlockSize];
            if (stream.ReadAtLeast(header, BlockSize, throwOnEndOfStream: false) < BlockSize)
            {
                throw Truncated();
            }

            header.CopyTo(_header, 0);
            AddPairs(0, 21);
            next = _header[504];
        }

        return SparseMap.Check(length, SparseMap.Pair(numbers), _left);

        void AddPairs(int offset, int count)
        {
            for (var i = 0; i < count && _header[offset + (i * 24)] != 0; i++)
            {
                numbers.Add(Number(offset + (i * 24), 12));
                numbers.Add(Number(offset + (i * 24) + 12, 12));
            }

            if (numbers.Count > 2 * SparseMap.MaxPieces)
            {
                throw SparseMap.Broken();
            }
        }
    }

    // "2\n0\n512\n4096\n10\n", filled up to whole blocks: the number of pieces, then offset and length of each.
    private IReadOnlyList<(long Offset, long Length)> LeadingMap()
    {
        var block = new byte[BlockSize];
        var at = BlockSize;
        var count = Line();
        if (count is < 0 or > SparseMap.MaxPieces)
        {
            throw SparseMap.Broken();
        }

        var numbers = new List<long>();
        for (var i = 0; i < 2 * count; i++)
        {
            numbers.Add(Line());
        }

        return SparseMap.Pair(numbers);

        long Line()
        {
            long number = 0;
            for (var digits = 0; ; digits++)
            {
                if (at == BlockSize)
                {
                    for (var read = 0; read < BlockSize;)
                    {
                        var some = Read(block.AsSpan(read));
                        read += some > 0 ? some : throw SparseMap.Broken();
                    }

                    at = 0;
                }

                var digit = block[at++];
                if (digit == '\n' && digits > 0)
                {
                    return number;
                }

                if (digit is < (byte)'0' or > (byte)'9' || digits == 18)
                {
                    throw SparseMap.Broken();
                }

                number = (number * 10) + (digit - '0');
            }
        }
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

        // Some old tars sum the bytes with their sign.
        long sum = 8 * ' ';
        var signed = sum;
        for (var i = 0; i < BlockSize; i++)
        {
            sum += i is >= 148 and < 156 ? 0 : _header[i];
            signed += i is >= 148 and < 156 ? 0 : (sbyte)_header[i];
        }

        var said = Number(148, 8);
        return said == sum || said == signed ? true : throw new InvalidDataException("a layer is not a tar");
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
        // star keeps times in the last bytes of the prefix, and says so with a trailer.
        var isStar = _header.AsSpan(508, 4).SequenceEqual("tar\0"u8);
        var prefix = _header.AsSpan(257, 6).SequenceEqual("ustar\0"u8) ? Text(345, isStar ? 131 : 155) : [];
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
}
