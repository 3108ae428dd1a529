using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Sandbox.Attacks.Repositories;
using Sandbox.EndToEnd.Tests.Contract;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>The git host outside, whose certificate the instance's sandboxes trust since infra/test started it.</summary>
public sealed class GitOutside : IAsyncLifetime
{
    internal GitHost Host { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Host = await GitHost.StartAsync(Path.Combine(Environment.GetEnvironmentVariable("SANDBOX_HOME")!, "etc", "git"));

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}

/// <summary>Repositories whose Dockerfile makes the image.</summary>
public sealed partial class RepositoryBuildTests(Instance instance, Chromium chromium, GitOutside outside) : IClassFixture<GitOutside>
{
    private readonly GitHost _git = outside.Host;

    [Fact]
    public async Task A_commit_is_built_once_and_its_link_says_what_it_was_built_from()
    {
        await using var caller = await Caller.NewGuestAsync();
        await UntilReadyAsync(caller);
        var commit = _git.Commit("builds/once.git", ("Dockerfile", "FROM busybox\nCOPY . /app\nRUN cp /app/word /word\nWORKDIR /app\n"), ("word", "one\n"), (".dockerignore", "ignored\n"), ("ignored", "x"));

        var first = await caller.PostAsync("/api/v1/links", new { repository = GitHost.Url("builds/once.git"), @ref = "main" });
        Assert.True(first.Status == 201, first.Text);
        var build = first.Json["lock"]!["nodes"]![0]!["build"]!;
        Assert.Equal((commit, "Dockerfile", null), ((string?)build["ref"], (string?)build["dockerfile"], (string?)first.Json["lock"]!["nodes"]![0]!["image"]));
        Assert.Contains("built in a sandbox of yours", first.Json["comparison"]!["differences"]!.ToJsonString(), StringComparison.Ordinal);

        var started = await StartAsync(caller, new { link = (string?)first.Json["hash"] });
        var sandbox = started["sandboxes"]![0]!;
        Assert.StartsWith($"built/once:{commit[..12]}-", (string?)sandbox["image"], StringComparison.Ordinal);
        Assert.Equal("/app one Dockerfile word\n", await caller.ShellAsync((string)sandbox["id"]!, "echo $(pwd; cat /word; ls -A | grep -v dockerignore)"));
        await caller.DeleteAsync($"/api/v1/playgrounds/{started["id"]}");

        // The commit by another name, and a recipe that names its branch, have the image already.
        _git.Tag("builds/once.git", "v1");
        var again = await caller.PostAsync("/api/v1/links", new { repository = GitHost.Url("builds/once.git"), @ref = "v1" });
        var node = again.Json["lock"]!["nodes"]![0]!;
        Assert.Equal(((string?)sandbox["digest"], commit), ((string?)node["image"], (string?)node["build"]!["ref"]));
        var branch = new { nodes = new[] { new { build = new { url = GitHost.Url("builds/once.git"), @ref = "main", dockerfile = "Dockerfile" } } } };
        Assert.Equal((string?)sandbox["digest"], (string?)(await StartAsync(caller, new { recipe = branch }))["sandboxes"]![0]!["digest"]);
        Assert.Single((await caller.GetAsync("/api/v1/images/own")).Json.AsArray());

        // Another commit is another image.
        _git.Commit("builds/once.git", ("word", "two\n"));
        var next = await StartAsync(caller, new { recipe = branch });
        Assert.Equal("two\n", await caller.ShellAsync((string)next["sandboxes"]![0]!["id"]!, "cat /word"));
        Assert.Equal(2, (await caller.GetAsync("/api/v1/images/own")).Json.AsArray().Count);
    }

    [Fact]
    public async Task A_dev_container_and_a_recipe_build_folders_of_their_repository()
    {
        await using var caller = await Caller.NewGuestAsync();
        await UntilReadyAsync(caller);
        _git.Commit(
            "builds/dev.git",
            (".devcontainer/devcontainer.json", """{ "build": { "dockerfile": "Dockerfile", "context": "..", "target": "dev", "args": { "WORD": "given" } }, "remoteUser": "dev", "postCreateCommand": "id -un > /tmp/created" }"""),
            (".devcontainer/Dockerfile", "FROM debian AS dev\nARG WORD\nRUN useradd -m dev\nCOPY src/text /text\nRUN echo $WORD >> /text\nFROM dev\nRUN exit 9\n"),
            ("src/text", "from the root\n"));
        var dev = await StartAsync(caller, new { link = await LinkAsync(caller, "builds/dev.git") });
        Assert.Equal("from the root given dev text\n", await caller.ShellAsync((string)dev["sandboxes"]![0]!["id"]!, "echo $(cat /text /tmp/created; ls /workspaces/dev/src)"));
        await caller.DeleteAsync($"/api/v1/playgrounds/{dev["id"]}");

        _git.Commit("builds/recipe.git", ("sandbox.yaml", "build: { context: app }\nenv: { GREETING: hi }\n"), ("app/Containerfile", "FROM busybox\nCOPY only /only\n"), ("app/only", "this folder\n"), ("other", "not this\n"));
        var recipe = await StartAsync(caller, new { link = await LinkAsync(caller, "builds/recipe.git") });
        Assert.Equal("hi this folder\n", await caller.ShellAsync((string)recipe["sandboxes"]![0]!["id"]!, "echo $GREETING $(cat /only)"));
    }

