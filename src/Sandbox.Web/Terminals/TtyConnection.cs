using System.Buffers;
using System.Runtime.CompilerServices;
using Sandbox.Terminals.Flow;
using Sandbox.Terminals.Marks;

namespace Sandbox.Web.Terminals;

/// <summary>
/// One viewer's connection to the holder of a terminal, see <see cref="TtyFrame"/>. Output stays in the stream until
/// it is asked for, input goes out at once or is refused, and everything else overtakes it. All calls but
/// <see cref="ReadAsync"/> may be made at any time from any thread, and none of them waits.
/// </summary>
internal sealed class TtyConnection : IAsyncDisposable
{
    private static readonly TimeSpan AskPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LeavePatience = TimeSpan.FromSeconds(2);

    private readonly Stream _stream;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly TtyOutbox _outbox = new();

    private bool _isSending;
    private Task _sending = Task.CompletedTask;
    private bool _isBroken;
    private bool _isLeaving;
    private ulong _offset;

    /// <summary>A viewer at the other end of <paramref name="stream"/>, which this owns.</summary>
    public TtyConnection(Stream stream) => _stream = stream;

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
            _outbox.Attach(after, watches);
            Say();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Asks for the shell's state, now and after every change. Only of a holder that tells it.</summary>
    public void Follow()
    {
        lock (_gate)
        {
            _outbox.Follow();
            Say();
        }
    }

    /// <summary>The shell's state as the holder of a terminal knows it; null if the holder does not answer in time.</summary>
    public static async Task<TtyState?> AskStateAsync(Func<CancellationToken, Task<Stream>> connect, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(AskPatience);
        try
        {
            await using var connection = new TtyConnection(await connect(patience.Token));
            connection.Follow();
            await foreach (var item in connection.ReadAsync(patience.Token))
            {
                if (item.State is { } state)
                {
                    return state;
                }
            }
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // The terminal is just ending, or its holder has no place for one more viewer.
        }

        return null;
    }

    /// <summary>
    /// The output in order, and last an item with the exit code. It ends without one when the terminal was closed or
    /// its holder is gone. One reader at a time; nothing is read from the stream while the reader is busy.
    /// </summary>
    public async IAsyncEnumerable<TtyItem> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
        await foreach (var item in new TtyReader(_stream, _offset, Taken).ReadAsync(either.Token))
        {
            yield return item;
            if (item.ExitCode is not null)
            {
                yield break;
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>
    /// Sends bytes typed, which the holder then has, whatever becomes of this connection. False, and nothing is sent, when
    /// the terminal would have more than 64 KiB to take, or the connection is over.
    /// </summary>
    public bool TryInput(ReadOnlyMemory<byte> data)
    {
        lock (_gate)
        {
            if (_isBroken || _isLeaving || !_outbox.TryInput(data.Span))
            {
                return false;
            }

            Say();
        }

        return true;
    }

    /// <summary>Sets the terminal's size.</summary>
    public void Resize(ushort cols, ushort rows)
    {
        lock (_gate)
        {
            _outbox.Resize(cols, rows);
            Say();
        }
    }

    /// <summary>Says how many bytes of output the viewer holds.</summary>
    public void Ack(ulong held)
    {
        lock (_gate)
        {
            _outbox.Ack(held);
            Say();
        }
    }

    /// <summary>Hangs the terminal up, for everybody.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _outbox.Close();
            Say();
        }
    }

    /// <summary>Leaves; what was said before is still sent, unless the holder takes nothing for seconds.</summary>
    public async ValueTask DisposeAsync()
    {
        Task sending;
        lock (_gate)
        {
            _isLeaving = true;
            sending = _sending;
        }

        await _closing.CancelAsync();
        if (!sending.IsCompleted)
        {
            await Task.WhenAny(sending, Task.Delay(LeavePatience));
        }

        lock (_gate)
        {
            _isBroken = true;
        }

        await _stream.DisposeAsync();
        await sending;
    }

    // The terminal took input, so there is room for more.
    private void Taken(ulong taken)
    {
        lock (_gate)
        {
            _outbox.Taken(taken);
        }
    }

    // Called with the gate held, when there is something to say.
    private void Say()
    {
        if (!_isBroken && !_isSending)
        {
            // it runs here until the stream makes it wait: a key goes out on the thread that brought it
            _isSending = true;
            _sending = SendAsync();
        }
    }

    private async Task SendAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(TtyOutbox.LongestMessage);
        try
        {
            while (true)
            {
                int count;
                lock (_gate)
                {
                    count = _isBroken ? 0 : _outbox.Compose(buffer);
                    if (count == 0)
                    {
                        _isSending = false;
                        return;
                    }
                }

                await _stream.WriteAsync(buffer.AsMemory(0, count));
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // the reader sees the end of the stream; later messages have no receiver
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
}
