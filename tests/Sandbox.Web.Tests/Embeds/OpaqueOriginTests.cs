using Xunit;

namespace Sandbox.Web.Tests.Embeds;

/// <summary>Frames in pages with sandbox="allow-scripts" have no origin: their token counts, and no cookie.</summary>
public sealed class OpaqueOriginTests
{
    [Fact]
    public async Task A_page_without_an_origin_acts_with_a_token()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        client.Headers["Origin"] = "null";
        var guest = await client.PostAsync("/api/v1/guests");
        Assert.Equal((201, "null"), (guest.Status, guest.Header("Access-Control-Allow-Origin")));
        Assert.Null(guest.Header("Access-Control-Allow-Credentials"));

        client.Headers["Authorization"] = "Bearer " + (string)guest.Json!["token"]!;
        var launched = await client.PostAsync("/api/v1/playgrounds", new { image = "busybox" });
        Assert.Equal((201, "null"), (launched.Status, launched.Header("Access-Control-Allow-Origin")));
        var refused = await client.PostAsync("/api/v1/playgrounds", new { image = "nothing" });
        Assert.Equal(("image_not_found", "null"), (refused.Code, refused.Header("Access-Control-Allow-Origin")));
        Assert.Equal(200, (await client.PostAsync($"/hubs/terminal/negotiate?negotiateVersion=1&access_token={(string)guest.Json["token"]!}")).Status);
    }

    [Fact]
    public async Task A_page_without_an_origin_does_nothing_with_a_cookie()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        var (playground, sandbox) = await client.LaunchAsync();
        client.Headers["Origin"] = "null";
        Assert.Equal("origin", (await client.PostAsync("/api/v1/playgrounds", new { image = "busybox" })).Code);
        Assert.Equal("origin", (await client.DeleteAsync($"/api/v1/playgrounds/{playground}")).Code);
        Assert.Equal("origin", (await client.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "true" } })).Code);
        Assert.Equal("origin", (await client.PostAsync($"/api/v1/playgrounds/{playground}/handover", new { })).Code);
        Assert.Equal(403, (await client.PostAsync("/hubs/terminal/negotiate?negotiateVersion=1")).Status);

        // A token that is none does not make the cookie count.
        client.Headers["Authorization"] = "Bearer nonsense";
        Assert.Equal(401, (await client.DeleteAsync($"/api/v1/playgrounds/{playground}")).Status);
        client.Headers.Remove("Authorization");
        client.Headers.Remove("Origin");
        Assert.Equal("running", (string?)(await client.GetAsync($"/api/v1/playgrounds/{playground}")).Json!["state"]);
    }

    [Fact]
    public async Task A_browser_may_ask_before_it_sends_a_token()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        client.Headers["Access-Control-Request-Method"] = "POST";
        client.Headers["Access-Control-Request-Headers"] = "authorization,content-type,idempotency-key";
        client.Headers["Origin"] = "null";
        var asked = await client.SendAsync(HttpMethod.Options, "/api/v1/playgrounds");
        Assert.Equal((204, "null"), (asked.Status, asked.Header("Access-Control-Allow-Origin")));
        Assert.Contains("authorization", asked.Header("Access-Control-Allow-Headers"), StringComparison.Ordinal);
        Assert.Null(asked.Header("Access-Control-Allow-Credentials"));
        Assert.Equal("Origin", asked.Header("Vary"));

        client.Headers["Origin"] = "https://evil.example";
        var foreign = await client.SendAsync(HttpMethod.Options, "/api/v1/playgrounds");
        Assert.Equal(403, foreign.Status);
        Assert.Null(foreign.Header("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task A_page_of_another_site_acts_with_no_token_either()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        var token = (string)(await client.PostAsync("/api/v1/guests")).Json!["token"]!;
        client.Headers["Origin"] = "https://evil.example";
        client.Headers["Authorization"] = "Bearer " + token;
        Assert.Equal("origin", (await client.PostAsync("/api/v1/playgrounds", new { image = "busybox" })).Code);
        Assert.Equal("origin", (await client.PostAsync("/api/v1/guests")).Code);
    }
}
