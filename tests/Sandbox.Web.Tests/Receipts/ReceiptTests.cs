using Xunit;

namespace Sandbox.Web.Tests.Receipts;

public sealed class ReceiptTests
{
    [Fact]
    public async Task Receipt_asks_the_daemon_for_the_sandbox_alone()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        var made = await client.PostAsync("/api/v1/playgrounds", new { image = "busybox" });
        var sandbox = "";
        await WebUnderTest.Until(async () =>
        {
            var playground = (await client.GetAsync($"/api/v1/playgrounds/{(string)made.Json!["id"]!}")).Json!;
            sandbox = (string?)playground["sandboxes"]?[0]?["id"] ?? "";
            return (string?)playground["state"] == "running";
        });
        var first = await client.GetAsync($"/api/v1/sandboxes/{sandbox}/isolation");
        Assert.Equal("seccomp", (string?)first.Json!["checks"]![0]!["name"]);
        var (found, info) = Asked();

        Assert.Equal(first.Text, (await client.GetAsync($"/api/v1/sandboxes/{sandbox}/isolation")).Text);
        Assert.Equal((found + 1, info), Asked());

        // Another daemon may have other checks.
        web.Time.Shift = TimeSpan.FromMinutes(2);
        Assert.Equal(first.Text, (await client.GetAsync($"/api/v1/sandboxes/{sandbox}/isolation")).Text);
        Assert.True(Asked().Info > info);

        (int Found, int Info) Asked() => (web.Runtime.Calls.Count(call => call == "Find"), web.Runtime.Calls.Count(call => call == "GetStatus"));
    }
}
