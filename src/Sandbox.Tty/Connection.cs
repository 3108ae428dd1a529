using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Sandbox.Terminals.Flow;
using Sandbox.Tty.Linux;

namespace Sandbox.Tty;

/// <summary>
/// One connection: parses frames, buffers input that the terminal does not accept yet, and sends output. It buffers at
/// most a frame, an <see cref="TtyFrame.InputWindow"/> and the rest of one Data or Screen; memory for these is
/// allocated only while it is needed.
/// </summary>
internal sealed unsafe class Connection
{
    private const int OffsetLength = sizeof(ulong);

    // A report after each key would wake the other end twice for it; three quarters of the window are always free.
    private const int ReportTaken = TtyFrame.InputWindow / 4;
    private const int LongestFrame = TtyFrame.HeaderLength + TtyFrame.MaxInput;

    private readonly int _fd;
    private readonly Holder _holder;

    // The beginning of a frame that has not arrived completely.
    private byte* _begun;
    private int _begunCount;

    // Input that the terminal has not accepted.
    private byte* _input;
    private int _inputFirst;
    private ulong _taken;
    private ulong _takenReported;

    // The rest of a frame that the socket did not accept: a copy, because the ring goes on.
    private byte* _rest;
    private int _restFirst;
    private int _restCount;

    public Connection(int fd, Holder holder)
    {
        _fd = fd;
        _holder = holder;
    }

    // Whether it follows the shell's state, which state it has, and since when.
    private bool _follows;
    private int _stateSent;
    private long _stateSentAt = -TtyFrame.StateEvery;

    public int Fd => _fd;

    /// <summary>Its position in the output; null before Attach or Watch.</summary>
    public TtyViewer? Viewer { get; private set; }

    /// <summary>Bytes of input that wait for the terminal.</summary>
    public int InputCount { get; private set; }

    /// <summary>Whether the socket accepts nothing now.</summary>
    public bool IsBlocked { get; set; }

    /// <summary>Whether epoll reports the end of <see cref="IsBlocked"/>.</summary>
    public bool IsWatchedForRoom { get; set; }

    /// <summary>Whether Exit was sent, after which nothing more is sent.</summary>
    public bool HasSentExit { get; private set; }

    /// <summary>When the shell's state is due; never, if it has the latest or accepts nothing now.</summary>
    public long StateDueAt => _follows && !IsBlocked && !HasSentExit && _stateSent != _holder.StateNumber
        ? _stateSentAt + TtyFrame.StateEvery
        : long.MaxValue;

    /// <summary>Bytes that <see cref="Receive"/> may need.</summary>
    public const int ScratchLength = LongestFrame + TtyFrame.MaxData;

    /// <summary>Reads and handles received frames. False when the connection is over.</summary>
    public bool Receive(byte* scratch, long now)
    {
        if (_begunCount > 0)
        {
            NativeMemory.Copy(_begun, scratch, (nuint)_begunCount);
        }

        var received = Native.Receive(_fd, scratch + _begunCount, TtyFrame.MaxData, Native.MsgDontWait);
        if (received <= 0)
        {
            return received < 0 && Native.Error is Native.Eagain or Native.Eintr;
        }

        var rest = new ReadOnlySpan<byte>(scratch, _begunCount + (int)received);
        while (rest.Length >= TtyFrame.HeaderLength)
        {
            var kind = rest[0];
            var length = BinaryPrimitives.ReadUInt32LittleEndian(rest[1..]);
            if (!IsLengthOf(kind, length))
            {
                return false;
            }

            if ((uint)rest.Length < TtyFrame.HeaderLength + length)
            {
                break;
            }

            if (!Execute(kind, rest.Slice(TtyFrame.HeaderLength, (int)length), now))
            {
                return false;
            }

            rest = rest[(TtyFrame.HeaderLength + (int)length)..];
        }

        Keep(ref _begun, LongestFrame, rest);
        _begunCount = rest.Length;
        return true;
    }

    /// <summary>Writes buffered input into the terminal. False when the terminal accepts no more now.</summary>
    public bool WriteInput(Pty pty)
    {
        if (InputCount == 0)
        {
            return true;
        }

        var written = pty.Write(_input + _inputFirst, Math.Min(InputCount, TtyFrame.MaxInput));
        _inputFirst += written;
        InputCount -= written;
        _taken += (ulong)written;
        if (InputCount == 0)
        {
            Free(ref _input);
            _inputFirst = 0;
        }

        return InputCount == 0;
    }

