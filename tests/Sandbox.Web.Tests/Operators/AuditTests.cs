using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.People;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Audit;
using Sandbox.Web.Store;
using Sandbox.Web.Tests.Tutorials;
using Xunit;

namespace Sandbox.Web.Tests.Operators;

/// <summary>The audit log, over the real database.</summary>
public sealed class AuditTests
{
    [Fact]
    public async Task Launches_ends_sign_ins_and_acts_are_in_the_log()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var desk = await web.NewOperatorAsync();
        using var guest = web.NewClient();
        var (first, _) = await guest.LaunchAsync();
        var (second, _) = await guest.LaunchAsync();
        Assert.Equal(204, (await guest.DeleteAsync($"/api/v1/playgrounds/{first}")).Status);
        Assert.Equal(204, (await desk.PostAsync($"/api/v1/admin/playgrounds/{second}/end", new { reason = "No mining." })).Status);
        Assert.Equal(204, (await desk.PostAsync("/api/v1/admin/images/busybox/hide")).Status);
        var plan = (await desk.GetAsync("/api/v1/admin/plans")).Json!.AsArray().Single(row => (string?)row!["name"] == "guest")!.AsObject();
        plan["minutes"] = (int)plan["minutes"]! + 1;
        Assert.Equal(204, (await desk.PutAsync("/api/v1/admin/plans/guest", plan)).Status);

        var events = await EventsAsync(desk);
        var person = (string?)Assert.Single(events, Is("launch", first))!["person"];
        Assert.Equal(("removed", person), Of(Assert.Single(events, Is("end", first))));
        Assert.Equal(("operator", person), Of(Assert.Single(events, Is("end", second))));
        Assert.Equal("Ended a playground: No mining.", (string?)Assert.Single(events, Is("operator", second))["text"]);
        Assert.Single(events, each => (string?)each["text"] == "Hid the image busybox");
        Assert.Single(events, each => (string?)each["text"] is { } text && text.StartsWith("Saved the plan guest: minutes ", StringComparison.Ordinal));
        Assert.Contains(events, each => (string?)each["kind"] == "sign_in" && (string?)each["code"] == "in" && (string?)each["address"] == "127.0.0.1");

