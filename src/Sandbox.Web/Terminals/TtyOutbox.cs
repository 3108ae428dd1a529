using System.Buffers.Binary;
using Sandbox.Terminals.Flow;

namespace Sandbox.Web.Terminals;

/// <summary>
/// What is to be said to the holder of a terminal next, see <see cref="TtyFrame"/>: of input no more than the holder
/// takes, so that none is left here when the connection ends; everything else overtakes it. One caller at a time.
/// </summary>
internal sealed class TtyOutbox
{
    /// <summary>Follow, Attach, Close, Resize and Ack, then one Input.</summary>
    public const int LongestMessage = (6 * TtyFrame.HeaderLength) + (2 * sizeof(ulong)) + (2 * sizeof(ushort)) + TtyFrame.MaxInput;

    private const int KeptInput = 1024;

    // Of sizes and acknowledgements only the latest counts.
    private (ulong After, bool Watches)? _attach;
    private ulong? _ack;
    private (ushort Cols, ushort Rows)? _size;
    private bool _follow;
    private bool _close;

    // Input: bytes from _inputFirst on, and how many left and arrived since the connection began.
    private byte[] _input = [];
    private int _inputFirst;
    private int _inputCount;
    private ulong _inputSent;
    private ulong _inputTaken;

    public void Attach(ulong after, bool watches) => _attach = (after, watches);

    public void Follow() => _follow = true;

    public void Resize(ushort cols, ushort rows) => _size = (cols, rows);

    public void Ack(ulong held) => _ack = Math.Max(held, _ack ?? 0);

    public void Close() => _close = true;

    /// <summary>Queues bytes typed. False, and nothing is queued, when the terminal would have more than 64 KiB to take.</summary>
    public bool TryInput(ReadOnlySpan<byte> data)
    {
        if (_inputCount + data.Length > Window())
        {
            return false;
        }

        if (_inputFirst + _inputCount + data.Length > _input.Length)
        {
            var larger = _inputCount + data.Length > _input.Length ? new byte[2 * (_inputCount + data.Length)] : _input;
            _input.AsSpan(_inputFirst, _inputCount).CopyTo(larger);
            _input = larger;
            _inputFirst = 0;
        }

        data.CopyTo(_input.AsSpan(_inputFirst + _inputCount));
        _inputCount += data.Length;
        return true;
    }

    /// <summary>The terminal took so many bytes of input so far.</summary>
    public void Taken(ulong taken) => _inputTaken = taken;

    /// <summary>Writes what may be said now, at most <see cref="LongestMessage"/> bytes; 0 when there is nothing.</summary>
    public int Compose(byte[] buffer)
    {
        var count = 0;
        if (_follow)
        {
            // before Attach: what the marks in the output hold has to be known before the output
            _ = Frame(buffer, ref count, TtyFrame.Follow, 0);
            _follow = false;
        }

        if (_attach is { } attach)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(Frame(buffer, ref count, attach.Watches ? TtyFrame.Watch : TtyFrame.Attach, sizeof(ulong)), attach.After);
            _attach = null;
        }

        if (_size is { } size)
        {
            var payload = Frame(buffer, ref count, TtyFrame.Resize, 2 * sizeof(ushort));
            BinaryPrimitives.WriteUInt16LittleEndian(payload, size.Cols);
            BinaryPrimitives.WriteUInt16LittleEndian(payload[sizeof(ushort)..], size.Rows);
            _size = null;
        }

        if (_ack is { } held)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(Frame(buffer, ref count, TtyFrame.Ack, sizeof(ulong)), held);
            _ack = null;
        }

        if (_close)
        {
            _ = Frame(buffer, ref count, TtyFrame.Close, 0);
            _close = false;
        }

        var input = Math.Min(_inputCount, TtyFrame.MaxInput);
        if (input > 0)
        {
            _input.AsSpan(_inputFirst, input).CopyTo(Frame(buffer, ref count, TtyFrame.Input, input));
            _inputFirst += input;
            _inputCount -= input;
            _inputSent += (ulong)input;
            if (_inputCount == 0)
            {
                // a paste's buffer is given back, a key's is kept
                _input = _input.Length > KeptInput ? [] : _input;
                _inputFirst = 0;
            }
        }

        return count;
    }

    private static Span<byte> Frame(byte[] buffer, ref int count, byte kind, int length)
    {
        buffer[count] = kind;
        BinaryPrimitives.WriteUInt32LittleEndian(buffer.AsSpan(count + 1), (uint)length);
        var payload = buffer.AsSpan(count + TtyFrame.HeaderLength, length);
        count += TtyFrame.HeaderLength + length;
        return payload;
    }

    private int Window() => TtyFrame.InputWindow - (int)(_inputSent - _inputTaken);
}
