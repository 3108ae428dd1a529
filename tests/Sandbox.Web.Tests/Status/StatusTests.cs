using Xunit;

namespace Sandbox.Web.Tests.Status;

public sealed class StatusTests
{
    [Fact]
    public async Task Before_any_traffic_the_figures_are_empty_and_the_page_says_so()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();

        var page = await PageAsync(client);
        Assert.Contains("Nobody has typed yet", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<svg viewBox", page, StringComparison.Ordinal);

        var status = (await client.GetAsync("/api/v1/status")).Json!;
        Assert.Equal(("up", 0, 0L), ((string?)status["state"], (int)status["sandboxes"]!, (long)status["latency"]!["echo"]!["last24Hours"]!["count"]!));
        Assert.Null(status["latency"]!["launch"]!["lastHour"]!["p50Ms"]);
    }

    [Fact]
    public async Task Launches_are_counted_once_and_a_repeat_or_a_refusal_is_none()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        client.Headers["Idempotency-Key"] = "once";
        await client.LaunchAsync();
        await client.LaunchAsync();
        client.Headers.Clear();
        Assert.Equal(404, (await client.PostAsync("/api/v1/playgrounds", new { image = "no-such-image" })).Status);
        var status = (await client.GetAsync("/api/v1/status")).Json!;

        Assert.Equal(1, (long)status["latency"]!["launch"]!["lastHour"]!["count"]!);
        Assert.True((double)status["latency"]!["launch"]!["lastHour"]!["p99Ms"]! > 0);
        Assert.Equal(1, (int)status["sandboxes"]!);
        Assert.Equal("free", (string?)status["capacity"]!["state"]);
        Assert.Contains("role=\"img\"", await PageAsync(client), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_features_of_the_runtime_are_listed()
    {
        await using var web = await WebUnderTest.StartAsync();
        web.Runtime.Capabilities = new() { IsolationClasses = ["gvisor", "container"], HasSnapshots = true };
        using var client = web.NewClient();

        var features = (await client.GetAsync("/api/v1/status")).Json!["features"]!;

        Assert.Equal("""{"isolationClasses":["gvisor","container"],"snapshots":true,"ports":false,"nodes":false,"volumes":false}""", features.ToJsonString());
        Assert.Contains("gvisor, container", await PageAsync(client), StringComparison.Ordinal);
    }

    private static async Task<string> PageAsync(Client client)
    {
        client.Headers["Accept"] = "text/html";
        var answer = await client.GetAsync("/status");
        Assert.Equal(200, answer.Status);
        return answer.Text;
    }
}
