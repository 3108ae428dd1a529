using System.Buffers.Text;

namespace Sandbox.Daemon.Images;

/// <summary>Where the stored bytes of a sparse file belong; the rest of it is holes.</summary>
/// <param name="Length">Bytes of the whole file.</param>
/// <param name="Pieces">Offset and length of each stored piece, ascending and apart.</param>
internal sealed record SparseMap(long Length, IReadOnlyList<(long Offset, long Length)> Pieces)
{
    /// <summary>The most pieces read: a map is small beside its file.</summary>
    public const int MaxPieces = 1_000_000;

    /// <summary>The longest file: what ext4 takes with blocks of 4 KiB.</summary>
    private const long MaxLength = 16L << 40;

    /// <summary>Checks a map that came from a layer.</summary>
    /// <param name="stored">The bytes that the entry stores.</param>
    public static SparseMap Check(long length, IReadOnlyList<(long Offset, long Length)> pieces, long stored)
    {
        long end = 0;
        long sum = 0;
        foreach (var (offset, size) in pieces)
        {
            if (offset < end || size < 0 || offset > length - size)
            {
                throw Broken();
            }

            end = offset + size;
            sum += size;
        }

        return length is >= 0 and <= MaxLength && sum == stored ? new SparseMap(length, pieces) : throw Broken();
    }

    /// <summary>The pairs of PAX 0.1: <c>GNU.sparse.map=0,512,4096,10</c>.</summary>
    public static IReadOnlyList<(long Offset, long Length)> ReadList(ReadOnlySpan<byte> text)
    {
        var numbers = new List<long>();
        foreach (var range in text.Split((byte)','))
        {
            if (!Utf8Parser.TryParse(text[range], out long number, out var used) || used != text[range].Length || numbers.Count >= 2 * MaxPieces)
            {
                throw Broken();
            }

            numbers.Add(number);
        }

        return Pair(numbers);
    }

    /// <summary>Puts numbers together as offset and length.</summary>
    public static IReadOnlyList<(long Offset, long Length)> Pair(IReadOnlyList<long> numbers)
    {
        if (numbers.Count % 2 != 0)
        {
            throw Broken();
        }

        var pieces = new (long, long)[numbers.Count / 2];
        for (var i = 0; i < pieces.Length; i++)
        {
            pieces[i] = (numbers[2 * i], numbers[(2 * i) + 1]);
        }

        return pieces;
    }

    public static InvalidDataException Broken() => new("a layer holds a broken sparse file");
}
