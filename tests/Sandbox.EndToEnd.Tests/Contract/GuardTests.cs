using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

public sealed class GuardTests(Chromium chromium)
{
    private static string Origin => Instance.Url.GetLeftPart(UriPartial.Authority);

    [Fact]
    public async Task A_page_of_another_site_may_not_act_here()
    {
        await using var caller = new Caller();
        await caller.GetAsync("/api/v1/playgrounds");
        var port = Instance.Url.Port.ToString(CultureInfo.InvariantCulture);
        foreach (var (origin, allowed) in new[]
        {
            ("https://evil.example", false), ("null", false), ("", false), ($"http://localhost:{port}.evil.example", false), ("http://localhost:1", false), ($"https://localhost:{port}", false),
            ($"http://evil.example:{port}", false), ($"http://localhost:{port}@evil.example", false), ($"http://localhost:{port}", true), ($"http://127.0.0.1:{port}", true), ($"http://[::1]:{port}", true),
        })
        {
            // The name in Host is the attacker's too once it leads here: it must not count.
            foreach (var host in new[] { Instance.Url.Authority, $"evil.example:{port}" })
            {
                var post = await caller.SpeakAsync($"POST /api/v1/playgrounds HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nContent-Type: application/json\r\nContent-Length: 16\r\nConnection: close\r\n\r\n{{\"image\":\"nope\"}}");
                Assert.Contains(allowed ? "image_not_found" : "\"code\":\"origin\"", post, StringComparison.Ordinal);
                var socket = await caller.SpeakAsync($"GET /hubs/terminal HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
                Assert.Equal((origin, allowed ? "401" : "403"), (origin, socket.Split(' ')[1]));
            }
        }

        caller.Headers["Origin"] = "https://evil.example";
        Assert.Equal(403, (await caller.PostAsync("/hubs/terminal/negotiate?negotiateVersion=1")).Status);
        Assert.Equal(403, (await caller.PostAsync("/_blazor/negotiate?negotiateVersion=1")).Status);
        Assert.Equal(403, (await caller.PostAsync("/admin/sign-in")).Status);
        Assert.Equal(403, (await caller.PostAsync("/admin/sign-out")).Status);
        Assert.Equal(403, (await caller.DeleteAsync("/api/v1/playgrounds/aaaaaaaaaaaaaaaa")).Status);
        Assert.Equal(403, (await caller.PutAsync("/api/v1/sandboxes/aaaaaaaaaaaaaaaa/files/x", [1])).Status);
        Assert.Null((await caller.GetAsync("/api/v1/images")).Header("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task Every_answer_has_the_security_headers()
    {
        await using var caller = new Caller();
        foreach (var accept in new[] { "text/html", "*/*" })
        {
            caller.Headers["Accept"] = accept;
            foreach (var path in new[] { "/", "/playgrounds", "/p/aaaaaaaaaaaaaaaa", "/admin", "/admin/sign-in", "/nothing", "/docs/api", "/openapi/v1.json", "/api/v1/images", "/api/v1/nothing", "/healthz", "/status/500", "/_blazor", "/images/favicon.svg" })
            {
                var answer = await caller.GetAsync(path);
                var policy = answer.Header("Content-Security-Policy");
                Assert.True(policy is not null, path);
                Assert.Contains("script-src 'self' 'wasm-unsafe-eval';", policy, StringComparison.Ordinal);
                Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
                Assert.Contains("object-src 'none'", policy, StringComparison.Ordinal);
                Assert.Contains("base-uri 'self'", policy, StringComparison.Ordinal);
                Assert.DoesNotContain("frame-ancestors 'self'", policy, StringComparison.Ordinal);
                Assert.Equal("nosniff", answer.Header("X-Content-Type-Options"));
                Assert.Null(answer.Header("Server"));
                Assert.DoesNotContain("<script>", answer.Text, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task A_guests_cookie_is_for_http_only_and_for_this_site()
    {
        await using var caller = new Caller();
        var cookie = (await caller.GetAsync("/api/v1/playgrounds")).Header("Set-Cookie")!;
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Null((await caller.GetAsync("/api/v1/playgrounds")).Header("Set-Cookie"));

        // An invented cookie makes a new guest, not an error and not another person.
        await using var forger = new Caller();
        forger.Headers["Cookie"] = "sandbox_guest=CfDJ8aaaa; sandbox_operator=" + new string('x', 43);
        var answer = await forger.GetAsync("/api/v1/playgrounds");
        Assert.Equal((200, "[]"), (answer.Status, answer.Text));
        Assert.Contains("sandbox_guest=", answer.Header("Set-Cookie"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Errors_of_the_api_are_problems_whatever_went_wrong()
    {
        await using var caller = await Caller.NewGuestAsync();
        Assert.Equal((404, "not_found"), Told(await caller.GetAsync("/api/v1/nothing")));
        Assert.Equal((404, "not_found"), Told(await caller.GetAsync("/api")));
        Assert.Equal((404, "not_found"), Told(await caller.PostAsync("/api/v2/playgrounds", new { image = "busybox" })));
        var wrong = await caller.PutJsonAsync("/api/v1/playgrounds", new { image = "busybox" });
        Assert.Equal((405, "method_not_allowed", "GET, POST"), (wrong.Status, wrong.Code, wrong.Header("Allow")));
        Assert.Equal((405, "method_not_allowed"), Told(await caller.SendAsync(HttpMethod.Patch, "/api/v1/images")));
        Assert.Equal((415, "unsupported_media_type"), Told(await caller.SendAsync(HttpMethod.Post, "/api/v1/playgrounds", new StringContent("image=busybox"))));
        Assert.Equal((415, "unsupported_media_type"), Told(await caller.SendAsync(HttpMethod.Post, "/api/v1/playgrounds", new FormUrlEncodedContent([new("image", "busybox")]))));
        caller.Headers["Accept"] = "text/html";
        Assert.Equal((404, "not_found"), Told(await caller.GetAsync("/api/v1/nothing")));
        foreach (var admin in new[] { "playgrounds", "plans", "people", "images" })
        {
            Assert.Equal((403, "forbidden"), Told(await caller.GetAsync("/api/v1/admin/" + admin)));
        }

        await using var nobody = new Caller();
        Assert.Equal((401, "unauthorized"), Told(await nobody.GetAsync("/api/v1/admin/plans")));
    }

    [Fact]
    public async Task Metrics_are_served_to_this_host_only()
    {
        await using var caller = new Caller();
        Assert.Equal("ok\n", (await caller.GetAsync("/healthz")).Text);
        Assert.Equal("ready\n", (await caller.GetAsync("/readyz")).Text);
        Assert.Contains("# TYPE", (await caller.GetAsync("/metrics")).Text, StringComparison.Ordinal);
        foreach (var header in new[] { "X-Forwarded-For: 127.0.0.1", "X-Forwarded-For: ", "Forwarded: for=127.0.0.1", "Via: 1.1 proxy", "X-Forwarded-Host: localhost" })
        {
            Assert.StartsWith("HTTP/1.1 404", await caller.SpeakAsync($"GET /metrics HTTP/1.1\r\nHost: {Instance.Url.Authority}\r\n{header}\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);
        }

        foreach (var path in new[] { "/metrics", "/METRICS", "/metrics/", "/%6detrics", "//metrics" })
        {
            Assert.DoesNotContain("# TYPE", await caller.SpeakAsync($"GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Files_of_the_host_are_not_served()
    {
        await using var caller = new Caller();
        foreach (var path in new[]
        {
            "/../../../../etc/passwd", "/dist/../../../../../etc/passwd", "/dist/..%2f..%2f..%2f..%2fetc/passwd", "/dist/%2e%2e/%2e%2e/etc/passwd", "/dist/..%5c..%5cetc/passwd", "/%2fetc/passwd",
            "//etc/passwd", "/web.json", "/appsettings.json", "/Sandbox.Web.dll", "/Sandbox.Web.staticwebassets.endpoints.json", "/.git/config", "/keys", "/sandbox.db", "/dist/%00", "/_framework/../Sandbox.Web.dll",
        })
        {
            var answer = await caller.SpeakAsync($"GET {path} HTTP/1.1\r\nHost: {Instance.Url.Authority}\r\nConnection: close\r\n\r\n");
            Assert.True(answer.Split(' ')[1] is "404" or "400", path + ": " + answer.Split('\r')[0]);
            Assert.DoesNotContain("root:x:", answer, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n", "400")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400")]
    [InlineData("POST /api/v1/playgrounds HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "4")]
    [InlineData("POST /api/v1/playgrounds HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", "400")]
    [InlineData("POST /api/v1/playgrounds HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", "400")]
    [InlineData("NONSENSE\r\n\r\n", "400")]
    [InlineData("GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "400")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "")]
    public async Task Malformed_http_is_refused_and_the_connection_closed(string request, string status)
    {
        await using var caller = new Caller();
        var answer = await caller.SpeakAsync(request);
        Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 " + status, StringComparison.Ordinal) || (status.Length == 0 && !answer.StartsWith("HTTP/1.1 2", StringComparison.Ordinal)), answer);
    }

    [Fact]
    public async Task Large_or_many_headers_are_refused()
    {
        await using var caller = new Caller();
        Assert.StartsWith("HTTP/1.1 431", await caller.SpeakAsync($"GET / HTTP/1.1\r\nHost: a\r\nX: {new string('x', 40_000)}\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 431", await caller.SpeakAsync($"GET / HTTP/1.1\r\nHost: a\r\n{string.Concat(Enumerable.Repeat("X: y\r\n", 200))}\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 414", await caller.SpeakAsync($"GET /{new string('x', 20_000)} HTTP/1.1\r\nHost: a\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_description_of_the_api_is_whole()
    {
        await using var caller = new Caller();
        var document = (await caller.GetAsync("/openapi/v1.json")).Json;
        Assert.StartsWith("3.", (string)document["openapi"]!, StringComparison.Ordinal);
        Assert.Equal("Sandbox", (string?)document["info"]!["title"]);
        var routes = new HashSet<string>();
        foreach (var (path, item) in document["paths"]!.AsObject())
        {
            var named = path.Split('{').Skip(1).Select(part => part[..part.IndexOf('}')]).ToHashSet();
            foreach (var (method, operation) in item!.AsObject())
            {
                var route = $"{method.ToUpperInvariant()} {path}";
                routes.Add(route);
                Assert.False(string.IsNullOrEmpty((string?)operation!["summary"]), route);
                var parameters = operation["parameters"]?.AsArray().Where(parameter => (string)parameter!["in"]! == "path").Select(parameter => (string)parameter!["name"]!).ToHashSet() ?? [];
                Assert.True(named.SetEquals(parameters), route);
                var responses = operation["responses"]!.AsObject();
                Assert.Contains(responses, response => response.Key.StartsWith('2'));
                foreach (var (status, response) in responses)
                {
                    var content = response!["content"]?.AsObject();
                    if (status[0] == '4' || status[0] == '5')
                    {
                        Assert.True(content?["application/problem+json"]?["schema"] is not null, $"{route} {status}");
                    }
                    else if (status != "204" && status != "202")
                    {
                        Assert.True(content is { Count: > 0 } && content.All(type => type.Value!["schema"] is not null), $"{route} {status}");
                    }
                }

                if (method == "put" || route is "POST /api/v1/playgrounds" or "POST /api/v1/sandboxes/{id}/exec")
                {
                    Assert.True(operation["requestBody"]?["content"] is not null, route);
                }
            }
        }

        Assert.Superset(
            new HashSet<string>
            {
                "GET /api/v1/images", "GET /api/v1/playgrounds", "POST /api/v1/playgrounds", "GET /api/v1/playgrounds/{id}", "DELETE /api/v1/playgrounds/{id}", "POST /api/v1/playgrounds/{id}/extend",
                "POST /api/v1/sandboxes/{id}/start", "POST /api/v1/sandboxes/{id}/stop", "POST /api/v1/sandboxes/{id}/restart", "POST /api/v1/sandboxes/{id}/pause", "POST /api/v1/sandboxes/{id}/resume",
                "GET /api/v1/sandboxes/{id}/terminals", "POST /api/v1/sandboxes/{id}/exec", "GET /api/v1/sandboxes/{id}/files/{path}", "PUT /api/v1/sandboxes/{id}/files/{path}", "DELETE /api/v1/sandboxes/{id}/files/{path}",
                "POST /api/v1/guests",
            },
            routes);

        // Every reference leads somewhere.
        foreach (var reference in References(document))
        {
            JsonNode? at = document;
            foreach (var step in reference.TrimStart('#', '/').Split('/'))
            {
                at = at?[step];
            }

            Assert.True(at is not null, reference);
        }
    }

    [Fact]
    public async Task The_reference_page_shows_the_routes_and_breaks_no_policy()
    {
        await using var context = await chromium.Browser.NewContextAsync();
        context.SetDefaultTimeout((float)Eventually.Patience.TotalMilliseconds);
        var page = await context.NewPageAsync();
        var complaints = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                complaints.Add(message.Text);
            }
        };
        page.PageError += (_, error) => complaints.Add(error);
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(Origin, StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal) && !request.Url.StartsWith("blob:", StringComparison.Ordinal))
            {
                complaints.Add("asked elsewhere: " + request.Url);
            }
        };
        await page.GotoAsync(Origin + "/docs/api");
        await page.GetByText("The images on offer").First.WaitForAsync();
        await page.GetByText("/api/v1/playgrounds").First.WaitForAsync();

        // The last heading of the page: by then it has shown all, and asked for all. The network being idle is no
        // state to wait for: a browser that reports one end of a request too few is never idle.
        await page.GetByRole(AriaRole.Heading, new() { Name = "Models" }).WaitForAsync();
        Assert.Empty(complaints);
    }

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject item => item.SelectMany(pair => pair.Key == "$ref" ? [(string)pair.Value!] : References(pair.Value)),
        JsonArray items => items.SelectMany(References),
        _ => [],
    };

    private static (int Status, string Code) Told(Answer answer) => (answer.Status, answer.Code);
}
