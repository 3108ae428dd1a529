using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Sandbox.Web.Tests.Previews;

/// <summary>Programs that answer in ways that web servers do not, and answers that are longer than memory.</summary>
public sealed class PreviewTests(PreviewSite site) : IClassFixture<PreviewSite>
{
    private const long Large = 192L << 20;

    /// <summary>What sockets and pipes on the way hold; an answer kept whole is four times as much.</summary>
    private const long Underway = 48L << 20;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Content-Length: 100000\r\n", "the beginning")]
    [InlineData("Transfer-Encoding: chunked\r\n", "d\r\nthe beginning\r\n")]
    public async Task A_program_that_closes_in_the_middle_breaks_its_answer_off(string length, string beginning)
    {
        using var visit = await PreviewVisit.NewAsync(site.Web, 8001);
        var isRead = new TaskCompletionSource();
        using var program = new PortProgram(site.Web, 8001, async socket =>
        {
            await RequestAsync(socket);
            await socket.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\n{length}\r\n{beginning}"), Cancel);
            await isRead.Task;
        });
        using var request = visit.Request(HttpMethod.Get, "/");
        using var answer = await visit.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await using var body = await answer.Content.ReadAsStreamAsync(Cancel);
        var got = new byte[13];
        await body.ReadExactlyAsync(got, Cancel);
        Assert.Equal("the beginning", Encoding.ASCII.GetString(got));

        isRead.SetResult();
        var fault = await Record.ExceptionAsync(async () => await body.ReadExactlyAsync(got.AsMemory(0, 1), Cancel));
        Assert.True(fault is (IOException or HttpRequestException) and not EndOfStreamException, $"the answer ended as if it were whole: {fault}");
        await WebUnderTest.Until(() => Task.FromResult(program.Open.IsEmpty));
    }

