using System.Net.WebSockets;
using System.Threading.Channels;

namespace Sandbox.Benchmarks;

/// <summary>A client of ttyd. Its protocol: https://github.com/tsl0922/ttyd/blob/main/src/server.h (one letter before the bytes, '0' is input and output).</summary>
internal sealed class TtydTerminal : Terminal
{
    private readonly ClientWebSocket _socket;
    private readonly Channel<ReadOnlyMemory<byte>> _output = Channel.CreateUnbounded<ReadOnlyMemory<byte>>();
    private readonly Task _pump;

    private TtydTerminal(ClientWebSocket socket)
    {
        _socket = socket;
        _pump = PumpAsync();
    }

    protected override ChannelReader<ReadOnlyMemory<byte>> Output => _output;

    public static async Task<TtydTerminal> ConnectAsync(Uri address)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("tty");
        socket.Options.Proxy = null;
        await socket.ConnectAsync(new UriBuilder(address) { Scheme = "ws", Path = "/ws" }.Uri, CancellationToken.None);
        await socket.SendAsync("""{"AuthToken":"","columns":80,"rows":24}"""u8.ToArray(), WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
        return new TtydTerminal(socket);
    }

    public override async Task TypeAsync(ReadOnlyMemory<byte> keys) =>
        await _socket.SendAsync((byte[])[(byte)'0', .. keys.Span], WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);

    public override async ValueTask DisposeAsync()
    {
        if (_socket.State == WebSocketState.Open)
        {
            _socket.Abort();
        }

        await _pump;
        _socket.Dispose();
    }

    private async Task PumpAsync()
    {
        var buffer = new byte[256 * 1024];
        var isOutput = false;
        var isStart = true;
        try
        {
            while (await _socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None) is { MessageType: not WebSocketMessageType.Close } got)
            {
                var piece = buffer.AsMemory(0, got.Count);
                if (isStart && piece.Length > 0)
                {
                    isOutput = piece.Span[0] == (byte)'0';
                    piece = piece[1..];
                }

                isStart = got.EndOfMessage;
                if (isOutput && piece.Length > 0)
                {
                    _output.Writer.TryWrite(piece.ToArray());
                }
            }
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException)
        {
            // Hung up, by either side.
        }
        finally
        {
            _output.Writer.TryComplete();
        }
    }
}
