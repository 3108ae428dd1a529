using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Errors;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Store;
using Xunit;

namespace Sandbox.Web.Tests.Nodes;

/// <summary>Nodes that are added to a running playground and removed from it, as clients do it.</summary>
public sealed class NodeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Recipe_of_several_nodes_starts_all_of_them()
    {
        await using var web = await WebUnderTest.StartAsync(catalog: ["busybox", "postgres"]);
        using var client = web.NewClient();

        var answer = await client.PostAsync("/api/v1/playgrounds", new { recipe = new { nodes = new[] { new { name = "web", image = "busybox" }, new { name = "db", image = "postgres" } } } });

        Assert.Equal(201, answer.Status);
        Assert.Equal(["web", "db"], Names(answer.Json!));
        Assert.Equal(5, (int)answer.Json!["maxNodes"]!);
        Assert.Equal(["db", "web"], (await ListAsync(web)).Select(info => info.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Node_is_added_and_removed_while_the_playground_runs()
    {
        await using var web = await WebUnderTest.StartAsync(catalog: ["busybox", "postgres"]);
        using var client = web.NewClient();
        var (playground, first) = await LaunchAsync(client);

        var added = await client.PostAsync($"{playground}/sandboxes", new { name = "db", image = "postgres", env = new { A = "b" } });

        Assert.Equal(201, added.Status);
        Assert.Equal(("db", "postgres", "running"), ((string?)added.Json!["name"], (string?)added.Json["image"], (string?)added.Json["state"]));
        Assert.Equal(["main", "db"], Names((await client.GetAsync(playground)).Json!));
        Assert.Equal("node3", (string?)(await client.PostAsync($"{playground}/sandboxes", new { image = "busybox" })).Json!["name"]);

        Assert.Equal(204, (await client.DeleteAsync($"/api/v1/sandboxes/{first}")).Status);
        Assert.Equal(["db", "node3"], Names((await client.GetAsync(playground)).Json!));
        Assert.Equal(["db", "node3"], (await ListAsync(web)).Select(info => info.Name).Order(StringComparer.Ordinal));
        Assert.Equal(404, (await client.DeleteAsync($"/api/v1/sandboxes/{first}")).Status);
        Assert.Equal(204, (await client.DeleteAsync($"/api/v1/sandboxes/{added.Json["id"]}")).Status);

        var last = await client.DeleteAsync($"/api/v1/sandboxes/{(await client.GetAsync(playground)).Json!["sandboxes"]![0]!["id"]}");
        Assert.Equal((409, "conflict"), (last.Status, last.Code));
        Assert.Contains("keeps its last node", last.Text, StringComparison.Ordinal);
        Assert.Equal("running", (string?)(await client.GetAsync(playground)).Json!["state"]);
    }

    [Fact]
    public async Task Names_quota_and_images_are_checked_and_nothing_stays()
    {
        await using var web = await WebUnderTest.StartAsync(catalog: ["busybox"]);
        using var client = web.NewClient();
        var (playground, _) = await LaunchAsync(client);

        foreach (var name in new[] { "main", "localhost", "resolver", "127", "-a", "A", "a.b", "" })
        {
            var refused = await client.PostAsync($"{playground}/sandboxes", new { name, image = "busybox" });
            Assert.True((refused.Status, refused.Code) == (400, "invalid") || name.Length == 0, $"{name}: {refused.Status} {refused.Text}");
        }

        Assert.Equal("image_not_found", (await client.PostAsync($"{playground}/sandboxes", new { name = "x", image = "none" })).Code);
        Assert.Equal(201, (await client.PostAsync($"{playground}/sandboxes", new { name = "three", image = "busybox" })).Status);
        var memory = await client.PostAsync($"{playground}/sandboxes", new { name = "four", image = "busybox" });
        Assert.Equal((429, "quota"), (memory.Status, memory.Code));
        Assert.Equal(3, (await ListAsync(web)).Count);

        Assert.Equal(404, (await client.PostAsync("/api/v1/playgrounds/none/sandboxes", new { image = "busybox" })).Status);
        using var stranger = web.NewClient();
        await stranger.PostAsync("/api/v1/guests", new { });
        Assert.Equal(404, (await stranger.PostAsync($"{playground}/sandboxes", new { image = "busybox" })).Status);
        Assert.Equal(404, (await stranger.DeleteAsync($"/api/v1/sandboxes/{(await client.GetAsync(playground)).Json!["sandboxes"]![1]!["id"]}")).Status);
    }

    [Fact]
    public async Task Plan_bounds_the_nodes_of_a_playground()
    {
        await using var web = await WebUnderTest.StartAsync(catalog: ["busybox"]);
        await web.Services.GetRequiredService<SqliteStore>().WriteAsync(db => db.Plans.ExecuteUpdateAsync(set => set.SetProperty(row => row.Nodes, 2), Token));
        using var client = web.NewClient();
        var (playground, _) = await LaunchAsync(client);

        Assert.Equal(201, (await client.PostAsync($"{playground}/sandboxes", new { image = "busybox", resources = new { memoryMiB = 64 } })).Status);
        var refused = await client.PostAsync($"{playground}/sandboxes", new { image = "busybox", resources = new { memoryMiB = 64 } });

        Assert.Contains("Your plan allows 2 nodes in a playground.", refused.Text, StringComparison.Ordinal);
        var nodes = Enumerable.Range(1, 3).Select(number => new { name = $"n{number}", image = "busybox", resources = new { memoryMiB = 64 } });
        Assert.Equal("quota", (await client.PostAsync("/api/v1/playgrounds", new { recipe = new { nodes } })).Code);
    }

    [Fact]
    public async Task Same_idempotency_key_adds_one_node()
    {
        await using var web = await WebUnderTest.StartAsync(catalog: ["busybox"]);
        using var client = web.NewClient();
        var (playground, _) = await LaunchAsync(client);

        client.Headers["Idempotency-Key"] = "one";
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => AddAsync(client, playground, new { image = "busybox" })));

        Assert.Single(answers.Select(answer => (string?)answer.Json!["id"]).Distinct(StringComparer.Ordinal));
        Assert.Equal(2, (await ListAsync(web)).Count);
        Assert.Equal(409, (await AddAsync(client, playground, new { image = "busybox", name = "other" })).Status);
        await client.DeleteAsync($"/api/v1/sandboxes/{answers[0].Json!["id"]}");
        Assert.Equal(409, (await AddAsync(client, playground, new { image = "busybox" })).Status);
    }

    [Fact]
    public async Task Node_that_cannot_be_started_leaves_nothing()
    {
        await using var web = await WebUnderTest.StartAsync(catalog: ["busybox"]);
        using var client = web.NewClient();
        var (playground, _) = await LaunchAsync(client);
        web.Runtime.Before = (call, _) => call == "Create" ? throw new SandboxException(ErrorCode.DiskFull, "The host's disk is full.") : Task.CompletedTask;

        var failed = await client.PostAsync($"{playground}/sandboxes", new { name = "two", image = "busybox" });

        Assert.Equal("disk_full", failed.Code);
        Assert.Equal(["main"], Names((await client.GetAsync(playground)).Json!));
        web.Runtime.Before = null;
        var again = await client.PostAsync($"{playground}/sandboxes", new { name = "two", image = "busybox" });
        Assert.True(again.Status == 201, again.Text);
        Assert.Equal(200, (await client.PostAsync($"{playground}/extend", new { })).Status);
    }

    [Fact]
    public async Task Save_holds_the_nodes_that_are_there()
    {
        await using var web = await WebUnderTest.StartAsync(catalog: ["busybox"]);
        using var client = web.NewClient();
        var (playground, first) = await LaunchAsync(client);
        await client.PostAsync($"{playground}/sandboxes", new { name = "two", image = "busybox" });
        await client.PostAsync($"{playground}/sandboxes", new { name = "three", image = "busybox" });
        await client.DeleteAsync($"/api/v1/sandboxes/{first}");

        var link = await client.PostAsync($"{playground}/links", new { });

        Assert.Equal(201, link.Status);
        Assert.Equal(204, (await client.DeleteAsync(playground)).Status);
        var again = await client.PostAsync("/api/v1/playgrounds", new { link = (string?)link.Json!["hash"] });
        Assert.Equal(["two", "three"], Names(again.Json!));
    }

    [Fact]
    public async Task Password_of_an_added_database_is_found_by_the_other_nodes_and_is_in_no_link()
    {
        await using var web = await WebUnderTest.StartAsync(catalog: ["busybox", "postgres"]);
        using var client = web.NewClient();
        var (playground, first) = await LaunchAsync(client);
        Assert.Equal(201, (await client.PostAsync($"{playground}/sandboxes", new { name = "db", image = "postgres" })).Status);

        var password = await PrintAsync(client, first, "PGPASSWORD");
        Assert.Equal((20, "db"), (password.Length, await PrintAsync(client, first, "PGHOST")));
        var link = await client.PostAsync($"{playground}/links", new { });
        Assert.DoesNotContain(password, link.Text, StringComparison.Ordinal);
        Assert.Equal(204, (await client.DeleteAsync(playground)).Status);

        var again = (await client.PostAsync("/api/v1/playgrounds", new { link = (string?)link.Json!["hash"] })).Json!["sandboxes"]!;
        var other = await PrintAsync(client, (string)again[0]!["id"]!, "PGPASSWORD");
        Assert.NotEqual(password, other);
        Assert.Equal(other, await PrintAsync(client, (string)again[1]!["id"]!, "POSTGRES_PASSWORD"));
    }

    private static async Task<string> PrintAsync(Client client, string sandbox, string variable) =>
        ((string)(await client.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "printenv", variable } })).Json!["stdout"]!).Trim();

    private static Task<Answer> AddAsync(Client client, string playground, object body) => client.PostAsync($"{playground}/sandboxes", body);

    private static async Task<(string Playground, string Sandbox)> LaunchAsync(Client client)
    {
        var answer = await client.PostAsync("/api/v1/playgrounds", new { image = "busybox" });
        Assert.Equal(201, answer.Status);
        return ((string)answer.Json!["urls"]!["api"]!, (string)answer.Json["sandboxes"]![0]!["id"]!);
    }

    private static IEnumerable<string?> Names(JsonNode playground) => playground["sandboxes"]!.AsArray().Select(sandbox => (string?)sandbox!["name"]);

    private static async Task<IReadOnlyList<SandboxInfo>> ListAsync(WebUnderTest web) =>
        [.. (await ((ISandboxRuntime)web.Runtime).Sandboxes.ListAsync(Token)).Where(info => info.State != SandboxState.Ended)];
}