    [Fact]
    public async Task A_visitor_who_leaves_ends_the_connection_to_the_program()
    {
        using var visit = await PreviewVisit.NewAsync(site.Web, 8002);
        using var program = new PortProgram(site.Web, 8002, async socket =>
        {
            await RequestAsync(socket);
            await socket.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"u8.ToArray(), Cancel);
            Assert.Equal(0, await socket.ReceiveAsync(new byte[1], Cancel));
        });
        using (var request = visit.Request(HttpMethod.Get, "/"))
        {
            using var answer = await visit.SendAsync(request);
            using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Cancel));
            Assert.Equal("data: 1", await reader.ReadLineAsync(Cancel));
            Assert.Single(program.Open);
        }

        await WebUnderTest.Until(() => Task.FromResult(program.Open.IsEmpty));
    }

    [Fact]
    public async Task A_program_that_speaks_no_HTTP_is_named_with_the_way_to_it()
    {
        using var visit = await PreviewVisit.NewAsync(site.Web, 6379);
        using (new PortProgram(site.Web, 6379, async socket =>
        {
            await socket.SendAsync("-ERR unknown command 'GET'\r\n"u8.ToArray(), Cancel);
            await RequestAsync(socket);
        }))
        {
            var (status, page) = await visit.GetAsync();
            Assert.Equal(502, status);
            Assert.Contains("Port 6379 does not speak HTTP", page, StringComparison.Ordinal);
            Assert.Contains("Use from your computer", page, StringComparison.Ordinal);
            Assert.DoesNotContain("http-equiv", page, StringComparison.Ordinal);
            Assert.Contains("\"code\":\"port_not_http\"", (await visit.GetAsync(accept: "application/json")).Text, StringComparison.Ordinal);
        }

        // One that says nothing may be starting still: its page looks again.
        using (new PortProgram(site.Web, 6379, socket => RequestAsync(socket)))
        {
            var (status, page) = await visit.GetAsync();
            Assert.Equal(502, status);
            Assert.Contains("The program did not answer", page, StringComparison.Ordinal);
            Assert.Contains("http-equiv", page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_forged_host_reaches_no_program()
    {
        using var visit = await PreviewVisit.NewAsync(site.Web, 8003);
        using var other = await PreviewVisit.NewAsync(site.Web, 8003);
        var requests = 0;
        using var program = new PortProgram(site.Web, 8003, async socket =>
        {
            Interlocked.Increment(ref requests);
            await RequestAsync(socket);
            await socket.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"u8.ToArray(), Cancel);
        });
        foreach (var (line, host, status) in new[]
        {
            ("/", other.Host, 403), // somebody else's
            ("/", visit.Host.Replace("8003-", "8004-", StringComparison.Ordinal), 403),
            ("/", visit.Host.Replace("8003-", "08003-", StringComparison.Ordinal), 404), // no port's name, so ours
            ("/.sandbox/nothing-of-ours", visit.Host.Replace(".localhost", ".evil.example", StringComparison.Ordinal), 404),
            ("/.sandbox/nothing-of-ours", visit.Host.Replace(".localhost", ".localhost.evil.example", StringComparison.Ordinal), 404),
            ($"http://{other.Host}/", visit.Host, 400), // two hosts at once
            ("/", $"{visit.Host}\r\nHost: {other.Host}", 400),
        })
        {
            var path = status == 404 ? "/nothing-of-ours" : line;
            Assert.StartsWith($"HTTP/1.1 {status} ", await RawAsync(path, host, visit.Pass), StringComparison.Ordinal);
        }

        Assert.Equal(0, requests);
        Assert.EndsWith("hi", await RawAsync("/", visit.Host.ToUpperInvariant(), visit.Pass), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_large_answer_flows_through_and_waits_for_its_reader()
    {
        using var visit = await PreviewVisit.NewAsync(site.Web, 8005);
        long sent = 0;
        using var program = new PortProgram(site.Web, 8005, async socket =>
        {
            await RequestAsync(socket);
            await socket.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {Large}\r\n\r\n"), Cancel);
            var block = new byte[256 * 1024];
            for (long left = Large; left > 0; left -= block.Length)
            {
                await socket.SendAsync(block, Cancel);
                Interlocked.Add(ref sent, block.Length);
            }
        });
        using var request = visit.Request(HttpMethod.Get, "/");
        using var answer = await visit.SendAsync(request);
        await using var body = await answer.Content.ReadAsStreamAsync(Cancel);
        var (received, underway) = await SlowlyAsync(async buffer => await body.ReadAsync(buffer, Cancel), () => Interlocked.Read(ref sent));
        Assert.Equal(Large, received);
        Assert.InRange(underway, 0, Underway);
    }

    [Fact]
    public async Task A_large_request_flows_through_and_waits_for_the_program()
    {
        using var visit = await PreviewVisit.NewAsync(site.Web, 8006);
        using var upload = new Counted(Large);
        (long Received, long Underway) flow = default;
        using var program = new PortProgram(site.Web, 8006, async socket =>
        {
            await RequestAsync(socket);
            flow = await SlowlyAsync(async buffer => await socket.ReceiveAsync(buffer, Cancel), () => upload.Sent);
            await socket.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole"u8.ToArray(), Cancel);
        });
        using var request = visit.Request(HttpMethod.Post, "/", upload);
        using var answer = await visit.SendAsync(request);
        Assert.Equal("whole", await answer.Content.ReadAsStringAsync(Cancel));
        Assert.Equal(Large, flow.Received);
        Assert.InRange(flow.Underway, 0, Underway);
    }

    /// <summary>Reads all of it, slower than it could be kept on its way; returns how much came, and the most that was on its way at once.</summary>
    private static async Task<(long Received, long Underway)> SlowlyAsync(Func<Memory<byte>, Task<int>> read, Func<long> sent)
    {
        var buffer = new byte[1 << 20];
        long received = 0, paused = 0, underway = 0;
        while (received < Large && await read(buffer) is > 0 and var count)
        {
            received += count;
            underway = Math.Max(underway, sent() - received);
            if (received - paused >= 1 << 20)
            {
                paused = received;
                await Task.Delay(1, Cancel);
            }
        }

        return (received, underway);
    }

    /// <summary>Reads the head of a request, byte by byte, as what follows is not its.</summary>
    private static async Task<string> RequestAsync(Socket socket)
    {
        var text = new StringBuilder();
        var one = new byte[1];
        while (!text.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await socket.ReceiveAsync(one, Cancel) > 0)
        {
            text.Append((char)one[0]);
        }

        return text.ToString();
    }

    private async Task<string> RawAsync(string path, string host, string pass)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(site.Web.Url.Host, site.Web.Url.Port, Cancel);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {host}\r\nSandbox-Pass: {pass}\r\nConnection: close\r\n\r\n"), Cancel);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(Cancel);
    }

    /// <summary>A body that knows how much of it has been taken.</summary>
    private sealed class Counted(long length) : HttpContent
    {
        private long _sent;

        public long Sent => Interlocked.Read(ref _sent);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            var block = new byte[256 * 1024];
            for (var left = length; left > 0; left -= block.Length)
            {
                await stream.WriteAsync(block, Cancel);
                Interlocked.Add(ref _sent, block.Length);
            }
        }

        protected override bool TryComputeLength(out long computed)
        {
            computed = length;
            return true;
        }
    }
}
