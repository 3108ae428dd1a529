using System.Text.Json.Nodes;
using Sandbox.Core.Errors;
using Xunit;

namespace Sandbox.Web.Tests;

public sealed class LaunchTests
{
    [Fact]
    public async Task A_visitor_without_an_account_launches_an_image_and_ends_it()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();

        var made = await client.PostAsync("/api/v1/playgrounds", new { image = "busybox" });

        Assert.Equal(201, made.Status);
        var id = (string)made.Json!["id"]!;
        Assert.Equal($"/api/v1/playgrounds/{id}", made.Header("Location"));
        Assert.Contains("admit;dur=", made.Header("Server-Timing"), StringComparison.Ordinal);
        Assert.Contains("create;dur=", made.Header("Server-Timing"), StringComparison.Ordinal);
        Assert.Contains("sandbox_guest=", made.Header("Set-Cookie"), StringComparison.Ordinal);
        Assert.Contains("httponly", made.Header("Set-Cookie"), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", made.Header("Set-Cookie"), StringComparison.OrdinalIgnoreCase);
        Assert.Equal("running", (string?)made.Json["state"]);
        Assert.Equal("running", (string?)made.Json["sandboxes"]![0]!["state"]);
        Assert.StartsWith("sha256:", (string?)made.Json["sandboxes"]![0]!["digest"], StringComparison.Ordinal);
        Assert.Equal("granted", (string?)made.Json["lease"]!["state"]);
        Assert.Null(made.Json["lease"]!["reason"]);

        var list = await client.GetAsync("/api/v1/playgrounds");
        Assert.Equal(id, (string?)Assert.Single(list.Json!.AsArray())!["id"]);

        Assert.Equal(204, (await client.DeleteAsync($"/api/v1/playgrounds/{id}")).Status);
        var ended = (await client.GetAsync($"/api/v1/playgrounds/{id}")).Json!;
        Assert.Equal("ended", (string?)ended["state"]);
        Assert.Equal("removed", (string?)ended["lease"]!["reason"]);
        Assert.Empty(await web.Runtime.Sandboxes.ListAsync(TestContext.Current.CancellationToken));
        Assert.Equal(204, (await client.DeleteAsync($"/api/v1/playgrounds/{id}")).Status);
    }

    [Fact]
    public async Task A_recipe_brings_files_variables_and_setup()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();

        var (_, sandbox) = await client.LaunchAsync(new
        {
            recipe = new
            {
                nodes = new[]
                {
                    new
                    {
                        name = "box",
                        image = "busybox",
                        env = new Dictionary<string, string> { ["GREETING"] = "hello" },
                        files = new[] { new { path = "/root/hi", text = "hi\n" } },
                        setup = new[] { new[] { "ln", "-s", "/root/hi", "/root/link" } },
                    },
                },
            },
        });

