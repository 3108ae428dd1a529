using System.Xml.Linq;
using Xunit;

namespace Sandbox.Web.Tests.Pictures;

public sealed class LinkPictureTests
{
    private static readonly object Recipe = new { nodes = new[] { new { image = "busybox" } } };

    /// <summary>An image alone starts at once; this one has a page that asks.</summary>
    private static readonly object Asking = new { nodes = new[] { new { image = "busybox", env = new Dictionary<string, string> { ["A"] = "b" } } } };

    [Theory]
    [InlineData("badge.svg")]
    [InlineData("preview.svg")]
    [InlineData("qr.svg")]
    public async Task A_public_link_has_pictures_that_pages_elsewhere_may_show_and_caches_keep(string picture)
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        using var visitor = web.NewClient();
        var hash = (string)(await author.PostAsync("/api/v1/links", new { recipe = Recipe, title = "A course", name = "course" })).Json!["hash"]!;

        foreach (var address in new[] { hash, "course", $"course@{hash}" })
        {
            var answer = await visitor.GetAsync($"/x/{address}/{picture}");

            Assert.Equal(200, answer.Status);
            Assert.Equal("image/svg+xml", answer.Message.Content.Headers.ContentType?.MediaType);
            Assert.Equal("svg", XDocument.Parse(answer.Text).Root!.Name.LocalName);
            Assert.Equal("cross-origin", answer.Header("Cross-Origin-Resource-Policy"));
            Assert.Equal("sandbox; default-src 'none'", answer.Header("Content-Security-Policy"));
            Assert.Equal("public, max-age=300", answer.Header("Cache-Control"));
            Assert.NotNull(answer.Message.Headers.ETag);
            Assert.Null(answer.Header("Set-Cookie"));
        }
    }

    [Fact]
    public async Task A_private_link_has_no_pictures()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        var hash = (string)(await author.PostAsync("/api/v1/links", new { recipe = Recipe, access = "private" })).Json!["hash"]!;

        foreach (var picture in new[] { "badge.svg", "preview.svg", "qr.svg" })
        {
            Assert.Equal((404, "link_not_found"), await CodeAsync(author, $"/x/{hash}/{picture}"));
        }

        Assert.DoesNotContain("og:image", (await author.GetAsync($"/x/{hash}")).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("</text><script>alert(1)</script>")]
    [InlineData("\" onload=\"alert(1)")]
    [InlineData("]]>&xxe; <!-- --> \u202Egnp.exe \uFFFE")]
    [InlineData("日本語 🦀 a title that is much longer than forty characters and goes on and on until the end")]
    public async Task Titles_of_pictures_are_text_and_nothing_else(string title)
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        var hash = (string)(await author.PostAsync("/api/v1/links", new { recipe = Recipe, title })).Json!["hash"]!;

        foreach (var picture in new[] { "badge.svg", "preview.svg" })
        {
            var svg = XDocument.Parse((await author.GetAsync($"/x/{hash}/{picture}")).Text);
            Assert.DoesNotContain(svg.Descendants(), element => element.Name.LocalName is "script" or "foreignObject");
            Assert.DoesNotContain(svg.Descendants().Attributes(), attribute => attribute.Name.LocalName.StartsWith("on", StringComparison.OrdinalIgnoreCase));
            Assert.DoesNotContain('\u202E', svg.ToString());
        }
    }

    [Fact]
    public async Task The_text_of_an_alias_is_sanitised_Markdown_on_its_page()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        var recipe = new { nodes = new[] { new { image = "busybox", env = new Dictionary<string, string> { ["A"] = "b" } } } };
        var hash = (string)(await author.PostAsync("/api/v1/links", new { recipe, name = "course" })).Json!["hash"]!;
        var text = "# Welcome\n\n**Read** [this](https://example.org).\n\n<script>alert(1)</script><img src=x onerror=alert(1)>\n\n[bad](javascript:alert(1))";
        Assert.Equal(200, (await author.PutAsync("/api/v1/aliases/course", new { hash, text })).Status);

        var page = (await author.GetAsync("/x/course")).Text;
        Assert.Contains("<strong>Read</strong>", page, StringComparison.Ordinal);
        Assert.Contains("nofollow", page, StringComparison.Ordinal);
        Assert.DoesNotContain("alert(1)", page, StringComparison.Ordinal);
        Assert.DoesNotContain("javascript:", page, StringComparison.Ordinal);
        Assert.Contains("og:image", page, StringComparison.Ordinal);

        // The hash means the lock alone.
        Assert.DoesNotContain("Welcome", (await author.GetAsync($"/x/{hash}")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cover_is_a_picture_of_the_alias_for_previews_and_goes_with_it()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        var hash = (string)(await author.PostAsync("/api/v1/links", new { recipe = Asking, name = "course" })).Json!["hash"]!;
        byte[] png = [0x89, .. "PNG\r\n\x1a\n"u8, .. new byte[100]];
        Assert.Equal(400, (await author.PutBytesAsync("/api/v1/aliases/course/cover", "<svg onload='alert(1)'/>"u8.ToArray())).Status);
        Assert.Equal(413, (await author.PutBytesAsync("/api/v1/aliases/course/cover", new byte[1_048_577])).Status);
        Assert.Equal(404, (await author.PutBytesAsync("/api/v1/aliases/nothing/cover", png)).Status);
        Assert.Equal(404, (await author.GetAsync("/x/course/cover")).Status);

        var alias = await author.PutBytesAsync("/api/v1/aliases/course/cover", png);
        Assert.Equal(200, alias.Status);
        Assert.Contains("/x/course/cover?v=", (string?)alias.Json!["cover"], StringComparison.Ordinal);
        using var visitor = web.NewClient();
        var cover = await visitor.GetAsync("/x/course/cover");
        Assert.Equal((200, "image/png"), (cover.Status, cover.Message.Content.Headers.ContentType!.MediaType));
        Assert.Equal("sandbox; default-src 'none'", cover.Header("Content-Security-Policy"));
        Assert.Contains("/x/course/cover?v=", (await visitor.GetAsync("/x/course")).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("/x/course/cover", (await visitor.GetAsync($"/x/{hash}")).Text, StringComparison.Ordinal);
        Assert.Equal(404, (await visitor.PutBytesAsync("/api/v1/aliases/course/cover", png)).Status);

        // The next owner of the name has no picture of the last one.
        Assert.Equal(204, (await author.DeleteAsync("/api/v1/aliases/course")).Status);
        Assert.Equal(201, (await visitor.PostAsync("/api/v1/links", new { recipe = Recipe, name = "course" })).Status);
        Assert.Equal(404, (await visitor.GetAsync("/x/course/cover")).Status);
    }

    private static async Task<(int Status, string? Code)> CodeAsync(Client client, string path)
    {
        var answer = await client.GetAsync(path);
        return (answer.Status, answer.Code);
    }
}
