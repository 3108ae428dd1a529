using System.Text;
using Sandbox.Core.Errors;
using Xunit;

namespace Sandbox.Web.Tests;

public sealed class RestTests
{
    [Theory]
    [InlineData("""{"image":"nothing"}""", 404, "image_not_found")]
    [InlineData("""{"image":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}""", 404, "image_not_found")]
    [InlineData("""{"image":""}""", 400, "invalid")]
    [InlineData("""{"image":null}""", 400, "invalid")]
    [InlineData("{}", 400, "invalid")]
    [InlineData("""{"image":"busybox","recipe":{"nodes":[{"image":"busybox"}]}}""", 400, "invalid")]
    [InlineData("""{"recipe":{"nodes":[]}}""", 400, "invalid")]
    [InlineData("""{"recipe":{"nodes":[null]}}""", 400, "invalid")]
    [InlineData("""{"recipe":{}}""", 400, "invalid")]
    [InlineData("""{"recipe":{"nodes":[{"image":"busybox","files":[{"path":"relative","text":"x"}]}]}}""", 400, "invalid")]
    [InlineData("""{"recipe":{"nodes":[{"image":"busybox","privileged":true}]}}""", 400, "invalid")]
    [InlineData("""{"image":""", 400, "invalid")]
    [InlineData("[]", 400, "invalid")]
    [InlineData("null", 400, "invalid")]
    public async Task A_bad_launch_is_a_problem_and_changes_nothing(string body, int status, string code)
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();

        var answer = await client.PostAsync("/api/v1/playgrounds", body);