    /// <summary>Drops buffered input, as if the terminal had accepted it.</summary>
    public void DropInput()
    {
        _taken += (ulong)InputCount;
        InputCount = 0;
        _inputFirst = 0;
        Free(ref _input);
    }

    /// <summary>
    /// Sends everything that is due until the socket accepts no more; no output while that is held back. False when the
    /// connection is over.
    /// </summary>
    public bool Send(TtyFlow flow, byte* ring, int? exitCode, long now, bool isHeldBack)
    {
        if (IsBlocked || HasSentExit)
        {
            return true;
        }

        if (_restCount > 0 && !SendRest())
        {
            return false;
        }

        if (!IsBlocked && _taken - _takenReported >= ReportTaken)
        {
            var taken = _taken;
            if (!SendNumber(TtyFrame.Taken, taken, OffsetLength, out var sent))
            {
                return false;
            }

            _takenReported = sent ? taken : _takenReported;
        }

        if (StateDueAt is not long.MaxValue and var due && (now >= due || exitCode is not null))
        {
            var number = _holder.StateNumber;
            fixed (byte* state = _holder.State)
            {
                if (!SendFrame(TtyFrame.State, 0, 0, state, _holder.State.Length, out var sent))
                {
                    return false;
                }

                (_stateSent, _stateSentAt) = sent ? (number, now) : (_stateSent, _stateSentAt);
            }
        }

        while (!IsBlocked && !isHeldBack && Viewer is { } viewer)
        {
            if (flow.HasGap(viewer))
            {
                if (!SendScreen(flow, viewer))
                {
                    return false;
                }
            }
            else if (flow.TryNext(viewer, TtyFrame.MaxData - OffsetLength, out var position, out var count))
            {
                if (!SendFrame(TtyFrame.Data, viewer.Sent, OffsetLength, ring + position, count, out var sent))
                {
                    return false;
                }

                if (sent)
                {
                    flow.Advance(viewer, count);
                }
            }
            else
            {
                return exitCode is not { } code || viewer.Sent != flow.End || SendExit(code);
            }
        }

        return true;
    }

    /// <summary>Whether it is complete: the viewer has every byte and the process's exit.</summary>
    public bool IsComplete(TtyFlow flow) => HasSentExit && _restCount == 0 && Viewer is { Outstanding: 0 } viewer && viewer.Sent == flow.End;

    /// <summary>Closes the socket and frees the memory, but keeps buffered input: it was typed.</summary>
    public void Close()
    {
        _ = Native.Close(_fd);
        Free(ref _begun);
        Free(ref _rest);
    }

    private static bool IsLengthOf(byte kind, uint length) => kind switch
    {
        TtyFrame.Attach or TtyFrame.Watch or TtyFrame.Ack => length == OffsetLength,
        TtyFrame.Input => length <= TtyFrame.MaxInput,
        TtyFrame.Resize => length == 2 * sizeof(ushort),
        TtyFrame.Close or TtyFrame.Follow => length == 0,
        _ => false,
    };

    private bool Execute(byte kind, ReadOnlySpan<byte> payload, long now)
    {
        switch (kind)
        {
            case TtyFrame.Attach or TtyFrame.Watch:
                if (Viewer is not null)
                {
                    return false;
                }

                _holder.Mark(TtyLogUses.Seen);
                Viewer = _holder.Flow.Attach(BinaryPrimitives.ReadUInt64LittleEndian(payload), now, governs: kind == TtyFrame.Attach);
                return true;
            case TtyFrame.Ack:
                if (Viewer is null)
                {
                    return false;
                }

                _holder.Flow.Acknowledge(Viewer, BinaryPrimitives.ReadUInt64LittleEndian(payload), now);
                return true;
            case TtyFrame.Follow:
                _follows = true;
                return true;
            case TtyFrame.Input:
                _holder.Mark(TtyLogUses.Used);
                return TakeInput(payload);
            case TtyFrame.Resize:
                _holder.Resize(
                    BinaryPrimitives.ReadUInt16LittleEndian(payload),
                    BinaryPrimitives.ReadUInt16LittleEndian(payload[2..]));
                return true;
            default:
                _holder.Mark(TtyLogUses.Used);
                _holder.Close(now);
                return true;
        }
    }