        var launches = await EventsAsync(desk, $"?kind=launch,end&person={person}");
        Assert.Equal(["end", "end", "launch", "launch"], launches.Select(each => (string?)each["kind"]));
        Assert.Equal(2, (await EventsAsync(desk, $"?about={first}")).Count);
        Assert.Empty(await EventsAsync(desk, "?until=2020-01-01T00:00:00Z"));
    }

    [Fact]
    public async Task Publishing_handovers_and_wrong_passwords_are_in_the_log()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var desk = await web.NewOperatorAsync();
        using var author = web.NewClient();
        using var visitor = web.NewClient();

        var tutorial = (string)(await author.PublishAsync(Zip.Small, "?name=small-one")).Json!["tutorials"]![0]!["hash"]!;
        Assert.Equal(204, (await author.DeleteAsync($"/api/v1/tutorials/{tutorial}")).Status);
        var link = (string)(await author.PostAsync("/api/v1/links", new { recipe = new { nodes = new[] { new { image = "busybox" } } }, budget = new { password = "sesame" } })).Json!["hash"]!;
        foreach (var guess in new[] { "a", "b", "sesame" })
        {
            await visitor.PostAsync("/api/v1/playgrounds", new { link, password = guess });
        }

        var playground = (string)(await visitor.GetAsync("/api/v1/playgrounds")).Json![0]!["id"]!;
        var url = (string)(await visitor.PostAsync($"/api/v1/playgrounds/{playground}/handover", new { })).Json!["url"]!;
        Assert.Equal(200, (await author.PostAsync("/api/v1/handovers", new { code = url.Split("code=")[1] })).Status);

        var published = await EventsAsync(desk, "?kind=tutorial");
        Assert.Equal(["deleted", "unlisted"], published.Select(each => (string?)each["code"]));
        Assert.Matches($"^Published the tutorial .+ as small-one, {tutorial}$", (string)published[1]["text"]!);
        var handovers = await EventsAsync(desk, $"?kind=handover&about={playground}");
        Assert.Equal(["taken", "given"], handovers.Select(each => (string?)each["code"]));
        Assert.Equal((string?)published[0]["person"], (string?)handovers[0]["person"]);
        Assert.Contains((string)handovers[1]["person"]!, (string)handovers[0]["text"]!, StringComparison.Ordinal);
        var wrong = Assert.Single(await EventsAsync(desk, "?kind=refused&about=127.0.0.1"), each => (string?)each["code"] == "password");
        Assert.Equal((2, $"A wrong password for the link {link}."), ((int)wrong["count"]!, (string?)wrong["text"]));
        Assert.DoesNotContain("sesame", (await desk.GetAsync("/api/v1/admin/log")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_and_the_export_hold_every_event_once()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var desk = await web.NewOperatorAsync();
        var log = web.Services.GetRequiredService<AuditLog>();
        for (var at = 0; at < 250; at++)
        {
            log.Act(null, $"act {at}");
        }

        var texts = new List<string?>();
        long? before = null;
        do
        {
            var page = (await desk.GetAsync($"/api/v1/admin/log?kind=operator&limit=100{(before is null ? "" : $"&before={before}")}")).Json!;
            texts.AddRange(page["events"]!.AsArray().Select(each => (string?)each!["text"]));
            before = (long?)page["before"];
        }
        while (before is not null);

        Assert.Equal(Enumerable.Range(0, 250).Reverse().Select(at => $"act {at}"), texts);
        var export = await desk.GetAsync("/api/v1/admin/log/export?kind=operator");
        Assert.Equal("application/jsonl", export.Header("Content-Type"));
        Assert.Equal(texts, export.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => (string?)JsonNode.Parse(line)!["text"]));
    }

    [Fact]
    public async Task The_log_is_the_operators_and_a_wrong_filter_is_named()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var desk = await web.NewOperatorAsync();
        using var guest = web.NewClient();
        await guest.LaunchAsync();
        foreach (var path in new[] { "/api/v1/admin/log", "/api/v1/admin/log/export" })
        {
            Assert.Equal(403, (await guest.GetAsync(path)).Status);
            Assert.Equal((400, "invalid"), (await desk.GetAsync($"{path}?kind=nothing")) is var kind ? (kind.Status, kind.Code) : default);
            Assert.Equal((400, "invalid"), (await desk.GetAsync($"{path}?since=yesterday")) is var since ? (since.Status, since.Code) : default);
        }

        Assert.Equal((400, "invalid"), (await desk.GetAsync("/api/v1/admin/log?limit=201")) is var limit ? (limit.Status, limit.Code) : default);
    }

    /// <summary>A visitor decides how often they are refused, but not how many rows that makes.</summary>
    [Fact]
    public async Task Refusals_of_one_caller_are_one_row_with_a_count()
    {
        await using var web = await WebUnderTest.StartAsync(new() { ["Limits"] = new { GuestBurst = 2, GuestsPerMinute = 1 } });
        using var desk = await web.NewOperatorAsync();
        using var guest = web.NewClient();
        var refused = 0;
        for (var at = 0; at < 40; at++)
        {
            refused += (await guest.PostAsync("/api/v1/guests")).Status == 429 ? 1 : 0;
        }

        Assert.True(refused > 30);
        var row = Assert.Single(await EventsAsync(desk, "?kind=refused&about=127.0.0.1"));
        Assert.Equal((refused, "rate"), ((int)row["count"]!, (string?)row["code"]));
    }

    [Fact]
    public async Task A_flood_of_events_neither_grows_without_end_nor_drives_out_an_operators_acts()
    {
        await using var web = await WebUnderTest.StartAsync(new() { ["Audit"] = new { RowsOfKind = 500 } });
        var log = web.Services.GetRequiredService<AuditLog>();
        var writer = web.Services.GetRequiredService<AuditWriter>();
        log.Act(null, "the act");
        for (var at = 0; at < 100_000; at++)
        {
            // As many guests of one address, and as many addresses.
            log.Add(new AuditEvent(AuditKind.Refused, "x") { Person = PersonId.New(), Address = "203.0.113.7", Code = "quota" });
            log.Add(new AuditEvent(AuditKind.Launch, "x") { Address = $"10.{at >> 16}.{(at >> 8) & 255}.{at & 255}" });
        }

        await writer.FlushAsync();
        web.Time.Shift = TimeSpan.FromHours(2);
        log.Add(new AuditEvent(AuditKind.Launch, "later") { Address = "203.0.113.7" });
        await writer.FlushAsync();

        var store = web.Services.GetRequiredService<SqliteStore>();
        var rows = await store.ReadAsync(db => db.Audit.AsNoTracking().ToListAsync(TestContext.Current.CancellationToken));
        Assert.Equal(AuditLog.MostOfSource + 1, rows.Count(row => row.Kind == AuditKind.Refused));
        Assert.Equal(100_000, rows.Where(row => row.Kind == AuditKind.Refused).Sum(row => row.Count));
        Assert.Equal(500, rows.Count(row => row.Kind == AuditKind.Launch));
        Assert.Single(rows, row => row.Text == "the act");
        Assert.Single(rows, row => row.Text == "later");

        web.Time.Shift = TimeSpan.FromDays(31);
        log.Act(null, "a month later");
        await writer.FlushAsync();
        Assert.Equal("a month later", Assert.Single(await store.ReadAsync(db => db.Audit.AsNoTracking().ToListAsync(TestContext.Current.CancellationToken))).Text);
    }

    [Fact]
    public async Task What_isolates_sandboxes_is_shown_to_operators_only()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var desk = await web.NewOperatorAsync();
        using var guest = web.NewClient();
        await guest.LaunchAsync();

        Assert.Equal(403, (await guest.GetAsync("/api/v1/admin/host")).Status);
        var check = Assert.Single((await desk.GetAsync("/api/v1/admin/host")).Json!["checks"]!.AsArray())!;
        Assert.Equal(("seccomp", true), ((string?)check["name"], (bool)check["isProven"]!));
    }

    [Fact]
    public async Task A_host_without_room_says_so_to_operators_and_on_the_status_page()
    {
        await using var web = await WebUnderTest.StartAsync();
        using var desk = await web.NewOperatorAsync();
        var act = new HostAct(DateTimeOffset.UnixEpoch, SandboxId.New(), PersonId.New(), "stopped", 500, "It held the most.");
        web.Runtime.Capacity = new HostCapacity(new HostResource(100, 9, 10, 200, 720), new HostResource(1000, 900, 50, 3000, 5100), 1.5, "The host is short of memory.", [act]);

        var shown = (await desk.GetAsync("/api/v1/admin/host")).Json!["capacity"]!;
        Assert.Equal((9, 10, 720), ((int)shown["memory"]!["left"]!, (int)shown["memory"]!["reserve"]!, (int)shown["memory"]!["promisable"]!));
        Assert.Equal((act.Sandbox.Value, "stopped"), ((string?)shown["acts"]![0]!["sandbox"], (string?)shown["acts"]![0]!["kind"]));
        await WebUnderTest.Until(async () => (string?)(await desk.GetAsync("/api/v1/status")).Json!["capacity"]?["message"] == "The host is short of memory.");
    }

    private static async Task<List<JsonNode>> EventsAsync(Client desk, string query = "") =>
        [.. (await desk.GetAsync($"/api/v1/admin/log{query}")).Json!["events"]!.AsArray().Select(each => each!)];

    private static Predicate<JsonNode> Is(string kind, string playground) => each => (string?)each["kind"] == kind && (string?)each["playground"] == playground;

    private static (string? Code, string? Person) Of(JsonNode each) => ((string?)each["code"], (string?)each["person"]);
}
