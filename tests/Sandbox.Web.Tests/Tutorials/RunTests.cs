using Sandbox.Core.Errors;
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

    [Fact]
    public async Task A_page_is_begun_again_from_its_checkpoint_and_a_code_continues_elsewhere()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var visitor = web.NewClient();
        await visitor.PublishAsync(Zip.Small, "?name=small-one");
        var (playground, sandbox) = await visitor.LaunchAsync(new { tutorial = "small-one" });
        var at = $"/api/v1/playgrounds/{playground}/tutorial";
        Assert.Equal("conflict", (await visitor.PostAsync($"{at}/steps/2/reset")).Code);
        await visitor.PutBytesAsync($"/api/v1/sandboxes/{sandbox}/files/root/first.txt", "1"u8.ToArray());
        await visitor.PostAsync($"{at}/steps/1/blocks/3/answer", new { choices = new[] { 1 } });
        var run = (await visitor.PostAsync($"{at}/steps/1/next")).Json!;
        Assert.True((bool?)run["steps"]![1]!["reset"]);
        await visitor.PutBytesAsync($"/api/v1/sandboxes/{sandbox}/files/root/second.txt", "2"u8.ToArray());

        var jumped = await visitor.PostAsync($"{at}/steps/2/reset");
        Assert.Equal(200, jumped.Status);
        var next = (string)jumped.Json!["playground"]!["id"]!;
        Assert.NotEqual(playground, next);
        Assert.Equal(["passed", "current"], States(jumped.Json["run"]!));
        Assert.Equal("ended", (string?)(await visitor.GetAsync($"/api/v1/playgrounds/{playground}")).Json!["state"]);
        Assert.Equal(404, (await visitor.GetAsync(at)).Status);
        var copy = (string)(await visitor.GetAsync($"/api/v1/playgrounds/{next}")).Json!["sandboxes"]![0]!["id"]!;
        Assert.Equal("1", (await visitor.GetAsync($"/api/v1/sandboxes/{copy}/files/root/first.txt")).Text);
        Assert.Equal(404, (await visitor.GetAsync($"/api/v1/sandboxes/{copy}/files/root/second.txt")).Status);

        // The code is the visitor's way back, and somebody else's way to a copy of their own.
        var code = (string)run["resumeCode"]!;
        Assert.Equal(next, (string?)(await visitor.PostAsync("/api/v1/tutorials/resume", new { code })).Json!["playground"]!["id"]);
        using var other = web.NewClient();
        Assert.Equal(404, (await other.PostAsync("/api/v1/tutorials/resume", new { code = "aaaa-bbbb-cccc" })).Status);
        var resumed = await other.PostAsync("/api/v1/tutorials/resume", new { code = code.ToUpperInvariant().Replace("-", "", StringComparison.Ordinal) });
        Assert.Equal(200, resumed.Status);
        Assert.Equal(["passed", "current"], States(resumed.Json!["run"]!));
        Assert.NotEqual(code, (string?)resumed.Json["run"]!["resumeCode"]);
        var theirs = (string)(await other.GetAsync($"/api/v1/playgrounds/{(string)resumed.Json["playground"]!["id"]!}")).Json!["sandboxes"]![0]!["id"]!;
        Assert.Equal("1", (await other.GetAsync($"/api/v1/sandboxes/{theirs}/files/root/first.txt")).Text);
        Assert.Equal(200, (await visitor.GetAsync($"/api/v1/playgrounds/{next}/tutorial")).Status);

        // To the first page, which begins with the tutorial.
        var first = (await visitor.PostAsync($"/api/v1/playgrounds/{next}/tutorial/steps/1/jump")).Json!;
        Assert.Equal(1, (int?)first["run"]!["current"]);
        Assert.Equal("passed", (string?)first["run"]!["steps"]![0]!["state"]);
    }

    /// <summary>A host with room for one sandbox.</summary>
    [Fact]
    public async Task A_page_is_begun_again_on_a_full_host_in_the_room_of_the_old_playground()
    {
        await using var web = await WebUnderTest.StartAsync(new() { ["Limits"] = new { CommittedMemoryBytes = 512L << 20, AddressMemoryBytes = 512L << 20 } });
        using var visitor = web.NewClient();
        using var waiting = web.NewClient();
        await visitor.PublishAsync(Zip.Small, "?name=small-one");
        var (playground, _) = await visitor.LaunchAsync(new { tutorial = "small-one" });
        var queued = await waiting.PostAsync("/api/v1/playgrounds", new { image = "busybox" });
        Assert.Equal("queued", (string?)queued.Json!["state"]);

        // Others wait for room, and this takes none.
        var reset = await visitor.PostAsync($"/api/v1/playgrounds/{playground}/tutorial/steps/1/reset");
        Assert.Equal((200, "running"), (reset.Status, (string?)reset.Json!["playground"]!["state"]));
        Assert.Equal("ended", (string?)(await visitor.GetAsync($"/api/v1/playgrounds/{playground}")).Json!["state"]);
        Assert.Equal("queued", (string?)(await waiting.GetAsync((string)queued.Json["urls"]!["api"]!)).Json!["state"]);

        // The host itself has no room for both: the old one ends first, others are before it, and then it has its turn.
        var next = (string)reset.Json["playground"]!["id"]!;
        var isRefused = false;
        web.Runtime.Before = (call, _) =>
        {
            var refuses = call == "Create" && !isRefused;
            isRefused |= refuses;
            return refuses ? throw new SandboxException(ErrorCode.Capacity, "The host is full.") : Task.CompletedTask;
        };
        var waits = await visitor.PostAsync($"/api/v1/playgrounds/{next}/tutorial/steps/1/reset");
        Assert.Equal(200, waits.Status);
        var last = (string)waits.Json!["playground"]!["id"]!;
        await WebUnderTest.Until(async () => (string?)(await waiting.GetAsync((string)queued.Json["urls"]!["api"]!)).Json!["state"] == "running");
        Assert.Equal("room", (string?)(await visitor.GetAsync($"/api/v1/playgrounds/{last}")).Json!["queue"]!["for"]);
        await waiting.DeleteAsync((string)queued.Json["urls"]!["api"]!);
        await WebUnderTest.Until(async () => (string?)(await visitor.GetAsync($"/api/v1/playgrounds/{last}")).Json!["state"] == "running");
        Assert.Equal(["current", "ahead"], States((await visitor.GetAsync($"/api/v1/playgrounds/{last}/tutorial")).Json!));
    }

    [Fact]
    public async Task Placeholders_of_other_formats_are_the_addresses_of_the_sandbox()
    {
        await using var web = await WebUnderTest.StartAsync(catalog: ["debian"]);
        using var visitor = web.NewClient();
        var files = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["index.json"] = """{"title":"Ports","details":{"steps":[{"title":"One","text":"one.md"}]},"backend":{"imageid":"ubuntu"}}""",
            ["one.md"] = "# One\n\n`curl [[HOST_IP]]`{{exec}}\n\n[Open]({{TRAFFIC_HOST1_8080}}/index)\n",
        };
        var hash = (string)(await visitor.PublishAsync(files)).Json!["tutorials"]![0]!["hash"]!;
        var (playground, sandbox) = await visitor.LaunchAsync(new { tutorial = hash });
        var page = (await visitor.GetAsync($"/api/v1/playgrounds/{playground}/tutorial/steps/1")).Json!;
        Assert.Equal("curl 127.0.0.1", (string?)page["blocks"]![0]!["command"]);
        Assert.DoesNotContain("TRAFFIC", page.ToJsonString(), StringComparison.Ordinal);
        Assert.True(((string)page["html"]!).Contains($"8080-{sandbox}.", StringComparison.Ordinal) || page["blocks"]!.AsArray().Any(block => (int?)block!["port"] == 8080), page.ToJsonString());
    }

    [Fact]
    public async Task Author_learns_where_visitors_stop_and_what_they_report()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        using var visitor = web.NewClient();
        await author.PublishAsync(Zip.Small, "?name=small-one");
        var (playground, _) = await visitor.LaunchAsync(new { tutorial = "small-one" });
        var at = $"/api/v1/playgrounds/{playground}/tutorial/steps/1";
        await visitor.PostAsync($"{at}/enter");
        await visitor.PostAsync($"{at}/enter");
        await visitor.PostAsync($"{at}/skip");
        Assert.Equal(204, (await visitor.PostAsync($"{at}/report", new { text = "It says red.", command = "echo red" })).Status);
        Assert.Equal(400, (await visitor.PostAsync($"{at}/report", new { text = "" })).Status);

        Assert.Equal(404, (await visitor.GetAsync("/api/v1/tutorials/small-one/statistics")).Status);
        var statistics = (await author.GetAsync("/api/v1/tutorials/small-one/statistics")).Json!;
        Assert.Equal((1, 1, 0), ((int)statistics["pages"]![0]!["entered"]!, (int)statistics["pages"]![0]!["skipped"]!, (int)statistics["pages"]![1]!["entered"]!));
        Assert.Equal("echo red", (string?)statistics["reports"]![0]!["command"]);
        Assert.StartsWith("sha256:", (string?)statistics["reports"]![0]!["digest"], StringComparison.Ordinal);
    }

    private static IEnumerable<string> States(System.Text.Json.Nodes.JsonNode run) => run["steps"]!.AsArray().Select(step => (string)step!["state"]!);
}
