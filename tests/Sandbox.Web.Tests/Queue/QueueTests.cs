using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Playgrounds;
using Sandbox.Web.Leases;
using Sandbox.Web.Queue;
using Xunit;

namespace Sandbox.Web.Tests.Queue;

/// <summary>A host with room for two sandboxes of a guest, of 512 MiB each.</summary>
public sealed class QueueTests
{
    [Fact]
    public async Task Launch_on_a_full_host_gets_a_place_and_starts_by_itself()
    {
        await using var web = await StartAsync();
        var (playground, other) = await FillAsync(web);
        using var first = web.NewClient();
        using var second = web.NewClient();
        first.Headers["Idempotency-Key"] = "one";

        var answer = await first.PostAsync("/api/v1/playgrounds", new { image = "busybox" });
        Assert.Equal((202, "queued", "5"), (answer.Status, (string?)answer.Json!["state"], answer.Header("Retry-After")));
        Assert.Equal(("room", 1, 1), Place(answer.Json));
        Assert.InRange((int)answer.Json["queue"]!["estimateSeconds"]!, 30, 24 * 3600);
        Assert.StartsWith("You are next.", (string?)answer.Json["progress"], StringComparison.Ordinal);
        var behind = await second.PostAsync("/api/v1/playgrounds", new { image = "busybox" });
        Assert.Equal(("room", 2, 2), Place(behind.Json!));
        Assert.StartsWith("1 visitor is before you.", (string?)behind.Json!["progress"], StringComparison.Ordinal);

        // The same request again is the same place.
        var again = await first.PostAsync("/api/v1/playgrounds", new { image = "busybox" });
        Assert.Equal(((string?)answer.Json["id"], ("room", 1, 2)), ((string?)again.Json!["id"], Place(again.Json)));

        // Everybody sees how many wait, and the operator who.
        var capacity = (await second.GetAsync("/api/v1/status")).Json!["capacity"]!;
        Assert.Equal(("full", 2, "The host is full. 2 launches wait in the queue."), ((string?)capacity["state"], (int)capacity["waiting"]!, (string?)capacity["message"]));
        using var operators = await web.NewOperatorAsync();
        Assert.Equal(
            [null, null, "room 1", "room 2"],
            (await operators.GetAsync("/api/v1/admin/playgrounds")).Json!.AsArray().Select(row => row!["playground"]!["queue"] is { } queue ? $"{queue["for"]} {queue["place"]}" : null));

        var metrics = (await second.GetAsync("/metrics")).Text;
        Assert.Contains("\nsandbox_queue_waiting 2\n", metrics, StringComparison.Ordinal);
        Assert.Contains("\nsandbox_queue_admitted_total 0\n", metrics, StringComparison.Ordinal);
        Assert.Contains("\nprocess_start_time_seconds ", metrics, StringComparison.Ordinal);

        // Who waits is told at once, and not before something changed.
        var waiting = second.GetAsync($"{Api(behind)}?wait=25&place=2");
        Assert.Equal(2, web.Runtime.Calls.Count(call => call == "Create"));
        await other.DeleteAsync($"/api/v1/playgrounds/{playground}");
        Assert.Equal(("room", 1, 1), Place((await waiting).Json!));
        await WebUnderTest.Until(async () => (string?)(await first.GetAsync(Api(answer))).Json!["state"] == "running");
        Assert.Null((await first.GetAsync(Api(answer))).Json!["queue"]);

        web.Time.Shift = TimeSpan.FromSeconds(40);
        Assert.Equal(200, (await first.PostAsync($"/api/v1/sandboxes/{(string)(await first.GetAsync(Api(answer))).Json!["sandboxes"]![0]!["id"]!}/pause")).Status);
        metrics = (await second.GetAsync("/metrics")).Text;
        Assert.Contains("\nsandbox_queue_waiting 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("\nsandbox_queue_admitted_total 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("\nsandbox_sandboxes_paused 1\n", metrics, StringComparison.Ordinal);
        Assert.Matches(@"\nsandbox_queue_oldest_wait_seconds ([4-9]\d|[1-9]\d\d)", metrics);
        await second.DeleteAsync(Api(behind));
        metrics = (await second.GetAsync("/metrics")).Text;
        Assert.Contains("\nsandbox_queue_waiting 0\n", metrics, StringComparison.Ordinal);
        Assert.Contains("\nsandbox_queue_left_total 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("\nsandbox_queue_oldest_wait_seconds 0\n", metrics, StringComparison.Ordinal);
        other.Dispose();
    }

    [Fact]
    public async Task A_place_that_is_left_goes_to_the_next()
    {
        await using var web = await StartAsync();
        var (_, owner) = await FillAsync(web);
        using var closed = web.NewClient();
        using var left = web.NewClient();
        using var asking = web.NewClient();
        using var silent = web.NewClient();
        var one = await QueueAsync(closed);
        var two = await QueueAsync(left);
        var three = await QueueAsync(asking);
        var four = await QueueAsync(silent);
        Assert.Equal(("room", 4, 4), Place(four.Json!));

        // Somebody else's place is nobody's business.
        Assert.Equal(404, (await left.GetAsync(Api(one))).Status);
        Assert.Equal(404, (await left.DeleteAsync(Api(one))).Status);
        Assert.Equal(404, (await left.GetAsync("/api/v1/playgrounds/00000000000000000000000000?wait=25")).Status);
        Assert.Equal(400, (await left.GetAsync($"{Api(two)}?wait=26")).Status);

        Assert.Equal(204, (await left.DeleteAsync(Api(two))).Status);
        var gone = (await left.GetAsync(Api(two))).Json!["lease"]!;
        Assert.Equal(("removed", "You left the queue."), ((string?)gone["reason"], (string?)gone["message"]));
        await WebUnderTest.Until(async () => Place((await asking.GetAsync(Api(three))).Json!) == ("room", 2, 3));

        // A tab that is closed while it waits for an answer: again, if its request had not arrived.
        await WebUnderTest.Until(async () =>
        {
            using var tab = new CancellationTokenSource();
            var wait = closed.SendUntilAsync(HttpMethod.Get, $"{Api(one)}?wait=25", null, tab.Token);
            await Task.Delay(100, TestContext.Current.CancellationToken);
            await tab.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
            return web.Services.GetRequiredService<QueueBoard>().LeftAt(PlaygroundId.Parse((string)one.Json!["id"]!)) is not null;
        });

        web.Time.Shift = TimeSpan.FromSeconds(10);
        await WebUnderTest.Until(async () =>
        {
            await Sweeper(web).SweepAsync();
            return Place((await asking.GetAsync(Api(three))).Json!) == ("room", 1, 2);
        });

        // One that asks no more is kept a while longer.
        web.Time.Shift = TimeSpan.FromSeconds(60);
        await asking.GetAsync(Api(three));
        web.Time.Shift = TimeSpan.FromSeconds(100);
        await Sweeper(web).SweepAsync();
        await WebUnderTest.Until(async () => Place((await asking.GetAsync(Api(three))).Json!) == ("room", 1, 1));
        Assert.Equal("idle", (string?)(await silent.GetAsync(Api(four))).Json!["lease"]!["reason"]);
        owner.Dispose();
    }

    [Fact]
    public async Task Places_survive_a_restart_in_their_order()
    {
        await using var web = await StartAsync();
        var (playground, owner) = await FillAsync(web);
        using var first = web.NewClient();
        using var second = web.NewClient();
        var one = await QueueAsync(first);
        var two = await QueueAsync(second);

        await web.StopAsync();
        await web.StartAgainAsync();

        using var firstAgain = Copy(first, web);
        using var secondAgain = Copy(second, web);
        using var ownerAgain = Copy(owner, web);
        Assert.Equal(("room", 1, 2), Place((await firstAgain.GetAsync(Api(one))).Json!));
        Assert.Equal(("room", 2, 2), Place((await secondAgain.GetAsync(Api(two))).Json!));
        Assert.Equal(204, (await ownerAgain.DeleteAsync($"/api/v1/playgrounds/{playground}")).Status);
        await WebUnderTest.Until(async () => (string?)(await firstAgain.GetAsync(Api(one))).Json!["state"] == "running");
        await WebUnderTest.Until(async () => Place((await secondAgain.GetAsync(Api(two))).Json!) == ("room", 1, 1));
        owner.Dispose();
    }

    [Fact]
    public async Task Nobody_fills_the_queue_or_jumps_it()
    {
        await using var web = await WebUnderTest.StartAsync(new()
        {
            ["Proxies"] = new[] { "127.0.0.1" },
            ["Limits"] = new { CommittedMemoryBytes = 1L << 30, QueuePlaces = 5, QueuePlacesPerAddress = 3, QueuePlacesPerPerson = 2, LaunchBurst = 1000, GuestBurst = 1000 },
        });
        var (playground, owner) = await FillAsync(web);
        using var greedy = web.NewClient();
        greedy.Headers["X-Forwarded-For"] = "2001:db8:7:1::1";

        // Many at once get as many places as one person may have.
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => greedy.PostAsync("/api/v1/guests")));
        var token = (string)answers[0].Json!["token"]!;
        greedy.Headers["Authorization"] = $"Bearer {token}";
        answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => greedy.PostAsync("/api/v1/playgrounds", new { image = "busybox" })));
        Assert.Equal(2, answers.Count(answer => answer.Status == 202));
        Assert.All(answers.Where(answer => answer.Status != 202), answer => Assert.Equal((429, "capacity"), (answer.Status, answer.Code)));
        var places = answers.Where(answer => answer.Status == 202).ToList();
        var guests = new List<Answer>();
        for (var at = 0; at < 4; at++)
        {
            using var guest = web.NewClient();
            guest.Headers["X-Forwarded-For"] = at < 2 ? $"2001:db8:7:{at}::1" : $"203.0.113.{at}"; // a site has many networks
            guests.Add(await guest.PostAsync("/api/v1/playgrounds", new { image = "busybox" }));
        }

        Assert.Equal([202, 429, 202, 202], guests.Select(answer => answer.Status));
        using var late = web.NewClient();
        late.Headers["X-Forwarded-For"] = "203.0.113.9";
        var full = await late.PostAsync("/api/v1/playgrounds", new { image = "busybox" });
        Assert.Contains("The queue is full.", full.Text, StringComparison.Ordinal);

        // Room that comes free is given to the first, however soon somebody else comes.
        await owner.DeleteAsync($"/api/v1/playgrounds/{playground}");
        var refused = await late.PostAsync("/api/v1/playgrounds", new { image = "busybox", queue = false });
        Assert.Equal((429, "capacity"), (refused.Status, refused.Code));
        await WebUnderTest.Until(async () =>
            (await Task.WhenAll(places.Select(place => greedy.GetAsync(Api(place))))).Count(answer => (string?)answer.Json!["state"] == "running") == 1);
        owner.Dispose();
    }

    [Fact]
    public async Task A_launch_larger_than_the_host_is_refused_and_not_queued()
    {
        await using var web = await WebUnderTest.StartAsync(new() { ["Limits"] = new { CommittedMemoryBytes = 256L << 20 } });
        using var guest = web.NewClient();

        var answer = await guest.PostAsync("/api/v1/playgrounds", new { image = "busybox" });

        Assert.Equal((429, "capacity"), (answer.Status, answer.Code));
        Assert.Contains("more memory than this host", answer.Text, StringComparison.Ordinal);
    }

    private static Task<WebUnderTest> StartAsync() => WebUnderTest.StartAsync(new() { ["Limits"] = new { CommittedMemoryBytes = 1L << 30, AddressMemoryBytes = 1L << 30 } });

    private static async Task<(string Playground, Client Owner)> FillAsync(WebUnderTest web)
    {
        var owner = web.NewClient();
        await owner.LaunchAsync();
        return ((await owner.LaunchAsync()).Playground, owner);
    }

    private static async Task<Answer> QueueAsync(Client client)
    {
        var answer = await client.PostAsync("/api/v1/playgrounds", new { image = "busybox" });
        Assert.Equal(202, answer.Status);
        return answer;
    }

    private static (string? For, int Place, int Waiting) Place(JsonNode view) =>
        view["queue"] is { } queue ? ((string?)queue["for"], (int)queue["place"]!, (int)queue["waiting"]!) : (null, 0, 0);

    private static string Api(Answer answer) => (string)answer.Json!["urls"]!["api"]!;

    private static LeaseSweeper Sweeper(WebUnderTest web) => web.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<LeaseSweeper>().Single();

    /// <summary>The same visitor at the process that was started again on another port.</summary>
    private static Client Copy(Client client, WebUnderTest web)
    {
        var copy = web.NewClient();
        foreach (System.Net.Cookie cookie in client.Cookies.GetAllCookies())
        {
            copy.Cookies.Add(web.Url, new System.Net.Cookie(cookie.Name, cookie.Value));
        }

        return copy;
    }
}
