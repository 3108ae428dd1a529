using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

/// <summary>Programs in a sandbox, seen through the origins of their ports.</summary>
public sealed class PortTests
{
    private const string Server = """
        mkdir -p /www/cgi-bin && echo 'hello from inside' > /www/index.html
        printf '#!/bin/sh\nprintf "Content-Type: text/plain\\r\\nSet-Cookie: theirs=1; Domain=localhost; Path=/\\r\\nSet-Cookie: sandbox_preview=stolen\\r\\n\\r\\n"; echo "$REQUEST_METHOD $HTTP_HOST cookie=$HTTP_COOKIE length=$CONTENT_LENGTH"; [ -z "$CONTENT_LENGTH" ] || wc -c\n' > /www/cgi-bin/show
        chmod 755 /www/cgi-bin/show && httpd -p 127.0.0.1:8080 -h /www
        """;

    private static readonly string Authority = new Uri(Environment.GetEnvironmentVariable("SANDBOX_URL")!).Authority;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_port_open_to_the_sandbox_itself_is_seen_at_its_own_origin_by_its_owner()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (playground, sandbox) = await caller.LaunchAsync();
        await caller.ShellAsync(sandbox, Server);

        var listed = Assert.Single((await caller.GetAsync($"/api/v1/sandboxes/{sandbox}/ports")).Json["ports"]!.AsArray())!;
        Assert.Equal((8080, $"http://8080-{sandbox}.{Authority}", $"/sandboxes/{sandbox}/ports/8080"), ((int)listed["port"]!, (string)listed["origin"]!, (string)listed["open"]!));

