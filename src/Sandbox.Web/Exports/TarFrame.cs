using System.Text;

namespace Sandbox.Web.Exports;

/// <summary>
/// The parts of a tar around the contents of its files, for archives whose files are streamed. No owner, no time.
/// https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13
/// </summary>
internal static class TarFrame
{
    private const int BlockSize = 512;
    private const long MostOctal = (1L << 33) - 1; // eleven digits

    /// <summary>The end of an archive.</summary>
    public static ReadOnlyMemory<byte> End { get; } = new byte[2 * BlockSize];

    /// <summary>The header of a file.</summary>
    public static ReadOnlyMemory<byte> Header(string name, long size)
    {
        var header = new byte[BlockSize];
        Encoding.ASCII.GetBytes(name, header);
        Put(header, 100, "0000644");
        Put(header, 108, "0000000");
        Put(header, 116, "0000000");
        if (size <= MostOctal)
        {
            Put(header, 124, Convert.ToString(size, 8).PadLeft(11, '0'));
        }
        else
        {
            // GNU's form of large numbers, which every reader takes: big-endian, its first bit set.
            System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(128), size);
            header[124] = 0x80;
        }

        Put(header, 136, "00000000000");
        header[156] = (byte)'0';
        Put(header, 257, "ustar");
        Put(header, 263, "00");
        header.AsSpan(148, 8).Fill((byte)' ');
        var sum = header.Sum(part => part);
        Put(header, 148, Convert.ToString(sum, 8).PadLeft(6, '0') + "\0");
        return header;
    }

    /// <summary>The zeros after a file's content.</summary>
    public static ReadOnlyMemory<byte> Padding(long size) => End[..(int)(-size & (BlockSize - 1))];

    private static void Put(byte[] header, int at, string text) => Encoding.ASCII.GetBytes(text, header.AsSpan(at));
}
