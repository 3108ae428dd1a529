using System.Net.Http.Headers;
using Microsoft.AspNetCore.SignalR.Client;
using Xunit;

namespace Sandbox.Web.Tests.Operators;

public sealed class SuspensionTests
{
    [Fact]
    public async Task A_suspended_person_loses_everything_at_once_and_is_let_in_again()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var desk = await web.NewOperatorAsync();
        using var guest = web.NewClient();
        using var other = web.NewClient();
        guest.Headers["Authorization"] = $"Bearer {(string?)(await guest.PostAsync("/api/v1/guests")).Json!["token"]}";
        var (playground, _) = await guest.LaunchAsync();
        await other.LaunchAsync();
        var person = (string?)(await desk.GetAsync("/api/v1/admin/playgrounds")).Json!.AsArray().Single(row => (string?)row!["playground"]!["id"] == playground)!["owner"];
        var token = guest.Headers["Authorization"]["Bearer ".Length..];
        await using var hub = new HubConnectionBuilder().WithUrl(new Uri(web.Url, "/hubs/terminal"), options => options.AccessTokenProvider = () => Task.FromResult<string?>(token)).Build();
        var cut = new TaskCompletionSource();
        hub.Closed += _ =>
        {
            cut.TrySetResult();
            return Task.CompletedTask;
        };
        await hub.StartAsync(TestContext.Current.CancellationToken);

        Assert.Equal(400, (await desk.PostAsync($"/api/v1/admin/people/{person}/suspend", new { reason = "" })).Status);
        Assert.Equal(404, (await desk.PostAsync("/api/v1/admin/people/nobody/suspend", new { reason = "x" })).Status);
        Assert.Equal(403, (await other.PostAsync($"/api/v1/admin/people/{person}/suspend", new { reason = "x" })).Status);
        Assert.Equal(204, (await desk.PostAsync($"/api/v1/admin/people/{person}/suspend", new { reason = "You mined coins." })).Status);

        await cut.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.DoesNotContain((await desk.GetAsync("/api/v1/admin/playgrounds")).Json!.AsArray(), row => (string?)row!["owner"] == person);
        var refused = await guest.PostAsync("/api/v1/playgrounds", new { image = "busybox" });
        Assert.Equal((403, "suspended"), (refused.Status, refused.Code));
        Assert.Contains("You mined coins.", (string?)refused.Json!["detail"], StringComparison.Ordinal);
        Assert.Contains(person!, (string?)refused.Json["detail"], StringComparison.Ordinal);
        Assert.Equal(403, (await guest.GetAsync("/api/v1/playgrounds")).Status);
        Assert.Equal(200, (await other.GetAsync("/api/v1/playgrounds")).Status);

        await web.StopAsync();
        await web.StartAgainAsync();
        using var later = web.NewClient();
        later.Headers["Authorization"] = guest.Headers["Authorization"];
        Assert.Equal(403, (await later.GetAsync("/api/v1/playgrounds")).Status);

        using var again = await web.NewOperatorAsync();
        var row = (await again.GetAsync("/api/v1/admin/people")).Json!.AsArray().Single(each => (string?)each!["id"] == person)!;
        Assert.Equal("You mined coins.", (string?)row["suspendedReason"]);
        Assert.Equal(204, (await again.PostAsync($"/api/v1/admin/people/{person}/reinstate")).Status);
        Assert.Equal("operator", (string?)(await later.GetAsync($"/api/v1/playgrounds/{playground}")).Json!["lease"]!["reason"]);
        await later.LaunchAsync();
        var acts = (await again.GetAsync("/api/v1/admin/log?kind=operator,refused")).Json!["events"]!.AsArray().Select(each => (string?)each!["text"]).ToList();
        Assert.Contains($"Suspended {person}: You mined coins.", acts);
        Assert.Contains($"Lifted the suspension of {person}", acts);
        Assert.Contains(acts, text => text!.StartsWith("An operator suspended your account", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_suspended_browser_reads_a_page_that_says_what_to_do_and_an_operator_cannot_be_suspended()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var desk = await web.NewOperatorAsync();
        using var guest = web.NewClient();
        await guest.LaunchAsync();
        var people = (await desk.GetAsync("/api/v1/admin/people")).Json!.AsArray();
        var person = (string?)people.Single(row => (string?)row!["kind"] == "guest")!["id"];
        Assert.Equal(204, (await desk.PostAsync($"/api/v1/admin/people/{person}/suspend", new { reason = "<b>Spam</b>" })).Status);

        guest.Headers["Accept"] = new MediaTypeWithQualityHeaderValue("text/html").ToString();
        var page = await guest.GetAsync("/");
        Assert.Equal((403, "text/html; charset=utf-8"), (page.Status, page.Header("Content-Type")));
        Assert.Contains("Your account is suspended", page.Text, StringComparison.Ordinal);
        Assert.Contains("&lt;b&gt;Spam&lt;/b&gt;", page.Text, StringComparison.Ordinal);
        Assert.Contains("write to those who run this site", page.Text, StringComparison.Ordinal);

        var self = (string?)people.Single(row => (string?)row!["kind"] == "operator")!["id"];
        Assert.Equal((409, "conflict"), (await desk.PostAsync($"/api/v1/admin/people/{self}/suspend", new { reason = "x" })) is var refused ? (refused.Status, refused.Code) : default);
    }
}
