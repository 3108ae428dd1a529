using Sandbox.Core.Errors;
using Sandbox.Core.Terminals;
using Sandbox.Terminals.Flow;
using Sandbox.Web.Latency;

namespace Sandbox.Web.Terminals;

/// <summary>
/// One browser on one terminal. Keys that arrive before the connection is made wait here in order, so a call never
/// waits and nothing is reordered.
/// </summary>
internal sealed class TerminalViewer : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Task<TtyConnection> _connecting;
    private List<byte[]>? _early = [];
    private int _earlyLength;
    private (ushort Cols, ushort Rows)? _earlySize;
    private bool _closesEarly;
    private TtyConnection? _connection;
    private Exception? _failure;
    private Audience.Seat? _seat;
    private TerminalSize? _wish;
    private long _typed;
    private long _sent;
    private bool _isOver;

    public TerminalViewer(Func<Task<TtyConnection>> connect, EchoWatch echo)
    {
        Echo = echo;
        _connecting = ConnectAsync(connect);
    }

    /// <summary>Measures the echo of its keys.</summary>
    public EchoWatch Echo { get; }

    /// <summary>The connection once it is made. Code: NotFound.</summary>
    public Task<TtyConnection> Connection => _connecting;

    /// <summary>Whether it has its stream: a connection carries one.</summary>
    public bool IsAttached { get; private set; }

    /// <summary>Bytes of output sent to it, which is the most it can hold.</summary>
    public long Sent
    {
        get => Volatile.Read(ref _sent);
        set => Volatile.Write(ref _sent, value);
    }

    /// <summary>Whether it hung the terminal up.</summary>
    public bool HasClosed { get; private set; }

    /// <summary>Its seat in the audience.</summary>
    public Audience.Seat? Seat
    {
        get
        {
            lock (_gate)
            {
                return _seat;
            }
        }
    }

    /// <summary>Joins the audience with the window size it reported before.</summary>
    public void Sit(Audience audience, TerminalRight right)
    {
        var seat = audience.Join(right, size => Resize((ushort)size.Cols, (ushort)size.Rows));
        TerminalSize? wish;
        lock (_gate)
        {
            (_seat, wish) = (seat, _wish);
            if (!_isOver && wish is null)
            {
                return;
            }
        }

        if (_isOver)
        {
            seat.Dispose();
        }
        else
        {
            seat.Wants(wish!);
        }
    }

    /// <summary>Notes the size of its window. False while it has no seat.</summary>
    public bool Wants(TerminalSize wish)
    {
        Audience.Seat? seat;
        lock (_gate)
        {
            (_wish, seat) = (wish, _seat);
        }

        seat?.Wants(wish);
        return seat is not null;
    }

    /// <summary>Starts its stream and the count of typed bytes. Called once per viewer.</summary>
    public void Attach()
    {
        lock (_gate)
        {
            (IsAttached, _typed) = (true, 0);
        }
    }

    /// <summary>False, and nothing is accepted, if too much input waits.</summary>
    /// <param name="data">What was typed.</param>
    /// <param name="at">How many bytes the sender believes were accepted before; any other number is refused.</param>
    public bool TryInput(ReadOnlyMemory<byte> data, long? at = null)
    {
        Echo.Typed(data.Span);
        lock (_gate)
        {
            ThrowIfFailed();
            if ((at ?? _typed) != _typed || !(_connection is { } connection ? connection.TryInput(data) : TryEarly(data)))
            {
                return false;
            }

            _typed += data.Length;
            return true;
        }
    }

    public void Resize(ushort cols, ushort rows)
    {
        lock (_gate)
        {
            ThrowIfFailed();
            if (_connection is { } connection)
            {
                connection.Resize(cols, rows);
            }
            else
            {
                _earlySize = (cols, rows);
            }
        }
    }

    public void Ack(ulong held)
    {
        lock (_gate)
        {
            ThrowIfFailed();

            // Without a connection no output was sent, so there is nothing to acknowledge.
            _connection?.Ack(held);
        }
    }

    public void Close()
    {
        lock (_gate)
        {
            ThrowIfFailed();
            HasClosed = true;
            if (_connection is { } connection)
            {
                connection.Close();
            }
            else
            {
                _closesEarly = true;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Audience.Seat? seat;
        lock (_gate)
        {
            (_isOver, seat) = (true, _seat);
        }

        seat?.Dispose();
        try
        {
            await (await _connecting).DisposeAsync();
        }
        catch (Exception fault) when (fault is SandboxException or IOException or OperationCanceledException)
        {
            // It was never connected; its callers got the fault.
        }
    }

    private async Task<TtyConnection> ConnectAsync(Func<Task<TtyConnection>> connect)
    {
        // Not on the caller's path: finding the terminal may ask the daemon.
        await Task.Yield();
        try
        {
            var connection = await connect();
            lock (_gate)
            {
                if (_earlySize is { } size)
                {
                    connection.Resize(size.Cols, size.Rows);
                }

                foreach (var data in _early!)
                {
                    connection.TryInput(data);
                }

                if (_closesEarly)
                {
                    connection.Close();
                }

                _early = null;
                _connection = connection;
            }

            return connection;
        }
        catch (Exception fault)
        {
            lock (_gate)
            {
                _failure = fault;
                _early = null;
            }

            throw;
        }
    }

    private bool TryEarly(ReadOnlyMemory<byte> data)
    {
        if (_earlyLength + data.Length > TtyFrame.InputWindow)
        {
            return false;
        }

        _early!.Add(data.ToArray());
        _earlyLength += data.Length;
        return true;
    }

    private void ThrowIfFailed()
    {
        if (_failure is { } failure)
        {
            throw failure as SandboxException ?? TerminalDirectory.Unknown();
        }
    }
}