    [Fact]
    public async Task A_build_that_cannot_be_says_why_and_leaves_nothing()
    {
        await using var caller = await Caller.NewGuestAsync();
        await UntilReadyAsync(caller);
        _git.Commit("builds/wrong.git", ("docker/Dockerfile", "FROM busybox\n\nRUN echo why; exit 4\n"), ("climb/Dockerfile", "FROM busybox\nCOPY out /out\n"));
        _git.CommitTree("builds/wrong.git", tree =>
        {
            File.CreateSymbolicLink(Path.Combine(tree, "climb", "out"), "/etc/shadow");
            var bytes = new byte[40 << 20];
            new Random(3).NextBytes(bytes);
            Directory.CreateDirectory(Path.Combine(tree, "large"));
            File.WriteAllBytes(Path.Combine(tree, "large", "bytes"), bytes);
        });
        _git.Commit("builds/small.git", ("docker/Dockerfile", "FROM busybox\n\nRUN echo why; exit 4\n"), ("climb/Dockerfile", "FROM busybox\nCOPY out /out\n"));
        _git.CommitTree("builds/small.git", tree => File.CreateSymbolicLink(Path.Combine(tree, "climb", "out"), "/etc/shadow"));
        foreach (var (repository, at, build, code, words) in new (string, string?, (string? Context, string? File), string, string)[]
        {
            ("builds/small.git", null, (null, "docker/Dockerfile"), "build_failed", "docker/Dockerfile:3: "),
            ("builds/small.git", null, ("climb", null), "build_failed", "climb/Dockerfile:2: "),
            ("builds/small.git", null, (null, null), "invalid", "has no file Dockerfile"),
            ("builds/small.git", null, (null, "none/Dockerfile"), "invalid", "has no file none/Dockerfile"),
            ("builds/small.git", null, ("none", null), "not_found", "no folder 'none'"),
            ("builds/small.git", "none", (null, null), "not_found", "no branch, tag or commit 'none'"),
            ("builds/wrong.git", null, ("docker", null), "too_large", "more than the 32 MiB"),
            ("builds/missing.git", null, (null, null), "not_found", "no such repository"),
        })
        {
            var answer = await caller.PostAsync("/api/v1/playgrounds", new { recipe = new { nodes = new[] { new { build = new { url = GitHost.Url(repository), @ref = at, context = build.Context, dockerfile = build.File } } } } });
            var text = answer.Status == 202 ? (await caller.UntilAsync((string)answer.Json["id"]!, seen => (string?)seen["state"] == "ended", 300))["error"]!.ToJsonString() : answer.Text;
            Assert.True(text.Contains($"\"{code}\"", StringComparison.Ordinal) && JsonNode.Parse(text)!.AsObject().Any(member => member.Value?.ToString().Contains(words, StringComparison.Ordinal) == true), $"{repository} {build}: {text}");
        }

        Assert.Empty((await caller.GetAsync("/api/v1/images/own")).Json.AsArray());
        Assert.DoesNotContain((await caller.GetAsync("/api/v1/playgrounds")).Json.AsArray(), playground => (string?)playground!["state"] != "ended");
    }

    [Fact]
    public async Task A_visitor_comes_from_the_repositorys_address_to_a_shell_in_the_built_image()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await using var caller = await Caller.NewGuestAsync();
        await UntilReadyAsync(caller);

        // The build goes on when the repository has the tag.
        var commit = _git.Commit("builds/page.git", ("Dockerfile", $"FROM debian\nRUN echo built-$((6*7)) > /built\nRUN until GIT_SSL_NO_VERIFY=1 git ls-remote {GitHost.Url("builds/page.git")} | grep refs/tags/go; do sleep 1; done\n"));
        var page = visitor.Page;
        await page.GotoAsync($"/git/{GitHost.Address}/builds/page.git");
        await Assertions.Expect(page).ToHaveURLAsync(LinkAddress(), new() { Timeout = 120_000 });
        await Assertions.Expect(page.Locator(".link-facts").First).ToContainTextAsync("built in a sandbox of yours when you start it");
        await Assertions.Expect(page.Locator(".link-facts").First).ToContainTextAsync($"Dockerfile of {GitHost.Url("builds/page.git")} at {commit[..12]}");

