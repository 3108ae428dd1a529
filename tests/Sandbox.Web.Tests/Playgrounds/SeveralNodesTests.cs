using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Latency;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Store;
using Xunit;

namespace Sandbox.Web.Tests.Playgrounds;

/// <summary>
/// Recipes of several nodes: they wait for all their images, and start, restart and end together.
/// </summary>
public sealed class SeveralNodesTests
{
    private static readonly Recipe Two = new()
    {
        Nodes =
        [
            new RecipeNode { Name = "box", Image = "busybox", Setup = [["true"]] },
            new RecipeNode { Name = "db", Image = "postgres" },
        ],
    };

    private readonly PersonId _owner = PersonId.New();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Launch_waits_for_the_image_of_each_node_and_has_a_digest_per_node()
    {
        var goOn = new TaskCompletionSource();
        var unpacked = 0;
        await using var web = await WebUnderTest.StartAsync(catalog: ["busybox", "postgres"], ready: false, runtime: fake =>
            fake.Before = (call, cancellationToken) => call == "UnpackImage" && Interlocked.Increment(ref unpacked) > 1 ? goOn.Task.WaitAsync(cancellationToken) : Task.CompletedTask);
        using var client = web.NewClient();
        await WebUnderTest.Until(async () => (await client.GetAsync("/api/v1/images")).Json!.AsArray().Count(image => (string?)image!["state"] == "ready") == 1);

        var queued = await LaunchAsync(web);
        Assert.Equal("queued", queued.State);
        Assert.Contains("postgres", queued.Progress, StringComparison.Ordinal);
        Assert.Equal(["", "sha256:"], queued.Sandboxes.Select(sandbox => sandbox.Digest.Length == 0 ? "" : sandbox.Digest[..7]).Order(StringComparer.Ordinal));
        Assert.DoesNotContain("Create", web.Runtime.Calls);

        // It waits through a restart too.
        await web.StopAsync();
        await web.StartAgainAsync();
        goOn.SetResult();

        await WebUnderTest.Until(async () => (await FindAsync(web, queued.Id)).State == "running");
        var running = await FindAsync(web, queued.Id);
        Assert.Equal(["box", "db"], running.Sandboxes.Select(sandbox => sandbox.Name));
        Assert.Equal([web.Runtime.Store("busybox").Digest.Value, web.Runtime.Store("postgres").Digest.Value], running.Sandboxes.Select(sandbox => sandbox.Digest));
        var there = await List(web);
        Assert.Equal(running.Sandboxes.Select(sandbox => sandbox.Id).Order(StringComparer.Ordinal), there.Select(info => info.Id.Value).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Both_sandboxes_restart_and_end_together()
    {
        await using var web = await WebUnderTest.StartAsync(catalog: ["busybox", "postgres"]);
        var playgrounds = web.Services.GetRequiredService<OwnedPlaygrounds>();
        var launched = await LaunchAsync(web);
        var same = await LaunchAsync(web, PersonId.New());
        Assert.Equal(("running", "running"), (launched.State, same.State));
        Assert.Equal(1, await RecipesAsync(web));
        var id = PlaygroundId.Parse(launched.Id);

        Assert.Equal("stopped", (await playgrounds.ActAsync(_owner, id, SandboxAction.Stop, Token)).State);
        Assert.Equal("running", (await playgrounds.ActAsync(_owner, id, SandboxAction.Restart, Token)).State);
        Assert.Equal(4, (await List(web)).Count(info => info.State == SandboxState.Running));

        await playgrounds.RemoveAsync(_owner, id, save: false, Token);
        Assert.Equal("ended", (await FindAsync(web, launched.Id)).State);
        Assert.Equal(2, (await List(web)).Count);
        Assert.Equal(1, await RecipesAsync(web));

        // The recipe goes with the last playground of it.
        await web.Services.GetRequiredService<Endings>().EndAsync(PlaygroundId.Parse(same.Id), EndReason.Expired);
        Assert.Empty(await List(web));
        Assert.Equal(0, await RecipesAsync(web));
    }

    [Fact]
    public async Task Failed_create_of_one_node_removes_the_other()
    {
        await using var web = await WebUnderTest.StartAsync(catalog: ["busybox", "postgres"]);
        var created = 0;
        web.Runtime.Before = (call, _) => call == "Create" && Interlocked.Increment(ref created) == 2 ? throw new SandboxException(ErrorCode.DiskFull, "The host's disk is full.") : Task.CompletedTask;

        var fault = await Assert.ThrowsAsync<SandboxException>(() => LaunchAsync(web));

        Assert.Equal(ErrorCode.DiskFull, fault.Code);
        Assert.Empty(await List(web));
        Assert.Empty(await web.Services.GetRequiredService<OwnedPlaygrounds>().ListAsync(_owner, Token));
        Assert.Equal(0, await RecipesAsync(web));
    }

    private static Task<IReadOnlyList<SandboxInfo>> List(WebUnderTest web) => ((ISandboxRuntime)web.Runtime).Sandboxes.ListAsync(Token);

    private static Task<int> RecipesAsync(WebUnderTest web) =>
        web.Services.GetRequiredService<SqliteStore>().ReadAsync(db => db.Recipes.CountAsync(Token));

    private Task<PlaygroundView> LaunchAsync(WebUnderTest web, PersonId? owner = null) =>
        web.Services.GetRequiredService<OwnedPlaygrounds>().LaunchAsync(owner ?? _owner, Two, null, new LaunchManner(), null, new LaunchTrace(), Token);

    private Task<PlaygroundView> FindAsync(WebUnderTest web, string id) =>
        web.Services.GetRequiredService<OwnedPlaygrounds>().FindAsync(_owner, PlaygroundId.Parse(id), Token);
}
