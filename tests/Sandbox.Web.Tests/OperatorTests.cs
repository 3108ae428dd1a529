using System.Text;
using Sandbox.Core.Errors;
using Xunit;

namespace Sandbox.Web.Tests;

public sealed class OperatorTests
{
    [Fact]
    public async Task A_link_signs_in_once_and_looking_at_it_does_not_use_it_up()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        var token = await web.NewLinkTokenAsync();

        var page = await client.GetAsync($"/admin/sign-in?token={token}");
        Assert.Equal(200, page.Status);
        Assert.Contains("<form method=\"post\"", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page.Text, StringComparison.Ordinal);
        Assert.Equal(200, (await client.GetAsync($"/admin/sign-in?token={token}")).Status);

        var signedIn = await client.SendAsync(HttpMethod.Post, "/admin/sign-in", new FormUrlEncodedContent([new("token", token)]));
        Assert.Equal((303, "/admin"), (signedIn.Status, signedIn.Header("Location")));
        Assert.Equal(200, (await client.GetAsync("/api/v1/admin/people")).Status);

        using var other = web.NewClient();
        Assert.Equal(410, (await other.SendAsync(HttpMethod.Post, "/admin/sign-in", new FormUrlEncodedContent([new("token", token)]))).Status);
        var refused = await other.GetAsync("/api/v1/admin/people");
        Assert.Equal((401, "unauthorized"), (refused.Status, refused.Code));