        await page.GetByRole(AriaRole.Button, new() { Name = "Start", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator(".ws-panel-steps")).ToContainTextAsync($"Build Dockerfile of {GitHost.Url("builds/page.git")}", new() { Timeout = 120_000 });
        await Assertions.Expect(page.Locator(".ws-panel")).ToContainTextAsync("Dockerfile:3: RUN until", new() { Timeout = 240_000 });
        _git.Tag("builds/page.git", "go");
        await page.Locator(".ws-pane.focused .ws-tab.active[data-state='live']").WaitForAsync(new() { Timeout = 240_000 });
        await visitor.ShellAsync();
        await visitor.TypeAsync("cat /built");
        await visitor.SeesLineAsync("built-42");

        await page.GotoAsync("/images");
        await Assertions.Expect(page.Locator($"[data-name^='built/page:{commit[..12]}-']")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Services_of_a_compose_file_are_nodes_that_find_each_other()
    {
        await using var caller = await Caller.NewGuestAsync();
        await UntilReadyAsync(caller);
        _git.Commit("builds/nodes.git", ("compose.yaml", "services:\n  web: { image: 'library/debian:12', environment: [WORD=one], depends_on: [other] }\n  other: { image: busybox, volumes: ['data:/data'] }\nvolumes: { data: }\n"));

        var started = await StartAsync(caller, new { link = await LinkAsync(caller, "builds/nodes.git") });

        Assert.Equal(["web debian", "other busybox"], started["sandboxes"]!.AsArray().Select(sandbox => $"{sandbox!["name"]} {sandbox["image"]}"));
        Assert.Equal("one found\n", await caller.ShellAsync((string)started["sandboxes"]![0]!["id"]!, "ping -c 1 -W 5 other > /dev/null && echo $WORD found"));
    }

    [Fact]
    public async Task A_compose_file_that_needs_Docker_runs_there_as_written()
    {
        await using var caller = await Caller.NewGuestAsync();
        await UntilReadyAsync(caller);
        _git.Commit(
            "builds/compose.git",
            ("app/compose.yaml", "services:\n  web:\n    build: web\n    volumes: ['./text:/text:ro']\n"),
            ("app/web/Dockerfile", "FROM busybox\nCMD [\"sh\", \"-c\", \"echo served-$((6*7)) $(cat /text/word)\"]\n"),
            ("app/text/word", "from the folder\n"));
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        var page = visitor.Page;
        await page.GotoAsync($"/git/{GitHost.Address}/builds/compose.git?path=app");
        await Assertions.Expect(page).ToHaveURLAsync(LinkAddress(), new() { Timeout = 120_000 });
        await Assertions.Expect(page.GetByLabel("The repository")).ToContainTextAsync("docker compose up starts the services in the image docker");
        await page.GetByRole(AriaRole.Button, new() { Name = "Start", Exact = true }).ClickAsync();
        await page.Locator(".ws-pane.focused .ws-tab.active[data-state='live']").WaitForAsync(new() { Timeout = 120_000 });

        await Eventually.TrueAsync(async () => (await visitor.ScreenAsync()).Contains("served-42 from the folder", StringComparison.Ordinal), "the service's line", TimeSpan.FromMinutes(3));
    }

    [GeneratedRegex("/x/[^/]+$", RegexOptions.None, 1000)]
    private static partial Regex LinkAddress();

    private static async Task<string> LinkAsync(Caller caller, string repository)
    {
        var link = await caller.PostAsync("/api/v1/links", new { repository = GitHost.Url(repository) });
        Assert.True(link.Status == 201, link.Text);
        return (string)link.Json["hash"]!;
    }

    /// <summary>A playground that runs, however long its build takes.</summary>
    private static async Task<JsonNode> StartAsync(Caller caller, object body)
    {
        var answer = await caller.PostAsync("/api/v1/playgrounds", body);
        Assert.True(answer.Status is 201 or 202, answer.Text);
        var seen = await caller.UntilAsync((string)answer.Json["id"]!, now => (string?)now["state"] is "running" or "ended", 300);
        Assert.True((string?)seen["state"] == "running", seen.ToJsonString());
        return seen;
    }

    /// <summary>The images that builds need are the last of a fresh instance.</summary>
    private static Task UntilReadyAsync(Caller caller) => Contract.Instance.UntilAsync(
        async () => (await caller.GetAsync("/api/v1/images")).Json.AsArray().Where(image => (string?)image!["name"] is "docker" or "debian" or "busybox").All(image => (string?)image!["state"] == "ready"), 300);
}
