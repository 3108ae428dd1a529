using System.Text.Json.Nodes;
using Sandbox.Daemon.Tests.Sandboxes;
using Sandbox.Web.Tests;
using Xunit;

namespace Sandbox.Attacks.Repositories;

/// <summary>Links of git repositories: the web process over the real runtime, and a real git host outside.</summary>
[Collection(nameof(LinuxHost))]
public sealed class RepositoryTests(LinuxHost host, RepositorySite site) : IClassFixture<RepositorySite>, IAsyncLifetime
{
    private readonly GitHost _git = site.Git;
    private readonly WebUnderTest _web = site.Web;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var sandbox in await host.Runtime.Sandboxes.ListAsync(CancellationToken.None))
        {
            await host.Runtime.Sandboxes.RemoveAsync(sandbox.Id, CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_repository_becomes_a_link_of_the_commit_that_it_had()
    {
        using var client = _web.NewClient();
        var first = _git.Commit("team/app.git", ("README.md", "two\n"));
        _git.Tag("team/app.git", "v1");

        var made = await client.PostAsync("/api/v1/links", new { repository = GitHost.Url("team/app.git"), @ref = "main" });

        Assert.True(made.Status == 201, made.Text);
        var hash = (string)made.Json!["hash"]!;
        var node = made.Json["lock"]!["nodes"]![0]!;
        Assert.Equal("hello", (string?)node["env"]!["GREETING"]);
        Assert.Equal(first, (string?)node["repositories"]![0]!["ref"]);
        Assert.Equal("team/app", (string?)made.Json["title"]);
        await AssertNothingRunsAsync(client);

        // The tag and the commit itself are the same link; a commit later is another one.
        foreach (var name in new[] { "v1", first })
        {
            Assert.Equal(hash, (string?)(await client.PostAsync("/api/v1/links", new { repository = GitHost.Url("team/app.git"), @ref = name })).Json!["hash"]);
        }

        _git.Commit("team/app.git", ("README.md", "three\n"));
        _web.Time.Shift += TimeSpan.FromMinutes(1);
        Assert.NotEqual(hash, (string?)(await client.PostAsync("/api/v1/links", new { repository = GitHost.Url("team/app.git"), @ref = "main" })).Json!["hash"]);

        var (playground, sandbox) = await client.LaunchAsync(new { link = hash });
        Assert.Equal("two\n", (await client.GetAsync($"/api/v1/sandboxes/{sandbox}/files/workspaces/app/README.md")).Text);
        await client.DeleteAsync($"/api/v1/playgrounds/{playground}");
    }

    [Fact]
    public async Task A_page_shows_how_the_reading_goes_on_and_leads_to_the_link()
    {
        _git.Commit("team/web.git", ("docs/compose.yaml", "services: { web: { build: . } }\n"), (".gitmodules", "[submodule \"x\"]\n\tpath = x\n\turl = https://example.org/x\n"), (".gitattributes", "*.bin filter=lfs\n"));
        using var client = _web.NewClient();
        var target = $"/git/{GitHost.Address}/team/web.git?path=docs";
        client.Headers["Accept"] = "text/html";
        var page = await client.GetAsync(target);
        Assert.Contains($"data-target=\"{target}\"", page.Text, StringComparison.Ordinal);
        Assert.Contains("Reading 203.0.113.7/team/web.git/docs", page.Text, StringComparison.Ordinal);

        var reading = await ReadAsync(client, target);

        Assert.True((string?)reading["state"] == "done", reading.ToJsonString());
        Assert.True((bool?)reading["needsBuilds"]);
        Assert.Equal("docs/compose.yaml", (string?)reading["file"]);
        Assert.Equal(3, reading["problems"]!.AsArray().Count);
        Assert.Contains(reading["log"]!.AsArray(), line => ((string)line!).Contains("fetch --no-tags --depth 1", StringComparison.Ordinal));
        var link = await client.GetAsync((string)reading["page"]!);
        Assert.Contains("needs the image docker", link.Text, StringComparison.Ordinal);
        Assert.Contains("Submodules are not checked out", link.Text, StringComparison.Ordinal);
        Assert.Equal("private", (string?)(await client.GetAsync($"/api/v1/links/{reading["hash"]}")).Json!["own"]!["access"]);

        using var stranger = _web.NewClient();
        await stranger.PostAsync("/api/v1/guests");
        Assert.Equal(404, (await stranger.GetAsync($"/api/v1/readings/{reading["id"]}")).Status);
        Assert.Equal(404, (await stranger.GetAsync($"/x/{reading["hash"]}")).Status);
    }

    [Fact]
    public async Task A_dev_container_starts_the_image_of_its_name()
    {
        _git.Commit("team/dev.git", (".devcontainer/devcontainer.json", "{ // comment\n \"image\": \"mcr.microsoft.com/devcontainers/debian:12\", \"postCreateCommand\": \"echo made > /made\" }"));
        using var client = _web.NewClient();
        var reading = await ReadAsync(client, $"/v2/git/{Uri.EscapeDataString(GitHost.Url("team/dev.git"))}/HEAD");
        Assert.True((string?)reading["state"] == "done", reading.ToJsonString());
        Assert.Contains("debian is started instead", (string?)reading["problems"]![0], StringComparison.Ordinal);
        var (_, sandbox) = await client.LaunchAsync(new { link = (string)reading["hash"]! });
        Assert.Equal("made\n", (await client.GetAsync($"/api/v1/sandboxes/{sandbox}/files/made")).Text);
    }

    [Theory]
    [InlineData("hang/x.git", null, "timeout", "did not send")]
    [InlineData("private/x.git", null, "repository_unreachable", "cannot be reached from a sandbox")]
    [InlineData("plain/x.git", null, "repository_unreachable", "not https")]
    [InlineData("locked/x.git", null, "not_found", "private")]
    [InlineData("page/x.git", null, "not_found", "no repository")]
    [InlineData("team/none.git", null, "not_found", "no such repository")]
    [InlineData("team/app.git", "no-such-branch", "not_found", "no-such-branch")]
    [InlineData("team/app.git", "0123456789012345678901234567890123456789", "not_found", "0123456789012345678901234567890123456789")]
    [InlineData("team/app.git", "--upload-pack=touch /tmp/owned", "invalid", "not a branch")]
    [InlineData("team/app.git", "-x", "invalid", "not a branch")]
    [InlineData("team/link.git", null, "invalid", "leads out of the repository")]
    [InlineData("team/pointer.git", null, "invalid", "Git LFS")]
    [InlineData("team/wrong.git", null, "invalid", "sandbox.yaml")]
    [InlineData("team/huge.git", null, "too_large", "more than")]
    public async Task A_repository_that_cannot_be_read_says_why_and_leaves_nothing(string repository, string? name, string code, string words)
    {
        switch (repository)
        {
            case "team/link.git":
                _git.CommitTree(repository, tree => File.CreateSymbolicLink(Path.Combine(tree, "sandbox.yaml"), "/etc/passwd"));
                break;
            case "team/pointer.git":
                _git.Commit(repository, ("sandbox.yaml", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n"));
                break;
            case "team/wrong.git":
                _git.Commit(repository, ("sandbox.yaml", "nodes:\n  - image: debian\n    colour: red\n"));
                break;
            case "team/huge.git":
                var bytes = new byte[48 << 20];
                new Random(1).NextBytes(bytes);
                _git.CommitTree(repository, tree => File.WriteAllBytes(Path.Combine(tree, "sandbox.yaml"), bytes));
                break;
            default:
                break;
        }

        using var client = _web.NewClient();
        var answer = await client.PostAsync("/api/v1/links", new { repository = GitHost.Url(repository), @ref = name });

        Assert.True((answer.Code, answer.Text.Contains(words, StringComparison.Ordinal)) == (code, true), answer.Text);
        await AssertNothingRunsAsync(client);
        Assert.Empty((await client.GetAsync("/api/v1/links")).Json!["links"]!.AsArray());
    }

    [Fact]
    public async Task A_reading_is_cancelled_at_once()
    {
        using var client = _web.NewClient();
        var begun = await client.PostAsync("/api/v1/readings", new { address = $"/git/{GitHost.Address}/hang/x.git" });
        Assert.Equal(202, begun.Status);
        var path = $"/api/v1/readings/{begun.Json!["id"]}";

        // Asked twice at once, it is one reading.
        Assert.Equal((string?)begun.Json["id"], (string?)(await client.PostAsync("/api/v1/readings", new { address = $"/git/{GitHost.Address}/hang/x.git" })).Json!["id"]);
        await WebUnderTest.Until(async () => ((string)(await client.GetAsync(path)).Json!["step"]!).StartsWith("Asking", StringComparison.Ordinal));
        Assert.Equal(204, (await client.DeleteAsync(path)).Status);
        await WebUnderTest.Until(async () => (string?)(await client.GetAsync(path)).Json!["state"] == "failed");
        await AssertNothingRunsAsync(client);
    }

    [Fact]
    public async Task A_reading_counts_in_the_plan_and_does_not_block_the_launch_that_follows()
    {
        using var client = _web.NewClient();
        await client.LaunchAsync(new { image = "debian" });
        await client.LaunchAsync(new { image = "debian" });
        var readings = await Task.WhenAll(Enumerable.Range(0, 3).Select(at => ReadAsync(client, $"/git/{GitHost.Address}/team/app.git{(at == 0 ? "" : at == 1 ? "@main" : "@HEAD")}")));
        Assert.All(readings, reading => Assert.True((string?)reading["state"] == "done", reading.ToJsonString()));
        await client.LaunchAsync(new { link = (string)readings[0]["hash"]! });

        var refused = await ReadAsync(client, $"/git/{GitHost.Address}/team/app.git?path=none");
        Assert.Equal("quota", (string?)refused["error"]!["code"]);
    }

    [Theory]
    [InlineData("/git/10.0.0.1/o/r")]
    [InlineData("/git/localhost/o/r")]
    [InlineData("/git/203.0.113.7:8443/o/r")]
    [InlineData("/git/github.com/o/r@--upload-pack=x")]
    [InlineData("/git/github.com/o/r?path=../..")]
    [InlineData("/git/github.com/o%0a/r")]
    [InlineData("/v2/git/ext%3A%3Ash/main")]
    [InlineData("/v2/zenodo/x/y")]
    public async Task An_address_that_is_none_starts_nothing(string target)
    {
        using var client = _web.NewClient();
        var answer = await client.PostAsync("/api/v1/readings", new { address = target });
        Assert.Equal((400, "invalid"), (answer.Status, answer.Code));
        Assert.Empty(await host.Runtime.Sandboxes.ListAsync(Cancel));
    }

    [Fact]
    public async Task A_folder_of_scenarios_becomes_tutorials()
    {
        const string Index = """{"title":"First","details":{"steps":[{"title":"One","text":"step1.md"}]},"backend":{"imageid":"ubuntu"}}""";
        _git.CommitTree("team/course.git", tree =>
        {
            foreach (var name in new[] { "one", "two" })
            {
                var folder = Directory.CreateDirectory(Path.Combine(tree, "labs", name)).FullName;
                File.WriteAllText(Path.Combine(folder, "index.json"), Index.Replace("First", name, StringComparison.Ordinal));
                File.WriteAllText(Path.Combine(folder, "step1.md"), "Run `echo hello`{{execute}}\n");
            }

            File.CreateSymbolicLink(Path.Combine(tree, "labs", "one", "secret.md"), "/etc/passwd");
        });
        using var client = _web.NewClient();

        var course = await ReadAsync(client, $"/k/{GitHost.Address}/team/course.git/labs");
        Assert.True((string?)course["state"] == "done", course.ToJsonString());
        Assert.Equal(["one", "two"], course["tutorials"]!.AsArray().Select(tutorial => (string)tutorial!["title"]!));

        var one = await ReadAsync(client, $"/k/{GitHost.Address}/team/course.git@main/labs/one");
        Assert.True((string?)one["state"] == "done", one.ToJsonString());
        var hash = (string)Assert.Single(one["tutorials"]!.AsArray())!["hash"]!;
        Assert.Equal($"/t/{hash}", (string?)one["page"]);
        Assert.Equal(1, (int?)(await client.GetAsync($"/api/v1/tutorials/{hash}")).Json!["steps"]!.AsArray().Count(step => (string?)step!["kind"] == "step"));
        await AssertNothingRunsAsync(client);

        foreach (var (target, code, words) in new[]
        {
            ("labs/none", "not_found", "no folder"),
            ("../../etc", "invalid", "without .."),
        })
        {
            var answer = await client.PostAsync("/api/v1/readings", new { address = $"/k/{GitHost.Address}/team/course.git/{target}" });
            var text = answer.Status == 202 ? (await ReadAsync(client, $"/k/{GitHost.Address}/team/course.git/{target}")).ToJsonString() : answer.Text;
            Assert.True(text.Contains(code, StringComparison.Ordinal) && text.Contains(words, StringComparison.Ordinal), text);
        }

        var app = await ReadAsync(client, $"/k/{GitHost.Address}/team/app.git");
        Assert.Contains("holds no tutorial", (string?)app["error"]!["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_with_too_much_in_it_is_refused()
    {
        _git.CommitTree("team/many.git", tree =>
        {
            for (var at = 0; at < 5001; at++)
            {
                File.WriteAllText(Path.Combine(tree, $"{at}.md"), "x");
            }
        });
        var bytes = new byte[24 << 20];
        new Random(2).NextBytes(bytes);
        _git.CommitTree("team/large.git", tree => File.WriteAllBytes(Path.Combine(tree, "index.json"), bytes));
        using var client = _web.NewClient();
        foreach (var repository in new[] { "many", "large" })
        {
            var reading = await ReadAsync(client, $"/k/{GitHost.Address}/team/{repository}.git");
            Assert.True((string?)reading["error"]?["code"] == "too_large", reading.ToJsonString());
        }

        await AssertNothingRunsAsync(client);
    }

    private static async Task<JsonNode> ReadAsync(Client client, string target)
    {
        var answer = await client.PostAsync("/api/v1/readings", new { address = target });
        Assert.True(answer.Status == 202, answer.Text);
        var reading = answer.Json!;
        while ((string?)reading["state"] == "reading")
        {
            await Task.Delay(50, Cancel);
            reading = (await client.GetAsync($"/api/v1/readings/{reading["id"]}")).Json!;
        }

        return reading;
    }

    private async Task AssertNothingRunsAsync(Client client)
    {
        Assert.Empty(await host.Runtime.Sandboxes.ListAsync(Cancel));
        Assert.Empty((await client.GetAsync("/api/v1/playgrounds")).Json!.AsArray());
    }
}