    private bool TakeInput(ReadOnlySpan<byte> data)
    {
        if (InputCount + data.Length > TtyFrame.InputWindow)
        {
            return false;
        }

        if (_input == null)
        {
            // twice the window: buffered input is moved to the front at most once for each window
            _input = (byte*)NativeMemory.Alloc(2 * TtyFrame.InputWindow);
        }
        else if (_inputFirst + InputCount + data.Length > 2 * TtyFrame.InputWindow)
        {
            NativeMemory.Copy(_input + _inputFirst, _input, (nuint)InputCount);
            _inputFirst = 0;
        }

        data.CopyTo(new Span<byte>(_input + _inputFirst + InputCount, data.Length));
        InputCount += data.Length;
        return true;
    }

    private bool SendScreen(TtyFlow flow, TtyViewer viewer)
    {
        var screen = _holder.Screen.Write();
        fixed (byte* bytes = screen)
        {
            if (!SendFrame(TtyFrame.Screen, flow.End, OffsetLength, bytes, screen.Length, out var sent))
            {
                return false;
            }

            if (sent)
            {
                flow.Skip(viewer, screen.Length);
            }
        }

        return true;
    }

    private bool SendExit(int code)
    {
        if (!SendNumber(TtyFrame.Exit, (uint)code, sizeof(int), out var sent))
        {
            return false;
        }

        HasSentExit = sent;
        return true;
    }

    private bool SendNumber(byte kind, ulong number, int length, out bool sent) =>
        SendFrame(kind, number, length, null, 0, out sent);

    // A frame is sent as a whole, with the part that the socket does not accept kept for later, or not at all. False: the connection is over.
    private bool SendFrame(byte kind, ulong number, int numberLength, byte* data, int count, out bool sent)
    {
        var head = stackalloc byte[TtyFrame.HeaderLength + OffsetLength];
        var headLength = TtyFrame.HeaderLength + numberLength;
        head[0] = kind;
        BinaryPrimitives.WriteUInt32LittleEndian(new Span<byte>(head + 1, sizeof(uint)), (uint)(numberLength + count));
        BinaryPrimitives.WriteUInt64LittleEndian(new Span<byte>(head + TtyFrame.HeaderLength, OffsetLength), number);
        var parts = stackalloc Native.Part[2];
        parts[0] = new Native.Part { Address = head, Length = (nuint)headLength };
        parts[1] = new Native.Part { Address = data, Length = (nuint)count };
        var message = new Native.Message { Parts = parts, PartCount = 2 };
        var went = (int)Native.SendMessage(_fd, &message, Native.MsgDontWait | Native.MsgNoSignal);
        sent = went >= 0;
        if (!sent)
        {
            IsBlocked = Native.Error is Native.Eagain or Native.Eintr;
            return IsBlocked;
        }

        if (went < headLength + count)
        {
            IsBlocked = true;
            _rest = (byte*)NativeMemory.Alloc((nuint)(headLength + count - went));
            _restFirst = 0;
            _restCount = 0;
            AppendRest(new ReadOnlySpan<byte>(head, headLength), ref went);
            AppendRest(new ReadOnlySpan<byte>(data, count), ref went);
        }

        return true;
    }

    private void AppendRest(ReadOnlySpan<byte> bytes, ref int went)
    {
        var skipped = Math.Min(went, bytes.Length);
        went -= skipped;
        bytes[skipped..].CopyTo(new Span<byte>(_rest + _restCount, bytes.Length - skipped));
        _restCount += bytes.Length - skipped;
    }

    private bool SendRest()
    {
        var part = new Native.Part { Address = _rest + _restFirst, Length = (nuint)_restCount };
        var message = new Native.Message { Parts = &part, PartCount = 1 };
        var went = (int)Native.SendMessage(_fd, &message, Native.MsgDontWait | Native.MsgNoSignal);
        if (went < 0)
        {
            IsBlocked = Native.Error is Native.Eagain or Native.Eintr;
            return IsBlocked;
        }

        _restFirst += went;
        _restCount -= went;
        IsBlocked = _restCount > 0;
        if (!IsBlocked)
        {
            Free(ref _rest);
        }

        return true;
    }

    private static void Keep(ref byte* buffer, int capacity, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            Free(ref buffer);
            return;
        }

        if (buffer == null)
        {
            buffer = (byte*)NativeMemory.Alloc((nuint)capacity);
        }

        bytes.CopyTo(new Span<byte>(buffer, capacity));
    }

    private static void Free(ref byte* buffer)
    {
        NativeMemory.Free(buffer);
        buffer = null;
    }
}
