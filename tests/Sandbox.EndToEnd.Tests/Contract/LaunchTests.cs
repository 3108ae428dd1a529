using System.Text;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

public sealed class LaunchTests
{
    private static readonly string[] States = ["making", "ready", "failed"];

    [Fact]
    public async Task The_catalog_names_digest_size_and_state()
    {
        await using var caller = new Caller();
        var answer = await caller.GetAsync("/api/v1/images");
        Assert.Equal((200, "application/json"), (answer.Status, answer.Message.Content.Headers.ContentType!.MediaType));
        var images = answer.Json.AsArray();
        Assert.Superset(new HashSet<string> { "busybox", "debian", "python", "node", "postgres", "docker" }, images.Select(image => (string)image!["name"]!).ToHashSet());
        Assert.All(images, image => Assert.Contains((string)image!["state"]!, States));
        var busybox = images.Single(image => (string)image!["name"]! == "busybox")!;
        Assert.Equal("ready", (string?)busybox["state"]);
        Assert.Matches("^sha256:[0-9a-f]{64}$", (string)busybox["digest"]!);
        Assert.True((long)busybox["size"]! > 100_000);
    }

    [Fact]
    public async Task An_image_becomes_a_playground_that_runs_until_it_is_ended()
    {
        await using var caller = new Caller();
        var launched = await caller.PostAsync("/api/v1/playgrounds", new { image = "busybox" });
        Assert.Equal(201, launched.Status);
        var id = (string)launched.Json["id"]!;
        Assert.EndsWith("/api/v1/playgrounds/" + id, launched.Header("Location"), StringComparison.Ordinal);
        Assert.Equal("running", (string?)launched.Json["state"]);
        var sandbox = launched.Json["sandboxes"]![0]!;
        Assert.Equal(("main", "busybox", "running"), ((string)sandbox["name"]!, (string)sandbox["image"]!, (string)sandbox["state"]!));
        Assert.StartsWith("sha256:", (string)sandbox["digest"]!, StringComparison.Ordinal);
        Assert.Equal("granted", (string?)launched.Json["lease"]!["state"]);
        Assert.True((DateTimeOffset)launched.Json["lease"]!["endsAt"]! > DateTimeOffset.UtcNow.AddMinutes(1));
        Assert.NotNull(launched.Json["urls"]);

        Assert.Equal(id, (string?)(await caller.GetAsync("/api/v1/playgrounds/" + id)).Json["id"]);
        Assert.Contains((await caller.GetAsync("/api/v1/playgrounds")).Json.AsArray(), listed => (string?)listed!["id"] == id);

        var extended = await caller.PostAsync($"/api/v1/playgrounds/{id}/extend");
        Assert.Equal(200, extended.Status);
        Assert.True((DateTimeOffset)extended.Json["lease"]!["endsAt"]! > (DateTimeOffset)launched.Json["lease"]!["endsAt"]!);
        Assert.Equal("extended", (string?)extended.Json["lease"]!["state"]);

        Assert.Equal(204, (await caller.DeleteAsync("/api/v1/playgrounds/" + id)).Status);
        Assert.Equal(204, (await caller.DeleteAsync("/api/v1/playgrounds/" + id)).Status);
        var ended = (await caller.GetAsync("/api/v1/playgrounds/" + id)).Json;
        Assert.Equal(("ended", "removed"), ((string)ended["state"]!, (string)ended["lease"]!["reason"]!));
        Assert.NotEmpty((string)ended["lease"]!["message"]!);
        Assert.Equal("conflict", (await caller.PostAsync($"/api/v1/playgrounds/{id}/extend")).Code);
        Assert.Equal("not_found", (await caller.PostAsync($"/api/v1/sandboxes/{sandbox["id"]}/exec", new { command = new[] { "true" } })).Code);
        Assert.False(Directory.Exists(Instance.RecordOf((string)sandbox["id"]!)));
    }

