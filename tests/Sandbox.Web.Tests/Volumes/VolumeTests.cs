using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Web.Store;
using Sandbox.Web.Volumes;
using Xunit;

namespace Sandbox.Web.Tests.Volumes;

/// <summary>Volumes of people, as clients make, attach and delete them.</summary>
public sealed class VolumeTests
{
    private static readonly object[] Data = [new { name = "data", path = "/data" }];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Volume_is_made_attached_refused_to_a_second_writer_and_deleted()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        using var stranger = web.NewClient();

        var made = await client.PostAsync("/api/v1/volumes", new { name = "data", sizeMiB = 64 });
        Assert.Equal((201, 64L << 20), (made.Status, (long)made.Json!["sizeBytes"]!));
        Assert.Equal("conflict", (await client.PostAsync("/api/v1/volumes", new { name = "data" })).Code);
        var (first, _) = await client.LaunchAsync(new { image = "busybox", volumes = Data });
        var use = (await client.GetAsync("/api/v1/volumes/data")).Json!["uses"]![0]!;
        Assert.Equal((first, "main", "/data", false), ((string?)use["playground"], (string?)use["node"], (string?)use["path"], (bool)use["readOnly"]!));

        var second = await client.PostAsync("/api/v1/playgrounds", new { image = "busybox", volumes = Data });
        Assert.Equal((409, "conflict"), (second.Status, second.Code));
        Assert.Contains($"main of your busybox playground {first} writes to it at /data. End that playground first, or attach the volume read-only.", second.Text, StringComparison.Ordinal);
        var (reader, _) = await client.LaunchAsync(new { image = "busybox", volumes = new[] { new { name = "data", path = "/data", readOnly = true } } });
        var deleted = await client.DeleteAsync("/api/v1/volumes/data");
        Assert.Equal(409, deleted.Status);

        // Nobody else has it: the name is theirs.
        await stranger.LaunchAsync(new { image = "busybox", volumes = Data });
        Assert.Equal(404, (await stranger.GetAsync("/api/v1/volumes/other")).Status);
        Assert.Equal(2, (await web.Runtime.Volumes.ListAsync(Token)).Count);

