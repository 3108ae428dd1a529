using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Sandbox.Core.Terminals;

namespace Sandbox.Web.Terminals;

/// <summary>Output of a terminal, or its end.</summary>
/// <param name="Offset">How many bytes of the terminal came before this; more than the viewer holds is a gap.</param>
/// <param name="Data">The bytes; empty in the last item. The array is this item's own.</param>
/// <param name="ExitCode">In the last item how the process ended, else null.</param>
/// <param name="Screen">
/// When output was skipped: the size of the terminal that the bytes draw, in place of as many bytes of output before the
/// ones that come next.
/// </param>
/// <param name="State">What the shell says of itself, for those who follow it; then there are no bytes.</param>
internal readonly record struct TtyItem(ulong Offset, ReadOnlyMemory<byte> Data, int? ExitCode, TtyScreenSize? Screen = null, TtyState? State = null);

/// <summary>How large the terminal is that a screen is meant for.</summary>
internal sealed record TtyScreenSize(ushort Cols, ushort Rows);

/// <summary>
/// One viewer's connection to the holder of a terminal, see <see cref="TtyFrame"/>. Output stays in the socket until
/// it is asked for, input waits in a bounded queue, and everything else overtakes that queue. All calls but
/// <see cref="ReadAsync"/> may be made at any time from any thread, and none of them waits.
/// </summary>
internal sealed class TtyConnection : IAsyncDisposable
{
    private const int MostQueued = 64 * 1024;
    private const int ReceiveLength = 8 * 1024;
    private const int ScreenSizeLength = 2 * sizeof(ushort);
    private const int MostAttempts = 40;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan AskPatience = TimeSpan.FromSeconds(2);

    private readonly Socket _socket;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closing = new();

    // What is to be said before any input; of sizes and acknowledgements only the latest counts.
    private ulong? _attach;
    private bool _watches;
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

    private bool _isSending;
    private Task _sending = Task.CompletedTask;
    private bool _isBroken;
    private ulong _offset;

    private TtyConnection(Socket socket) => _socket = socket;