        var late = await web.NewLinkTokenAsync();
        web.Time.Shift = TimeSpan.FromMinutes(16);
        Assert.Equal(410, (await other.SendAsync(HttpMethod.Post, "/admin/sign-in", new FormUrlEncodedContent([new("token", late)]))).Status);
        await client.PostAsync("/admin/sign-out");
        Assert.NotEqual(200, (await client.GetAsync("/api/v1/admin/people")).Status);
    }

    [Fact]
    public async Task A_limit_of_ones_own_and_a_changed_plan_count_at_the_next_launch()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var desk = await web.NewOperatorAsync();
        using var guest = web.NewClient();
        await guest.LaunchAsync();
        var person = (await desk.GetAsync("/api/v1/admin/people")).Json!.AsArray().Single(row => (string?)row!["kind"] == "guest")!;
        Assert.Equal(1, (int)person["running"]!);

        Assert.Equal(204, (await desk.PutAsync($"/api/v1/admin/people/{person["id"]}", new { plan = "guest", maxPlaygrounds = 1 })).Status);
        Assert.Equal("quota", (await guest.PostAsync("/api/v1/playgrounds", new { image = "busybox" })).Code);
        Assert.Equal(204, (await desk.PutAsync($"/api/v1/admin/people/{person["id"]}", new { plan = "member" })).Status);
        await guest.LaunchAsync();

        var plan = (await desk.GetAsync("/api/v1/admin/plans")).Json!.AsArray().Single(row => (string?)row!["name"] == "member")!.AsObject();
        plan["playgrounds"] = 2;
        plan["totalMemoryBytes"] = (long)plan["memoryBytes"]! * 2;
        Assert.Equal(204, (await desk.SendAsync(HttpMethod.Put, "/api/v1/admin/plans/member", Json(plan.ToJsonString()))).Status);
        Assert.Equal("quota", (await guest.PostAsync("/api/v1/playgrounds", new { image = "busybox" })).Code);

        plan["minutes"] = 0;
        plan["cpus"] = -1;
        var refused = await desk.SendAsync(HttpMethod.Put, "/api/v1/admin/plans/member", Json(plan.ToJsonString()));
        Assert.Equal((400, "invalid"), (refused.Status, refused.Code));
        Assert.Contains("minutes", (string?)refused.Json!["detail"], StringComparison.Ordinal);
        Assert.Contains("cpus", (string?)refused.Json["detail"], StringComparison.Ordinal);
        Assert.Equal((400, "invalid"), (await desk.PutAsync($"/api/v1/admin/people/{person["id"]}", new { plan = "nothing" })) is var none ? (none.Status, none.Code) : default);
    }

    /// <summary>A plan, an image and a recipe each have a policy; the strictest applies.</summary>
    [Fact]
    public async Task A_network_policy_counts_at_the_next_launch_and_the_strictest_wins()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var desk = await web.NewOperatorAsync();
        using var guest = web.NewClient();
        var (before, _) = await guest.LaunchAsync();
        Assert.Equal(("egress", ""), await ReachAsync(guest, before));

        var plan = (await desk.GetAsync("/api/v1/admin/plans")).Json!.AsArray().Single(row => (string?)row!["name"] == "guest")!.AsObject();
        plan["domains"] = new System.Text.Json.Nodes.JsonArray("github.com", "deb.debian.org");
        plan["playgrounds"] = 20;
        plan["totalMemoryBytes"] = (long)plan["memoryBytes"]! * 20;
        Assert.Equal(204, (await desk.SendAsync(HttpMethod.Put, "/api/v1/admin/plans/guest", Json(plan.ToJsonString()))).Status);
        Assert.Equal(("egress", ""), await ReachAsync(guest, before));
        Assert.Equal(("egress", "github.com deb.debian.org"), await ReachAsync(guest, (await guest.LaunchAsync()).Playground));
        Assert.Equal(("egress", "github.com:443"), await LaunchedAsync(new { image = "busybox", domains = new[] { "github.com:443", "pypi.org" } }));
        Assert.Equal(("playground", ""), await LaunchedAsync(new { image = "busybox", domains = new[] { "pypi.org" } }));
        Assert.Equal(("none", ""), await LaunchedAsync(new { image = "busybox", network = "none" }));

        Assert.Equal(204, (await desk.PutAsync("/api/v1/admin/images/busybox/network", new { network = "playground" })).Status);
        Assert.Equal("playground", (string?)(await guest.GetAsync("/api/v1/images")).Json!.AsArray().Single(image => (string?)image!["name"] == "busybox")!["network"]);
        var (limited, _) = await guest.LaunchAsync();
        Assert.Equal(("playground", ""), await ReachAsync(guest, limited));
        Assert.Equal("only the other nodes of this playground", (string?)(await guest.GetAsync($"/api/v1/playgrounds/{limited}")).Json!["sandboxes"]![0]!["reaches"]);

        plan.Remove("network");
        plan.Remove("domains"); // left out: kept
        Assert.Equal(204, (await desk.SendAsync(HttpMethod.Put, "/api/v1/admin/plans/guest", Json(plan.ToJsonString()))).Status);
        Assert.Equal(204, (await desk.PutAsync("/api/v1/admin/images/busybox/network", new { network = "egress" })).Status);
        Assert.Equal(("egress", "github.com deb.debian.org"), await ReachAsync(guest, (await guest.LaunchAsync()).Playground));

        foreach (var wrong in new object[] { new { network = "lan" }, new { network = "none", domains = new[] { "github.com" } }, new { network = "egress", domains = new[] { "*" } } })
        {
            Assert.Equal((400, "invalid"), (await desk.PutAsync("/api/v1/admin/images/busybox/network", wrong)) is var refused ? (refused.Status, refused.Code) : default);
        }

        Assert.Equal((404, "image_not_found"), (await desk.PutAsync("/api/v1/admin/images/nothing/network", new { network = "none" })) is var unknown ? (unknown.Status, unknown.Code) : default);
        Assert.Equal(403, (await guest.PutAsync("/api/v1/admin/images/busybox/network", new { network = "none" })).Status);

        async Task<(string?, string)> LaunchedAsync(object node) =>
            await ReachAsync(guest, (await guest.LaunchAsync(new { recipe = new { nodes = new[] { node } } })).Playground);
    }

    private static async Task<(string? Network, string Domains)> ReachAsync(Client client, string playground)
    {
        var sandbox = (await client.GetAsync($"/api/v1/playgrounds/{playground}")).Json!["sandboxes"]![0]!;
        return ((string?)sandbox["network"], string.Join(' ', sandbox["domains"]!.AsArray()));
    }

    [Fact]
    public async Task An_operator_ends_anybodys_playground_with_words_its_owner_reads()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var desk = await web.NewOperatorAsync();
        using var guest = web.NewClient();
        var (playground, _) = await guest.LaunchAsync();
        Assert.Equal(playground, (string?)Assert.Single((await desk.GetAsync("/api/v1/admin/playgrounds")).Json!.AsArray())!["playground"]!["id"]);

        Assert.Equal(400, (await desk.PostAsync($"/api/v1/admin/playgrounds/{playground}/end", new { reason = " " })).Status);
        Assert.Equal(204, (await desk.PostAsync($"/api/v1/admin/playgrounds/{playground}/end", new { reason = "Mining is not allowed here." })).Status);

        var lease = (await guest.GetAsync($"/api/v1/playgrounds/{playground}")).Json!["lease"]!;
        Assert.Equal(("operator", "Mining is not allowed here."), ((string?)lease["reason"], (string?)lease["message"]));
    }

    [Fact]
    public async Task The_catalog_is_added_to_hidden_updated_and_removed()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var desk = await web.NewOperatorAsync();
        using var guest = web.NewClient();
        const string images = "/api/v1/admin/images";

        Assert.Equal(202, (await desk.PostAsync(images, new { name = "redis", title = "Redis", reference = "docker.io/library/redis:7" })).Status);
        Assert.Equal((409, "conflict"), (await desk.PostAsync(images, new { name = "redis", reference = "redis" })) is var twice ? (twice.Status, twice.Code) : default);
        Assert.Equal(400, (await desk.PostAsync(images, new { name = "../x", reference = "redis" })).Status);
        Assert.Equal(400, (await desk.PostAsync(images, new { name = "both", reference = "redis", recipe = "busybox" })).Status);
        await WebUnderTest.Until(async () => await StateAsync(guest, "redis") == "ready");
        await guest.LaunchAsync(new { image = "redis" });

        var used = await desk.DeleteAsync($"{images}/redis");
        Assert.Equal((409, "image_in_use"), (used.Status, used.Code));
        Assert.Equal(204, (await desk.PostAsync($"{images}/redis/hide")).Status);
        Assert.Null(await StateAsync(guest, "redis"));
        Assert.Equal("image_not_found", (await guest.PostAsync("/api/v1/playgrounds", new { image = "redis" })).Code);
        Assert.Equal(204, (await desk.PostAsync($"{images}/redis/show")).Status);
        Assert.Equal(202, (await desk.PostAsync($"{images}/redis/update")).Status);

        Assert.Equal(204, (await desk.DeleteAsync($"{images}/busybox")).Status);
        Assert.Null(await StateAsync(guest, "busybox"));
        await web.StopAsync();
        await web.StartAgainAsync();
        using var later = web.NewClient();
        Assert.Null(await StateAsync(later, "busybox"));
        await WebUnderTest.Until(async () => await StateAsync(later, "redis") == "ready"); // its update may go on
    }

    [Fact]
    public async Task An_uploaded_archive_becomes_an_image_and_a_failed_one_says_why()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var desk = await web.NewOperatorAsync();
        using var empty = new ByteArrayContent([]);
        Assert.Equal(400, (await desk.SendAsync(HttpMethod.Post, "/api/v1/admin/images?name=none&archive=oci", empty)).Status);
        web.Runtime.Before = (call, _) => call == "UnpackImage" ? throw new SandboxException(ErrorCode.ImageInvalid, "A layer climbs out.") : Task.CompletedTask;

        using var archive = new ByteArrayContent(new byte[300_000]);
        Assert.Equal(202, (await desk.SendAsync(HttpMethod.Post, "/api/v1/admin/images?name=mine&archive=docker", archive)).Status);

        await WebUnderTest.Until(async () => await StateAsync(desk, "mine") == "failed");
        var entry = (await desk.GetAsync("/api/v1/admin/images")).Json!.AsArray().Single(row => (string?)row!["name"] == "mine")!;
        Assert.NotEmpty((string)entry["error"]!);
        await WebUnderTest.Until(() => Task.FromResult(!Directory.EnumerateFiles(Path.Combine(web.Home, "data", "uploads")).Any()));
        Assert.Equal((400, "invalid"), (await desk.PostAsync("/api/v1/admin/images/mine/update")) is var update ? (update.Status, update.Code) : default);
    }

    [Fact]
    public async Task An_import_that_changed_entries_of_the_image_is_reported_in_the_catalog()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var desk = await web.NewOperatorAsync();
        var bytes = new MemoryStream();
        await using (var tar = new System.Formats.Tar.TarWriter(bytes, leaveOpen: true))
        {
            await tar.WriteEntryAsync(new System.Formats.Tar.PaxTarEntry(System.Formats.Tar.TarEntryType.RegularFile, "manifest.json") { DataStream = new MemoryStream("[]"u8.ToArray()) }, TestContext.Current.CancellationToken);
        }

        using var archive = new ByteArrayContent(bytes.ToArray());
        Assert.Equal(202, (await desk.SendAsync(HttpMethod.Post, "/api/v1/admin/images?name=odd&archive=docker", archive)).Status);

        await WebUnderTest.Until(async () => await StateAsync(desk, "odd") == "ready");
        var entry = (await desk.GetAsync("/api/v1/images")).Json!.AsArray().Single(row => (string?)row!["name"] == "odd")!;
        Assert.Equal(["Skipped a device node: 'disk'."], entry["notes"]!.AsArray().Select(note => (string?)note));
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private static async Task<string?> StateAsync(Client client, string name) =>
        (string?)(await client.GetAsync("/api/v1/images")).Json!.AsArray().SingleOrDefault(image => (string?)image!["name"] == name)?["state"];
}
