using System.Buffers.Text;
using System.Text;

namespace Sandbox.Daemon.Images;

/// <summary>The records of one PAX header: <c>LENGTH KEY=VALUE\n</c>, the length counting the whole record.</summary>
internal sealed class PaxRecords
{
    private readonly List<(string Name, byte[] Value)> _attributes = [];
    private List<long>? _sparseNumbers;
    private IReadOnlyList<(long Offset, long Length)>? _sparseMap;
    private long? _sparseMajor;
    private long? _sparseMinor;

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

    /// <summary>The name of a sparse file; <see cref="Path"/> is then one for programs that do not know the form.</summary>
    public byte[]? SparseName { get; private set; }

    public long? SparseSize { get; private set; }

    /// <summary>"1.0" when the map stands before the content.</summary>
    public string? SparseVersion => (_sparseMajor, _sparseMinor) switch
    {
        (null, _) or (0, _) => null,
        (1, 0) => "1.0",
        _ => throw new InvalidDataException("a layer holds a sparse file in an unknown form"),
    };

    public IReadOnlyList<(long Offset, long Length)>? SparsePieces => _sparseMap ?? (_sparseNumbers is null ? null : SparseMap.Pair(_sparseNumbers));

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
                Uid = Signed(value);
                break;
            case "gid":
                Gid = Signed(value);
                break;
            case "mtime":
                Modified = Time(value);
                break;
            case var _ when key.StartsWith(attribute, StringComparison.Ordinal):
                _attributes.Add((key[attribute.Length..], value.ToArray()));
                break;
            case "GNU.sparse.name":
                SparseName = value.ToArray();
                break;
            case "GNU.sparse.size" or "GNU.sparse.realsize":
                SparseSize = Decimal(value);
                break;
            case "GNU.sparse.major":
                _sparseMajor = Decimal(value);
                break;
            case "GNU.sparse.minor":
                _sparseMinor = Decimal(value);
                break;
            case "GNU.sparse.map":
                _sparseMap = SparseMap.ReadList(value);
                break;
            case "GNU.sparse.numblocks":
                _sparseNumbers ??= [];
                break;
            case "GNU.sparse.offset" or "GNU.sparse.numbytes":
                (_sparseNumbers ??= []).Add(Decimal(value));
                break;
        }
    }

    private static long Decimal(ReadOnlySpan<byte> value) =>
        Signed(value) is >= 0 and var number ? number : throw new InvalidDataException("a layer holds a broken PAX header");

    private static long Signed(ReadOnlySpan<byte> value) =>
        Utf8Parser.TryParse(value, out long number, out var used) && used == value.Length
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
