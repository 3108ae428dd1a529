using System.Text;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Store;
using Xunit;

namespace Sandbox.Web.Tests;

/// <summary>Links to one terminal: what their holders may do, and how they lose it.</summary>
public sealed class SharingTests
{
    [Fact]
    public async Task A_link_to_watch_shows_output_and_takes_no_key()
    {
        await using var place = await SharedUnderTest.StartAsync();
        var link = await place.ShareAsync("watch");
        await using var watcher = await place.ConnectAsync(link.Token);
        var items = watcher.StreamAsync<HubItem>("Attach", place.Terminal, 0L, Token).GetAsyncEnumerator(Token);
        await place.Holder.PrintAsync("for all to see"u8.ToArray());
        Assert.True(await items.MoveNextAsync());
        Assert.Equal("for all to see", Encoding.UTF8.GetString(items.Current.Data));
        await watcher.InvokeAsync("Ack", place.Terminal, 14L, Token);

        await RefusedAsync("not_found", () => watcher.InvokeAsync("Input", place.Terminal, "rm -rf /\n"u8.ToArray(), Token));
        await watcher.SendAsync("Input", place.Terminal, "again\n"u8.ToArray(), Token);
        await RefusedAsync("not_found", () => watcher.InvokeAsync("Input", place.Terminal, Array.Empty<byte>(), Token));
        await RefusedAsync("not_found", () => watcher.InvokeAsync("Close", place.Terminal, Token));
        await place.Holder.PrintAsync("!"u8.ToArray());
        Assert.True(await items.MoveNextAsync());
        Assert.Empty(place.Holder.Typed);
        Assert.DoesNotContain("c", place.Holder.Seen);
    }

    [Fact]
    public async Task A_link_to_type_types_and_does_nothing_else()
    {
        await using var place = await SharedUnderTest.StartAsync();
        var link = await place.ShareAsync("type");
        await using var writer = await place.ConnectAsync(link.Token);
        await place.AttachAsync(writer);
        await writer.InvokeAsync("Input", place.Terminal, "ls\n"u8.ToArray(), Token);
        await WebUnderTest.Until(() => Task.FromResult(place.Holder.Typed == "ls\n"));

        await RefusedAsync("not_found", () => writer.InvokeAsync("Close", place.Terminal, Token));
        await RefusedAsync("not_found", () => writer.InvokeAsync<string>("Open", place.Sandbox, 80, 24, null, Token));
        await RefusedAsync("not_found", () => writer.InvokeAsync("SizePolicy", place.Terminal, "smallest", Token));
        var told = await writer.InvokeAsync<SharedNow>("Shared", Token);
        Assert.Equal(("busybox", "type", place.Terminal), (told.Image, told.Access, told.TerminalId));
    }

    [Fact]
    public async Task A_link_opens_neither_another_terminal_nor_anything_of_REST()
    {
        await using var place = await SharedUnderTest.StartAsync();
        var other = await place.Owner.InvokeAsync<string>("Open", place.Sandbox, 80, 24, null, Token);
        var link = await place.ShareAsync("type");
        await using var writer = await place.ConnectAsync(link.Token);
        var seen = place.Holder.Seen.Count;
        foreach (var terminal in new[] { other, "aaaaaaaaaaaaaaaa", "", "../" + place.Terminal })
        {
            await RefusedAsync("not_found", () => ReadAsync(writer, "Attach", terminal, 0L));
            await RefusedAsync("not_found", () => ReadAsync(writer, "Viewers", terminal));
            await RefusedAsync("not_found", () => writer.InvokeAsync("Input", terminal, "x"u8.ToArray(), Token));
            await RefusedAsync("not_found", () => writer.InvokeAsync("Resize", terminal, 80, 24, Token));
            await RefusedAsync("not_found", () => writer.InvokeAsync("Ack", terminal, 0L, Token));
            await RefusedAsync("not_found", () => writer.InvokeAsync("Introduce", terminal, "x", Token));
            await RefusedAsync("not_found", () => writer.InvokeAsync("Close", terminal, Token));
        }

        await RefusedAsync("not_found", () => writer.InvokeAsync("Ack", (string?)null, 0L, Token));
        await RefusedAsync("invalid", () => writer.InvokeAsync("Input", place.Terminal, (byte[]?)null, Token));
        await RefusedAsync("invalid", () => writer.InvokeAsync("Introduce", place.Terminal, (string?)null, Token));
        Assert.Equal(seen, place.Holder.Seen.Count);
        Assert.Empty(place.Holder.Typed);

        using var client = place.Web.NewClient();
        client.Headers["Authorization"] = "Bearer " + link.Token;
        var document = (await place.Client.GetAsync("/openapi/v1.json")).Json!;
        var asked = 0;
        foreach (var (path, methods) in document["paths"]!.AsObject())
        {
            var address = path.Replace("{terminalId}", place.Terminal, StringComparison.Ordinal).Replace("{shareId}", link.Id, StringComparison.Ordinal)
                .Replace("{id}", path.Contains("/playgrounds/", StringComparison.Ordinal) ? place.Playground : place.Sandbox, StringComparison.Ordinal);
            foreach (var (method, _) in methods!.AsObject())
            {
                var answer = await client.SendAsync(new HttpMethod(method), System.Text.RegularExpressions.Regex.Replace(address, @"\{\w+\}", "x", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)));
                Assert.True(answer.Status is 401 or 404, $"{method} {path}: {answer.Status}");
                asked++;
            }
        }

