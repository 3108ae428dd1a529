using Xunit;

namespace Sandbox.Web.Tests;

public sealed class GuardTests
{
    [Fact]
    public async Task A_page_of_another_site_may_not_act_here()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        await client.GetAsync("/api/v1/playgrounds");

        foreach (var (origin, allowed) in new[]
        {
            ("https://evil.example", false), ("null", false), ($"http://127.0.0.1:{web.Url.Port}.evil.example", false), ("http://localhost:1", false),
            ($"https://127.0.0.1:{web.Url.Port}", false), ($"http://127.0.0.1:{web.Url.Port}", true), ($"http://localhost:{web.Url.Port}", true), ($"http://[::1]:{web.Url.Port}", true),
        })
        {
            client.Headers["Origin"] = origin;
            var post = await client.PostAsync("/api/v1/playgrounds", new { image = "nothing" });
            var hub = await client.PostAsync("/hubs/terminal/negotiate?negotiateVersion=1");
            Assert.Equal((origin, allowed ? "image_not_found" : "origin"), (origin, post.Code));
            Assert.Equal((origin, allowed ? 200 : 403), (origin, hub.Status));
        }

        client.Headers["Origin"] = "https://evil.example";
        client.Headers["Connection"] = "Upgrade";
        client.Headers["Upgrade"] = "websocket";
        client.Headers["Sec-WebSocket-Version"] = "13";
        client.Headers["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ==";
        Assert.Equal(403, (await client.GetAsync("/hubs/terminal")).Status);
        Assert.Equal(403, (await client.GetAsync("/_blazor")).Status);
        Assert.DoesNotContain("Create", web.Runtime.Calls);
    }

    [Fact]
    public async Task Only_configured_urls_count_when_there_are_some()
    {
        await using var web = await WebUnderTest.StartAsync(new() { ["PublicUrls"] = new[] { "https://sandbox.example.org" } });
        using var client = web.NewClient();

        client.Headers["Origin"] = "https://sandbox.example.org";
        Assert.Equal("image_not_found", (await client.PostAsync("/api/v1/playgrounds", new { image = "nothing" })).Code);
        client.Headers["Origin"] = $"http://localhost:{web.Url.Port}";
        Assert.Equal("origin", (await client.PostAsync("/api/v1/playgrounds", new { image = "nothing" })).Code);
    }

    [Fact]
    public async Task Every_answer_carries_the_policy()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();

        foreach (var path in new[] { "/api/v1/images", "/api/v1/nothing", "/healthz", "/admin/sign-in", "/docs/api" })
        {
            var answer = await client.GetAsync(path);
            var policy = answer.Header("Content-Security-Policy")!;
            Assert.Contains("script-src 'self' 'wasm-unsafe-eval';", policy, StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.Contains("object-src 'none'", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", answer.Header("X-Content-Type-Options"));
            Assert.Equal("same-origin", answer.Header("Cross-Origin-Opener-Policy"));
        }
    }

    [Fact]
    public async Task One_address_makes_sixteen_guests_and_twelve_launches_at_one_instant()
    {
        await using var web = await WebUnderTest.StartAsync(new() { ["Limits"] = new { GuestsPerMinute = 1, LaunchesPerMinute = 1 } });
        using var client = web.NewClient();

        var guests = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.PostAsync("/api/v1/guests")));
        Assert.Equal(16, guests.Count(answer => answer.Status == 201));
        var refused = guests.First(answer => answer.Status != 201);
        Assert.Equal((429, "rate"), (refused.Status, refused.Code));
        Assert.True(int.Parse(refused.Header("Retry-After")!, System.Globalization.CultureInfo.InvariantCulture) >= 1);

