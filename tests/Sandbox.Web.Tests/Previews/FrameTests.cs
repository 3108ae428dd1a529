using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Sandbox.Web.Previews;
using Xunit;

namespace Sandbox.Web.Tests.Previews;

/// <summary>Pages of ports beside the terminals.</summary>
public sealed class FrameTests(PreviewSite site) : IClassFixture<PreviewSite>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_frame_has_a_pass_of_its_own_that_only_pages_of_ours_can_use()
    {
        using var visit = await PreviewVisit.NewAsync(site.Web, 8020);
        using var program = Answering(8020, "Set-Cookie: session=1; Path=/; SameSite=Lax; Domain=localhost\r\nContent-Security-Policy: img-src 'self'\r\n");
        var cookie = await OpenAsync(visit);
        Assert.Contains("secure", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=none", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("partitioned", cookie, StringComparison.OrdinalIgnoreCase);

        using var answer = await PageAsync(visit, cookie);
        Assert.Equal("Cookie: theirs=1", await answer.Content.ReadAsStringAsync(Cancel));
        Assert.Equal(["session=1; Path=/; SameSite=None; Secure; Partitioned"], answer.Headers.GetValues("Set-Cookie"));
        var policies = answer.Headers.GetValues("Content-Security-Policy").ToList();
        Assert.Equal(["img-src 'self'", $"frame-ancestors 'self' http://localhost:{site.Web.Url.Port}"], policies.Select(policy => policy.Split(" http://127")[0]));
        Assert.DoesNotContain(policies, policy => policy.Contains('[', StringComparison.Ordinal)); // which browsers complain of

        // The site's own page may show it, and nothing else may be shown there.
        var workspace = await visit.Owner.GetAsync("/p/new?image=busybox");
        Assert.Contains($"; frame-src http://*.localhost:{site.Web.Url.Port}", workspace.Header("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", workspace.Header("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.DoesNotContain("frame-src", (await visit.Owner.GetAsync("/docs")).Header("Content-Security-Policy"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_that_refuses_frames_is_replaced_by_words()
    {
        using var visit = await PreviewVisit.NewAsync(site.Web, 8021);
        using var program = Answering(8021, "X-Frame-Options: DENY\r\n");
        var cookie = await OpenAsync(visit);
        using var refused = await PageAsync(visit, cookie, "/admin?a=1&b=<x>");
        var page = await refused.Content.ReadAsStringAsync(Cancel);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains("This page refuses to be shown inside another", page, StringComparison.Ordinal);
        Assert.Contains($"/sandboxes/{visit.Sandbox}/ports/8021?path=%2Fadmin%3Fa%3D1%26b%3D", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<x>", page, StringComparison.Ordinal);

        // The answers to the page's own requests, and the same page in a tab, keep the program's headers.
        using var script = await PageAsync(visit, cookie, "/", "script");
        Assert.Equal(HttpStatusCode.OK, script.StatusCode);
        Assert.Equal((200, ""), await visit.GetAsync());
    }

    [Fact]
    public async Task A_frame_whose_browser_keeps_no_cookies_says_so()
    {
        using var visit = await PreviewVisit.NewAsync(site.Web, 8022);
        using var page = await PageAsync(visit, "none=1");
        Assert.Equal(HttpStatusCode.Forbidden, page.StatusCode);
        Assert.Contains("keeps no cookies", await page.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);

        using var stranger = site.Web.NewClient();
        Assert.Equal(404, (await stranger.PostAsync($"/api/v1/sandboxes/{visit.Sandbox}/ports/8022/frames")).Status);
        Assert.Equal(400, (await visit.Owner.PostAsync($"/api/v1/sandboxes/{visit.Sandbox}/ports/0/frames")).Status);
    }

    [Theory]
    [InlineData("", "", false)]
    [InlineData("", "DENY", true)]
    [InlineData("", "sameorigin", true)]
    [InlineData("", "ALLOW-FROM https://x.example", false)]
    [InlineData("", "allow-from x, DENY", true)]
    [InlineData("default-src 'none'", "", false)]
    [InlineData("frame-ancestors 'none'", "", true)]
    [InlineData("default-src 'self'; Frame-Ancestors 'self'", "", true)]
    [InlineData("frame-ancestors", "", true)]
    [InlineData("frame-ancestors *", "DENY", false)]
    [InlineData("frame-ancestors 'self' http://localhost:8080", "DENY", false)]
    [InlineData("frame-ancestors localhost:*", "", false)]
    [InlineData("frame-ancestors http:", "", false)]
    [InlineData("frame-ancestors https://localhost:8080", "", true)]
    [InlineData("frame-ancestors localhost", "", true)]
    [InlineData("frame-ancestors *.localhost:8080", "", true)]
    [InlineData("frame-ancestors *, frame-ancestors 'self'", "", true)]
    public void A_refusal_is_read_as_browsers_read_it(string policy, string options, bool refuses)
    {
        var headers = new HeaderDictionary();
        headers["Content-Security-Policy"] = policy;
        headers["X-Frame-Options"] = options;
        Assert.Equal(refuses, FramedPages.Refuses(headers, ["http://localhost:8080"]));
        Assert.Equal(refuses && policy != "frame-ancestors *.localhost:8080", FramedPages.Refuses(headers, ["http://localhost:8080", "http://app.localhost:8080"]));
    }

    /// <summary>A program that answers each request with the cookies that it got.</summary>
    private PortProgram Answering(int port, string headers) => new(site.Web, port, async socket =>
    {
        var head = new byte[8192];
        var request = Encoding.ASCII.GetString(head, 0, await socket.ReceiveAsync(head, Cancel));
        var got = request.Split("\r\n").FirstOrDefault(line => line.StartsWith("Cookie:", StringComparison.OrdinalIgnoreCase)) ?? "";
        await socket.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\n{headers}Content-Length: {got.Length}\r\nConnection: close\r\n\r\n{got}"), Cancel);
    });

    /// <summary>Follows the address of a frame; returns the cookie that it sets.</summary>
    private static async Task<string> OpenAsync(PreviewVisit visit)
    {
        var port = visit.Host.Split('-')[0];
        var frame = await visit.Owner.PostAsync($"/api/v1/sandboxes/{visit.Sandbox}/ports/{port}/frames", new { path = "/here?x=1" });
        Assert.Equal(200, frame.Status);
        var url = new Uri((string)frame.Json!["url"]!);
        Assert.Equal(visit.Host, url.Authority);
        using var request = new HttpRequestMessage(HttpMethod.Get, url.PathAndQuery);
        request.Headers.Host = visit.Host;
        using var opened = await visit.SendAsync(request);
        Assert.Equal((HttpStatusCode.SeeOther, "/here?x=1"), (opened.StatusCode, opened.Headers.Location!.OriginalString));
        return opened.Headers.GetValues("Set-Cookie").Single();
    }

    private static async Task<HttpResponseMessage> PageAsync(PreviewVisit visit, string cookie, string path = "/", string dest = "iframe")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Host = visit.Host;
        request.Headers.Add("Cookie", $"theirs=1; {cookie.Split(';')[0]}");
        request.Headers.Add("Sec-Fetch-Dest", dest);
        request.Headers.Add("Accept", "text/html");
        return await visit.SendAsync(request);
    }
}
