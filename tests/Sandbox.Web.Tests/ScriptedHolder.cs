using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using Sandbox.Terminals.Flow;
using Sandbox.Terminals.Marks;

namespace Sandbox.Web.Tests;

/// <summary>Stands where sandbox-tty stands: it speaks its frames on a real socket and prints what a test says.</summary>
internal sealed class ScriptedHolder : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly List<byte> _output = [];
    private readonly List<(Socket Viewer, SemaphoreSlim Turn)> _attached = [];
    private readonly StringBuilder _typed = new();
    private readonly Task _accepting;

    public ScriptedHolder(string socket)
    {
        Socket = socket;
        _listener.Bind(new UnixDomainSocketEndPoint(socket));
        _listener.Listen(64);
        _accepting = AcceptAsync();
    }

    public string Socket { get; }

    /// <summary>What its shell's marks hold.</summary>
    public const string Nonce = "0123456789abcdef0123456789abcdef";

    /// <summary>What viewers said besides typing: <c>a0</c>, or <c>w0</c> of one that only watches, <c>k5</c>, <c>r80x24</c>, <c>c</c>.</summary>
    public ConcurrentBag<string> Seen { get; } = [];

    public string Typed
    {
        get
        {
            lock (_gate)
            {
                return _typed.ToString();
            }
        }
    }

    /// <summary>Waits until so many viewers have asked for what is printed from then on, as recorders do: what is printed before that, they do not get.</summary>
    public Task RecordersAsync(int count = 1) => WebUnderTest.Until(() => Task.FromResult(Seen.Count(said => said == "a" + long.MaxValue) >= count));

    public async Task PrintAsync(byte[] data)
    {
        List<(Socket, SemaphoreSlim)> viewers;
        int offset;
        lock (_gate)
        {
            offset = _output.Count;
            _output.AddRange(data);
            viewers = [.. _attached];
        }

        foreach (var (viewer, turn) in viewers)
        {
            await DataAsync(viewer, turn, offset, data);
        }
    }

    /// <summary>Draws the screen for viewers that were too late for this many bytes, in place of the last of them.</summary>
    public async Task DrawAsync(int lost, byte[] screen)
    {
        Lose(lost);
        List<(Socket, SemaphoreSlim)> viewers;
        var payload = new byte[sizeof(ulong) + (2 * sizeof(ushort)) + screen.Length];
        lock (_gate)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(payload, (ulong)_output.Count);
            viewers = [.. _attached];
        }

        BinaryPrimitives.WriteUInt16LittleEndian(payload.AsSpan(sizeof(ulong)), 80);
        BinaryPrimitives.WriteUInt16LittleEndian(payload.AsSpan(sizeof(ulong) + sizeof(ushort)), 24);
        screen.CopyTo(payload, payload.Length - screen.Length);
        foreach (var (viewer, turn) in viewers)
        {
            await SendAsync(viewer, turn, TtyFrame.Screen, payload);
        }
    }

    /// <summary>As a viewer sees it that was too late for this many bytes.</summary>
    public void Lose(int count)
    {
        lock (_gate)
        {
            _output.AddRange(new byte[count]);
        }
    }

    public async Task ExitAsync(int code)
    {
        List<(Socket, SemaphoreSlim)> viewers;
        lock (_gate)
        {
            viewers = [.. _attached];
        }

        foreach (var (viewer, turn) in viewers)
        {
            var payload = new byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(payload, code);
            await SendAsync(viewer, turn, TtyFrame.Exit, payload);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var viewer = await _listener.AcceptAsync(_stop.Token);
                _ = ServeAsync(viewer);
            }
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket viewer)
    {
        var turn = new SemaphoreSlim(1, 1);
        await using var stream = new NetworkStream(viewer, ownsSocket: true);
        var header = new byte[TtyFrame.HeaderLength];
        var taken = 0UL;
        try
        {
            while (true)
            {
                await stream.ReadExactlyAsync(header, _stop.Token);
                var payload = new byte[BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(1))];
                await stream.ReadExactlyAsync(payload, _stop.Token);
                switch (header[0])
                {
                    case TtyFrame.Attach or TtyFrame.Watch:
                        var after = BinaryPrimitives.ReadUInt64LittleEndian(payload);
                        await AttachAsync(viewer, turn, (char)header[0], after);
                        break;
                    case TtyFrame.Follow:
                        Seen.Add("f");
                        var state = new byte[TtyState.MostBytes];
                        await SendAsync(viewer, turn, TtyFrame.State, state[..new TtyState { Nonce = Nonce }.Write(state)]);
                        break;
                    case TtyFrame.Input:
                        lock (_gate)
                        {
                            _typed.Append(Encoding.ASCII.GetString(payload));
                        }

                        taken += (ulong)payload.Length;
                        var report = new byte[sizeof(ulong)];
                        BinaryPrimitives.WriteUInt64LittleEndian(report, taken);
                        await SendAsync(viewer, turn, TtyFrame.Taken, report);
                        break;
                    case TtyFrame.Resize:
                        Seen.Add($"r{BinaryPrimitives.ReadUInt16LittleEndian(payload)}x{BinaryPrimitives.ReadUInt16LittleEndian(payload.AsSpan(2))}");
                        break;
                    case TtyFrame.Ack:
                        Seen.Add("k" + BinaryPrimitives.ReadUInt64LittleEndian(payload));
                        break;
                    default:
                        Seen.Add("c");
                        break;
                }
            }
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException)
        {
            lock (_gate)
            {
                _attached.RemoveAll(one => one.Viewer == viewer);
            }
        }
    }

    /// <summary>
    /// Sends the output so far before anything that is printed later. Who sees that it is attached may print at once: it
    /// gets that, even when it asked for the end of the output.
    /// </summary>
    private async Task AttachAsync(Socket viewer, SemaphoreSlim turn, char kind, ulong after)
    {
        await turn.WaitAsync();
        try
        {
            byte[] rest;
            int from;
            lock (_gate)
            {
                from = (int)Math.Min(after, (ulong)_output.Count);
                rest = [.. _output.Skip(from)];
                _attached.Add((viewer, turn));
                Seen.Add(kind + after.ToString(System.Globalization.CultureInfo.InvariantCulture));
            }

            if (rest.Length > 0)
            {
                await WriteAsync(viewer, TtyFrame.Data, DataOf(from, rest));
            }
        }
        finally
        {
            turn.Release();
        }
    }

    private static Task DataAsync(Socket viewer, SemaphoreSlim turn, int offset, byte[] data) => SendAsync(viewer, turn, TtyFrame.Data, DataOf(offset, data));

    private static byte[] DataOf(int offset, byte[] data)
    {
        var payload = new byte[sizeof(ulong) + data.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(payload, (ulong)offset);
        data.CopyTo(payload, sizeof(ulong));
        return payload;
    }

    private static async Task SendAsync(Socket viewer, SemaphoreSlim turn, byte kind, byte[] payload)
    {
        await turn.WaitAsync();
        try
        {
            await WriteAsync(viewer, kind, payload);
        }
        finally
        {
            turn.Release();
        }
    }

    private static async Task WriteAsync(Socket viewer, byte kind, byte[] payload)
    {
        var frame = new byte[TtyFrame.HeaderLength + payload.Length];
        frame[0] = kind;
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(1), (uint)payload.Length);
        payload.CopyTo(frame, TtyFrame.HeaderLength);
        try
        {
            for (var sent = 0; sent < frame.Length;)
            {
                sent += await viewer.SendAsync(frame.AsMemory(sent));
            }
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // It left.
        }
    }
}
