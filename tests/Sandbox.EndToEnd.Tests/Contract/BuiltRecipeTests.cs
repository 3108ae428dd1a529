using System.Text.Json.Nodes;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

/// <summary>Recipes with a Dockerfile in place of an image, whose files stand in the recipe.</summary>
public sealed class BuiltRecipeTests
{
    [Fact]
    public async Task An_image_is_built_at_the_first_start_and_used_again()
    {
        await using var caller = await Caller.NewGuestAsync();
        await UntilReadyAsync(caller);
        var recipe = Recipe("FROM busybox\nCOPY bin/run /run.sh\nARG WORD=none\nRUN /run.sh $WORD > /made\n", ("bin/run", "#!/bin/sh\necho made of $1\n"));

        // Before it was built, a link has the build itself.
        var before = await caller.PostAsync("/api/v1/links", new { recipe });
        Assert.True(before.Status == 201, before.Text);
        Assert.Null(before.Json["lock"]!["nodes"]![0]!["image"]);
        Assert.True((bool)before.Json["needsConsent"]! && (bool)before.Json["comparison"]!["startable"]!);
        Assert.Equal("conflict", (await caller.GetAsync($"/x/{before.Json["hash"]}.oci")).Code);

        // Two starts at once are one build.
        var both = await Task.WhenAll(StartAsync(caller, new { recipe }), StartAsync(caller, new { recipe }));
        var digests = both.Select(started => (string?)started["sandboxes"]![0]!["digest"]).Distinct().ToList();
        var digest = Assert.Single(digests);
        Assert.Equal("made of word\n", await caller.ShellAsync((string)both[0]["sandboxes"]![0]!["id"]!, "cat /made"));
        await EndAllAsync(caller);
        Assert.Equal(digest, (string?)Assert.Single((await caller.GetAsync("/api/v1/images/own")).Json.AsArray())!["digest"]);

        // Now it has the image, and still says what it was built from.
        var after = await caller.PostAsync("/api/v1/links", new { recipe });
        var node = after.Json["lock"]!["nodes"]![0]!;
        Assert.Equal((digest, "bin/run"), ((string?)node["image"], (string?)node["build"]!["files"]![1]!["path"]));
        Assert.True((bool)after.Json["comparison"]!["identical"]!);

        // Who starts the first link builds an image of their own.
        await using var stranger = await Caller.NewGuestAsync();
        var theirs = await StartAsync(stranger, new { link = (string?)before.Json["hash"] });
        Assert.Equal("made of word\n", await stranger.ShellAsync((string)theirs["sandboxes"]![0]!["id"]!, "cat /made"));
        Assert.Single((await stranger.GetAsync("/api/v1/images/own")).Json.AsArray());
    }

    [Fact]
    public async Task A_failure_names_its_line_and_leaves_nothing()
    {
        await using var caller = await Caller.NewGuestAsync();
        await UntilReadyAsync(caller);
        foreach (var (dockerfile, code, words) in new[]
        {
            ("FROM busybox\nRUN echo a cause; exit 3\n", "build_failed", "Dockerfile:2: "),
            ("FROM busybox\nRUNN x\n", "invalid", "Dockerfile:2: there is no instruction RUNN"),
            ("FROM busybox\nCOPY missing /x\n", "build_failed", "Dockerfile:2: "),
        })
        {
            var failed = await caller.PostAsync("/api/v1/playgrounds", new { recipe = Recipe(dockerfile) });
            var text = failed.Status == 202 ? (await caller.UntilAsync((string)failed.Json["id"]!, seen => (string?)seen["state"] == "ended", 300))["error"]!.ToJsonString() : failed.Text;
            Assert.Contains($"\"{code}\"", text, StringComparison.Ordinal);
            Assert.Contains(words, text, StringComparison.Ordinal);
        }

        Assert.Empty((await caller.GetAsync("/api/v1/images/own")).Json.AsArray());
        await UntilNothingRunsAsync(caller);
    }

