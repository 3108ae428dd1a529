using System.Text.Json.Nodes;
using Sandbox.Core.Sandboxes;
using Xunit;

namespace Sandbox.Web.Tests.Operators;

/// <summary>An operator requires an isolation class for images and plans; the strongest that anybody asks for applies.</summary>
public sealed class IsolationTests
{
    private static readonly string[] Both = ["container", "nested", "gvisor"];

    [Fact]
    public async Task Class_of_an_image_or_a_plan_counts_at_the_next_launch_and_the_strongest_wins()
    {
        await using var web = await StartAsync();
        using var desk = await web.NewOperatorAsync();
        using var guest = web.NewClient();
        await SavePlanAsync(desk, plan => (plan["playgrounds"], plan["totalMemoryBytes"]) = (20, (long)plan["memoryBytes"]! * 20));
        var (running, first) = await guest.LaunchAsync();
        Assert.Equal("container", await ClassAsync(guest, first));

        Assert.Equal(204, (await desk.PutAsync("/api/v1/admin/images/busybox/isolation", new { isolation = "gvisor" })).Status);
        var image = (await guest.GetAsync("/api/v1/images")).Json!.AsArray().Single(row => (string?)row!["name"] == "busybox")!;
        Assert.Equal(("gvisor", "gvisor"), ((string?)image["isolation"], (string?)image["requiredIsolation"]));
        Assert.Equal("container", await ClassAsync(guest, first));
        Assert.Equal("gvisor", await LaunchedAsync(guest, new { image = "busybox" }));
        Assert.Equal("gvisor", await LaunchedAsync(guest, new { recipe = new { nodes = new[] { new { image = "busybox", isolation = "container" } } } }));
        var node = await guest.PostAsync($"/api/v1/playgrounds/{running}/sandboxes", new { name = "other", image = "busybox" });
        Assert.Equal("gvisor", await ClassAsync(guest, (string)node.Json!["id"]!));
        Assert.Contains(">gVisor</span>", (await guest.GetAsync("/")).Text, StringComparison.Ordinal);

        Assert.Equal(204, (await desk.PutAsync("/api/v1/admin/images/busybox/isolation", new { isolation = "default" })).Status);
        Assert.Equal("container", await LaunchedAsync(guest, new { image = "busybox" }));
        Assert.Equal("gvisor", await LaunchedAsync(guest, new { recipe = new { nodes = new[] { new { image = "busybox", isolation = "gvisor" } } } }));
        Assert.DoesNotContain(">gVisor</span>", (await guest.GetAsync("/")).Text, StringComparison.Ordinal);

        Assert.Equal(204, (await SavePlanAsync(desk, plan => plan["isolation"] = "gvisor")).Status);
        Assert.Equal("gvisor", await LaunchedAsync(guest, new { image = "busybox" }));
        Assert.Contains(">gVisor</span>", (await guest.GetAsync("/")).Text, StringComparison.Ordinal);
        Assert.Equal(204, (await SavePlanAsync(desk, plan => plan.Remove("isolation"))).Status); // left out: kept
        Assert.Equal("gvisor", await LaunchedAsync(guest, new { image = "busybox" }));
        Assert.Equal(204, (await SavePlanAsync(desk, plan => plan["isolation"] = "default")).Status);
        Assert.Equal("container", await LaunchedAsync(guest, new { image = "busybox" }));

        var log = (await desk.GetAsync("/api/v1/admin/log?kind=operator")).Text;
        Assert.Contains("Set the isolation class of the image busybox to gvisor", log, StringComparison.Ordinal);
        Assert.Matches(@"isolation default (→|\\u2192) gvisor", log);
    }

