using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Sandbox.Web.Http;
using Xunit;

namespace Sandbox.Web.Tests;

public sealed class PagePolicyTests
{
    private const string SiteContent =
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
        "font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'";

    [Fact]
    public async Task An_endpoint_without_a_policy_has_that_of_the_site()
    {
        await using var web = await WebUnderTest.StartAsync(map: Map);
        using var client = web.NewClient();
        client.Headers["Accept"] = "text/html";
        foreach (var path in new[] { "/of-none", "/of-site" })
        {
            var answer = await client.GetAsync(path);
            AssertSite(answer);
            Assert.Equal("same-origin", answer.Header("Cross-Origin-Resource-Policy"));
        }

        Assert.Contains("sandbox_guest", client.Cookies.GetAllCookies().Select(cookie => cookie.Name));
    }

    [Fact]
    public async Task An_embed_is_framed_by_its_origins_and_sets_no_cookies()
    {
        await using var web = await WebUnderTest.StartAsync(map: Map);
        using var client = web.NewClient();
        client.Headers["Accept"] = "text/html";
        var answer = await client.GetAsync("/of-embed");
        Assert.Equal(200, answer.Status);
        Assert.Equal(SiteContent.Replace("frame-ancestors 'none'", "frame-ancestors https://docs.example https://a.example:8443", StringComparison.Ordinal), answer.Header("Content-Security-Policy"));
        Assert.Equal("nosniff", answer.Header("X-Content-Type-Options"));
        Assert.Equal("cross-origin", answer.Header("Cross-Origin-Resource-Policy"));
        Assert.Null(answer.Header("Set-Cookie"));
        Assert.Contains("frame-ancestors 'none'", (await client.GetAsync("/of-embed-by-nobody")).Header("Content-Security-Policy"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://a.example/path")]
    [InlineData("https://a.example/")]
    [InlineData("https://*.example")]
    [InlineData("https://a.example; script-src *")]
    [InlineData("*")]
    [InlineData("'self'")]
    [InlineData("javascript:alert(1)")]
    [InlineData("https://user@a.example")]
    [InlineData("")]
    public void An_embed_takes_origins_only(string origin) =>
        Assert.Throws<ArgumentException>(() => PagePolicy.Embed("https://a.example", origin));

    [Fact]
    public async Task Errors_have_the_policy_of_the_site()
    {
        await using var web = await WebUnderTest.StartAsync(map: Map);
        foreach (var (path, status) in new[] { ("/nothing", 404), ("/of-embed/404", 404), ("/of-embed/fault", 500) })
        {
            using var client = web.NewClient();
            client.Headers["Accept"] = "text/html";
            var answer = await client.GetAsync(path);
            Assert.Equal((path, status), (path, answer.Status));
            AssertSite(answer);
        }
    }

    private static void AssertSite(Answer answer)
    {
        Assert.Equal(SiteContent, answer.Message.Headers.GetValues("Content-Security-Policy").First());
        Assert.Equal("nosniff", answer.Header("X-Content-Type-Options"));
        Assert.Equal("same-origin", answer.Header("Referrer-Policy"));
        Assert.Equal("same-origin", answer.Header("Cross-Origin-Opener-Policy"));
    }

    private static void Map(IEndpointRouteBuilder endpoints)
    {
        var embed = PagePolicy.Embed("https://docs.example", "https://a.example:8443");
        endpoints.MapGet("/of-none", () => Results.Text("none"));
        endpoints.MapGet("/of-site", () => Results.Text("site")).WithPagePolicy(PagePolicy.Site);
        endpoints.MapGet("/of-embed", (HttpContext context) => WithCookie(context, "sandbox_guest")).WithPagePolicy(embed);
        endpoints.MapGet("/of-embed-by-nobody", () => Results.Text("embed")).WithPagePolicy(PagePolicy.Embed());
        endpoints.MapGet("/of-embed/404", () => Results.StatusCode(404)).WithPagePolicy(embed);
        endpoints.MapGet("/of-embed/fault", IResult () => throw new InvalidOperationException("a fault")).WithPagePolicy(embed);
    }

    private static IResult WithCookie(HttpContext context, string name)
    {
        context.Response.Cookies.Append(name, "x");
        return Results.Text("page");
    }
}
