using System.Buffers.Text;
using System.Text;

namespace Sandbox.Terminals.Screens;

/// <summary>Bytes that are being put together.</summary>
internal sealed class ByteSink
{
    private byte[] _bytes = new byte[1024];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public void Clear() => Length = 0;

    public void Truncate(int length) => Length = length;

    public void Add(byte value)
    {
        if (Length == _bytes.Length)
        {
            Array.Resize(ref _bytes, 2 * Length);
        }

        _bytes[Length++] = value;
    }

    public void Add(ReadOnlySpan<byte> values)
    {
        if (_bytes.Length - Length < values.Length)
        {
            Array.Resize(ref _bytes, Math.Max(2 * Length, Length + values.Length));
        }

        values.CopyTo(_bytes.AsSpan(Length));
        Length += values.Length;
    }

    public void Add(int number)
    {
        Span<byte> digits = stackalloc byte[11];
        _ = Utf8Formatter.TryFormat(number, digits, out var count);
        Add(digits[..count]);
    }

    /// <summary>A code point as UTF-8.</summary>
    public void AddCode(int code)
    {
        if (code < 0x80)
        {
            Add((byte)code);
            return;
        }

        Span<byte> encoded = stackalloc byte[4];
        Add(encoded[..(Rune.IsValid(code) ? new Rune(code) : Rune.ReplacementChar).EncodeToUtf8(encoded)]);
    }

    public void Add(string text)
    {
        Span<byte> encoded = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            Add(encoded[..rune.EncodeToUtf8(encoded)]);
        }
    }
}