        var tokens = guests.Where(answer => answer.Status == 201).Select(answer => (string)answer.Json!["token"]!).ToList();
        var launches = await Task.WhenAll(tokens.Select(async token =>
        {
            using var guest = web.NewClient();
            guest.Headers["Authorization"] = "Bearer " + token;
            return await guest.PostAsync("/api/v1/playgrounds", new { image = "busybox" });
        }));
        Assert.Equal(12, launches.Count(answer => answer.Status == 201));
        Assert.All(launches.Where(answer => answer.Status != 201), answer => Assert.Equal("rate", answer.Code));
    }

    [Fact]
    public async Task Whoever_runs_commands_one_after_the_other_is_slowed()
    {
        await using var web = await WebUnderTest.StartAsync(new() { ["Limits"] = new { CommandBurst = 3, CommandsPerMinute = 1 } });
        using var client = web.NewClient();
        client.Headers["Authorization"] = "Bearer " + (string)(await client.PostAsync("/api/v1/guests")).Json!["token"]!;
        var (_, sandbox) = await client.LaunchAsync();
        Assert.Equal(200, (await client.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "true" } })).Status);
        Assert.Equal(200, (await client.PostAsync($"/api/v1/sandboxes/{sandbox}/pause")).Status);
        Assert.Equal(200, (await client.PostAsync($"/api/v1/sandboxes/{sandbox}/resume")).Status);
        var refused = await client.PostAsync($"/api/v1/sandboxes/{sandbox}/exec", new { command = new[] { "true" } });
        Assert.Equal((429, "rate", TimeSpan.FromMinutes(1)), (refused.Status, refused.Code, refused.Message.Headers.RetryAfter?.Delta));
        Assert.Equal("rate", (await client.PostAsync($"/api/v1/sandboxes/{sandbox}/restart")).Code);
    }

    [Fact]
    public async Task One_person_lists_two_directories_at_once_and_more_of_them_wait()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var client = web.NewClient();
        client.Headers["Authorization"] = "Bearer " + (string)(await client.PostAsync("/api/v1/guests")).Json!["token"]!;
        var (_, sandbox) = await client.LaunchAsync();
        var made = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        web.Runtime.Before = (operation, cancellationToken) => operation == "ListFiles" ? made.Task.WaitAsync(cancellationToken) : Task.CompletedTask;
        var listings = Enumerable.Range(0, 5).Select(_ => client.GetAsync($"/api/v1/sandboxes/{sandbox}/files/")).ToList();
        await WebUnderTest.Until(() => Task.FromResult(web.Runtime.Calls.Count(call => call == "FindFile") == 5 && Listed() == 2));
        await Task.Delay(200, TestContext.Current.CancellationToken);
        Assert.Equal(2, Listed());
        made.SetResult();
        Assert.All(await Task.WhenAll(listings), answer => Assert.Equal(200, answer.Status));
        Assert.Equal(5, Listed());

        int Listed() => web.Runtime.Calls.Count(call => call == "ListFiles");
    }

    [Fact]
    public async Task A_forwarded_address_is_believed_from_configured_proxies_only()
    {
        var limits = new { GuestBurst = 1, GuestsPerMinute = 1 };
        await using var open = await WebUnderTest.StartAsync(new() { ["Limits"] = limits });
        await using var behind = await WebUnderTest.StartAsync(new() { ["Limits"] = limits, ["Proxies"] = new[] { "127.0.0.0/8" } });
        foreach (var (web, second) in new[] { (open, 429), (behind, 201) })
        {
            using var client = web.NewClient();
            client.Headers["X-Forwarded-For"] = "203.0.113.1";
            Assert.Equal(201, (await client.PostAsync("/api/v1/guests")).Status);
            client.Headers["X-Forwarded-For"] = "203.0.113.2";
            Assert.Equal(second, (await client.PostAsync("/api/v1/guests")).Status);
            Assert.Equal(404, (await client.GetAsync("/metrics")).Status);
        }
    }

    [Fact]
    public void Every_mistake_in_the_settings_is_named()
    {
        var mistakes = new WebOptions
        {
            Listen = "8080",
            DataDirectory = "relative",
            PublicUrls = ["sandbox.example.org"],
            Proxies = ["nobody"],
            Limits = new WebLimits { LaunchBurst = 0, CommittedMemoryBytes = -1, AddressMemoryBytes = -1 },
        }.Validate();

        Assert.Equal(7, mistakes.Count);
        Assert.Empty(new WebOptions().Validate());
    }
}