        using var browser = new Browser();
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.GetAsync(sandbox, 8080, "/")).StatusCode);
        await browser.OpenAsync(caller, sandbox, 8080, "/cgi-bin/show?a=1&b=%2F");
        Assert.Equal("hello from inside\n", await browser.TextAsync(sandbox, 8080, "/"));

        // Their host, our cookie kept back, theirs kept to their host.
        using var shown = await browser.GetAsync(sandbox, 8080, "/cgi-bin/show", "theirs=2; other=3");
        Assert.Equal($"GET 8080-{sandbox}.{Authority} cookie=theirs=2; other=3 length=\n", await shown.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal(["theirs=1; Path=/"], shown.Headers.GetValues("Set-Cookie"));

        // A program's own page may do all that a page may: none of our restrictions are on it.
        Assert.False(shown.Headers.Contains("Content-Security-Policy"));

        using var posted = await browser.SendAsync(HttpMethod.Post, sandbox, 8080, "/cgi-bin/show", null, new ByteArrayContent(new byte[6_000_000]));
        Assert.Contains("length=6000000", await posted.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);

        Assert.Equal(204, (await caller.DeleteAsync($"/api/v1/playgrounds/{playground}")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await browser.GetAsync(sandbox, 8080, "/")).StatusCode);
    }

    [Fact]
    public async Task A_pass_opens_one_port_of_one_sandbox_and_nobody_elses()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        await caller.ShellAsync(sandbox, Server + "\nhttpd -p 9090 -h /www");
        await using var stranger = await Caller.NewGuestAsync();
        var (_, other) = await stranger.LaunchAsync();
        await stranger.ShellAsync(other, Server);

        Assert.Equal(404, (await stranger.GetAsync($"/api/v1/sandboxes/{sandbox}/ports")).Status);
        Assert.Equal(404, (await stranger.GetAsync($"/sandboxes/{sandbox}/ports/8080")).Status);
        Assert.Equal(404, (await stranger.PostAsync($"/api/v1/sandboxes/{sandbox}/ports/8080/links")).Status);
        Assert.Equal(400, (await caller.PostAsync($"/api/v1/sandboxes/{sandbox}/ports/8080/links", new { minutes = 0 })).Status);
        Assert.Equal(400, (await caller.PostAsync($"/api/v1/sandboxes/{sandbox}/ports/0/links")).Status);

        using var browser = new Browser();
        await browser.OpenAsync(stranger, other, 8080, "/");
        var stolen = browser.Pass!;
        foreach (var (port, address) in new[] { (8080, sandbox), (9090, other) })
        {
            browser.Pass = stolen;
            Assert.Equal(HttpStatusCode.Forbidden, (await browser.GetAsync(address, port, "/")).StatusCode);
            using var exchanged = await browser.GetAsync(address, port, "/.sandbox/open?pass=" + stolen);
            Assert.Equal(HttpStatusCode.Forbidden, exchanged.StatusCode);
        }

        // A link shows it to somebody without any account, and leads to no other host.
        var link = await caller.PostAsync($"/api/v1/sandboxes/{sandbox}/ports/8080/links", new { minutes = 5 });
        Assert.Equal(201, link.Status);
        using var visitor = new Browser();
        var pass = new Uri((string)link.Json["url"]!).Query;
        foreach (var path in new[] { "//evil.example/", "/\\evil.example/", "https://evil.example/", "/%0d%0aX: y" })
        {
            using var open = await visitor.GetAsync(sandbox, 8080, $"/.sandbox/open{pass}&path={Uri.EscapeDataString(path)}");
            Assert.Equal(HttpStatusCode.SeeOther, open.StatusCode);
            Assert.StartsWith("/", open.Headers.Location!.OriginalString, StringComparison.Ordinal);
            Assert.DoesNotContain("//evil", open.Headers.Location.OriginalString, StringComparison.Ordinal);
            visitor.Keep(open);
        }

        Assert.Equal("hello from inside\n", await visitor.TextAsync(sandbox, 8080, "/"));
        Assert.Equal(HttpStatusCode.Forbidden, (await visitor.GetAsync(sandbox, 9090, "/")).StatusCode);
    }

    [Fact]
    public async Task A_port_without_a_program_says_so_until_there_is_one()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        using var browser = new Browser();
        await browser.OpenAsync(caller, sandbox, 3000, "/");
        using var page = await browser.GetAsync(sandbox, 3000, "/", accept: "text/html");
        Assert.Equal(HttpStatusCode.BadGateway, page.StatusCode);
        Assert.Contains("Nothing listens on port 3000 yet", await page.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        Assert.Equal("port_closed", (string)JsonNode.Parse(await browser.TextAsync(sandbox, 3000, "/"))!["code"]!);

        await caller.ShellAsync(sandbox, "mkdir /www && echo now > /www/index.html && httpd -p 3000 -h /www");
        Assert.Equal("now\n", await browser.TextAsync(sandbox, 3000, "/"));

        await caller.PostAsync($"/api/v1/sandboxes/{sandbox}/pause");
        Assert.Equal("conflict", (string)JsonNode.Parse(await browser.TextAsync(sandbox, 3000, "/"))!["code"]!);
        await caller.PostAsync($"/api/v1/sandboxes/{sandbox}/resume");
        Assert.Equal("now\n", await browser.TextAsync(sandbox, 3000, "/"));

        await caller.ShellAsync(sandbox, "(while true; do printf 'not http' | nc -l -p 4000 > /dev/null; done) > /dev/null 2>&1 &");
        await browser.OpenAsync(caller, sandbox, 4000, "/");
        Assert.Equal(HttpStatusCode.BadGateway, (await browser.GetAsync(sandbox, 4000, "/")).StatusCode);
    }

    [Fact]
    public async Task Web_sockets_and_events_flow_as_they_come()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync(new { image = "python" });
        var program = """
            import base64, hashlib, http.server, struct, threading
            wanted = threading.Semaphore(1)
            class Handler(http.server.BaseHTTPRequestHandler):
                protocol_version = 'HTTP/1.1'
                def do_GET(self):
                    if 'websocket' not in self.headers.get('Upgrade', ''):
                        self.send_response(200); self.send_header('Content-Type', 'text/event-stream'); self.send_header('Connection', 'close'); self.end_headers()
                        if self.path == '/next': wanted.release(); return
                        for i in range(3):
                            wanted.acquire(); self.wfile.write(b'data: %d\n\n' % i); self.wfile.flush()
                        return
                    key = base64.b64encode(hashlib.sha1((self.headers['Sec-WebSocket-Key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').encode()).digest()).decode()
                    self.send_response(101); self.send_header('Upgrade', 'websocket'); self.send_header('Connection', 'Upgrade'); self.send_header('Sec-WebSocket-Accept', key); self.end_headers()
                    while True:
                        head = self.rfile.read(2); length = head[1] & 127
                        mask = self.rfile.read(4); data = bytes(b ^ mask[i % 4] for i, b in enumerate(self.rfile.read(length)))
                        if head[0] & 15 == 8: return
                        self.wfile.write(struct.pack('BB', head[0], length) + data[::-1])
            http.server.ThreadingHTTPServer(('0.0.0.0', 5000), Handler).serve_forever()
            """;
        Assert.Equal(204, (await caller.PutAsync($"/api/v1/sandboxes/{sandbox}/files/srv/server.py", Encoding.UTF8.GetBytes(program))).Status);
        await caller.ShellAsync(sandbox, "python3 /srv/server.py > /dev/null 2>&1 &\nfor i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 5000), 1)' 2> /dev/null && break; sleep 0.3; done");
        using var browser = new Browser();
        await browser.OpenAsync(caller, sandbox, 5000, "/");

        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Host", $"5000-{sandbox}.{Authority}");
        socket.Options.SetRequestHeader("Cookie", $"sandbox_preview={browser.Pass}");
        await socket.ConnectAsync(new Uri($"ws://{Authority}/"), Cancellation);
        await socket.SendAsync(Encoding.ASCII.GetBytes("abc"), WebSocketMessageType.Text, true, Cancellation);
        var buffer = new byte[16];
        var got = await socket.ReceiveAsync(buffer, Cancellation);
        Assert.Equal("cba", Encoding.ASCII.GetString(buffer, 0, got.Count));

        using var events = await browser.SendAsync(HttpMethod.Get, sandbox, 5000, "/events", null, null, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await events.Content.ReadAsStreamAsync(Cancellation));
        for (var i = 0; i < 3; i++)
        {
            // The server writes each event only when the one before was read here: one that is held back never comes.
            Assert.Equal($"data: {i}", await reader.ReadLineAsync(Cancellation).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancellation));
            (await browser.GetAsync(sandbox, 5000, "/next")).Dispose();
            await reader.ReadLineAsync(Cancellation);
        }
    }

    /// <summary>A browser that resolves names below localhost to this host, and keeps one cookie.</summary>
    private sealed class Browser : IDisposable
    {
        private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });

        public string? Pass { get; set; }

        public async Task OpenAsync(Caller owner, string sandbox, int port, string path)
        {
            var led = await owner.GetAsync($"/sandboxes/{sandbox}/ports/{port}?path={Uri.EscapeDataString(path)}");
            Assert.Equal(302, led.Status);
            var target = led.Message.Headers.Location!;
            Assert.Equal($"{port}-{sandbox}.{Authority}", target.Authority);
            using var opened = await GetAsync(sandbox, port, target.PathAndQuery);
            Assert.Equal((HttpStatusCode.SeeOther, path), (opened.StatusCode, opened.Headers.Location!.OriginalString));
            Keep(opened);
        }

        /// <summary>Keeps the cookie of an answer.</summary>
        public void Keep(HttpResponseMessage answer)
        {
            var cookie = answer.Headers.GetValues("Set-Cookie").Single();
            Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("domain", cookie, StringComparison.OrdinalIgnoreCase);
            Pass = cookie.Split(';')[0]["sandbox_preview=".Length..];
        }

        public async Task<string> TextAsync(string sandbox, int port, string path)
        {
            using var answer = await GetAsync(sandbox, port, path);
            return await answer.Content.ReadAsStringAsync(Cancellation);
        }

        public Task<HttpResponseMessage> GetAsync(string sandbox, int port, string path, string? cookies = null, string? accept = null) =>
            SendAsync(HttpMethod.Get, sandbox, port, path, cookies, null, accept: accept);

        public async Task<HttpResponseMessage> SendAsync(
            HttpMethod method, string sandbox, int port, string path, string? cookies, HttpContent? content, HttpCompletionOption until = HttpCompletionOption.ResponseContentRead, string? accept = null)
        {
            using var request = new HttpRequestMessage(method, new Uri($"http://{Authority}{path}")) { Content = content };
            request.Headers.Host = $"{port}-{sandbox}.{Authority}";
            request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", new[] { Pass is null ? null : $"sandbox_preview={Pass}", cookies }.OfType<string>()));
            if (accept is not null)
            {
                request.Headers.TryAddWithoutValidation("Accept", accept);
            }

            return await _http.SendAsync(request, until, Cancellation);
        }

        public void Dispose() => _http.Dispose();
    }
}