        Assert.True(asked > 20);
        Assert.Equal(401, (await client.GetAsync("/p/" + place.Playground)).Status);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_revoked_link_cuts_its_viewers_in_the_middle_of_a_stream_and_says_why(bool messagePack)
    {
        await using var place = await SharedUnderTest.StartAsync(messagePack);
        var link = await place.ShareAsync("type");
        var stays = await place.ShareAsync("watch");
        await using var writer = await place.ConnectAsync(link.Token);
        await using var watcher = await place.ConnectAsync(stays.Token);
        var closed = new TaskCompletionSource();
        writer.Closed += _ =>
        {
            closed.SetResult();
            return Task.CompletedTask;
        };
        var reading = ReadAsync(writer, "Attach", place.Terminal, 0L);
        var goesOn = watcher.StreamAsync<HubItem>("Attach", place.Terminal, 0L, Token).GetAsyncEnumerator(Token);
        var next = goesOn.MoveNextAsync();
        await WebUnderTest.Until(() => Task.FromResult(place.Holder.Seen.Count(seen => seen is "a0" or "w0") == 2));
        Assert.Equal([1, 1], (await place.Client.GetAsync(place.Shares)).Json!.AsArray().Select(row => (int)row!["viewers"]!));

        Assert.Equal(204, (await place.Client.DeleteAsync($"{place.Shares}/{link.Id}")).Status);
        await closed.Task.WaitAsync(Token);
        await Assert.ThrowsAnyAsync<Exception>(() => reading);
        var refused = await place.NegotiateAsync(link.Token);
        Assert.Equal((401, "share_revoked"), (refused.Status, refused.Code));
        await Assert.ThrowsAsync<HttpRequestException>(() => place.ConnectAsync(link.Token));
        Assert.Equal(204, (await place.Client.DeleteAsync($"{place.Shares}/{link.Id}")).Status);
        Assert.Equal(stays.Id, (string?)Assert.Single((await place.Client.GetAsync(place.Shares)).Json!.AsArray())!["id"]);

        await place.Holder.PrintAsync("still"u8.ToArray());
        Assert.True(await next);
    }

    [Fact]
    public async Task A_link_ends_with_its_time_and_with_its_playground()
    {
        await using var place = await SharedUnderTest.StartAsync();
        var brief = await place.ShareAsync("watch", 5);
        var lasting = await place.ShareAsync("watch");
        await using var early = await place.ConnectAsync(brief.Token);
        await using var late = await place.ConnectAsync(lasting.Token);
        var first = ReadAsync(early, "Attach", place.Terminal, 0L);
        var second = ReadAsync(late, "Attach", place.Terminal, 0L);
        await WebUnderTest.Until(() => Task.FromResult(place.Holder.Seen.Count(seen => seen is "a0" or "w0") == 2));

        place.Web.Time.Shift = TimeSpan.FromMinutes(5.1);
        await Assert.ThrowsAnyAsync<Exception>(() => first);
        Assert.Equal("share_expired", (await place.NegotiateAsync(brief.Token)).Code);
        Assert.Equal(200, (await place.NegotiateAsync(lasting.Token)).Status);
        Assert.False(second.IsCompleted);

        Assert.Equal(204, (await place.Client.DeleteAsync("/api/v1/playgrounds/" + place.Playground)).Status);
        await Assert.ThrowsAnyAsync<Exception>(() => second);
        Assert.Equal("share_ended", (await place.NegotiateAsync(lasting.Token)).Code);
        Assert.Equal("unauthorized", (await place.NegotiateAsync("sbxt_" + new string('a', 43))).Code);
        Assert.Equal("unauthorized", (await place.NegotiateAsync("sbxt_" + new string('a', 4000))).Code);
    }