    [Fact]
    public async Task A_build_is_watched_and_ends_with_its_playground()
    {
        await using var caller = await Caller.NewGuestAsync();
        await UntilReadyAsync(caller);
        var begun = await caller.PostAsync("/api/v1/playgrounds", new { recipe = Recipe("FROM busybox\nRUN echo it waits; sleep 3600\n"), onSetupFailure = "ask" });
        Assert.True(begun.Status == 202, begun.Text);
        var id = (string)begun.Json["id"]!;

        var seen = await caller.UntilAsync(id, now => (string?)now["setup"]?["steps"]?[0]?["output"] == "it waits\n", 300);

        Assert.Contains("Dockerfile:2: RUN echo it waits", (string?)seen["progress"], StringComparison.Ordinal);
        Assert.Equal(("starting", "running"), ((string?)seen["state"], (string?)seen["setup"]!["steps"]![0]!["state"]));
        Assert.Equal(204, (await caller.DeleteAsync($"/api/v1/playgrounds/{id}")).Status);
        await UntilNothingRunsAsync(caller);
        Assert.Empty((await caller.GetAsync("/api/v1/images/own")).Json.AsArray());
    }

    [Fact]
    public async Task A_build_that_breaks_a_rule_is_refused()
    {
        await using var caller = await Caller.NewGuestAsync();
        foreach (var (build, words) in new (object, string)[]
        {
            (new { url = "http://example.org/a" }, "nodes[0].build.url"),
            (new { url = "https://example.org/a", context = "../b" }, "nodes[0].build.context"),
            (new { files = new[] { new { path = "/etc/x", text = "x" } } }, "nodes[0].build.files[0].path"),
            (new { target = "x" }, "nodes[0].build: either url or files"),
        })
        {
            var refused = await caller.PostAsync("/api/v1/playgrounds", new { recipe = new { nodes = new[] { new { build } } } });
            Assert.Equal("invalid", refused.Code);
            Assert.Contains(words, (string?)refused.Json["detail"], StringComparison.Ordinal);
        }

        // Where a branch is tomorrow, nobody knows.
        var moving = await caller.PostAsync("/api/v1/links", new { recipe = new { nodes = new[] { new { build = new { url = "https://example.org/a", @ref = "main" } } } } });
        Assert.Contains("never moves", (string?)moving.Json["detail"], StringComparison.Ordinal);
        Assert.Equal("invalid", (await caller.SendAsync(HttpMethod.Post, "/api/v1/images/build?name=built/x", new StringContent("FROM busybox\n"))).Code);
    }

    private static JsonObject Recipe(string dockerfile, params (string Path, string Text)[] files) => new()
    {
        ["nodes"] = new JsonArray(new JsonObject
        {
            ["build"] = new JsonObject
            {
                ["args"] = new JsonObject { ["WORD"] = "word" },
                ["files"] = new JsonArray([.. files.Prepend(("Dockerfile", dockerfile)).Select(file => (JsonNode)new JsonObject { ["path"] = file.Item1, ["text"] = file.Item2, ["mode"] = "755" })]),
            },
        }),
    };

    /// <summary>A playground that runs, however long its build takes.</summary>
    private static async Task<JsonNode> StartAsync(Caller caller, object body)
    {
        var answer = await caller.PostAsync("/api/v1/playgrounds", body);
        Assert.True(answer.Status is 201 or 202, answer.Text);
        var seen = await caller.UntilAsync((string)answer.Json["id"]!, now => (string?)now["state"] is "running" or "ended", 300);
        Assert.True((string?)seen["state"] == "running", seen.ToJsonString());
        return seen;
    }

    private static async Task EndAllAsync(Caller caller)
    {
        foreach (var playground in (await caller.GetAsync("/api/v1/playgrounds")).Json.AsArray())
        {
            await caller.DeleteAsync($"/api/v1/playgrounds/{playground!["id"]}");
        }
    }

    /// <summary>The images that builds need are the last of a fresh instance.</summary>
    private static Task UntilReadyAsync(Caller caller) => Instance.UntilAsync(
        async () => (await caller.GetAsync("/api/v1/images")).Json.AsArray().Where(image => (string?)image!["name"] is "docker" or "busybox").All(image => (string?)image!["state"] == "ready"), 300);

    private static Task UntilNothingRunsAsync(Caller caller) => Instance.UntilAsync(
        async () => (await caller.GetAsync("/api/v1/playgrounds")).Json.AsArray().All(playground => (string?)playground!["state"] == "ended"), 60);
}
