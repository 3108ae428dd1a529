using System.Text;
using Sandbox.Core.Errors;

namespace Sandbox.Web.LinkArchives;

/// <summary>
/// Goes through a tar that anybody may have sent, without reading more of it than one header at a time. Only regular
/// files with a name in the header itself are seen; the names in an image layout are that short.
/// https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06
/// </summary>
internal sealed class TarScan(Stream tar)
{
    private const int BlockSize = 512;

    private readonly byte[] _header = new byte[BlockSize];

    /// <summary>The header of the next entry: its name (null: no regular file) and the size of its content, which the caller reads or skips with <see cref="SkipAsync"/>. Null at the end. Code: ImageInvalid.</summary>
    public async Task<(string? Name, long Size)?> NextAsync(CancellationToken cancellationToken)
    {
        var read = await tar.ReadAtLeastAsync(_header, BlockSize, throwOnEndOfStream: false, cancellationToken);
        if (read == 0 || (read == BlockSize && !_header.AsSpan().ContainsAnyExcept((byte)0)))
        {
            return null;
        }

        if (read < BlockSize || !HasRightSum())
        {
            throw Broken();
        }

        var name = Text(0, 100);
        var prefix = _header.AsSpan(257, 5).SequenceEqual("ustar"u8) && _header[262] == 0 ? Text(345, 155) : "";
        name = prefix.Length > 0 ? $"{prefix}/{name}" : name;
        name = name.StartsWith("./", StringComparison.Ordinal) ? name[2..] : name;
        return (_header[156] is 0 or (byte)'0' ? name : null, Size());
    }

    /// <summary>Skips content, and the zeros behind it.</summary>
    public async Task SkipAsync(long size, CancellationToken cancellationToken)
    {
        var rest = Padded(size);
        if (tar.CanSeek)
        {
            if (tar.Length - tar.Position < size)
            {
                throw Broken();
            }

            tar.Position += Math.Min(rest, tar.Length - tar.Position);
            return;
        }

        var buffer = new byte[64 * 1024];
        for (int read; rest > 0; rest -= read)
        {
            read = await tar.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, rest)), cancellationToken);
            if (read == 0)
            {
                throw Broken();
            }
        }
    }

    /// <summary>The size of content with the zeros behind it.</summary>
    public static long Padded(long size) => (size + BlockSize - 1) / BlockSize * BlockSize;

    private string Text(int at, int length)
    {
        var field = _header.AsSpan(at, length);
        var end = field.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? field : field[..end]);
    }

    private long Size()
    {
        var field = _header.AsSpan(124, 12);
        if (field[0] == 0x80)
        {
            // GNU's form of large numbers.
            var large = System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(field[4..]);
            return large is >= 0 and < 1L << 50 ? large : throw Broken();
        }

        return Octal(field);
    }

    private static long Octal(ReadOnlySpan<byte> field)
    {
        long number = 0;
        foreach (var digit in field.Trim(" \0"u8))
        {
            number = digit is >= (byte)'0' and <= (byte)'7' ? (number * 8) + digit - '0' : throw Broken();
        }

        return number;
    }

    private bool HasRightSum()
    {
        var sum = 0;
        for (var at = 0; at < BlockSize; at++)
        {
            sum += at is >= 148 and < 156 ? ' ' : _header[at];
        }

        return Octal(_header.AsSpan(148, 8)) == sum;
    }

    private static SandboxException Broken() => new(ErrorCode.ImageInvalid, "The archive is no plain tar, or it is cut off.");
}