    [Fact]
    public async Task Image_for_Docker_is_refused_where_the_plan_requires_gVisor()
    {
        await using var web = await StartAsync();
        using var desk = await web.NewOperatorAsync();
        using var guest = web.NewClient();
        Assert.Equal("nested", await LaunchedAsync(guest, new { image = "docker" }));
        Assert.Equal("isolation_unavailable", (await desk.PutAsync("/api/v1/admin/images/docker/isolation", new { isolation = "gvisor" })).Code);
        await SavePlanAsync(desk, plan => plan["isolation"] = "gvisor");
        var calls = web.Runtime.Calls.Count(call => call == "Create");

        var refused = await guest.PostAsync("/api/v1/playgrounds", new { image = "docker" });
        Assert.Equal((409, "isolation_unavailable"), (refused.Status, refused.Code));
        Assert.Equal("Your plan requires gVisor, and Docker, which the image docker runs inside, does not run in it.", (string?)refused.Json!["detail"]);
        Assert.Equal(calls, web.Runtime.Calls.Count(call => call == "Create"));
        var card = (await guest.GetAsync("/")).Text.Split("<article").Single(part => part.Contains("data-image=\"docker\"", StringComparison.Ordinal));
        Assert.Contains("Your plan requires gVisor", card, StringComparison.Ordinal);
        Assert.DoesNotContain("/p/new", card, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sandbox_with_Docker_inside_gets_the_floor_of_its_plan()
    {
        await using var web = await StartAsync();
        using var desk = await web.NewOperatorAsync();
        using var guest = web.NewClient();
        Assert.Equal((512L << 20, 4L << 30, 512), await LimitsAsync(guest, new { image = "docker" }));
        Assert.Equal((512L << 20, 1L << 30, 256), await LimitsAsync(guest, new { image = "busybox" }));
        await SavePlanAsync(desk, plan => (plan["memoryBytes"], plan["dockerMemoryBytes"], plan["dockerPids"], plan["dockerDiskBytes"]) = (64 << 20, 700L << 20, 300, 2L << 30));

        Assert.Equal((700L << 20, 2L << 30, 300), await LimitsAsync(guest, new { image = "docker" }));
        Assert.Equal((64L << 20, 1L << 30, 256), await LimitsAsync(guest, new { image = "busybox" }));
        Assert.Equal((32L << 20, 1L << 30, 300), await LimitsAsync(guest, new { recipe = new { nodes = new[] { new { image = "docker", resources = new { memoryMiB = 32 } } } } }));
        Assert.Equal(400, (await SavePlanAsync(desk, plan => plan["dockerPids"] = -1)).Status);
    }

    [Fact]
    public async Task Class_that_the_host_lacks_is_refused_to_the_operator_and_later_at_a_launch()
    {
        await using var web = await StartAsync();
        using var desk = await web.NewOperatorAsync();
        using var guest = web.NewClient();
        await guest.GetAsync("/api/v1/playgrounds"); // makes them a guest
        foreach (var wrong in new[] { "nested", "microvm", "container", "" })
        {
            Assert.Equal((400, "invalid"), (await desk.PutAsync("/api/v1/admin/images/busybox/isolation", new { isolation = wrong })) is var refused ? (refused.Status, refused.Code) : default);
            Assert.Equal(400, (await SavePlanAsync(desk, plan => plan["isolation"] = wrong)).Status);
        }

        Assert.Equal(403, (await guest.PutAsync("/api/v1/admin/images/busybox/isolation", new { isolation = "gvisor" })).Status);
        Assert.Equal(404, (await desk.PutAsync("/api/v1/admin/images/nothing/isolation", new { isolation = "gvisor" })).Status);
        Assert.Equal(204, (await SavePlanAsync(desk, plan => plan["isolation"] = "gvisor")).Status);

        web.Runtime.Capabilities = web.Runtime.Capabilities with { IsolationClasses = ["container"] };
        Assert.Equal((409, "isolation_unavailable"), (await desk.PutAsync("/api/v1/admin/images/busybox/isolation", new { isolation = "gvisor" })) is var late ? (late.Status, late.Code) : default);
        Assert.Equal(204, (await SavePlanAsync(desk, plan => plan["minutes"] = 61)).Status); // its class was set before
        await WebUnderTest.Until(async () => (await guest.PostAsync("/api/v1/playgrounds", new { image = "busybox" })).Code == "isolation_unavailable");
        var launch = await guest.PostAsync("/api/v1/playgrounds", new { image = "busybox" });
        Assert.Equal("Your plan requires gVisor, which this server cannot start now. Ask its operator.", (string?)launch.Json!["detail"]);
    }

    [Fact]
    public async Task Link_says_which_class_its_visitor_gets_and_whether_it_can_start()
    {
        await using var web = await StartAsync();
        using var desk = await web.NewOperatorAsync();
        using var guest = web.NewClient();
        var plain = await LinkAsync(guest, "busybox");
        var docker = await LinkAsync(guest, "docker");
        await SavePlanAsync(desk, plan => plan["isolation"] = "gvisor");

        var stronger = (await guest.GetAsync($"/api/v1/links/{plain}")).Json!["comparison"]!;
        Assert.Equal((true, "The author ran it with the isolation class container; here it is gvisor."), ((bool)stronger["startable"]!, (string?)stronger["differences"]![0]));
        Assert.Equal("gvisor", await LaunchedAsync(guest, new { link = plain }));
        var not = (await guest.GetAsync($"/api/v1/links/{docker}")).Json!["comparison"]!;
        Assert.Equal((false, "Your plan requires gVisor, and Docker, which the image docker runs inside, does not run in it."), ((bool)not["startable"]!, (string?)not["differences"]![0]));
        Assert.Equal("isolation_unavailable", (await guest.PostAsync("/api/v1/playgrounds", new { link = docker })).Code);
    }

    /// <summary>Of a sandbox that starts, of one that an earlier version recorded without its limits, and of one whose class is the image's.</summary>
    [Fact]
    public async Task Receipt_is_refused_until_there_is_something_to_say()
    {
        await using var web = await StartAsync();
        using var guest = web.NewClient();
        await guest.GetAsync("/api/v1/playgrounds"); // makes them a guest
        var starts = new TaskCompletionSource();
        web.Runtime.Before = (call, _) => call == "Create" ? starts.Task : Task.CompletedTask;
        var launch = guest.PostAsync("/api/v1/playgrounds", new { image = "busybox" });
        await WebUnderTest.Until(async () => (await guest.GetAsync("/api/v1/playgrounds")).Json?.AsArray() is [{ } row] && (string?)row["state"] == "starting");
        var sandbox = (string)(await guest.GetAsync("/api/v1/playgrounds")).Json![0]!["sandboxes"]![0]!["id"]!;
        Assert.Equal((409, "conflict"), (await guest.GetAsync($"/api/v1/sandboxes/{sandbox}/isolation")) is var early ? (early.Status, early.Code) : default);

        starts.SetResult();
        Assert.Equal(201, (await launch).Status);
        Assert.Equal("container", await ClassAsync(guest, sandbox));
        web.Runtime.Change(SandboxId.Parse(sandbox), info => info with { Limits = null, Isolation = null });
        var old = await guest.GetAsync($"/api/v1/sandboxes/{sandbox}/isolation");
        Assert.Equal((409, "An earlier version of the server started this sandbox, and did not record how it is kept apart. A new playground shows it."), (old.Status, (string?)old.Json!["detail"]));
    }

    private static Task<WebUnderTest> StartAsync() => WebUnderTest.StartAsync(catalog: ["busybox", "docker"], runtime: runtime =>
    {
        runtime.Capabilities = runtime.Capabilities with { IsolationClasses = Both, HasNodes = true };
        runtime.ImageClasses["docker"] = "nested";
    });

    private static async Task<Answer> SavePlanAsync(Client desk, Action<JsonObject> change)
    {
        var plan = (await desk.GetAsync("/api/v1/admin/plans")).Json!.AsArray().Single(row => (string?)row!["name"] == "guest")!.AsObject();
        change(plan);
        return await desk.PutAsync("/api/v1/admin/plans/guest", plan);
    }

    private static async Task<string> LinkAsync(Client guest, string image)
    {
        var made = await guest.PostAsync("/api/v1/links", new { recipe = new { nodes = new[] { new { image } } } });
        Assert.Equal(201, made.Status);
        return (string)made.Json!["hash"]!;
    }

    /// <summary>Launches something, ends it, and answers with its class.</summary>
    private static async Task<string?> LaunchedAsync(Client guest, object body)
    {
        var (playground, sandbox) = await guest.LaunchAsync(body);
        var isolation = await ClassAsync(guest, sandbox);
        await guest.DeleteAsync($"/api/v1/playgrounds/{playground}");
        return isolation;
    }

    private static async Task<(long Memory, long Disk, int Processes)> LimitsAsync(Client guest, object body)
    {
        var (playground, sandbox) = await guest.LaunchAsync(body);
        var limits = (await guest.GetAsync($"/api/v1/sandboxes/{sandbox}/isolation")).Json!["limits"]!;
        await guest.DeleteAsync($"/api/v1/playgrounds/{playground}");
        return ((long)limits["memoryBytes"]!, (long)limits["diskBytes"]!, (int)limits["processes"]!);
    }

    private static async Task<string?> ClassAsync(Client guest, string sandbox) => (string?)(await guest.GetAsync($"/api/v1/sandboxes/{sandbox}/isolation")).Json!["isolation"];
}