        await client.DeleteAsync($"/api/v1/playgrounds/{first}");
        await client.DeleteAsync($"/api/v1/playgrounds/{reader}");
        Assert.Equal(204, (await client.DeleteAsync("/api/v1/volumes/data")).Status);
        Assert.Equal(404, (await client.DeleteAsync("/api/v1/volumes/data")).Status);
        Assert.Single(await web.Runtime.Volumes.ListAsync(Token));
    }

    [Fact]
    public async Task Plans_bound_the_number_and_the_bytes_of_volumes()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();

        Assert.Equal("quota", (await client.PostAsync("/api/v1/volumes", new { name = "big", sizeMiB = 600 })).Code);
        Assert.Equal(201, (await client.PostAsync("/api/v1/volumes", new { name = "a", sizeMiB = 300 })).Status);
        var bytes = await client.PostAsync("/api/v1/playgrounds", new { image = "busybox", volumes = Data });
        Assert.Equal("quota", bytes.Code);
        Assert.Contains("of 256 MiB would exceed the 512 MiB of your plan: 300 MiB are taken.", bytes.Text, StringComparison.Ordinal);
        Assert.Equal(201, (await client.PostAsync("/api/v1/volumes", new { name = "b", sizeMiB = 16 })).Status);
        Assert.Contains("limit of 2 volumes", (await client.PostAsync("/api/v1/volumes", new { name = "c", sizeMiB = 16 })).Text, StringComparison.Ordinal);
        foreach (var request in new object[] { new { name = "../x" }, new { name = "" }, new { name = "a.b" }, new { name = "x", sizeMiB = 1 }, new { name = "x", sizeMiB = -5 } })
        {
            Assert.Equal("invalid", (await client.PostAsync("/api/v1/volumes", request)).Code);
        }

        foreach (var path in new[] { "/", "/proc/x", "/sys", "data", "/a/../b", "/a/", "" })
        {
            Assert.Equal("invalid", (await client.PostAsync("/api/v1/playgrounds", new { image = "busybox", volumes = new[] { new { name = "a", path } } })).Code);
        }

        Assert.Empty((await client.GetAsync("/api/v1/playgrounds")).Json!.AsArray());
        Assert.Empty(await web.Runtime.Volumes.ListAsync(Token));
    }

    [Fact]
    public async Task Recipe_of_a_stranger_never_reaches_the_volume_of_that_name()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var author = web.NewClient();
        using var visitor = web.NewClient();
        var recipe = new { nodes = new[] { new { image = "busybox", volumes = new[] { new { name = "data", path = "/in", sizeMiB = 16 } } } } };
        var hash = (string)(await author.PostAsync("/api/v1/links", new { recipe })).Json!["hash"]!;
        await visitor.PostAsync("/api/v1/volumes", new { name = "data", sizeMiB = 16 });

        var (playground, _) = await visitor.LaunchAsync(new { link = hash });

        var volumes = (await visitor.GetAsync("/api/v1/volumes")).Json!.AsArray();
        Assert.Equal("data", (string?)volumes[0]!["name"]);
        Assert.Empty(volumes[0]!["uses"]!.AsArray());
        Assert.StartsWith("data.", (string?)volumes[1]!["name"], StringComparison.Ordinal);
        Assert.Equal(playground, (string?)volumes[1]!["uses"]![0]!["playground"]);
        Assert.Equal("invalid", (await visitor.PostAsync("/api/v1/playgrounds", new { link = hash, volumes = Data })).Code);

        // A link that the visitor makes of that recipe has volumes of its own, too.
        await visitor.DeleteAsync($"/api/v1/playgrounds/{playground}");
        await visitor.DeleteAsync($"/api/v1/volumes/{volumes[1]!["name"]}");
        var own = (string)(await visitor.PostAsync("/api/v1/links", new { recipe, access = "private" })).Json!["hash"]!;
        await visitor.LaunchAsync(new { link = own });
        Assert.Empty((await visitor.GetAsync("/api/v1/volumes/data")).Json!["uses"]!.AsArray());
    }

    [Fact]
    public async Task Save_of_an_own_playground_finds_its_volume_again_and_a_visitor_gets_another()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var owner = web.NewClient();
        using var visitor = web.NewClient();
        var (playground, _) = await owner.LaunchAsync(new { image = "busybox", volumes = Data });
        var saved = (string)(await owner.PostAsync($"/api/v1/playgrounds/{playground}/links", new { access = "anyone" })).Json!["hash"]!;
        await owner.DeleteAsync($"/api/v1/playgrounds/{playground}");

        var (again, _) = await owner.LaunchAsync(new { link = saved });
        await visitor.LaunchAsync(new { link = saved });

        var volume = Assert.Single((await owner.GetAsync("/api/v1/volumes")).Json!.AsArray())!;
        Assert.Equal(("data", again), ((string?)volume["name"], (string?)volume["uses"]![0]!["playground"]));
        Assert.StartsWith("data.", (string?)Assert.Single((await visitor.GetAsync("/api/v1/volumes")).Json!.AsArray())!["name"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Node_gets_volumes_and_one_of_them_writes()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        var (playground, _) = await client.LaunchAsync(new { image = "busybox", volumes = Data });
        var refused = await client.PostAsync($"/api/v1/playgrounds/{playground}/sandboxes", new { name = "db", image = "busybox", volumes = Data });
        Assert.Equal("invalid", refused.Code);
        Assert.Contains("one writer", refused.Text, StringComparison.Ordinal);
        var added = await client.PostAsync($"/api/v1/playgrounds/{playground}/sandboxes", new { name = "db", image = "busybox", volumes = new[] { new { name = "db", path = "/var/lib/db" } } });
        Assert.Equal(201, added.Status);
        Assert.Equal("db", (string?)(await client.GetAsync("/api/v1/volumes/db")).Json!["uses"]![0]!["node"]);
    }

    [Fact]
    public async Task Volumes_without_a_record_are_removed_from_the_runtime()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        var (playground, _) = await client.LaunchAsync(new { image = "busybox", volumes = Data });
        var volumes = web.Services.GetRequiredService<OwnedVolumes>();
        await volumes.CollectAsync(Token);
        Assert.Single(await web.Runtime.Volumes.ListAsync(Token));
        await web.Services.GetRequiredService<SqliteStore>().WriteAsync(db => db.Volumes.ExecuteDeleteAsync(Token));
        await volumes.CollectAsync(Token);
        Assert.Single(await web.Runtime.Volumes.ListAsync(Token)); // it is attached
        await client.DeleteAsync($"/api/v1/playgrounds/{playground}");
        await volumes.CollectAsync(Token);
        Assert.Empty(await web.Runtime.Volumes.ListAsync(Token));
    }
}
