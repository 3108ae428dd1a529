using System.Text.Json.Nodes;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

public sealed class OperatorTests
{
    [Fact]
    public async Task A_link_signs_in_once_and_viewing_it_does_not_use_it_up()
    {
        var link = await Instance.NewAdminLinkAsync();
        var token = link.Query["?token=".Length..];
        await using var first = new Caller();
        await using var second = new Caller();
        Assert.Equal(200, (await first.GetAsync(link.PathAndQuery)).Status);
        Assert.Equal(200, (await first.GetAsync(link.PathAndQuery)).Status);

        // Ten at one instant: one of them is signed in.
        var all = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => SignInAsync(first, token)));
        var signedIn = Assert.Single(all, answer => answer.Status == 303);
        Assert.Equal("/admin", signedIn.Header("Location"));
        Assert.All(all.Where(answer => answer != signedIn), answer => Assert.Equal(410, answer.Status));
        var cookie = signedIn.Header("Set-Cookie")!;
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(410, (await SignInAsync(second, token)).Status);
        Assert.Equal(410, (await SignInAsync(second, "")).Status);
        Assert.Equal(410, (await SignInAsync(second, new string('x', 100_000))).Status);
        Assert.DoesNotContain("<script>", (await second.GetAsync("/admin/sign-in?token=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")).Text, StringComparison.Ordinal);

        first.Headers["Accept"] = second.Headers["Accept"] = "text/html";
        Assert.Equal(200, (await first.GetAsync("/admin")).Status);
        Assert.Equal(200, (await first.GetAsync("/api/v1/admin/plans")).Status);
        Assert.Equal(404, (await second.GetAsync("/admin")).Status);

        // Signed out, the session is over wherever its cookie is kept.
        second.Headers["Cookie"] = cookie.Split(';')[0];
        Assert.Equal(200, (await second.GetAsync("/api/v1/admin/plans")).Status);
        Assert.Equal(303, (await first.PostAsync("/admin/sign-out")).Status);
        Assert.Equal(403, (await first.GetAsync("/api/v1/admin/plans")).Status is var status && status == 401 ? 403 : status);
        Assert.NotEqual(200, (await second.GetAsync("/api/v1/admin/plans")).Status);
    }

    [Fact]
    public async Task An_operator_ends_a_playground_with_a_reason_its_owner_reads()
    {
        await using var operators = await Caller.NewOperatorAsync();
        await using var guest = await Caller.NewGuestAsync();
        var (playground, sandbox) = await guest.LaunchAsync();
        var running = (await operators.GetAsync("/api/v1/admin/playgrounds")).Json.AsArray();
        Assert.Single(running, row => (string?)row!["playground"]!["id"] == playground);

        foreach (var bad in new[] { "", " ", "a\nb", new string('x', 201) })
        {
            Assert.Equal("invalid", (await operators.PostAsync($"/api/v1/admin/playgrounds/{playground}/end", new { reason = bad })).Code);
        }

        Assert.Equal("not_found", (await operators.PostAsync("/api/v1/admin/playgrounds/aaaaaaaaaaaaaaaa/end", new { reason = "x" })).Code);
        Assert.Equal(403, (await guest.PostAsync($"/api/v1/admin/playgrounds/{playground}/end", new { reason = "mine" })).Status);
        Assert.Equal(204, (await operators.PostAsync($"/api/v1/admin/playgrounds/{playground}/end", new { reason = "<b>mining</b>" })).Status);
        var lease = (await guest.GetAsync("/api/v1/playgrounds/" + playground)).Json["lease"]!;
        Assert.Equal(("operator", "<b>mining</b>"), ((string)lease["reason"]!, (string)lease["message"]!));
        Assert.False(Directory.Exists(Instance.RecordOf(sandbox)));
        guest.Headers["Accept"] = "text/html";
        Assert.DoesNotContain("<b>mining", (await guest.GetAsync("/p/" + playground)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_playground_ends_at_its_deadline_and_when_it_idles()
    {
        await using var operators = await Caller.NewOperatorAsync();
        var guestPlan = (await operators.GetAsync("/api/v1/admin/plans")).Json.AsArray().Single(row => (string)row!["name"]! == "guest")!;
        await SavePlanAsync(operators, guestPlan, "contract-short", plan => (plan["minutes"], plan["maxMinutes"], plan["idleMinutes"]) = (1, 1, 5));
        await SavePlanAsync(operators, guestPlan, "contract-idle", plan => plan["idleMinutes"] = 1);
        var mistakes = await operators.PutJsonAsync("/api/v1/admin/plans/contract-bad", Changed(guestPlan, "contract-bad", plan => (plan["minutes"], plan["playgrounds"]) = (0, -1)));
        Assert.Equal("invalid", mistakes.Code);
        Assert.Contains("minutes", mistakes.Text, StringComparison.Ordinal);
        Assert.Contains("playgrounds", mistakes.Text, StringComparison.Ordinal);

        await using var hasty = await Caller.NewGuestAsync();
        await using var idle = await Caller.NewGuestAsync();
        await MoveAsync(operators, hasty, "contract-short");
        await MoveAsync(operators, idle, "contract-idle");
        var (shortLived, _) = await hasty.LaunchAsync();
        var (left, _) = await idle.LaunchAsync();
        var (attended, sandbox) = await idle.LaunchAsync();
        Assert.Equal("warning", (string?)(await hasty.GetAsync("/api/v1/playgrounds/" + shortLived)).Json["lease"]!["state"]);
        var refused = await hasty.PostAsync($"/api/v1/playgrounds/{shortLived}/extend");
        Assert.Equal((429, "quota"), (refused.Status, refused.Code));

        // Somebody looks at this one.
        await using var hub = await idle.ConnectAsync();
        await using var screen = new Screen(hub, await Microsoft.AspNetCore.SignalR.Client.HubConnectionExtensions.InvokeAsync<string>(hub, "Open", sandbox, 80, 24, null, TestContext.Current.CancellationToken));

        var expired = await hasty.UntilAsync(shortLived, row => (string?)row["state"] == "ended", seconds: 90);
        Assert.Equal("expired", (string?)expired["lease"]!["reason"]);
        var unattended = await idle.UntilAsync(left, row => (string?)row["state"] == "ended", seconds: 90);
        Assert.Equal("idle", (string?)unattended["lease"]!["reason"]);
        Assert.NotEmpty((string)unattended["lease"]!["message"]!);
        Assert.Equal("running", (string?)(await idle.GetAsync("/api/v1/playgrounds/" + attended)).Json["state"]);
    }

    [Fact]
    public async Task A_hidden_image_is_not_offered_and_a_broken_one_is_reported()
    {
        await using var operators = await Caller.NewOperatorAsync();
        Assert.Equal("invalid", (await operators.PostAsync("/api/v1/admin/images", new { name = "../x", recipe = "busybox" })).Code);
        Assert.Equal("invalid", (await operators.PostAsync("/api/v1/admin/images", new { name = "both", recipe = "busybox", reference = "docker.io/library/busybox" })).Code);
        Assert.Equal("conflict", (await operators.PostAsync("/api/v1/admin/images", new { name = "busybox", recipe = "busybox" })).Code);
        Assert.Equal("not_found", (await operators.PostAsync("/api/v1/admin/images/no-such/hide")).Code is var code && code == "image_not_found" ? "not_found" : code);

        Assert.Equal(202, (await operators.SendAsync(HttpMethod.Post, "/api/v1/admin/images?archive=oci&name=contract-broken&title=t&description=d", new ByteArrayContent(new byte[4096]))).Status);
        JsonNode? broken = null;
        await Instance.UntilAsync(async () =>
        {
            broken = (await operators.GetAsync("/api/v1/admin/images")).Json.AsArray().Single(row => (string)row!["name"]! == "contract-broken");
            return (string)broken!["state"]! == "failed";
        });
        Assert.NotEmpty((string)broken!["error"]!);
        await using var guest = await Caller.NewGuestAsync();
        var refused = await guest.PostAsync("/api/v1/playgrounds", new { image = "contract-broken" });
        Assert.Equal((404, "image_not_found"), (refused.Status, refused.Code));
        Assert.Equal(204, (await operators.DeleteAsync("/api/v1/admin/images/contract-broken")).Status);
    }

    [Fact]
    public async Task A_launch_of_an_image_that_is_being_made_is_202_and_starts_when_it_is_ready()
    {
        await using var operators = await Caller.NewOperatorAsync();
        await using var guest = await Caller.NewGuestAsync();
        Assert.Equal(202, (await operators.PostAsync("/api/v1/admin/images", new { name = "contract-box", title = "t", description = "d", recipe = "busybox" })).Status);
        try
        {
            // Making it takes a moment; whichever comes first, it runs in the end.
            var answer = await guest.PostAsync("/api/v1/playgrounds", new { image = "contract-box" });
            Assert.True(answer.Status is 201 or 202, answer.Text);
            if (answer.Status == 202)
            {
                Assert.Equal("queued", (string?)answer.Json["state"]);
                Assert.NotEmpty((string)answer.Json["progress"]!);
                Assert.NotNull(answer.Header("Location"));
            }

            var row = await guest.UntilAsync((string)answer.Json["id"]!, row => (string?)row["state"] == "running", seconds: 180);
            Assert.Equal("hi\n", await guest.ShellAsync((string)row["sandboxes"]![0]!["id"]!, "echo hi"));
            await guest.DeleteAsync("/api/v1/playgrounds/" + (string?)row["id"]);
        }
        finally
        {
            await operators.DeleteAsync("/api/v1/admin/images/contract-box");
        }
    }

    [Fact]
    public async Task A_plan_that_requires_gVisor_gives_its_sandboxes_a_kernel_of_their_own_from_the_next_launch_on()
    {
        await using var operators = await Caller.NewOperatorAsync();
        await using var guest = await Caller.NewGuestAsync();
        var guestPlan = (await operators.GetAsync("/api/v1/admin/plans")).Json.AsArray().Single(row => (string)row!["name"]! == "guest")!;
        var required = Changed(guestPlan, "contract-gvisor", plan => plan["isolation"] = "gvisor");
        if (!(await guest.GetAsync("/api/v1/status")).Json["features"]!["isolationClasses"]!.AsArray().Any(name => (string)name! == "gvisor"))
        {
            Assert.Equal("isolation_unavailable", (await operators.PutJsonAsync("/api/v1/admin/plans/contract-gvisor", required)).Code);
            return;
        }

        Assert.Equal(204, (await operators.PutJsonAsync("/api/v1/admin/plans/contract-gvisor", required)).Status);
        await MoveAsync(operators, guest, "contract-gvisor");
        var (playground, sandbox) = await guest.LaunchAsync();
        Assert.Contains("gVisor", await guest.ShellAsync(sandbox, "dmesg"), StringComparison.Ordinal);
        Assert.Equal("gvisor", (string?)(await guest.GetAsync($"/api/v1/sandboxes/{sandbox}/isolation")).Json["isolation"]);

        await DockerTests.UntilReadyAsync(guest);
        var docker = await guest.PostAsync("/api/v1/playgrounds", new { image = "docker" });
        Assert.Equal((409, "isolation_unavailable"), (docker.Status, docker.Code));

        // A running sandbox keeps its class, and the next launch gets the one that is set now.
        await SavePlanAsync(operators, guestPlan, "contract-gvisor", plan => plan["isolation"] = "default");
        Assert.Equal("gvisor", (string?)(await guest.GetAsync($"/api/v1/sandboxes/{sandbox}/isolation")).Json["isolation"]);
        var (after, shared) = await guest.LaunchAsync();
        Assert.Equal("container", (string?)(await guest.GetAsync($"/api/v1/sandboxes/{shared}/isolation")).Json["isolation"]);
        await guest.DeleteAsync("/api/v1/playgrounds/" + playground);
        await guest.DeleteAsync("/api/v1/playgrounds/" + after);
    }

    private static Task<Answer> SignInAsync(Caller caller, string token) =>
        caller.SendAsync(HttpMethod.Post, "/admin/sign-in", new FormUrlEncodedContent([new("token", token)]));

    internal static async Task SavePlanAsync(Caller operators, JsonNode guestPlan, string name, Action<JsonNode> change)
    {
        var answer = await operators.PutJsonAsync("/api/v1/admin/plans/" + name, Changed(guestPlan, name, change));
        Assert.True(answer.Status == 204, answer.Text);
    }

    /// <summary>Gives a guest another plan; only the operator's list says who they are, and only while something of theirs runs.</summary>
    internal static async Task MoveAsync(Caller operators, Caller guest, string plan)
    {
        var (playground, _) = await guest.LaunchAsync();
        var owner = (string)(await operators.GetAsync("/api/v1/admin/playgrounds")).Json.AsArray().Single(row => (string?)row!["playground"]!["id"] == playground)!["owner"]!;
        Assert.Equal(204, (await operators.PutJsonAsync("/api/v1/admin/people/" + owner, new { plan })).Status);
        Assert.Equal(204, (await guest.DeleteAsync("/api/v1/playgrounds/" + playground)).Status);
    }

    private static JsonNode Changed(JsonNode plan, string name, Action<JsonNode> change)
    {
        var changed = plan.DeepClone();
        changed["name"] = name;
        change(changed);
        return changed;
    }
}
