using Sandbox.Web.Tests.Tutorials;
using Xunit;

namespace Sandbox.Web.Tests.Embeds;

public sealed class FrameTests
{
    private static readonly object Greeter = new { nodes = new[] { new { image = "busybox", setup = new[] { new[] { "echo", "</script><script>alert(1)</script>" } } } } };

    [Fact]
    public async Task A_frame_of_an_image_is_for_every_page_and_sets_no_cookie()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = Browser(web);
        var frame = await client.GetAsync("/embed/terminal?image=busybox&page=https://docs.example");

        Assert.Equal(200, frame.Status);
        Assert.DoesNotContain("frame-ancestors", frame.Header("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.Contains("script-src 'self'", frame.Header("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.Null(frame.Header("Set-Cookie"));
        Assert.Null(frame.Header("X-Frame-Options"));
        Assert.Equal("no-store", frame.Header("Cache-Control"));
        Assert.Contains("data-image=\"busybox\"", frame.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("Create", web.Runtime.Calls);
    }

    [Fact]
    public async Task A_link_is_framed_by_the_pages_of_its_owners_list_only()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        var made = await author.PostAsync("/api/v1/links", new { recipe = Greeter, budget = new { origins = new[] { "https://docs.example", "https://a.example:8443" } } });
        Assert.Equal(201, made.Status);
        Assert.Equal(["https://docs.example", "https://a.example:8443"], made.Json!["budget"]!["origins"]!.AsArray().Select(origin => (string?)origin));
        var hash = (string)made.Json["hash"]!;

        using var client = Browser(web);
        foreach (var page in new[] { "&page=https://docs.example", "&page=https://a.example:8443", "" })
        {
            var frame = await client.GetAsync($"/embed/terminal?link={hash}{page}");
            Assert.Equal(200, frame.Status);
            Assert.Contains("frame-ancestors http://localhost:", frame.Header("Content-Security-Policy"), StringComparison.Ordinal);
            Assert.Contains(" https://docs.example https://a.example:8443;", frame.Header("Content-Security-Policy"), StringComparison.Ordinal);
        }

        foreach (var kind in new[] { "terminal", "run" })
        {
            var refused = await client.GetAsync($"/embed/{kind}?link={hash}&page=https://evil.example");
            Assert.Equal(403, refused.Status);
            Assert.DoesNotContain("frame-ancestors", refused.Header("Content-Security-Policy"), StringComparison.Ordinal);
            Assert.Contains("This page may not show it", refused.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("alert(1)", refused.Text, StringComparison.Ordinal);
        }

        // A budget replaces the old one; without a list any page may.
        Assert.Equal(200, (await author.PutAsync($"/api/v1/links/{hash}", new { budget = new { atOnce = 3 } })).Status);
        Assert.DoesNotContain("frame-ancestors", (await client.GetAsync($"/embed/terminal?link={hash}&page=https://evil.example")).Header("Content-Security-Policy"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lists_that_are_no_origins_are_refused()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        foreach (var origins in new object[] { Array.Empty<string>(), new[] { "https://docs.example/" }, new[] { "docs.example" }, new[] { "*" }, new[] { "https://*.example" }, new[] { "https://a.example; script-src *" }, new[] { "javascript:alert(1)" }, new string?[] { null }, Enumerable.Repeat("https://a.example", 51).ToArray() })
        {
            var answer = await author.PostAsync("/api/v1/links", new { recipe = Greeter, budget = new { origins } });
            Assert.Equal((400, "invalid"), (answer.Status, answer.Code));
            Assert.Contains("budget.origins", (string?)answer.Json!["detail"], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_link_with_commands_asks_in_its_frame_and_shows_them_as_text()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        var hash = (string)(await author.PostAsync("/api/v1/links", new { recipe = Greeter, title = "<img src=x onerror=alert(1)>" })).Json!["hash"]!;
        using var client = Browser(web);
        var frame = await client.GetAsync($"/embed/terminal?link={hash}");

        Assert.Contains("data-consent=\"true\"", frame.Text, StringComparison.Ordinal);
        Assert.Contains("frame-consent", frame.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>alert", frame.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("<img", frame.Text, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", frame.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tutorial_asks_in_its_frame_and_starts_nothing_before()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        await author.PublishAsync(Zip.Small, "?name=small-one");
        using var client = Browser(web);
        var frame = await client.GetAsync("/embed/terminal?tutorial=small-one&page=https://docs.example");

        Assert.Equal(200, frame.Status);
        Assert.Contains("data-tutorial=", frame.Text, StringComparison.Ordinal);
        Assert.Contains("frame-consent", frame.Text, StringComparison.Ordinal);
        Assert.Contains("data-parameter=\"color\"", frame.Text, StringComparison.Ordinal);
        Assert.Contains("tutorial-frame", frame.Text, StringComparison.Ordinal);
        Assert.Null(frame.Header("Set-Cookie"));
        Assert.DoesNotContain("Create", web.Runtime.Calls);

        Assert.Equal(404, (await client.GetAsync("/embed/terminal?tutorial=nothing")).Status);
        Assert.Equal(400, (await client.GetAsync("/embed/terminal?tutorial=small-one&image=busybox")).Status);
        Assert.Equal(400, (await client.GetAsync("/embed/run?tutorial=small-one")).Status);
    }

    [Fact]
    public async Task Nothing_of_a_private_link_is_framed()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        var hash = (string)(await author.PostAsync("/api/v1/links", new { recipe = Greeter, title = "Secret", access = "private" })).Json!["hash"]!;
        author.Headers["Accept"] = "text/html";
        var frame = await author.GetAsync($"/embed/terminal?link={hash}");
        Assert.Equal(404, frame.Status);
        Assert.DoesNotContain("Secret", frame.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData("?image=busybox&link=x", 400)]
    [InlineData("?image=nothing", 404)]
    [InlineData("?image=javascript:alert(1)", 404)]
    [InlineData("?image=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", 404)]
    [InlineData("?link=nothing-here", 404)]
    [InlineData("?link=../../etc", 404)]
    [InlineData("?image=busybox&command=a%0Arm", 400)]
    public async Task Mistakes_are_words_in_the_frame(string query, int status)
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = Browser(web);
        var frame = await client.GetAsync($"/embed/terminal{query}");
        Assert.Equal(status, frame.Status);
        Assert.Contains("frame-words", frame.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", frame.Text, StringComparison.Ordinal);
        Assert.Equal(status, (await client.GetAsync($"/embed/run{query}")).Status);
    }

    [Fact]
    public async Task What_a_page_says_stays_in_its_attribute()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = Browser(web);
        var frame = await client.GetAsync("/embed/terminal?image=busybox&theme=%22%3E%3Cscript%3E&page=javascript:alert(1)&command=echo%20%22%3E%3Cscript%3Ealert(1)%3C/script%3E");
        Assert.Equal(200, frame.Status);
        Assert.DoesNotContain("<script>", frame.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("javascript:", frame.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("data-theme", frame.Text, StringComparison.Ordinal);
        Assert.Contains("data-command=\"echo &quot;&gt;&lt;script&gt;", frame.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_operator_says_which_pages_embed_images_and_run_code()
    {
        await using var web = await WebUnderTest.StartAsync(new() { ["Embeds"] = new { Origins = new[] { "https://docs.example" } } });
        using var client = Browser(web);
        Assert.Contains(" https://docs.example;", (await client.GetAsync("/embed/terminal?image=busybox&page=https://docs.example")).Header("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.Equal(403, (await client.GetAsync("/embed/terminal?image=busybox&page=https://evil.example")).Status);

        using var page = web.NewClient();
        page.Headers["Origin"] = "https://evil.example";
        var run = await page.PostAsync("/v1/exec", new { sandbox = "sh", files = new Dictionary<string, string> { [""] = "" } });
        Assert.Equal((403, "page_not_allowed"), (run.Status, run.Code));
        Assert.DoesNotContain("Create", web.Runtime.Calls);

        await using var closed = await WebUnderTest.StartAsync(new() { ["Embeds"] = new { Enabled = false } });
        using var nobody = Browser(closed);
        Assert.Equal(403, (await nobody.GetAsync("/embed/terminal?image=busybox")).Status);
        Assert.Equal("page_not_allowed", (await nobody.PostAsync("/v1/exec", new { sandbox = "sh", files = new Dictionary<string, string> { [""] = "" } })).Code);
    }

    [Fact]
    public void An_operators_list_holds_origins()
    {
        var options = new WebOptions();
        options.Embeds.Origins = ["https://docs.example", "docs.example", "https://docs.example/path"];
        Assert.Equal(2, options.Validate().Count);
    }

    private static Client Browser(WebUnderTest web)
    {
        var client = web.NewClient();
        client.Headers["Accept"] = "text/html";
        return client;
    }
}
