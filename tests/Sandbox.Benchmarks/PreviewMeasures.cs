using System.Diagnostics;
using System.Globalization;

namespace Sandbox.Benchmarks;

/// <summary>
/// A server in a sandbox through our previews, beside the same program of the same files outside, straight and with YARP in
/// front of it.
/// </summary>
internal sealed class PreviewMeasures(Options options, OurClient ours, Report report)
{
    private const int Requests = 1000;
    private const int Downloads = 5;
    private const int Warming = 200;
    private const int Port = 3000;
    private const long LargeBytes = 1L << 30;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>With a second argument it ends when its input does.</summary>
    private static readonly string Server = string.Create(
        CultureInfo.InvariantCulture,
        $$"""
        const part = Buffer.alloc(1 << 20), bytes = {{LargeBytes}};
        require('http').createServer((request, response) => {
            if (request.url !== '/large') {
                response.end('small');
                return;
            }
            response.writeHead(200, { 'content-length': bytes });
            let left = bytes / part.length;
            const more = () => {
                while (left-- > 0) {
                    if (!response.write(part)) {
                        response.once('drain', more);
                        return;
                    }
                }
                response.end();
            };
            more();
        }).listen(+process.argv[2], '127.0.0.1');
        if (process.argv[3])
            process.stdin.resume().on('end', () => process.exit());
        """);

    public async Task MeasureAsync()
    {
        var launched = await ours.LaunchAsync(await ours.NewGuestAsync(), "node");
        try
        {
            await ours.ShellAsync(launched, $"cat > /root/server.js <<'END'\n{Server}\nEND\nnode /root/server.js {Port} > /dev/null 2>&1 < /dev/null &");
            using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false }) { Timeout = Patience };
            var (host, cookie) = await EnterAsync(client, launched);
            var preview = new Way(options.Url, host, cookie);
            await AnswersAsync(client, preview);

            var server = ProcessMemory.Holding(launched.SandboxId).First(process => process.Name == "node");
            Way direct = new(new Uri($"http://127.0.0.1:{options.ServerPort}")), yarp = new(new Uri($"http://127.0.0.1:{options.ForwarderPort}"));
            using var outside = HostCommand.Start("chroot", $"/proc/{server.Pid}/root", "node", "/root/server.js", options.ServerPort.ToString(CultureInfo.InvariantCulture), "input");
            using var forwarder = HostCommand.Start(Environment.ProcessPath!, typeof(Forwarder).Assembly.Location, "--forward", yarp.Address.ToString(), "--to", direct.Address.ToString());
            try
            {
                await AnswersAsync(client, direct);
                await AnswersAsync(client, yarp);
                await RequestsAsync(client, preview, yarp, direct);
                await DownloadsAsync(client, preview, yarp, direct);
            }
            finally
            {
                foreach (var started in (Process[])[forwarder, outside])
                {
                    started.StandardInput.Close();
                    await started.WaitForExitAsync();
                }
            }
        }
        finally
        {
            await ours.RemoveAsync(launched);
        }
    }

    private async Task RequestsAsync(HttpClient client, Way preview, Way yarp, Way direct)
    {
        Series mine = new(), peer = new(), straight = new();
        for (var round = -Warming; round < Requests; round++)
        {
            var each = (await RequestAsync(client, preview), await RequestAsync(client, yarp), await RequestAsync(client, direct));
            if (round >= 0)
            {
                mine.Add(each.Item1);
                peer.Add(each.Item2);
                straight.Add(each.Item3);
            }
        }

        report.Lines.Add(new Line("request to a preview, YARP, none, p50", "ms", mine.P50, peer.P50, straight.P50, "at most 1 ms more than YARP", mine.P50 - peer.P50 <= 1));
        report.Lines.Add(new Line("the same, p99", "ms", mine.P99, peer.P99, straight.P99, null, null));
    }

    private async Task DownloadsAsync(HttpClient client, Way preview, Way yarp, Way direct)
    {
        Series mine = new(), peer = new(), straight = new();
        for (var round = -1; round < Downloads; round++)
        {
            var each = (await DownloadAsync(client, preview), await DownloadAsync(client, yarp), await DownloadAsync(client, direct));
            if (round >= 0)
            {
                mine.Add(each.Item1);
                peer.Add(each.Item2);
                straight.Add(each.Item3);
            }
        }

        report.Lines.Add(new Line($"1 GiB from a preview, YARP, none, p50 of {mine.Count}", "MB/s", mine.P50, peer.P50, straight.P50, "at least 500 MB/s", mine.P50 >= 500));
    }

    private static async Task<double> RequestAsync(HttpClient client, Way way)
    {
        var since = Stopwatch.GetTimestamp();
        using var request = way.Request("/");
        using var answer = await client.SendAsync(request);
        if (await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync() != "small")
        {
            throw new InvalidDataException($"{way.Address} said something else");
        }

        return Stopwatch.GetElapsedTime(since).TotalMilliseconds;
    }

    private static async Task<double> DownloadAsync(HttpClient client, Way way)
    {
        var since = Stopwatch.GetTimestamp();
        using var request = way.Request("/large");
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using var body = await answer.EnsureSuccessStatusCode().Content.ReadAsStreamAsync();
        var buffer = new byte[128 << 10];
        var bytes = 0L;
        while (await body.ReadAsync(buffer) is var count and > 0)
        {
            bytes += count;
        }

        return bytes == LargeBytes ? bytes / 1e6 / Stopwatch.GetElapsedTime(since).TotalSeconds : throw new InvalidDataException($"{way.Address} sent {bytes} bytes");
    }

    /// <summary>The port's own host, and the cookie that its link is exchanged for.</summary>
    private async Task<(string Host, string Cookie)> EnterAsync(HttpClient client, Launched launched)
    {
        var link = await ours.PortLinkAsync(launched, Port);
        using var request = new Way(options.Url, link.Authority).Request(link.PathAndQuery);
        using var answer = await client.SendAsync(request);
        return answer.Headers.TryGetValues("Set-Cookie", out var cookies)
            ? (link.Authority, cookies.First().Split(';')[0])
            : throw new InvalidDataException($"the link of the port answered {(int)answer.StatusCode}");
    }

    private static async Task AnswersAsync(HttpClient client, Way way)
    {
        for (var since = Stopwatch.GetTimestamp(); ; await Task.Delay(50))
        {
            try
            {
                await RequestAsync(client, way);
                return;
            }
            catch (HttpRequestException) when (Stopwatch.GetElapsedTime(since) < Patience)
            {
                // It starts.
            }
        }
    }

    /// <summary>How a server is reached. Names below localhost are not resolved everywhere, so a host stands in the request.</summary>
    private sealed record Way(Uri Address, string? Host = null, string? Cookie = null)
    {
        public HttpRequestMessage Request(string path)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Address, path));
            request.Headers.Host = Host;
            if (Cookie is not null)
            {
                request.Headers.Add("Cookie", Cookie);
            }

            return request;
        }
    }
}
