using System.Buffers;
using System.Net.Sockets;
using System.Net.WebSockets;

namespace Sandbox.Web.Tunnels;

/// <summary>
/// Carries the bytes of one connection between a WebSocket and a program in a sandbox. A binary message is any number of
/// bytes; an empty one says that its sender sends no more, so that each direction ends by itself as with TCP (a Close of
/// RFC 6455 ends both). While nothing moves, no buffer is held.
/// </summary>
internal sealed class Tunnel(WebSocket client, NetworkStream program, TimeProvider time)
{
    private const int BufferBytes = 64 * 1024;
    private static readonly TimeSpan LongestSilence = TimeSpan.FromHours(2);
    private static readonly TimeSpan SilenceLook = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(5);

    /// <summary>Completes once nothing more goes to the program: the client has sent all, or the program takes no more.</summary>
    private readonly TaskCompletionSource _allUp = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private long _lastMove = time.GetTimestamp();

    /// <summary>Carries until both sides have sent all, one of them left, or <paramref name="cut"/> completes.</summary>
    public async Task<TunnelEnd> RunAsync(Task cut, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var up = UpAsync(stop.Token);
        Task<TunnelEnd>[] ends = [up, DownAsync(stop.Token), SilenceAsync(stop.Token), CutAsync(cut, stop.Token)];
        var end = await await Task.WhenAny(ends);
        await CloseAsync(end, up);
        await stop.CancelAsync();
        await Task.WhenAll(ends);
        return end;
    }

    /// <summary>From the client to the program. Goes on reading when nothing more is passed on: a client that leaves says so here.</summary>
    private async Task<TunnelEnd> UpAsync(CancellationToken cancellationToken)
    {
        try
        {
            for (var isBetween = true; ;)
            {
                // Without room for bytes it waits for the next ones, or reads a message that has none.
                var next = await client.ReceiveAsync(Memory<byte>.Empty, cancellationToken);
                switch (next.MessageType)
                {
                    case WebSocketMessageType.Close:
                        return TunnelEnd.Left;
                    case WebSocketMessageType.Text:
                        return TunnelEnd.NotBinary;
                    case WebSocketMessageType.Binary when next.EndOfMessage:
                        if (isBetween && _allUp.TrySetResult())
                        {
                            EndUp();
                        }

                        isBetween = true;
                        break;
                    default:
                        isBetween = await PassOnAsync(cancellationToken);
                        _lastMove = time.GetTimestamp();
                        break;
                }
            }
        }
        catch (Exception fault) when (fault is WebSocketException or OperationCanceledException)
        {
            return TunnelEnd.Left;
        }
    }

    /// <summary>Passes on bytes that have come. Whether their message ends with them.</summary>
    private async Task<bool> PassOnAsync(CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            var read = await client.ReceiveAsync(buffer.AsMemory(0, BufferBytes), cancellationToken);
            if (!_allUp.Task.IsCompleted)
            {
                await program.WriteAsync(buffer.AsMemory(0, read.Count), cancellationToken);
            }

            return read.EndOfMessage;
        }
        catch (IOException)
        {
            // The program takes no more. What it has sent before still goes to the client.
            _allUp.TrySetResult();
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void EndUp()
    {
        try
        {
            program.Socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The program broke the connection off: reading from it says so.
        }
    }

    /// <summary>From the program to the client, until both have sent all.</summary>
    private async Task<TunnelEnd> DownAsync(CancellationToken cancellationToken)
    {
        try
        {
            for (var count = 1; count > 0;)
            {
                _ = await program.ReadAsync(Memory<byte>.Empty, cancellationToken);
                var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
                try
                {
                    count = await program.ReadAsync(buffer.AsMemory(0, BufferBytes), cancellationToken);
                    await client.SendAsync(buffer.AsMemory(0, count), WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }

                _lastMove = time.GetTimestamp();
            }

            await _allUp.Task.WaitAsync(cancellationToken);
            return TunnelEnd.Done;
        }
        catch (Exception fault) when (fault is WebSocketException or OperationCanceledException)
        {
            return TunnelEnd.Left;
        }
        catch (Exception fault) when (fault is IOException or SocketException)
        {
            return TunnelEnd.Reset;
        }
    }

    private async Task<TunnelEnd> SilenceAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (time.GetElapsedTime(_lastMove) < LongestSilence)
            {
                await Task.Delay(SilenceLook, time, cancellationToken);
            }

            return TunnelEnd.Idle;
        }
        catch (OperationCanceledException)
        {
            return TunnelEnd.Left;
        }
    }

    private static async Task<TunnelEnd> CutAsync(Task cut, CancellationToken cancellationToken)
    {
        try
        {
            await cut.WaitAsync(cancellationToken);
            return TunnelEnd.PlaygroundEnded;
        }
        catch (OperationCanceledException)
        {
            return TunnelEnd.Left;
        }
    }

    /// <summary>Says why, and waits a moment for the client's answer, without which it might not read the reason.</summary>
    private async Task CloseAsync(TunnelEnd end, Task up)
    {
        if (client.State is not (WebSocketState.Open or WebSocketState.CloseReceived))
        {
            return;
        }

        using var patience = new CancellationTokenSource(ClosePatience, time);
        try
        {
            await client.CloseOutputAsync(end.Status(), end.Words(), patience.Token);
            await up.WaitAsync(patience.Token);
        }
        catch (Exception fault) when (fault is WebSocketException or OperationCanceledException or IOException)
        {
            // The client is gone, or reads nothing.
        }
    }
}