    [Fact]
    public async Task Making_a_link_is_the_owners_alone_and_bounded()
    {
        await using var place = await SharedUnderTest.StartAsync();
        using var stranger = place.Web.NewClient();
        stranger.Headers["Authorization"] = "Bearer " + await place.NewTokenAsync();
        var link = await place.ShareAsync("watch");
        Assert.Equal((404, "not_found"), Told(await stranger.PostAsync(place.Shares, new { access = "watch" })));
        Assert.Equal((404, "not_found"), Told(await stranger.GetAsync(place.Shares)));
        Assert.Equal((404, "not_found"), Told(await stranger.DeleteAsync($"{place.Shares}/{link.Id}")));
        Assert.Equal((404, "not_found"), Told(await place.Client.DeleteAsync($"{place.Shares}/aaaaaaaaaaaaaaaa")));
        Assert.Equal((404, "not_found"), Told(await place.Client.PostAsync("/api/v1/terminals/nonsense/shares", new { access = "watch" })));
        foreach (var body in new object[] { new { access = "own" }, new { access = "watch", minutes = 0 }, new { access = "watch", minutes = 100_000 }, new { access = "watch", minutes = -1 }, new { }, "null", "[]", "{\"access\":1}", new { access = "watch", more = 1 } })
        {
            Assert.Equal((400, "invalid"), Told(await place.Client.PostAsync(place.Shares, body)));
        }

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => place.Client.PostAsync(place.Shares, new { access = "watch" })));
        Assert.Equal(15, answers.Count(answer => answer.Status == 201));
        Assert.All(answers.Where(answer => answer.Status != 201), answer => Assert.Equal((429, "quota"), Told(answer)));
        Assert.Equal(204, (await place.Client.DeleteAsync($"{place.Shares}/{link.Id}")).Status);
        await place.ShareAsync("type");
        Assert.DoesNotContain(link.Token, await File.ReadAllTextAsync(Path.Combine(place.Web.Home, "data", "sandbox.db"), Encoding.Latin1, Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Links_take_at_most_sixteen_viewers_each_and_leave_the_owner_places()
    {
        await using var place = await SharedUnderTest.StartAsync();
        var link = await place.ShareAsync("watch");
        var hubs = new List<HubConnection>();
        for (var number = 0; number < 16; number++)
        {
            hubs.Add(await place.ConnectAsync(link.Token));
        }

        await RefusedAsync("not_found", () => hubs[15].InvokeAsync("Ack", "aaaaaaaaaaaaaaaa", 0L, Token));
        Assert.Equal((429, "quota"), Told(await place.NegotiateAsync(link.Token)));
        await Assert.ThrowsAsync<HttpRequestException>(() => place.ConnectAsync(link.Token));
        await hubs[0].DisposeAsync();
        await WebUnderTest.Until(async () => (await place.NegotiateAsync(link.Token)).Status == 200);
        foreach (var hub in hubs)
        {
            await hub.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_link_whose_holder_begins_anew_again_and_again_is_slowed_also_over_new_connections()
    {
        await using var place = await SharedUnderTest.StartAsync();
        var link = await place.ShareAsync("watch");
        var other = await place.ShareAsync("watch");
        await place.Holder.PrintAsync("x"u8.ToArray());
        await RefusedAsync("rate", async () =>
        {
            for (var connection = 0; connection < 20; connection++)
            {
                await using var watcher = await place.ConnectAsync(link.Token);
                for (var attempt = 0; attempt < 8; attempt++)
                {
                    await BeginAsync(watcher);
                }
            }
        });

        // That link only, and only for a while.
        await using var somebody = await place.ConnectAsync(other.Token);
        await BeginAsync(somebody);
        await WebUnderTest.Until(async () =>
        {
            await using var watcher = await place.ConnectAsync(link.Token);
            try
            {
                await BeginAsync(watcher);
                return true;
            }
            catch (HubException)
            {
                return false;
            }
        });

        async Task BeginAsync(HubConnection hub)
        {
            await using var items = hub.StreamAsync<HubItem>("Attach", place.Terminal, 0L, Token).GetAsyncEnumerator(Token);
            Assert.True(await items.MoveNextAsync());
        }
    }

    [Fact]
    public async Task Whoever_attaches_many_times_at_once_leaves_nobody_behind()
    {
        await using var place = await SharedUnderTest.StartAsync();
        await place.AttachAsync(place.Owner);
        await using var room = new Room(place.Owner, place.Terminal);
        var (id, token) = await place.ShareAsync("watch");
        await using var watcher = await place.ConnectAsync(token);
        var streams = Enumerable.Range(0, 6).Select(_ => ReadAsync(watcher, "Attach", place.Terminal, 0L)).ToList();

        // All but one are replaced, in whatever order they came to their seats, and that one has the only seat.
        await WebUnderTest.Until(() => Task.FromResult(streams.Count(stream => stream.IsFaulted) == 5));
        await room.UntilAsync(now => now.Viewers is [_, { Access: "watch" }]);
        Assert.Equal(204, (await place.Client.DeleteAsync($"{place.Shares}/{id}")).Status);
        await room.UntilAsync(now => now.Viewers.Length == 1);
        foreach (var stream in streams)
        {
            await Assert.ThrowsAnyAsync<Exception>(() => stream);
        }
    }

    [Fact]
    public async Task Who_is_there_is_told_to_everybody_who_is()
    {
        await using var place = await SharedUnderTest.StartAsync();
        await place.AttachAsync(place.Owner);
        await using var room = new Room(place.Owner, place.Terminal);
        await room.UntilAsync(now => now.Viewers is [{ Access: "own", You: true, Name: "owner" }] && now is { Cols: 80, Rows: 24, Policy: "owner" });

        await using var watcher = await place.ConnectAsync((await place.ShareAsync("watch")).Token);
        await place.AttachAsync(watcher);
        await room.UntilAsync(now => now.Viewers.Select(viewer => viewer.Name).SequenceEqual(["owner", "watcher 1"]));
        await watcher.InvokeAsync("Introduce", place.Terminal, " Ada\u202E\u0007 <b> ", Token);
        await room.UntilAsync(now => now.Viewers is [_, { Name: "Ada <b>", Access: "watch", You: false }]);
        foreach (var name in new[] { "", "   ", "\u202E", new string('x', 33), new string('x', 3000) })
        {
            await RefusedAsync("invalid", () => watcher.InvokeAsync("Introduce", place.Terminal, name, Token));
        }

        await using var seen = new Room(watcher, place.Terminal);
        await seen.UntilAsync(now => now.Viewers is [{ You: false }, { You: true }]);
        await watcher.DisposeAsync();
        await room.UntilAsync(now => now.Viewers.Length == 1);
    }

    [Fact]
    public async Task The_owners_page_that_typed_or_was_resized_last_decides_the_size()
    {
        await using var place = await SharedUnderTest.StartAsync();
        await using var phone = await place.ConnectAsync(place.Token);
        await using var watcher = await place.ConnectAsync((await place.ShareAsync("watch")).Token);
        await place.AttachAsync(place.Owner);
        await place.AttachAsync(phone);
        await place.AttachAsync(watcher);
        await using var room = new Room(watcher, place.Terminal);

        await place.Owner.InvokeAsync("Resize", place.Terminal, 120, 40, Token);
        await room.UntilAsync(now => now is { Cols: 120, Rows: 40 });
        await phone.InvokeAsync("Resize", place.Terminal, 45, 20, Token);
        await room.UntilAsync(now => now is { Cols: 45, Rows: 20 });
        await watcher.InvokeAsync("Resize", place.Terminal, 60, 10, Token);
        await place.Owner.InvokeAsync("Input", place.Terminal, "x"u8.ToArray(), Token);
        await room.UntilAsync(now => now is { Cols: 120, Rows: 40 } && now.Viewers[0].Leads);
        await WebUnderTest.Until(() => Task.FromResult(place.Holder.Seen.Count(seen => seen == "r120x40") == 2));
        Assert.DoesNotContain("r60x10", place.Holder.Seen);

        await place.Owner.StopAsync(Token);
        await room.UntilAsync(now => now is { Cols: 45, Rows: 20 } && now.Viewers is [{ Leads: true, Access: "own" }, { Access: "watch" }]);
    }

    [Fact]
    public async Task The_smallest_window_decides_when_the_owner_says_so_but_no_link_makes_it_useless()
    {
        await using var place = await SharedUnderTest.StartAsync();
        await using var watcher = await place.ConnectAsync((await place.ShareAsync("watch")).Token);
        await place.AttachAsync(place.Owner);
        await place.AttachAsync(watcher);
        await using var room = new Room(place.Owner, place.Terminal);
        await place.Owner.InvokeAsync("Resize", place.Terminal, 120, 40, Token);
        await watcher.InvokeAsync("Resize", place.Terminal, 90, 50, Token);
        await place.Owner.InvokeAsync("SizePolicy", place.Terminal, "smallest", Token);
        await room.UntilAsync(now => now is { Cols: 90, Rows: 40, Policy: "smallest" });
        await watcher.InvokeAsync("Resize", place.Terminal, 1, 1, Token);
        await room.UntilAsync(now => now is { Cols: 32, Rows: 8 });
        await watcher.DisposeAsync();
        await room.UntilAsync(now => now is { Cols: 120, Rows: 40 });
        await RefusedAsync("invalid", () => place.Owner.InvokeAsync("SizePolicy", place.Terminal, "largest", Token));
        await using var stranger = await place.ConnectAsync(await place.NewTokenAsync());
        await RefusedAsync("not_found", () => stranger.InvokeAsync("SizePolicy", place.Terminal, "owner", Token));
        await RefusedAsync("not_found", () => ReadAsync(stranger, "Viewers", place.Terminal));
        await RefusedAsync("not_found", () => stranger.InvokeAsync("Shared", Token));
    }

    [Fact]
    public async Task Watching_by_a_link_does_not_keep_a_playground_and_typing_does()
    {
        await using var place = await SharedUnderTest.StartAsync();
        var presence = place.Web.Services.GetRequiredService<Presence>();
        var id = Core.Playgrounds.PlaygroundId.Parse(place.Playground);
        await using var writer = await place.ConnectAsync((await place.ShareAsync("type")).Token);
        await place.AttachAsync(writer);
        place.Web.Time.Shift = TimeSpan.FromMinutes(3);
        Assert.NotNull(presence.UnattendedSince(id, default));
        Assert.True(presence.LastSeen(id) < place.Web.Time.GetUtcNow().AddMinutes(-2));

        await writer.InvokeAsync("Input", place.Terminal, "x"u8.ToArray(), Token);
        Assert.True(presence.LastSeen(id) > place.Web.Time.GetUtcNow().AddMinutes(-1));
    }

    [Fact]
    public async Task A_link_lasts_over_a_restart_and_its_row_goes_with_the_playgrounds()
    {
        await using var place = await SharedUnderTest.StartAsync();
        var link = await place.ShareAsync("watch");
        await place.Owner.DisposeAsync();
        await place.Web.StopAsync();
        await place.Web.StartAgainAsync();
        await using var watcher = await place.ConnectAsync(link.Token);
        await place.AttachAsync(watcher);

        var store = place.Web.Services.GetRequiredService<SqliteStore>();
        await store.WriteAsync(db =>
        {
            db.Playgrounds.RemoveRange(db.Playgrounds);
            return Task.FromResult(true);
        });
        Assert.Equal(0, await store.ReadAsync(db => Task.FromResult(db.Shares.Count())));
        Assert.Equal("unauthorized", (await place.NegotiateAsync(link.Token)).Code);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static (int Status, string? Code) Told(Answer answer) => (answer.Status, answer.Code);

    private static async Task RefusedAsync(string code, Func<Task> call)
    {
        var refusal = await Assert.ThrowsAnyAsync<Exception>(call);
        Assert.Contains(code + ": ", refusal.Message, StringComparison.Ordinal);
    }

    private static async Task ReadAsync(HubConnection hub, string method, params object[] arguments)
    {
        await foreach (var _ in hub.StreamAsyncCore<object>(method, arguments, Token))
        {
            // Whatever comes.
        }
    }
}
