using System.Buffers.Binary;
using Sandbox.Terminals.Flow;
using Sandbox.Terminals.Screens;

namespace Sandbox.Tty;

/// <summary>
/// The terminal's screen, for viewers who come too late for its bytes. Output is fed into it only when it is about to
/// leave the ring, or when a viewer asks: quiet terminals and single keys cost nothing.
/// </summary>
internal sealed unsafe class TailScreen
{
    // Output that is expensive to parse must not delay a key for long. Plain text is parsed in one piece of any size:
    // only its last lines are read.
    private const int Step = 256 * 1024;

    private const int MostSizes = 32;
    private const int SizeLength = 2 * sizeof(ushort);

    // The unit of work is a cell, about a nanosecond of the host's processor, which no quota of the sandbox counts.
    // These are a program's initial credit, the credit for each byte and each millisecond, and the credit at which an
    // abandoned screen starts again.
    private const long MostCredit = 128 * 1024 * 1024;
    private const long CreditPerByte = 16;
    private const long CreditPerMillisecond = 32 * 1024;
    private const long EnoughCredit = MostCredit / 2;

    private readonly byte* _ring;
    private readonly TtyFlow _flow;

    // The sizes of the terminal with the byte from which each applies; the first applies to the next byte fed.
    private readonly List<(ulong Offset, ushort Cols, ushort Rows)> _sizes = [];

    // Null at first, and after a program caused too much work.
    private TerminalScreen? _screen;
    private (ushort Cols, ushort Rows) _size;
    private long _credit = MostCredit;
    private long _creditAt = Environment.TickCount64;
    private ulong _fed;
    private byte[]? _written;
    private ulong _writtenAt;

    public TailScreen(byte* ring, TtyFlow flow, ushort cols, ushort rows)
    {
        _ring = ring;
        _flow = flow;
        _sizes.Add((0, cols, rows));
    }

    /// <summary>The terminal has this size from the next byte on.</summary>
    public void Resize(ushort cols, ushort rows)
    {
        if (_sizes.Count > 0 && _sizes[^1].Offset == _flow.End)
        {
            _sizes.RemoveAt(_sizes.Count - 1);
        }
        else if (_sizes.Count >= MostSizes)
        {
            _sizes.RemoveAt(1);
        }

        _sizes.Add((_flow.End, cols, rows));
        _written = null;
    }

    /// <summary>Reports that so many bytes are about to be overwritten in the ring.</summary>
    public void BeforeWriting(int count)
    {
        var kept = _flow.End + (ulong)count;
        if (kept > (ulong)_flow.Length && _fed < kept - (ulong)_flow.Length)
        {
            var position = (int)(_fed % (ulong)_flow.Length);
            var ahead = (int)Math.Min(_flow.End - _fed, (ulong)(_flow.Length - position));
            var step = Math.Max(Step, TerminalScreen.PlainLength(new ReadOnlySpan<byte>(_ring + position, ahead)));
            Feed(Math.Min(_flow.End, Math.Max(kept - (ulong)_flow.Length, _fed + (ulong)step)));
        }
    }

    /// <summary>Columns, rows and bytes that show the terminal as it is at the end.</summary>
    public byte[] Write()
    {
        if (_written is null || _writtenAt != _flow.End)
        {
            Feed(_flow.End);
            _screen ??= new TerminalScreen(_size.Cols, _size.Rows);
            var bytes = _screen.Write(TtyFrame.MaxScreen - SizeLength);
            _written = new byte[SizeLength + bytes.Length];
            BinaryPrimitives.WriteUInt16LittleEndian(_written, (ushort)_screen.Cols);
            BinaryPrimitives.WriteUInt16LittleEndian(_written.AsSpan(sizeof(ushort)), (ushort)_screen.Rows);
            bytes.CopyTo(_written, SizeLength);
            _writtenAt = _flow.End;
        }

        return _written;
    }

    private void Feed(ulong to)
    {
        while (true)
        {
            while (_sizes.Count > 0 && _sizes[0].Offset <= _fed)
            {
                var (_, cols, rows) = _sizes[0];
                _size = (cols, rows);
                _screen?.Resize(cols, rows);
                _sizes.RemoveAt(0);
            }

            if (_fed >= to)
            {
                return;
            }

            var until = _sizes.Count > 0 ? Math.Min(to, _sizes[0].Offset) : to;
            var position = (int)(_fed % (ulong)_flow.Length);
            var count = (int)Math.Min(until - _fed, (ulong)(_flow.Length - position));
            Feed(new ReadOnlySpan<byte>(_ring + position, count));
            _fed += (ulong)count;
        }
    }

    // Too much work is not done: the screen is abandoned and output is skipped, until there is enough credit to start
    // from an empty one. The viewer sees a gap in either case.
    private void Feed(ReadOnlySpan<byte> output)
    {
        var now = Environment.TickCount64;
        _credit = Math.Min(MostCredit, _credit + (CreditPerByte * output.Length) + (CreditPerMillisecond * (now - _creditAt)));
        _creditAt = now;
        if (_screen is null && _credit < EnoughCredit)
        {
            return;
        }

        _screen ??= new TerminalScreen(_size.Cols, _size.Rows);
        var before = _screen.Work;
        var isFair = _screen.TryFeed(output, _credit);
        _credit -= _screen.Work - before;
        if (!isFair)
        {
            _screen = null;
        }
    }
}
