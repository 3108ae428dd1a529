using Sandbox.Web.Tests.Tutorials;
using Xunit;

namespace Sandbox.Web.Tests.Pages;

public sealed class TutorialPagesTests
{
    [Fact]
    public async Task An_author_sees_where_visitors_stop_and_what_they_report_and_nobody_else_does()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        await author.PublishAsync(Zip.Small, "?name=small-one");
        using var visitor = web.NewClient();
        await visitor.PostAsync("/api/v1/guests");
        var (playground, _) = await visitor.LaunchAsync(new { tutorial = "small-one" });
        var step = $"/api/v1/playgrounds/{playground}/tutorial/steps/1";
        Assert.Equal(200, (await visitor.PostAsync($"{step}/enter")).Status);
        Assert.Equal(204, (await visitor.PostAsync($"{step}/report", new { text = "A typo: <b>helo</b>" })).Status);

        var page = (await author.GetAsync("/t/small-one")).Text;
        Assert.Contains("How its visitors do", page, StringComparison.Ordinal);
        Assert.Contains("A typo: &lt;b&gt;helo&lt;/b&gt;", page, StringComparison.Ordinal);
        Assert.DoesNotContain("How its visitors do", (await visitor.GetAsync("/t/small-one")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_of_a_tutorial_shows_its_steps_and_starts_nothing()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        using var visitor = web.NewClient();
        Assert.Contains("There are no tutorials here yet", (await visitor.GetAsync("/tutorials")).Text, StringComparison.Ordinal);
        var hash = (string)(await author.PublishAsync(Zip.Small, "?name=small-one")).Json!["tutorials"]![0]!["hash"]!;

        var page = (await visitor.GetAsync("/t/small-one")).Text;

        Assert.Contains("<li>First, in red</li>", page, StringComparison.Ordinal);
        Assert.Contains("<li>Second</li>", page, StringComparison.Ordinal);
        Assert.Contains("property=\"og:title\"", page, StringComparison.Ordinal);
        Assert.Contains("/t/small-one\"", page, StringComparison.Ordinal);
        Assert.Contains($"data-hash=\"{hash}\"", page, StringComparison.Ordinal);
        Assert.Contains("data-parameter=\"color\"", page, StringComparison.Ordinal);
        Assert.Contains("/t/small-one", (await author.GetAsync("/tutorials")).Text, StringComparison.Ordinal);
        Assert.Contains("There are no tutorials here yet", (await visitor.GetAsync("/tutorials")).Text, StringComparison.Ordinal);
        Assert.Equal(404, (await visitor.GetAsync("/t/nothing-here")).Status);
    }

    [Fact]
    public async Task A_tutorial_that_cannot_be_run_is_read_on_its_page()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        var files = Zip.Small;
        files["tutorial.yaml"] = files["tutorial.yaml"].Replace("image: busybox", "image: windows-server", StringComparison.Ordinal);
        await author.PublishAsync(files, "?name=only-to-read");

        var page = (await author.GetAsync("/t/only-to-read")).Text;

        Assert.Contains("It cannot be run here", page, StringComparison.Ordinal);
        Assert.Contains("<summary>Second</summary>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("id=\"tutorial-form\"", page, StringComparison.Ordinal);
    }
}
