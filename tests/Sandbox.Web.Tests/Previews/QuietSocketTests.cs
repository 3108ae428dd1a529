using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Sandbox.Web.Tests.Previews;

/// <summary>Connections on which hardly anything moves.</summary>
public sealed class QuietSocketTests
{
    private const int Silence = 6;

    // The sample of https://www.rfc-editor.org/rfc/rfc6455#section-1.3
    private const string Key = "dGhlIHNhbXBsZSBub25jZQ==";
    private const string Accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    private static readonly byte[] Ping = [0x89, 0];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_web_socket_lives_by_its_pings_and_ends_after_the_silence_that_is_allowed()
    {
        await using var web = await WebUnderTest.StartAsync(new() { ["Limits"] = new { PreviewSilenceSeconds = Silence } });
        using var visit = await PreviewVisit.NewAsync(web, 8010);
        using var pinging = new CancellationTokenSource();
        using var program = new PortProgram(web, 8010, async socket =>
        {
            var head = new byte[4096];
            var count = await socket.ReceiveAsync(head, Cancel);
            Assert.Contains(Key, Encoding.ASCII.GetString(head, 0, count), StringComparison.Ordinal);
            await socket.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {Accept}\r\n\r\n"), Cancel);
            while (!pinging.IsCancellationRequested)
            {
                await socket.SendAsync(Ping, Cancel);
                await Task.Delay(50, Cancel);
            }

            while (await socket.ReceiveAsync(head, Cancel) > 0)
            {
                // Until the connection has ended.
            }
        });
        using var client = new TcpClient();
        await client.ConnectAsync(web.Url.Host, web.Url.Port, Cancel);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {visit.Host}\r\nSandbox-Pass: {visit.Pass}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {Key}\r\n\r\n"), Cancel);
        using var reader = new StreamReader(stream, Encoding.Latin1, leaveOpen: true);
        Assert.StartsWith("HTTP/1.1 101", await reader.ReadLineAsync(Cancel), StringComparison.Ordinal);

        // Longer than silence may be, with nothing but pings of the program.
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        var buffer = new char[256];
        while (System.Diagnostics.Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(Silence + 1))
        {
            Assert.True(await reader.ReadAsync(buffer.AsMemory(), Cancel) > 0, "a socket with pings was cut");
        }

        Assert.Single(program.Open);
        await pinging.CancelAsync();
        try
        {
            while (await reader.ReadAsync(buffer.AsMemory(), Cancel) > 0)
            {
                // Pings that were on their way.
            }
        }
        catch (IOException)
        {
            // Reset rather than closed.
        }

        await WebUnderTest.Until(() => Task.FromResult(program.Open.IsEmpty));
    }
}