        Assert.Equal("hello\n", (string?)(await client.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "printenv", "GREETING" } })).Json!["stdout"]);
        Assert.Equal("hi\n", (await client.GetAsync($"/api/v1/sandboxes/{sandbox}/files/root/link")).Text);
        Assert.Equal("box\n", (string?)(await client.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "hostname" } })).Json!["stdout"]);
    }

    [Fact]
    public async Task Ten_launches_at_one_instant_by_one_person_admit_three()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        await client.GetAsync("/api/v1/playgrounds");

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => client.PostAsync("/api/v1/playgrounds", new { image = "busybox" })));

        Assert.Equal(3, answers.Count(answer => answer.Status == 201));
        Assert.All(answers.Where(answer => answer.Status != 201), answer =>
        {
            Assert.Equal(429, answer.Status);
            Assert.Equal("quota", answer.Code);
            Assert.Equal("application/problem+json", answer.Message.Content.Headers.ContentType!.MediaType);
        });
        Assert.Equal(3, web.Runtime.Calls.Count(call => call == "Create"));
    }

    [Fact]
    public async Task A_failed_create_frees_the_quota_and_leaves_nothing()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        web.Runtime.Before = (call, _) => call == "Create" ? throw new SandboxException(ErrorCode.DiskFull, "The host's disk is full.") : Task.CompletedTask;
        for (var attempt = 0; attempt < 4; attempt++)
        {
            var refused = await client.PostAsync("/api/v1/playgrounds", new { image = "busybox" });
            Assert.Equal(507, refused.Status);
            Assert.Equal("disk_full", refused.Code);
        }

        web.Runtime.Before = null;
        Assert.Empty((await client.GetAsync("/api/v1/playgrounds")).Json!.AsArray());
        await client.LaunchAsync();
    }

    [Fact]
    public async Task A_failing_setup_command_is_told_and_removes_the_sandbox()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();

        var failed = await client.PostAsync("/api/v1/playgrounds", new { recipe = new { nodes = new[] { new { image = "busybox", setup = new[] { new[] { "cat", "/missing" } } } } } });
        var unknown = await client.PostAsync("/api/v1/playgrounds", new { recipe = new { nodes = new[] { new { image = "busybox", setup = new[] { new[] { "no-such-program" } } } } } });

        Assert.Equal((422, "setup_failed"), (failed.Status, failed.Code));
        Assert.Contains("cat /missing", (string?)failed.Json!["detail"], StringComparison.Ordinal);
        Assert.Equal((422, "command_not_found"), (unknown.Status, unknown.Code));
        Assert.Empty(await web.Runtime.Sandboxes.ListAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task One_idempotency_key_is_one_playground()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        await client.GetAsync("/api/v1/playgrounds");
        client.Headers["Idempotency-Key"] = "click-1";

        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => client.PostAsync("/api/v1/playgrounds", new { image = "busybox" })));
        var other = await client.PostAsync("/api/v1/playgrounds", new { recipe = new { nodes = new[] { new { image = "busybox", name = "other" } } } });

        Assert.All(answers, answer => Assert.Equal(201, answer.Status));
        Assert.Single(answers.Select(answer => (string)answer.Json!["id"]!).Distinct());
        Assert.Equal((409, "conflict"), (other.Status, other.Code));
        Assert.Single(await web.Runtime.Sandboxes.ListAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_launch_whose_client_goes_away_leaves_nothing()
    {
        var creating = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        await client.GetAsync("/api/v1/playgrounds");
        web.Runtime.Before = async (call, cancellationToken) =>
        {
            if (call == "Create")
            {
                creating.TrySetResult();
                await goOn.Task.WaitAsync(cancellationToken);
            }
        };
        using var leave = new CancellationTokenSource();
        var launch = client.SendUntilAsync(HttpMethod.Post, "/api/v1/playgrounds", new StringContent("""{"image":"busybox"}""", System.Text.Encoding.UTF8, "application/json"), leave.Token);
        await creating.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => launch);

        await WebUnderTest.Until(async () => (await client.GetAsync("/api/v1/playgrounds")).Json!.AsArray().All(row => (string?)row!["state"] == "ended"));
        goOn.SetResult();
        web.Runtime.Before = null;
        await WebUnderTest.Until(async () => (await web.Runtime.Sandboxes.ListAsync(TestContext.Current.CancellationToken)).Count == 0);
    }

    [Fact]
    public async Task A_slow_launch_is_answered_202_and_goes_on()
    {
        var goOn = new TaskCompletionSource();
        await using var web = await WebUnderTest.StartAsync(new() { ["Limits"] = new { LaunchWaitSeconds = 1 } });
        using var client = web.NewClient();
        web.Runtime.Before = (call, cancellationToken) => call == "Create" ? goOn.Task.WaitAsync(cancellationToken) : Task.CompletedTask;

        var answer = await client.PostAsync("/api/v1/playgrounds", new { image = "busybox" });
        Assert.Equal((202, "starting"), (answer.Status, (string?)answer.Json!["state"]));

        goOn.SetResult();
        await WebUnderTest.Until(async () => (string?)(await client.GetAsync(answer.Header("Location")!)).Json!["state"] == "running");
    }

    [Fact]
    public async Task A_launch_of_an_image_still_being_made_waits_in_the_queue_and_starts()
    {
        var goOn = new TaskCompletionSource();
        await using var web = await WebUnderTest.StartAsync(ready: false, runtime: fake =>
            fake.Before = (call, cancellationToken) => call == "UnpackImage" ? goOn.Task.WaitAsync(cancellationToken) : Task.CompletedTask);
        using var client = web.NewClient();

        var queued = await client.PostAsync("/api/v1/playgrounds", new { image = "busybox" });
        Assert.Equal((202, "queued"), (queued.Status, (string?)queued.Json!["state"]));
        Assert.Contains("busybox", (string?)queued.Json["progress"], StringComparison.Ordinal);
        Assert.DoesNotContain("Create", web.Runtime.Calls);

        goOn.SetResult();
        await WebUnderTest.Until(async () => (string?)(await client.GetAsync(queued.Header("Location")!)).Json!["state"] == "running");
    }

    [Fact]
    public async Task What_waits_for_an_image_that_cannot_be_made_ends_with_the_reason()
    {
        var goOn = new TaskCompletionSource();
        await using var web = await WebUnderTest.StartAsync(ready: false, runtime: fake =>
            fake.Before = async (call, cancellationToken) =>
            {
                if (call == "UnpackImage")
                {
                    await goOn.Task.WaitAsync(cancellationToken);
                    throw new SandboxException(ErrorCode.RegistryUnreachable, "The registry does not answer.");
                }
            });
        using var client = web.NewClient();
        var queued = await client.PostAsync("/api/v1/playgrounds", new { image = "busybox" });

        goOn.SetResult();

        JsonNode? last = null;
        await WebUnderTest.Until(async () => (string?)(last = (await client.GetAsync(queued.Header("Location")!)).Json)!["state"] == "ended");
        Assert.Equal("launch_failed", (string?)last!["lease"]!["reason"]);
        Assert.Contains("The registry does not answer.", (string?)last["error"]!["message"], StringComparison.Ordinal);
        var refused = await client.PostAsync("/api/v1/playgrounds", new { image = "busybox" });
        Assert.Equal((404, "image_not_found"), (refused.Status, refused.Code));
    }

    [Fact]
    public async Task The_host_is_full_when_its_memory_is_promised()
    {
        await using var web = await WebUnderTest.StartAsync(new() { ["Limits"] = new { CommittedMemoryBytes = 1024L << 20 } });
        using var one = web.NewClient();
        using var two = web.NewClient();
        await one.LaunchAsync();
        await one.LaunchAsync();

        var refused = await two.PostAsync("/api/v1/playgrounds", new { image = "busybox", queue = false });

        Assert.Equal((429, "capacity"), (refused.Status, refused.Code));
    }

    [Fact]
    public async Task Guests_of_one_address_leave_room_for_others()
    {
        await using var web = await WebUnderTest.StartAsync(new() { ["Proxies"] = new[] { "127.0.0.1" }, ["Limits"] = new { CommittedMemoryBytes = 6L << 30 } });
        var launched = 0;
        Answer refused;
        do
        {
            using var guest = web.NewClient();
            guest.Headers["X-Forwarded-For"] = "203.0.113.1";
            refused = await guest.PostAsync("/api/v1/playgrounds", new { image = "busybox", queue = false });
            launched += refused.Status == 201 ? 1 : 0;
        }
        while (refused.Status == 201);

        Assert.Equal((429, "capacity"), (refused.Status, refused.Code));
        Assert.Contains("network", refused.Text, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromMinutes(1), refused.Message.Headers.RetryAfter?.Delta);
        Assert.Equal(8, launched); // of 12
        using var other = web.NewClient();
        other.Headers["X-Forwarded-For"] = "203.0.113.2";
        await other.LaunchAsync();
        await other.LaunchAsync();
    }
}