    /// <summary>Connects to the holder of a terminal.</summary>
    /// <exception cref="SocketException">Nobody holds it any more, or it may not be opened.</exception>
    public static async Task<TtyConnection> ConnectAsync(string socket, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellationToken);
                return new TtyConnection(connection);
            }
            catch (SocketException full) when (full.SocketErrorCode == SocketError.WouldBlock && attempt < MostAttempts)
            {
                // connect(2) does not wait for a place in a queue that is full: the holder is there, and busy.
                connection.Dispose();
                await Task.Delay(Pause, cancellationToken);
            }
            catch
            {
                connection.Dispose();
                throw;
            }
        }
    }

    /// <summary>Asks for the output after this many bytes. Once for each connection.</summary>
    /// <param name="after">How many bytes the viewer holds.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <param name="watches">The program never waits for this viewer.</param>
    public ValueTask AttachAsync(ulong after, CancellationToken cancellationToken, bool watches = false)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _offset = after;
        lock (_gate)
        {
            (_attach, _watches) = (after, watches);
            Say();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Asks for the shell's state, now and after every change. Only of a holder that tells it.</summary>
    public void Follow()
    {
        lock (_gate)
        {
            _follow = true;
            Say();
        }
    }

    /// <summary>The shell's state as the holder of a terminal knows it; null when it does not answer.</summary>
    public static async Task<TtyState?> AskStateAsync(string socket, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(AskPatience);
        try
        {
            await using var connection = await ConnectAsync(socket, patience.Token);
            connection.Follow();
            await foreach (var item in connection.ReadAsync(patience.Token))
            {
                if (item.State is { } state)
                {
                    return state;
                }
            }
        }
        catch (Exception fault) when (fault is SocketException or InvalidDataException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // It ends just now, or has no place for one more.
        }

        return null;
    }

    /// <summary>
    /// The output in order, and last an item with the exit code. It ends without one when the terminal was closed or
    /// its holder is gone. One reader at a time; nothing is read from the socket while the reader is busy.
    /// </summary>
    public async IAsyncEnumerable<TtyItem> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
        var buffer = new byte[ReceiveLength];
        var filled = 0;
        var first = 0;
        while (true)
        {
            while (filled - first < TtyFrame.HeaderLength)
            {
                (first, filled) = (0, Front(buffer, first, filled));
                var received = await ReceiveAsync(buffer.AsMemory(filled), either.Token);
                if (received == 0)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    yield break;
                }

                filled += received;
            }

            var kind = buffer[first];
            var length = BinaryPrimitives.ReadUInt32LittleEndian(buffer.AsSpan(first + 1));
            first += TtyFrame.HeaderLength;
            if (!IsLengthOf(kind, length))
            {
                throw new InvalidDataException("the holder of the terminal sent no frame");
            }

            if (kind == TtyFrame.State)
            {
                var written = new byte[length];
                var begun = Math.Min(written.Length, filled - first);
                buffer.AsSpan(first, begun).CopyTo(written);
                first += begun;
                if (!await FillAsync(written, begun, either.Token))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    yield break;
                }

                if (!TtyState.TryRead(written, out var state))
                {
                    throw new InvalidDataException("the holder of the terminal sent no state");
                }

                yield return new TtyItem(_offset, default, null, State: state);
                continue;
            }

            // The number each of them begins with; after it come the bytes of Data, which alone are given away.
            var number = kind == TtyFrame.Exit ? sizeof(int) : sizeof(ulong);
            while (filled - first < number)
            {
                (first, filled) = (0, Front(buffer, first, filled));
                var received = await ReceiveAsync(buffer.AsMemory(filled), either.Token);
                if (received == 0)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    yield break;
                }

                filled += received;
            }

            if (kind == TtyFrame.Taken)
            {
                Taken(BinaryPrimitives.ReadUInt64LittleEndian(buffer.AsSpan(first)));
                first += number;
                continue;
            }

            if (kind == TtyFrame.Exit)
            {
                yield return new TtyItem(_offset, default, BinaryPrimitives.ReadInt32LittleEndian(buffer.AsSpan(first)));
                yield break;
            }

            _offset = BinaryPrimitives.ReadUInt64LittleEndian(buffer.AsSpan(first));
            first += number;
            var data = GC.AllocateUninitializedArray<byte>((int)length - number);
            var have = Math.Min(data.Length, filled - first);
            buffer.AsSpan(first, have).CopyTo(data);
            first += have;
            if (!await FillAsync(data, have, either.Token))
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield break;
            }

            if (kind == TtyFrame.Screen)
            {
                var size = new TtyScreenSize(BinaryPrimitives.ReadUInt16LittleEndian(data), BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(sizeof(ushort))));
                var drawn = data.AsMemory(ScreenSizeLength);
                yield return new TtyItem(_offset - (ulong)drawn.Length, drawn, null, size);
                continue;
            }

            yield return new TtyItem(_offset, data, null);
            _offset += (ulong)data.Length;
        }
    }

    /// <summary>
    /// Queues bytes typed. False, and nothing is queued, when more than 64 KiB would wait beside what the holder has
    /// not taken yet, or the connection is over.
    /// </summary>
    public bool TryInput(ReadOnlyMemory<byte> data)
    {
        lock (_gate)
        {
            if (_isBroken || _inputCount + data.Length > MostQueued + Window())
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

            data.Span.CopyTo(_input.AsSpan(_inputFirst + _inputCount));
            _inputCount += data.Length;
            Say();
        }

        return true;
    }

    /// <summary>Sets the terminal's size.</summary>
    public void Resize(ushort cols, ushort rows)
    {
        lock (_gate)
        {
            _size = (cols, rows);
            Say();
        }
    }

    /// <summary>Says how many bytes of output the viewer holds.</summary>
    public void Ack(ulong held)
    {
        lock (_gate)
        {
            _ack = Math.Max(held, _ack ?? 0);
            Say();
        }
    }

    /// <summary>Hangs the terminal up, for everybody.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _close = true;
            Say();
        }
    }

    /// <summary>Leaves; what was said before is still sent, as far as the socket takes it at once.</summary>
    public async ValueTask DisposeAsync()
    {
        Task sending;
        lock (_gate)
        {
            _isBroken = true;
            sending = _sending;
        }

        await _closing.CancelAsync();
        _socket.Dispose();
        await sending;
    }

    private static int Front(byte[] buffer, int first, int filled)
    {
        buffer.AsSpan(first, filled - first).CopyTo(buffer);
        return filled - first;
    }

    private static bool IsLengthOf(byte kind, uint length) => kind switch
    {
        TtyFrame.Data => length is > sizeof(ulong) and <= TtyFrame.MaxData,
        TtyFrame.Screen => length is >= sizeof(ulong) + ScreenSizeLength and <= sizeof(ulong) + TtyFrame.MaxScreen,
        TtyFrame.Taken => length == sizeof(ulong),
        TtyFrame.Exit => length == sizeof(int),
        TtyFrame.State => length <= TtyState.MostBytes,
        _ => false,
    };

    // The rest of a payload; false when it ends before that.
    private async ValueTask<bool> FillAsync(byte[] payload, int have, CancellationToken cancellationToken)
    {
        while (have < payload.Length)
        {
            var received = await ReceiveAsync(payload.AsMemory(have), cancellationToken);
            if (received == 0)
            {
                return false;
            }

            have += received;
        }

        return true;
    }

    // 0 when it is over, by whichever side.
    private async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await _socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            return 0;
        }
    }

    private int Window() => TtyFrame.InputWindow - (int)(_inputSent - _inputTaken);

    // The holder took input; more that waits may follow.
    private void Taken(ulong taken)
    {
        lock (_gate)
        {
            _inputTaken = taken;
            if (_inputCount > 0)
            {
                Say();
            }
        }
    }

    // Called with the gate held, when there is something to say.
    private void Say()
    {
        if (!_isBroken && !_isSending)
        {
            // it runs here until the socket makes it wait: a key goes out on the thread that brought it
            _isSending = true;
            _sending = SendAsync();
        }
    }

    private async Task SendAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(LongestMessage);
        try
        {
            while (true)
            {
                int count;
                lock (_gate)
                {
                    count = _isBroken ? 0 : Compose(buffer);
                    if (count == 0)
                    {
                        _isSending = false;
                        return;
                    }
                }

                for (var sent = 0; sent < count;)
                {
                    sent += await _socket.SendAsync(buffer.AsMemory(sent, count - sent), SocketFlags.None);
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // the reader is told by the end of the stream; what is said from now on has nobody to hear it
            lock (_gate)
            {
                _isBroken = true;
                _isSending = false;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Follow, Attach, Close, Resize and Ack, then one Input.
    private const int LongestMessage = (6 * TtyFrame.HeaderLength) + (2 * sizeof(ulong)) + (2 * sizeof(ushort)) + TtyFrame.MaxInput;

    private int Compose(byte[] buffer)
    {
        var count = 0;
        if (_follow)
        {
            // before Attach: what the marks in the output hold has to be known before the output
            _ = Frame(buffer, ref count, TtyFrame.Follow, 0);
            _follow = false;
        }

        if (_attach is { } after)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(Frame(buffer, ref count, _watches ? TtyFrame.Watch : TtyFrame.Attach, sizeof(ulong)), after);
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

        var input = Math.Min(Math.Min(_inputCount, Window()), TtyFrame.MaxInput);
        if (input > 0)
        {
            _input.AsSpan(_inputFirst, input).CopyTo(Frame(buffer, ref count, TtyFrame.Input, input));
            _inputFirst += input;
            _inputCount -= input;
            _inputSent += (ulong)input;
            if (_inputCount == 0)
            {
                // a paste's buffer is given back, a key's is kept
                _input = _input.Length > 1024 ? [] : _input;
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
}
