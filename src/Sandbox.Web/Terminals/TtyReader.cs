using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Sandbox.Terminals.Flow;
using Sandbox.Terminals.Marks;

namespace Sandbox.Web.Terminals;

/// <summary>Reads frames from the holder of a terminal, see <see cref="TtyFrame"/>, and no more of them than its caller asks for.</summary>
/// <param name="stream">The connection to it.</param>
/// <param name="offset">How many bytes of output came before.</param>
/// <param name="taken">Called with the bytes of input that the holder has accepted so far.</param>
internal sealed class TtyReader(Stream stream, ulong offset, Action<ulong> taken)
{
    private const int ReceiveLength = 8 * 1024;
    private const int ScreenSizeLength = 2 * sizeof(ushort);

    // What was received and not looked at lies from _first to _filled.
    private readonly byte[] _buffer = new byte[ReceiveLength];
    private int _first;
    private int _filled;
    private ulong _offset = offset;

    /// <summary>Everything to the end of the connection, or to the exit code.</summary>
    /// <exception cref="InvalidDataException">What comes is not what a holder says.</exception>
    public async IAsyncEnumerable<TtyItem> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await HaveAsync(TtyFrame.HeaderLength, cancellationToken))
        {
            var kind = _buffer[_first];
            var length = BinaryPrimitives.ReadUInt32LittleEndian(Next(TtyFrame.HeaderLength)[1..]);
            if (!IsLengthOf(kind, length))
            {
                throw new InvalidDataException("the holder of the terminal sent no frame");
            }

            if (kind == TtyFrame.State)
            {
                if (await TakeAsync((int)length, cancellationToken) is not { } written)
                {
                    yield break;
                }

                if (!TtyState.TryRead(written, out var state))
                {
                    throw new InvalidDataException("the holder of the terminal sent no state");
                }

                yield return new TtyItem(_offset, default, null, State: state);
                continue;
            }

            // The number each of the others begins with; after it come the bytes of Data and Screen, which alone are given away.
            var number = kind == TtyFrame.Exit ? sizeof(int) : sizeof(ulong);
            if (!await HaveAsync(number, cancellationToken))
            {
                yield break;
            }

            if (kind == TtyFrame.Taken)
            {
                taken(BinaryPrimitives.ReadUInt64LittleEndian(Next(number)));
                continue;
            }

            if (kind == TtyFrame.Exit)
            {
                yield return new TtyItem(_offset, default, BinaryPrimitives.ReadInt32LittleEndian(Next(number)));
                yield break;
            }

            _offset = BinaryPrimitives.ReadUInt64LittleEndian(Next(number));
            if (await TakeAsync((int)length - number, cancellationToken) is not { } data)
            {
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

    private static bool IsLengthOf(byte kind, uint length) => kind switch
    {
        TtyFrame.Data => length is > sizeof(ulong) and <= TtyFrame.MaxData,
        TtyFrame.Screen => length is >= sizeof(ulong) + ScreenSizeLength and <= sizeof(ulong) + TtyFrame.MaxScreen,
        TtyFrame.Taken => length == sizeof(ulong),
        TtyFrame.Exit => length == sizeof(int),
        TtyFrame.State => length <= TtyState.MostBytes,
        _ => false,
    };

    private ReadOnlySpan<byte> Next(int count)
    {
        _first += count;
        return _buffer.AsSpan(_first - count, count);
    }

    // Receives so many bytes, few of them; false when it ends before that.
    private async ValueTask<bool> HaveAsync(int count, CancellationToken cancellationToken)
    {
        while (_filled - _first < count)
        {
            _buffer.AsSpan(_first, _filled - _first).CopyTo(_buffer);
            (_first, _filled) = (0, _filled - _first);
            var received = await ReceiveAsync(_buffer.AsMemory(_filled), cancellationToken);
            if (received == 0)
            {
                return false;
            }

            _filled += received;
        }

        return true;
    }

    // An array of its own with the bytes that come next; null when it ends before that.
    private async ValueTask<byte[]?> TakeAsync(int count, CancellationToken cancellationToken)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(count);
        var have = Math.Min(count, _filled - _first);
        Next(have).CopyTo(bytes);
        while (have < count)
        {
            var received = await ReceiveAsync(bytes.AsMemory(have), cancellationToken);
            if (received == 0)
            {
                return null;
            }

            have += received;
        }

        return bytes;
    }

    // 0 when it is over, by whichever side.
    private async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await stream.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            return 0;
        }
    }
}
