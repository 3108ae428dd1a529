using Sandbox.Core.Errors;
using Sandbox.Core.Sandboxes;
using Xunit;

namespace Sandbox.Web.Tests;

public sealed class LeaseTests
{
    [Fact]
    public async Task Words_of_the_runtime_about_a_sandbox_reach_its_owner()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        var (id, sandbox) = await client.LaunchAsync();
        Assert.Null(await NoticeAsync());

        web.Runtime.Note(SandboxId.Parse(sandbox), "The memory of 512 MiB ran out.");
        await WebUnderTest.Until(async () => await NoticeAsync() == "The memory of 512 MiB ran out.");

        Assert.Equal(200, (await client.PostAsync($"/api/v1/sandboxes/{sandbox}/restart")).Status);
        Assert.Null(await NoticeAsync());

        async Task<string?> NoticeAsync() => (string?)(await client.GetAsync($"/api/v1/playgrounds/{id}")).Json!["sandboxes"]![0]!["notice"];
    }

    [Fact]
    public async Task A_lease_that_is_not_extended_ends_with_its_reason()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        var (playground, sandbox) = await client.LaunchAsync();
        web.Time.Shift = TimeSpan.FromMinutes(25);
        await client.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "true" } });
        web.Time.Shift = TimeSpan.FromMinutes(50);
        await client.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "true" } });

        web.Time.Shift = TimeSpan.FromMinutes(58);
        Assert.Equal("warning", (string?)(await client.GetAsync($"/api/v1/playgrounds/{playground}")).Json!["lease"]!["state"]);
        web.Time.Shift = TimeSpan.FromMinutes(61);

        await WebUnderTest.Until(async () => (string?)(await client.GetAsync($"/api/v1/playgrounds/{playground}")).Json!["lease"]!["reason"] == "expired");
        await WebUnderTest.Until(async () => (await web.Runtime.Sandboxes.ListAsync(TestContext.Current.CancellationToken)).Count == 0);
        var extend = await client.PostAsync($"/api/v1/playgrounds/{playground}/extend");
        Assert.Equal((409, "conflict"), (extend.Status, extend.Code));
        var exec = await client.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "true" } });
        Assert.Equal((404, "not_found"), (exec.Status, exec.Code));
    }

    [Fact]
    public async Task Extending_moves_the_end_in_record_and_runtime_as_far_as_the_plan_allows()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        var (playground, _) = await client.LaunchAsync();
        var before = (DateTimeOffset)(await client.GetAsync($"/api/v1/playgrounds/{playground}")).Json!["lease"]!["endsAt"]!;

        var extended = await client.PostAsync($"/api/v1/playgrounds/{playground}/extend");

        Assert.Equal((200, "extended"), (extended.Status, (string?)extended.Json!["lease"]!["state"]));
        var after = (DateTimeOffset)extended.Json["lease"]!["endsAt"]!;
        Assert.Equal(TimeSpan.FromMinutes(60), after - before);
        Assert.Equal(after + Sandbox.Web.Playgrounds.Endings.LongestSave, Assert.Single(await web.Runtime.Sandboxes.ListAsync(TestContext.Current.CancellationToken)).Deadline, TimeSpan.FromMilliseconds(1));
        Assert.Equal(200, (await client.PostAsync($"/api/v1/playgrounds/{playground}/extend")).Status);
        Assert.Equal(200, (await client.PostAsync($"/api/v1/playgrounds/{playground}/extend")).Status);
        var refused = await client.PostAsync($"/api/v1/playgrounds/{playground}/extend");
        Assert.Equal((429, "quota"), (refused.Status, refused.Code));
    }

    [Fact]
    public async Task A_playground_where_nobody_is_ends_as_idle()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        var (playground, _) = await client.LaunchAsync();

        web.Time.Shift = TimeSpan.FromMinutes(31);

        await WebUnderTest.Until(async () => (string?)(await client.GetAsync($"/api/v1/playgrounds/{playground}")).Json!["lease"]!["reason"] == "idle");
    }

    [Fact]
    public async Task What_the_host_lost_is_ended_with_that_reason()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        var (playground, _) = await client.LaunchAsync();

        web.Runtime.RestartHost();

        await WebUnderTest.Until(async () => (string?)(await client.GetAsync($"/api/v1/playgrounds/{playground}")).Json!["lease"]!["reason"] == "host_restarted");
    }

    [Fact]
    public async Task A_restart_of_the_process_keeps_everything()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var first = web.NewClient();
        var (playground, sandbox) = await first.LaunchAsync();
        var cookie = first.Cookies.GetCookieHeader(first.Url);

        await web.StopAsync();
        await web.StartAgainAsync();

        using var again = web.NewClient();
        again.Headers["Cookie"] = cookie;
        var kept = (await again.GetAsync($"/api/v1/playgrounds/{playground}")).Json!;
        Assert.Equal("running", (string?)kept["state"]);
        Assert.Equal("hi\n", (string?)(await again.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "echo", "hi" } })).Json!["stdout"]);
        Assert.Equal("ready", (string?)(await again.GetAsync("/api/v1/images")).Json![0]!["state"]);
        await again.LaunchAsync();
        Assert.Equal(2, (await again.GetAsync("/api/v1/playgrounds")).Json!.AsArray().Count);
    }

    [Fact]
    public async Task What_ended_while_the_process_was_down_is_reconciled()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var first = web.NewClient();
        var (playground, _) = await first.LaunchAsync();
        var cookie = first.Cookies.GetCookieHeader(first.Url);
        await web.StopAsync();

        web.Runtime.RestartHost();
        await web.StartAgainAsync();

        using var again = web.NewClient();
        again.Headers["Cookie"] = cookie;
        await WebUnderTest.Until(async () => (string?)(await again.GetAsync($"/api/v1/playgrounds/{playground}")).Json!["lease"]!["reason"] == "host_restarted");
        await WebUnderTest.Until(async () => (await web.Runtime.Sandboxes.ListAsync(TestContext.Current.CancellationToken)).Count == 0);
    }

    [Fact]
    public async Task What_was_ended_while_the_daemon_was_down_is_removed_when_it_is_back()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        var (playground, _) = await client.LaunchAsync();
        web.Runtime.Before = (_, _) => throw new SandboxException(ErrorCode.RuntimeUnavailable, "The daemon does not answer.");

        Assert.Equal(204, (await client.DeleteAsync($"/api/v1/playgrounds/{playground}")).Status);
        web.Runtime.BreakWatches();
        web.Runtime.Before = null;

        await WebUnderTest.Until(async () => (await web.Runtime.Sandboxes.ListAsync(TestContext.Current.CancellationToken)).Count == 0);
    }
}