        Assert.Equal((status, code), (answer.Status, answer.Code));
        Assert.Equal("application/problem+json", answer.Message.Content.Headers.ContentType!.MediaType);
        Assert.NotEmpty((string)answer.Json!["detail"]!);
        Assert.DoesNotContain("Sandbox.", (string)answer.Json["detail"]!, StringComparison.Ordinal);
        Assert.DoesNotContain("Create", web.Runtime.Calls);
        Assert.Empty((await client.GetAsync("/api/v1/playgrounds")).Json!.AsArray());
    }

    [Fact]
    public async Task Whatever_is_not_there_or_not_taken_is_a_problem_too()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        await client.GetAsync("/api/v1/playgrounds");

        var cases = new (HttpMethod Method, string Path, int Status, string Code)[]
        {
            (HttpMethod.Get, "/api/v1/nothing", 404, "not_found"),
            (HttpMethod.Get, "/api", 404, "not_found"),
            (HttpMethod.Patch, "/api/v1/playgrounds", 405, "method_not_allowed"),
            (HttpMethod.Get, "/api/v1/playgrounds/not-an-id", 404, "not_found"),
            (HttpMethod.Get, "/api/v1/playgrounds/aaaaaaaaaaaaaaaa", 404, "not_found"),
            (HttpMethod.Delete, "/api/v1/playgrounds/..%2F..", 404, "not_found"),
            (HttpMethod.Post, "/api/v1/sandboxes/AAAAAAAAAAAAAAAA/stop", 404, "not_found"),
            (HttpMethod.Post, "/api/v1/sandboxes/aaaaaaaaaaaaaaaa/explode", 404, "not_found"),
            (HttpMethod.Get, "/api/v1/sandboxes/aaaaaaaaaaaaaaaa/files/etc/passwd", 404, "not_found"),
            (HttpMethod.Get, "/api/v1/admin/people", 403, "forbidden"),
        };
        foreach (var (method, path, status, code) in cases)
        {
            var answer = await client.SendAsync(method, path);
            Assert.Equal((path, status, code), (path, answer.Status, answer.Code));
        }

        var text = await client.SendAsync(HttpMethod.Post, "/api/v1/playgrounds", new StringContent("image=busybox"));
        Assert.Equal((415, "unsupported_media_type"), (text.Status, text.Code));
        var large = await client.PostAsync("/api/v1/playgrounds", $$"""{"image":"{{new string('a', 3 << 20)}}"}""");
        Assert.Equal((413, "too_large"), (large.Status, large.Code));
    }

    [Fact]
    public async Task A_stranger_finds_nothing_of_somebody_elses()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var owner = web.NewClient();
        using var stranger = web.NewClient();
        var (playground, sandbox) = await owner.LaunchAsync();
        await stranger.LaunchAsync();
        var calls = web.Runtime.Calls.Count(call => call is "Exec" or "Stop" or "Remove" or "ReadFile" or "WriteFile" or "Extend");

        foreach (var (method, path) in new[]
        {
            (HttpMethod.Get, $"/api/v1/playgrounds/{playground}"), (HttpMethod.Delete, $"/api/v1/playgrounds/{playground}"),
            (HttpMethod.Post, $"/api/v1/playgrounds/{playground}/extend"), (HttpMethod.Post, $"/api/v1/sandboxes/{sandbox}/stop"),
            (HttpMethod.Get, $"/api/v1/sandboxes/{sandbox}/terminals"), (HttpMethod.Get, $"/api/v1/sandboxes/{sandbox}/files/"),
            (HttpMethod.Put, $"/api/v1/sandboxes/{sandbox}/files/x"), (HttpMethod.Delete, $"/api/v1/sandboxes/{sandbox}/files/x"),
        })
        {
            var answer = await stranger.SendAsync(method, path);
            Assert.Equal((path, 404, "not_found"), (path, answer.Status, answer.Code));
        }

        var exec = await stranger.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "echo" } });
        Assert.Equal((404, "not_found"), (exec.Status, exec.Code));
        Assert.Equal(calls, web.Runtime.Calls.Count(call => call is "Exec" or "Stop" or "Remove" or "ReadFile" or "WriteFile" or "Extend"));
        Assert.Equal("running", (string?)(await owner.GetAsync($"/api/v1/playgrounds/{playground}")).Json!["state"]);
    }

    [Fact]
    public async Task Sandboxes_are_stopped_started_restarted_paused_and_resumed()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        var (playground, sandbox) = await client.LaunchAsync();

        foreach (var (action, state) in new[] { ("pause", "paused"), ("resume", "running"), ("stop", "stopped"), ("start", "running"), ("restart", "running") })
        {
            var answer = await client.PostAsync($"/api/v1/sandboxes/{sandbox}/{action}");
            Assert.Equal((action, 200, state), (action, answer.Status, (string?)answer.Json!["state"]));
            Assert.Equal(state, (string?)(await client.GetAsync($"/api/v1/playgrounds/{playground}")).Json!["state"]);
        }

        await client.PostAsync($"/api/v1/sandboxes/{sandbox}/stop");
        var refused = await client.PostAsync($"/api/v1/sandboxes/{sandbox}/pause");
        Assert.Equal((409, "conflict"), (refused.Status, refused.Code));
    }

    [Fact]
    public async Task A_command_runs_to_its_end()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        var (_, sandbox) = await client.LaunchAsync();
        var path = $"/api/v1/sandboxes/{sandbox}/exec";
        client.Headers["Accept"] = "application/x-ndjson";
        var lines = await client.PostAsync(path, new { command = new[] { "echo", "streamed" } });
        Assert.Equal("application/x-ndjson", lines.Message.Content.Headers.ContentType!.MediaType);
        Assert.StartsWith("{\"stream\":\"stdout\",\"text\":\"streamed\\n\"}\n{\"exitCode\":0,\"truncated\":false,", lines.Text, StringComparison.Ordinal);
        Assert.Equal(422, (await client.PostAsync(path, new { command = new[] { "no-such-program" } })).Status);
        client.Headers.Remove("Accept");

        var cat = (await client.PostAsync(path, new { command = new[] { "cat" }, stdin = "päth", timeoutSeconds = 5 })).Json!;
        Assert.Equal((0, "päth", "", false), ((int)cat["exitCode"]!, (string)cat["stdout"]!, (string)cat["stderr"]!, (bool)cat["truncated"]!));
        Assert.True((double)cat["durationMs"]! >= 0);
        Assert.Equal(3, (int)(await client.PostAsync(path, new { command = new[] { "exit", "3" } })).Json!["exitCode"]!);
        Assert.True((bool)(await client.PostAsync(path, new { command = new[] { "head", "-c", "3000000", "/dev/zero" } })).Json!["truncated"]!);

        foreach (var (body, status, code) in new (object, int, string)[]
        {
            (new { command = new[] { "no-such-program" } }, 422, "command_not_found"),
            (new { command = Array.Empty<string>() }, 400, "invalid"),
            (new { }, 400, "invalid"),
            (new { command = new[] { "echo" }, timeoutSeconds = 0 }, 400, "invalid"),
            (new { command = new[] { "echo" }, timeoutSeconds = 1e9 }, 400, "invalid"),
            (new { command = new[] { "sleep", "60" }, timeoutSeconds = 0.1 }, 504, "timeout"),
            (new { command = new[] { "cat" }, stdin = new string('x', 2 << 20) }, 413, "too_large"),
        })
        {
            var answer = await client.PostAsync(path, body);
            Assert.Equal((status, code), (answer.Status, answer.Code));
        }
    }

    [Fact]
    public async Task Files_are_bytes_with_names_of_bytes()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        var (_, sandbox) = await client.LaunchAsync();
        var files = $"/api/v1/sandboxes/{sandbox}/files";
        var content = Enumerable.Range(0, 200_000).Select(number => (byte)number).ToArray();

        Assert.Equal(204, (await client.PutBytesAsync($"{files}/tmp/deep/na%C3%AFve%20%2B+.bin?mode=0600", content)).Status);
        var read = await client.GetAsync($"{files}/tmp/deep/na%C3%AFve%20%2B%2B.bin");
        Assert.Equal(content, read.Body);
        Assert.Equal("application/octet-stream", read.Header("Content-Type"));
        Assert.StartsWith("attachment", read.Header("Content-Disposition"), StringComparison.Ordinal);
        Assert.StartsWith("sandbox", read.Header("Content-Security-Policy"), StringComparison.Ordinal);

        // A name that is no UTF-8, which HttpClient would not send.
        var cookie = client.Cookies.GetCookieHeader(client.Url);
        Assert.StartsWith("HTTP/1.1 204", await RawAsync(client.Url, $"PUT {files}/tmp/deep/%FF%FE HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"), StringComparison.Ordinal);
        var listing = (await client.GetAsync($"{files}/tmp/deep")).Json!.AsArray();
        var odd = Assert.Single(listing, entry => entry!["nameBytes"] is not null)!;
        Assert.Equal([0xFF, 0xFE], Convert.FromBase64String((string)odd["nameBytes"]!));
        var plain = Assert.Single(listing, entry => entry!["nameBytes"] is null)!;
        Assert.Equal(("naïve ++.bin", 200_000, "0600", "file"), ((string)plain["name"]!, (int)plain["size"]!, (string)plain["mode"]!, (string)plain["type"]!));

        var tar = await client.GetAsync($"{files}/tmp/deep?archive=tar");
        Assert.Equal("application/x-tar", tar.Header("Content-Type"));
        Assert.True(tar.Body.Length > content.Length);

        Assert.Equal(204, (await client.DeleteAsync($"{files}/tmp/deep")).Status);
        Assert.Equal((404, "not_found"), (await client.GetAsync($"{files}/tmp/deep")) is var gone ? (gone.Status, gone.Code) : default);
        Assert.Equal(200, (await client.GetAsync(files)).Status);
        Assert.Equal(400, (await client.PutBytesAsync($"{files}/x?mode=999", [1])).Status);
        Assert.StartsWith("HTTP/1.1 400", await RawAsync(client.Url, $"GET {files}/tmp/%2E%2E/etc HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_larger_than_allowed_is_refused_and_not_written()
    {
        await using var web = await WebUnderTest.StartAsync(new() { ["Limits"] = new { FileBytes = 1000 } });
        using var client = web.NewClient();
        var (_, sandbox) = await client.LaunchAsync();

        var declared = await client.PutBytesAsync($"/api/v1/sandboxes/{sandbox}/files/big", new byte[1001]);
        using var chunked = new StreamContent(new UnsizedStream(new byte[5000]));
        var streamed = await client.SendAsync(HttpMethod.Put, $"/api/v1/sandboxes/{sandbox}/files/big", chunked);

        Assert.Equal((413, "too_large"), (declared.Status, declared.Code));
        Assert.Equal((413, "too_large"), (streamed.Status, streamed.Code));
        Assert.Equal(404, (await client.GetAsync($"/api/v1/sandboxes/{sandbox}/files/big")).Status);
    }

    [Fact]
    public async Task When_the_daemon_is_down_callers_are_told_so()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        var (_, sandbox) = await client.LaunchAsync();
        web.Runtime.Before = (_, _) => throw new SandboxException(ErrorCode.RuntimeUnavailable, "The daemon does not answer.");

        var launch = await client.PostAsync("/api/v1/playgrounds", new { image = "busybox" });
        var exec = await client.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "echo" } });

        Assert.Equal((503, "runtime_unavailable"), (launch.Status, launch.Code));
        Assert.Equal((503, "runtime_unavailable"), (exec.Status, exec.Code));
        Assert.Equal(503, (await client.GetAsync("/readyz")).Status);
        Assert.Equal(200, (await client.GetAsync("/healthz")).Status);
        Assert.Equal(200, (await client.GetAsync("/api/v1/images")).Status);
        Assert.Single((await client.GetAsync("/api/v1/playgrounds")).Json!.AsArray());
        web.Runtime.Before = null;
        Assert.Equal(200, (await client.GetAsync("/readyz")).Status);
    }

    [Fact]
    public async Task A_guest_token_serves_clients_without_cookies()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var first = web.NewClient();
        using var second = web.NewClient();
        var made = await first.PostAsync("/api/v1/guests");
        Assert.Equal(201, made.Status);
        var token = (string)made.Json!["token"]!;
        first.Headers["Authorization"] = "Bearer " + token;
        second.Headers["Authorization"] = "Bearer " + token;

        var (playground, _) = await first.LaunchAsync();

        Assert.Equal(200, (await second.GetAsync($"/api/v1/playgrounds/{playground}")).Status);
        second.Headers["Authorization"] = "Bearer wrong";
        var refused = await second.GetAsync("/api/v1/playgrounds");
        Assert.Equal((401, "unauthorized"), (refused.Status, refused.Code));
        var database = await File.ReadAllBytesAsync(Path.Combine(web.Home, "data", "sandbox.db-wal"), TestContext.Current.CancellationToken);
        Assert.False(database.AsSpan().IndexOf(Encoding.ASCII.GetBytes(token)) >= 0);
    }

    [Fact]
    public async Task The_contract_is_described()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();

        var paths = (await client.GetAsync("/openapi/v1.json")).Json!["paths"]!.AsObject().Select(path => path.Key).ToList();

        Assert.Contains("/api/v1/playgrounds", paths);
        Assert.Contains("/api/v1/sandboxes/{id}/exec", paths);
        Assert.DoesNotContain("/metrics", paths);
        var page = await client.GetAsync("/docs/api");
        Assert.Equal(200, page.Status);
        Assert.Equal(200, (await client.GetAsync("/docs/reference/scalar.js")).Status);
        Assert.Contains("process_", (await client.GetAsync("/metrics")).Text, StringComparison.Ordinal);
    }

    private static async Task<string> RawAsync(Uri url, string request)
    {
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(url.Host, url.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }

    private sealed class UnsizedStream(byte[] content) : MemoryStream(content)
    {
        public override bool CanSeek => false;
    }
}
