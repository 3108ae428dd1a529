using Xunit;

namespace Sandbox.Web.Tests.Tutorials;

public sealed class RunTests
{
    [Fact]
    public async Task A_launched_tutorial_has_its_files_and_a_run_that_survives_a_restart()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var visitor = web.NewClient();
        await visitor.PublishAsync(Zip.Small, "?name=small-one");
        visitor.Headers["Authorization"] = "Bearer " + (string)(await visitor.PostAsync("/api/v1/guests")).Json!["token"]!;
        Assert.Equal(400, (await visitor.PostAsync("/api/v1/playgrounds", new { tutorial = "small-one", parameters = new { color = "green" } })).Status);
        Assert.Equal(404, (await visitor.PostAsync("/api/v1/playgrounds", new { tutorial = "nothing" })).Status);
        Assert.Equal(400, (await visitor.PostAsync("/api/v1/playgrounds", new { tutorial = "small-one", image = "busybox" })).Status);
        var (playground, sandbox) = await visitor.LaunchAsync(new { tutorial = "small-one", parameters = new { color = "blue" } });

        Assert.Equal("small-one", (string?)(await visitor.GetAsync($"/api/v1/playgrounds/{playground}")).Json!["tutorial"]!["address"]);
        Assert.Equal("hello\n", (await visitor.GetAsync($"/api/v1/sandboxes/{sandbox}/files/root/data/hello.txt")).Text);
        var at = $"/api/v1/playgrounds/{playground}/tutorial";
        var run = (await visitor.GetAsync(at)).Json!;
        Assert.Equal(1, (int?)run["current"]);
        Assert.Equal(["current", "ahead"], States(run));
        Assert.Equal("blue", (string?)run["parameters"]!["color"]);
        Assert.Matches("^[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}$", (string?)run["resumeCode"]);

        var page = (await visitor.GetAsync($"{at}/steps/1")).Json!;
        Assert.Contains("First, in blue", (string?)page["html"], StringComparison.Ordinal);
        Assert.Contains($"/t/{(string)run["hash"]!}/files/picture.svg", (string?)page["html"], StringComparison.Ordinal);
        var blocks = page["blocks"]!.AsArray();
        Assert.Equal(["run", "write", "write", "quiz"], blocks.Select(block => (string)block!["kind"]!));
        Assert.Equal("echo blue", (string?)blocks[0]!["command"]);
        Assert.Equal("echo blue\r", (string?)blocks[0]!["input"]);
        Assert.DoesNotContain("right", blocks[3]!.ToJsonString(), StringComparison.OrdinalIgnoreCase);

        // The blocks that write.
        Assert.Equal("/root/notes.txt", (string?)(await visitor.PostAsync($"{at}/steps/1/blocks/1/write")).Json!["path"]);
        Assert.Equal(200, (await visitor.PostAsync($"{at}/steps/1/blocks/2/write")).Status);
        Assert.Equal("one two\n", (await visitor.GetAsync($"/api/v1/sandboxes/{sandbox}/files/root/notes.txt")).Text);
        Assert.Equal("conflict", (await visitor.PostAsync($"{at}/steps/1/blocks/2/write")).Code);
        Assert.Equal(404, (await visitor.PostAsync($"{at}/steps/1/blocks/0/write")).Status);
        Assert.Equal(404, (await visitor.PostAsync($"{at}/steps/1/blocks/99/write")).Status);

        // The question stands before the next page.
        Assert.Equal(200, (await visitor.PostAsync($"{at}/steps/1/enter")).Status);
        Assert.Equal("conflict", (await visitor.PostAsync($"{at}/steps/1/next")).Code);
        Assert.Equal("conflict", (await visitor.PostAsync($"{at}/steps/2/check")).Code);
        Assert.False((bool?)(await visitor.PostAsync($"{at}/steps/1/blocks/3/answer", new { choices = new[] { 0 } })).Json!["right"]);
        Assert.Equal(400, (await visitor.PostAsync($"{at}/steps/1/blocks/3/answer", new { text = "that" })).Status);
        Assert.True((bool?)(await visitor.PostAsync($"{at}/steps/1/blocks/3/answer", new { choices = new[] { 1 } })).Json!["right"]);
        Assert.Equal(["passed", "current"], States((await visitor.PostAsync($"{at}/steps/1/next")).Json!));

        await web.StopAsync();
        await web.StartAgainAsync();
        using var again = web.NewClient();
        again.Headers["Authorization"] = visitor.Headers["Authorization"];
        Assert.Equal(["passed", "current"], States((await again.GetAsync(at)).Json!));
        Assert.Equal("red", (string?)(await again.PutAsync($"{at}/parameters", new { color = "red" })).Json!["parameters"]!["color"]);
        Assert.Equal(400, (await again.PutAsync($"{at}/parameters", new { size = "1" })).Status);
        Assert.Equal(409, (await again.PostAsync($"{at}/steps/2/next")).Status);
        Assert.Equal(404, (await again.PostAsync($"{at}/steps/2/hint")).Status);
        Assert.Equal(404, (await again.PostAsync($"{at}/steps/2/solve")).Status);
        Assert.Equal(404, (await again.GetAsync($"{at}/steps/3")).Status);
        Assert.Equal(["passed", "skipped"], States((await again.PostAsync($"{at}/steps/2/skip")).Json!));

        using var stranger = web.NewClient();
        await stranger.PostAsync("/api/v1/guests");
        await stranger.LaunchAsync();
        Assert.Equal(404, (await stranger.GetAsync(at)).Status);
        Assert.Equal(404, (await stranger.PostAsync($"{at}/steps/1/check")).Status);
    }

    [Fact]
    public async Task Playground_without_a_tutorial_has_no_run()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var visitor = web.NewClient();
        var (playground, _) = await visitor.LaunchAsync();
        Assert.Equal(404, (await visitor.GetAsync($"/api/v1/playgrounds/{playground}/tutorial")).Status);
        Assert.Null((await visitor.GetAsync($"/api/v1/playgrounds/{playground}")).Json!["tutorial"]);
    }

    private static IEnumerable<string> States(System.Text.Json.Nodes.JsonNode run) => run["steps"]!.AsArray().Select(step => (string)step!["state"]!);
}