    [Fact]
    public async Task A_recipe_brings_env_workdir_user_files_and_setup()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync(new
        {
            recipe = new
            {
                nodes = new[]
                {
                    new
                    {
                        name = "box",
                        image = "busybox",
                        env = new Dictionary<string, string> { ["GREETING"] = "a 'b' $c\nd" },
                        workdir = "/srv/work",
                        user = "1000:1000",
                        files = new object[]
                        {
                            new { path = "/srv/work/text", text = "naïve\n" },
                            new { path = "/srv/bytes/one", base64 = Convert.ToBase64String([0, 255, 10, 13]), mode = "0751" },
                        },
                        setup = new[] { new[] { "sh", "-c", "id -u > /tmp/who" }, ["sh", "-c", "cat /srv/work/text > /tmp/copy"] },
                    },
                },
            },
        });
        Assert.Equal("a 'b' $c\nd|/srv/work|1000|box", await caller.ShellAsync(sandbox, "printf '%s|%s|%s|%s' \"$GREETING\" \"$PWD\" $(id -u) $(hostname)"));
        Assert.Equal("1000\nnaïve\n", await caller.ShellAsync(sandbox, "cat /tmp/who /tmp/copy"));
        Assert.Equal("751\n", await caller.ShellAsync(sandbox, "stat -c %a /srv/bytes/one"));
        Assert.Equal([0, 255, 10, 13], (await caller.GetAsync($"/api/v1/sandboxes/{sandbox}/files/srv/bytes/one")).Body);
    }

    [Fact]
    public async Task A_failing_setup_is_reported_and_nothing_is_left()
    {
        await using var caller = await Caller.NewGuestAsync();
        var answer = await caller.PostAsync("/api/v1/playgrounds", new
        {
            recipe = new { nodes = new[] { new { image = "busybox", setup = new[] { new[] { "sh", "-c", "echo it broke >&2; exit 3" } } } } },
        });
        Assert.Equal((422, "setup_failed"), (answer.Status, answer.Code));
        Assert.Contains("it broke", (string)answer.Json["detail"]!, StringComparison.Ordinal);
        Assert.Empty((await caller.GetAsync("/api/v1/playgrounds")).Json.AsArray());

        var missing = await caller.PostAsync("/api/v1/playgrounds", new { recipe = new { nodes = new[] { new { image = "busybox", setup = new[] { new[] { "no-such-command" } } } } } });
        Assert.Equal((422, "command_not_found"), (missing.Status, missing.Code));
        Assert.Empty((await caller.GetAsync("/api/v1/playgrounds")).Json.AsArray());
    }

    [Theory]
    [InlineData("{\"image\":\"no-such-image\"}", 404, "image_not_found")]
    [InlineData("{\"image\":\"../../etc/passwd\"}", 404, "image_not_found")]
    [InlineData("{\"image\":null}", 400, "invalid")]
    [InlineData("{\"image\":7}", 400, "invalid")]
    [InlineData("{\"image\":\"busybox\",\"recipe\":{\"nodes\":[{\"image\":\"busybox\"}]}}", 400, "invalid")]
    [InlineData("{\"image\":\"busybox\",\"image\":\"debian\"}", 400, "invalid")]
    [InlineData("{\"image\":\"busybox\",\"hostPath\":\"/\"}", 400, "invalid")]
    [InlineData("{\"recipe\":{\"nodes\":[]}}", 400, "invalid")]
    [InlineData("{\"recipe\":{\"nodes\":[{\"image\":\"busybox\"},{\"image\":\"busybox\"}]}}", 400, "invalid")]
    [InlineData("{\"recipe\":{\"nodes\":[{\"image\":\"busybox\",\"files\":[{\"path\":\"/a/../../etc/x\",\"text\":\"\"}]}]}}", 400, "invalid")]
    [InlineData("{\"recipe\":{\"nodes\":[{\"image\":\"busybox\",\"files\":[{\"path\":\"/a\",\"base64\":\"!\"}]}]}}", 400, "invalid")]
    [InlineData("{\"recipe\":{\"nodes\":[{\"image\":\"busybox\",\"files\":[{\"path\":\"/a\",\"text\":\"\",\"mode\":\"99\"}]}]}}", 400, "invalid")]
    [InlineData("{\"recipe\":{\"nodes\":[{\"image\":\"busybox\",\"env\":{\"A=B\":\"x\"}}]}}", 400, "invalid")]
    [InlineData("{\"recipe\":{\"nodes\":[{\"image\":\"busybox\",\"env\":{\"A\":null}}]}}", 400, "invalid")]
    [InlineData("{\"recipe\":{\"nodes\":[{\"image\":\"busybox\",\"workdir\":\"relative\"}]}}", 400, "invalid")]
    [InlineData("{\"recipe\":{\"nodes\":[{\"image\":\"busybox\",\"setup\":[[]]}]}}", 400, "invalid")]
    [InlineData("{\"recipe\":{\"nodes\":[{\"image\":\"busybox\",\"name\":\"-o; rm\"}]}}", 400, "invalid")]
    [InlineData("{\"recipe\":{\"nodes\":[null]}}", 400, "invalid")]
    [InlineData("{\"image\":", 400, "invalid")]
    [InlineData("null", 400, "invalid")]
    [InlineData("", 400, "invalid")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", 400, "invalid")]
    public async Task A_bad_launch_is_refused_with_a_code(string body, int status, string code)
    {
        await using var caller = await Caller.NewGuestAsync();
        var answer = await caller.PostAsync("/api/v1/playgrounds", body);
        Assert.Equal((status, code), (answer.Status, answer.Code));
        Assert.DoesNotContain("Sandbox.", answer.Text, StringComparison.Ordinal);
        Assert.Empty((await caller.GetAsync("/api/v1/playgrounds")).Json.AsArray());
    }

    [Fact]
    public async Task An_unknown_user_is_refused_and_nothing_is_left()
    {
        await using var caller = await Caller.NewGuestAsync();
        var answer = await caller.PostAsync("/api/v1/playgrounds", "{\"recipe\":{\"nodes\":[{\"image\":\"busybox\",\"user\":\"nobody-of-that-name\"}]}}");
        Assert.True(answer.Status is 400 or 422, answer.Text);
        Assert.NotEmpty(answer.Code);
        Assert.Empty((await caller.GetAsync("/api/v1/playgrounds")).Json.AsArray());
    }

    [Fact]
    public async Task An_oversized_body_is_413()
    {
        await using var caller = await Caller.NewGuestAsync();
        var answer = await caller.PostAsync("/api/v1/playgrounds", new { image = new string('x', 3 * 1024 * 1024) });
        Assert.Equal((413, "too_large"), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task One_idempotency_key_is_one_playground_also_at_one_instant()
    {
        await using var caller = await Caller.NewGuestAsync();
        caller.Headers["Idempotency-Key"] = "twice";
        var both = await Task.WhenAll(caller.PostAsync("/api/v1/playgrounds", new { image = "busybox" }), caller.PostAsync("/api/v1/playgrounds", new { image = "busybox" }));
        Assert.All(both, answer => Assert.Equal(201, answer.Status));
        Assert.Equal((string?)both[0].Json["id"], (string?)both[1].Json["id"]);
        Assert.Equal((string?)both[0].Json["id"], (string?)(await caller.PostAsync("/api/v1/playgrounds", new { image = "busybox" })).Json["id"]);
        Assert.Equal("conflict", (await caller.PostAsync("/api/v1/playgrounds", new { image = "debian" })).Code);
        Assert.Single((await caller.GetAsync("/api/v1/playgrounds")).Json.AsArray());

        await using var other = await Caller.NewGuestAsync();
        other.Headers["Idempotency-Key"] = "twice";
        Assert.NotEqual((string?)both[0].Json["id"], (string?)(await other.PostAsync("/api/v1/playgrounds", new { image = "busybox" })).Json["id"]);

        caller.Headers["Idempotency-Key"] = new string('k', 256);
        Assert.Equal("invalid", (await caller.PostAsync("/api/v1/playgrounds", new { image = "busybox" })).Code);
    }

    [Fact]
    public async Task Ten_launches_at_one_instant_by_one_person_admit_three()
    {
        await using var caller = await Caller.NewGuestAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => caller.PostAsync("/api/v1/playgrounds", new { image = "busybox" })));
        Assert.Equal(3, answers.Count(answer => answer.Status == 201));
        Assert.All(answers.Where(answer => answer.Status != 201), answer => Assert.Equal((429, "quota"), (answer.Status, answer.Code)));

        await caller.DeleteAsync("/api/v1/playgrounds/" + (string?)answers.First(answer => answer.Status == 201).Json["id"]);
        await caller.LaunchAsync();
    }

    [Fact]
    public async Task A_foreign_or_malformed_id_is_not_found()
    {
        await using var owner = await Caller.NewGuestAsync();
        await using var stranger = await Caller.NewGuestAsync();
        await using var nobody = new Caller();
        var (playground, sandbox) = await owner.LaunchAsync();
        await owner.PutAsync($"/api/v1/sandboxes/{sandbox}/files/tmp/secret", "mine"u8.ToArray());
        foreach (var who in new[] { stranger, nobody })
        {
            foreach (var (place, box) in new[] { (playground, sandbox), ("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa"), ("x", "x"), ("%2e%2e", "%2e%2e"), ("AAAAAAAAAAAAAAAA", sandbox.ToUpperInvariant()), (playground + "%0A", sandbox + "%20"), ("1%20OR%201=1", "'--") })
            {
                Assert.Equal((404, "not_found"), Told(await who.GetAsync($"/api/v1/playgrounds/{place}")));
                Assert.Equal((404, "not_found"), Told(await who.DeleteAsync($"/api/v1/playgrounds/{place}")));
                Assert.Equal((404, "not_found"), Told(await who.PostAsync($"/api/v1/playgrounds/{place}/extend")));
                foreach (var verb in new[] { "start", "stop", "restart", "pause", "resume" })
                {
                    Assert.Equal((404, "not_found"), Told(await who.PostAsync($"/api/v1/sandboxes/{box}/{verb}")));
                }

                Assert.Equal((404, "not_found"), Told(await who.GetAsync($"/api/v1/sandboxes/{box}/terminals")));
                Assert.Equal((404, "not_found"), Told(await who.PostAsync($"/api/v1/sandboxes/{box}/exec", new { command = new[] { "id" } })));
                Assert.Equal((404, "not_found"), Told(await who.GetAsync($"/api/v1/sandboxes/{box}/files/tmp/secret")));
                Assert.Equal((404, "not_found"), Told(await who.PutAsync($"/api/v1/sandboxes/{box}/files/tmp/secret", [1])));
                Assert.Equal((404, "not_found"), Told(await who.DeleteAsync($"/api/v1/sandboxes/{box}/files/tmp/secret")));
            }
        }

        Assert.Equal("running", (string?)(await owner.GetAsync("/api/v1/playgrounds/" + playground)).Json["state"]);
        Assert.Equal("mine", Encoding.UTF8.GetString((await owner.GetAsync($"/api/v1/sandboxes/{sandbox}/files/tmp/secret")).Body));
    }

    [Fact]
    public async Task Sandboxes_of_one_image_do_not_see_each_others_files()
    {
        await using var one = await Caller.NewGuestAsync();
        await using var other = await Caller.NewGuestAsync();
        var (_, first) = await one.LaunchAsync();
        var (_, second) = await other.LaunchAsync();
        await one.ShellAsync(first, "echo mine > /mark; echo x >> /etc/passwd");
        Assert.Equal(404, (await other.GetAsync($"/api/v1/sandboxes/{second}/files/mark")).Status);
        Assert.NotEqual("x\n", await other.ShellAsync(second, "tail -n 1 /etc/passwd"));
    }

    [Fact]
    public async Task Sandboxes_are_stopped_started_restarted_paused_and_resumed()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (playground, sandbox) = await caller.LaunchAsync();
        await caller.ShellAsync(sandbox, "echo kept > /root/kept");
        foreach (var (verb, status, state) in new[]
        {
            ("resume", 409, "running"), ("start", 409, "running"), ("pause", 200, "paused"), ("pause", 409, "paused"), ("start", 409, "paused"),
            ("resume", 200, "running"), ("stop", 200, "stopped"), ("stop", 409, "stopped"), ("pause", 409, "stopped"), ("resume", 409, "stopped"),
            ("start", 200, "running"), ("restart", 200, "running"),
        })
        {
            var answer = await caller.PostAsync($"/api/v1/sandboxes/{sandbox}/{verb}");

            // A change to the state that it is in already may succeed.
            Assert.True(answer.Status == status || (status == 409 && answer.Status == 200 && (string?)answer.Json["state"] == state), $"{verb}: {answer.Status} {answer.Text}");
            Assert.Equal((verb, state), (verb, (string?)(await caller.GetAsync("/api/v1/playgrounds/" + playground)).Json["state"]));
            if (state is "paused" or "stopped")
            {
                var refused = await caller.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "true" } });
                Assert.Equal((verb, 409, "conflict"), (verb, refused.Status, refused.Code));
            }
        }

        Assert.Equal("kept\n", await caller.ShellAsync(sandbox, "cat /root/kept"));
        Assert.Equal(404, (await caller.PostAsync($"/api/v1/sandboxes/{sandbox}/destroy")).Status);
    }

    [Fact]
    public async Task A_caller_without_cookies_is_the_guest_of_its_token()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (playground, _) = await caller.LaunchAsync();
        await using var same = new Caller();
        same.Headers["Authorization"] = caller.Headers["Authorization"];
        Assert.Equal(200, (await same.GetAsync("/api/v1/playgrounds/" + playground)).Status);

        foreach (var wrong in new[] { "Bearer wrong", "Bearer ", "Bearer " + new string('x', 4000), "bearer null" })
        {
            await using var stranger = new Caller();
            stranger.Headers["Authorization"] = wrong;
            var answer = await stranger.GetAsync("/api/v1/playgrounds/" + playground);
            Assert.True((answer.Status, answer.Code) is (401, "unauthorized") or (404, "not_found"), wrong + answer.Text);
        }

        // A token in the address is for the hub only: addresses end up in logs.
        await using var query = new Caller();
        Assert.Equal(404, (await query.GetAsync($"/api/v1/playgrounds/{playground}?access_token={caller.Headers["Authorization"][7..]}")).Status);
    }

    private static (int Status, string Code) Told(Answer answer) => (answer.Status, answer.Code);
}
