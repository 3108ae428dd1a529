using Microsoft.Extensions.DependencyInjection;
using Sandbox.Web.Embeds;
using Xunit;

namespace Sandbox.Web.Tests.Embeds;

public sealed class HandoverTests
{
    [Fact]
    public async Task A_running_playground_changes_its_owner_once()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var frame = await GuestAsync(web);
        using var tab = web.NewClient();
        var (playground, sandbox) = await frame.LaunchAsync();
        Assert.Equal(204, (await frame.PutBytesAsync($"/api/v1/sandboxes/{sandbox}/files/root/mine", [1, 2])).Status);

        var code = await OfferAsync(frame, playground, "https://docs.example/page?x=1");
        tab.Headers["Accept"] = "text/html";
        var asks = await tab.GetAsync($"/embed/open?code={code}");
        Assert.Equal(200, asks.Status);
        Assert.Contains("https://docs.example/page?x=1", asks.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("href=\"https://docs.example", asks.Text, StringComparison.Ordinal);

        // Looking changed nothing.
        Assert.Equal(200, (await frame.GetAsync($"/api/v1/playgrounds/{playground}")).Status);
        tab.Headers.Remove("Accept");
        var taken = await tab.PostAsync("/api/v1/handovers", new { code });
        Assert.Equal((200, playground, $"/p/{playground}"), (taken.Status, (string?)taken.Json!["playground"], (string?)taken.Json["url"]));
        Assert.Equal("https://docs.example/page?x=1", (string?)taken.Json["returnTo"]);

        Assert.Equal([1, 2], (await tab.GetAsync($"/api/v1/sandboxes/{sandbox}/files/root/mine")).Body);
        Assert.Equal("running", (string?)(await tab.GetAsync($"/api/v1/playgrounds/{playground}")).Json!["state"]);
        Assert.Equal(404, (await frame.GetAsync($"/api/v1/playgrounds/{playground}")).Status);
        Assert.Equal(404, (await frame.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "true" } })).Status);

        using var third = web.NewClient();
        Assert.Equal("not_found", (await third.PostAsync("/api/v1/handovers", new { code })).Code);
        Assert.Equal("not_found", (await tab.PostAsync("/api/v1/handovers", new { code })).Code);
    }

    [Fact]
    public async Task Nobody_becomes_signed_in_as_the_one_who_offers()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var attacker = await GuestAsync(web);
        using var victim = web.NewClient();
        var (own, _) = await victim.LaunchAsync();
        var cookie = victim.Cookies.GetAllCookies().Single(each => each.Name == "sandbox_guest").Value;
        var (playground, sandbox) = await attacker.LaunchAsync();
        var code = await OfferAsync(attacker, playground, null);

        victim.Headers["Accept"] = "text/html";
        var seen = await victim.GetAsync($"/embed/open?code={code}");
        Assert.DoesNotContain("sandbox_guest", seen.Header("Set-Cookie") ?? "", StringComparison.Ordinal);
        victim.Headers.Remove("Accept");
        victim.Headers["Origin"] = "https://evil.example";
        Assert.Equal("origin", (await victim.PostAsync("/api/v1/handovers", new { code })).Code);
        victim.Headers["Origin"] = "null";
        Assert.Equal("origin", (await victim.PostAsync("/api/v1/handovers", new { code })).Code);
        victim.Headers.Remove("Origin");
        var taken = await victim.PostAsync("/api/v1/handovers", new { code });

        Assert.Equal(200, taken.Status);
        Assert.Null(taken.Header("Set-Cookie"));
        Assert.Equal(cookie, victim.Cookies.GetAllCookies().Single(each => each.Name == "sandbox_guest").Value);
        Assert.Equal([playground, own], (await victim.GetAsync("/api/v1/playgrounds")).Json!.AsArray().Select(each => (string?)each!["id"]));
        Assert.Equal(404, (await attacker.GetAsync($"/api/v1/sandboxes/{sandbox}/files/root")).Status);
    }

    [Fact]
    public async Task A_code_is_good_for_two_minutes_and_a_new_one_ends_the_old()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var frame = await GuestAsync(web);
        using var tab = web.NewClient();
        var (playground, _) = await frame.LaunchAsync();
        var first = await OfferAsync(frame, playground, null);
        var second = await OfferAsync(frame, playground, null);
        Assert.Equal("not_found", (await tab.PostAsync("/api/v1/handovers", new { code = first })).Code);
        web.Time.Shift = TimeSpan.FromMinutes(2.1);
        Assert.Equal("not_found", (await tab.PostAsync("/api/v1/handovers", new { code = second })).Code);
        tab.Headers["Accept"] = "text/html";
        Assert.Contains("too old", (await tab.GetAsync($"/embed/open?code={second}")).Text, StringComparison.Ordinal);
        Assert.Equal(200, (await frame.GetAsync($"/api/v1/playgrounds/{playground}")).Status);
    }

    [Fact]
    public async Task A_plan_that_is_full_takes_nothing_and_the_code_stays_good()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var frame = await GuestAsync(web);
        using var tab = web.NewClient();
        var (first, _) = await tab.LaunchAsync();
        await tab.LaunchAsync();
        await tab.LaunchAsync();
        var (playground, _) = await frame.LaunchAsync();
        var code = await OfferAsync(frame, playground, null);

        Assert.Equal("quota", (await tab.PostAsync("/api/v1/handovers", new { code })).Code);
        Assert.Equal(200, (await frame.GetAsync($"/api/v1/playgrounds/{playground}")).Status);
        Assert.Equal(204, (await tab.DeleteAsync($"/api/v1/playgrounds/{first}")).Status);
        Assert.Equal(200, (await tab.PostAsync("/api/v1/handovers", new { code })).Status);
    }

    [Fact]
    public async Task Two_tabs_at_once_do_not_both_get_it()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var frame = await GuestAsync(web);
        var (playground, _) = await frame.LaunchAsync();
        var code = await OfferAsync(frame, playground, null);
        var tabs = Enumerable.Range(0, 6).Select(_ => web.NewClient()).ToList();
        var answers = await Task.WhenAll(tabs.Select(tab => tab.PostAsync("/api/v1/handovers", new { code })));
        Assert.Equal(1, answers.Count(answer => answer.Status == 200));
        tabs.ForEach(tab => tab.Dispose());
    }

    [Theory]
    [InlineData("javascript:alert(1)")]
    [InlineData("data:text/html,x")]
    [InlineData("//evil.example")]
    [InlineData("/playgrounds")]
    [InlineData("https://user@bank.example/")]
    [InlineData("https://bank.example/\n")]
    [InlineData("ftp://bank.example/")]
    public async Task A_return_address_is_a_page_of_the_web(string address)
    {
        await using var web = await WebUnderTest.StartAsync();
        using var frame = await GuestAsync(web);
        var (playground, _) = await frame.LaunchAsync();
        Assert.Equal("invalid", (await frame.PostAsync($"/api/v1/playgrounds/{playground}/handover", new { returnTo = address })).Code);
    }

    [Fact]
    public async Task Only_its_owner_offers_a_playground_that_runs()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var frame = await GuestAsync(web);
        using var other = await GuestAsync(web);
        var (playground, _) = await frame.LaunchAsync();
        Assert.Equal(404, (await other.PostAsync($"/api/v1/playgrounds/{playground}/handover", new { })).Status);
        var code = await OfferAsync(frame, playground, null);
        Assert.Equal(204, (await frame.DeleteAsync($"/api/v1/playgrounds/{playground}")).Status);
        Assert.Equal(409, (await frame.PostAsync($"/api/v1/playgrounds/{playground}/handover", new { })).Status);
        Assert.Equal("conflict", (await other.PostAsync("/api/v1/handovers", new { code })).Code);
    }

    [Fact]
    public async Task A_playground_ends_two_minutes_after_its_page_was_closed_unless_somebody_is_back()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var frame = await GuestAsync(web);
        using var other = await GuestAsync(web);
        var (left, _) = await frame.LaunchAsync();
        var (back, sandbox) = await frame.LaunchAsync();
        var departures = web.Services.GetRequiredService<Departures>();
        Assert.Equal(404, (await other.PostAsync($"/api/v1/playgrounds/{left}/leave")).Status);
        Assert.Equal(204, (await frame.PostAsync($"/api/v1/playgrounds/{left}/leave")).Status);
        Assert.Equal(204, (await frame.PostAsync($"/api/v1/playgrounds/{back}/leave")).Status);

        web.Time.Shift = TimeSpan.FromMinutes(1.5);
        await departures.SweepAsync();
        Assert.Equal("running", (string?)(await frame.GetAsync($"/api/v1/playgrounds/{left}")).Json!["state"]);
        Assert.Equal(200, (await frame.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "true" } })).Status);

        web.Time.Shift = TimeSpan.FromMinutes(2.5);
        await departures.SweepAsync();
        var ended = await frame.GetAsync($"/api/v1/playgrounds/{left}");
        Assert.Equal(("ended", "idle"), ((string?)ended.Json!["state"], (string?)ended.Json["lease"]!["reason"]));
        Assert.Equal("running", (string?)(await frame.GetAsync($"/api/v1/playgrounds/{back}")).Json!["state"]);
    }

    private static async Task<Client> GuestAsync(WebUnderTest web)
    {
        var client = web.NewClient();
        client.Headers["Authorization"] = "Bearer " + (string)(await client.PostAsync("/api/v1/guests")).Json!["token"]!;
        return client;
    }

    private static async Task<string> OfferAsync(Client owner, string playground, string? returnTo)
    {
        var answer = await owner.PostAsync($"/api/v1/playgrounds/{playground}/handover", new { returnTo });
        Assert.Equal(201, answer.Status);
        return new Uri((string)answer.Json!["url"]!).Query["?code=".Length..];
    }
}
