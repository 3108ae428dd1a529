using Xunit;

namespace Sandbox.Web.Tests.Pages;

public sealed class LinksPageTests
{
    private static readonly object Recipe = new { nodes = new[] { new { image = "busybox" } } };

    [Fact]
    public async Task My_links_shows_budget_statistics_and_names_to_the_owner_alone()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        using var visitor = web.NewClient();
        Assert.Contains("You have no links yet", (await author.GetAsync("/links")).Text, StringComparison.Ordinal);
        var hash = (string)(await author.PostAsync("/api/v1/links", new { recipe = Recipe, title = "<b>Course</b>", name = "course", budget = new { atOnce = 3, perDay = 20, from = "08:00", until = "18:00", offline = true, password = "sesame" } })).Json!["hash"]!;
        await author.LaunchAsync(new { link = hash });

        var page = (await author.GetAsync("/links")).Text;

        Assert.Contains("&lt;b&gt;Course&lt;/b&gt;", page, StringComparison.Ordinal);
        Assert.Contains("3 at once, 20 a day, 08:00 to 18:00 UTC, no network, with a password", page, StringComparison.Ordinal);
        Assert.Contains("1 start in 30 days, 1 in the last 24 hours. 1 running, 0 waiting.", page, StringComparison.Ordinal);
        Assert.Contains("/x/course", page, StringComparison.Ordinal);
        Assert.DoesNotContain("sesame", page, StringComparison.Ordinal);
        Assert.Contains("You have no links yet", (await visitor.GetAsync("/links")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_ended_playground_that_was_saved_is_continued_while_its_link_is_there()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var visitor = web.NewClient();
        var (playground, sandbox) = await visitor.LaunchAsync();
        await visitor.PutBytesAsync($"/api/v1/sandboxes/{sandbox}/files/root/work.txt", "my work"u8.ToArray());
        Assert.Contains($"/p/{playground}\">Continue</a>", (await visitor.GetAsync("/")).Text, StringComparison.Ordinal);
        Assert.Equal(204, (await visitor.DeleteAsync($"/api/v1/playgrounds/{playground}?save=1")).Status);
        var hash = (string)(await visitor.GetAsync($"/api/v1/playgrounds/{playground}")).Json!["saved"]!;

        Assert.Contains($"/p/new?link={hash}", (await visitor.GetAsync("/playgrounds")).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("Continue", (await visitor.GetAsync("/")).Text, StringComparison.Ordinal);

        await visitor.DeleteAsync($"/api/v1/links/{hash}");
        Assert.DoesNotContain("Continue", (await visitor.GetAsync("/playgrounds")).Text, StringComparison.Ordinal);
    }
}
