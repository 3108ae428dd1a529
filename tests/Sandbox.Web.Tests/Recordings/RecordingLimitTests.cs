using System.Text;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Rpc;
using Sandbox.Web.Recordings;
using Sandbox.Web.Store;
using Xunit;

namespace Sandbox.Web.Tests.Recordings;

/// <summary>The bounds of recordings: their size, their time, how long they are kept, and the space of a person and of all.</summary>
public sealed class RecordingLimitTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("BytesEach", 200_000, "size")]
    [InlineData("BytesPerPerson", 200_000, "quota")]
    [InlineData("BytesInAll", 200_000, "disk")]
    public async Task A_flood_ends_a_recording_at_its_bound(string limit, int bytes, string reason)
    {
        await using var place = await RecordedTerminal.OpenAsync(new() { [limit] = bytes });
        var id = await place.RecordAsync();
        for (var block = 0; block < 10; block++)
        {
            await place.Holder.PrintAsync(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("y\r\n", 10_000))));
        }

        await WebUnderTest.Until(async () => (string)(await place.Client.GetAsync("/api/v1/recordings/" + id)).Json!["state"]! == "finished");
        var view = (await place.Client.GetAsync("/api/v1/recordings/" + id)).Json!;
        Assert.Equal(reason, (string)view["reason"]!);
        var cast = (await place.Client.GetAsync($"/api/v1/recordings/{id}/cast")).Body;
        Assert.InRange(cast.Length, 40_000, bytes);
        Assert.StartsWith("y\r\ny\r\n", new Cast(cast).Output, StringComparison.Ordinal);

        // What it holds counts until it is deleted; then there is room again.
        Assert.Equal(204, (await place.Client.DeleteAsync("/api/v1/recordings/" + id)).Status);
        Assert.Equal(201, (await place.Client.PostAsync(place.Recordings, new { })).Status);
    }

    [Fact]
    public async Task A_recording_ends_at_its_time_and_is_deleted_after_its_days_a_guests_after_one()
    {
        await using var place = await RecordedTerminal.OpenAsync();
        var id = (string)(await place.Client.PostAsync(place.Recordings, new { })).Json!["id"]!;
        place.Web.Time.Shift += TimeSpan.FromMinutes(241);
        await WebUnderTest.Until(async () => (string?)(await place.Client.GetAsync("/api/v1/recordings/" + id)).Json!["reason"] == "time");
        var keeper = place.Web.Services.GetRequiredService<RecordingKeeper>();
        Assert.Contains("kept for a day", (await place.Client.GetAsync("/playgrounds")).Text, StringComparison.Ordinal);
        Assert.Contains("kept for a day", (await place.Client.GetAsync("/recordings")).Text, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromDays(1), await KeptAsync());
        place.Web.Time.Shift += TimeSpan.FromHours(19);
        await keeper.SweepAsync();
        Assert.Equal(TimeSpan.FromDays(1), await KeptAsync());

        // Of somebody who signed in it would be kept longer.
        await place.SignInAsync(PersonKind.Operator);
        Assert.Equal(TimeSpan.FromDays(7), await KeptAsync());
        Assert.Contains("kept for a week.", (await place.Client.GetAsync("/playgrounds")).Text, StringComparison.Ordinal);
        place.Web.Time.Shift += TimeSpan.FromDays(6);
        await keeper.SweepAsync();
        Assert.Equal(TimeSpan.FromDays(7), await KeptAsync());
        await place.SignInAsync(PersonKind.Guest);
        await keeper.SweepAsync();
        Assert.Equal(404, (await place.Client.GetAsync("/api/v1/recordings/" + id)).Status);
        Assert.Empty(Directory.GetFiles(place.Directory));

        async Task<TimeSpan> KeptAsync()
        {
            var view = (await place.Client.GetAsync("/api/v1/recordings/" + id)).Json!;
            return (DateTimeOffset)view["expiresAt"]! - (DateTimeOffset)view["startedAt"]!;
        }
    }

    [Fact]
    public async Task When_the_space_for_all_is_used_up_the_oldest_of_guests_go_and_nobody_elses()
    {
        await using var place = await RecordedTerminal.OpenAsync(new() { ["BytesInAll"] = 2_000_000 });
        var ids = new List<string>();
        for (var number = 0; number < 5; number++)
        {
            ids.Add(await FillAsync());
            Assert.Equal("stopped", (await place.StateAsync(ids[^1])).Reason);
        }

        Assert.Equal((int[])[404, 404, 404, 200, 200], await StatusesAsync());
        Assert.Equal(2, Directory.GetFiles(place.Directory).Length);

        // One who signed in loses none, and nobody else gets room by it.
        await place.SignInAsync(PersonKind.Operator);
        ids.Add(await FillAsync());
        Assert.Equal("disk", (await place.StateAsync(ids[^1])).Reason);
        Assert.Equal((int[])[404, 404, 404, 200, 200, 200], await StatusesAsync());

        // A recording that begins finds room too; and what goes no longer counts for its owner.
        await place.SignInAsync(PersonKind.Guest);
        place.Web.Time.Shift += TimeSpan.FromSeconds(11);
        ids.Add(await FillAsync());
        Assert.Equal("stopped", (await place.StateAsync(ids[^1])).Reason);
        foreach (var id in ids)
        {
            await place.Client.DeleteAsync("/api/v1/recordings/" + id);
        }

        Assert.Equal(0, place.Web.Services.GetRequiredService<RecordingSpace>().Excess + 2_000_000 - (2 * (2_000_000 / 16)));

        Task<int[]> StatusesAsync() => Task.WhenAll(ids.Select(async id => (await place.Client.GetAsync("/api/v1/recordings/" + id)).Status));

        async Task<string> FillAsync()
        {
            var started = await place.Client.PostAsync(place.Recordings, new { });
            Assert.Equal(201, started.Status);
            var id = (string)started.Json!["id"]!;
            await place.Holder.RecordersAsync(ids.Count + 1);
            for (var block = 0; block < 16; block++)
            {
                await place.Holder.PrintAsync(Enumerable.Repeat((byte)'x', 50_000).ToArray());
            }

            await WebUnderTest.Until(async () => (await place.StateAsync(id)).State == "finished" || (await place.CastAsync(id)).Output.Length == 800_000);
            await place.Client.PostAsync($"/api/v1/recordings/{id}/stop");
            return id;
        }
    }

    [Fact]
    public async Task When_guests_hold_the_space_by_recordings_that_run_the_largest_ends()
    {
        await using var place = await RecordedTerminal.OpenAsync(new() { ["BytesInAll"] = 2_000_000 });
        var large = await place.RecordAsync();
        await PrintAsync(place.Holder, 30);
        await WebUnderTest.Until(async () => (await place.CastAsync(large)).Output.Length == 1_500_000);

        // Somebody else, who has hardly begun.
        await using var holder = new ScriptedHolder(Path.Combine(place.Web.Home, "other.sock"));
        place.Web.Runtime.ConnectTerminal = token => TerminalSockets.ConnectAsync(holder.Socket, token);
        using var other = place.Web.NewClient();
        var token = (string)(await other.PostAsync("/api/v1/guests")).Json!["token"]!;
        other.Headers["Authorization"] = "Bearer " + token;
        var (_, sandbox) = await other.LaunchAsync();
        await using var hub = await place.ConnectAsync(token);
        var terminal = await hub.InvokeAsync<string>("Open", sandbox, 80, 24, null, Token);
        var small = (string)(await other.PostAsync($"/api/v1/terminals/{terminal}/recordings", new { })).Json!["id"]!;
        await holder.RecordersAsync();
        await PrintAsync(holder, 8);
        await WebUnderTest.Until(async () => (await OutputAsync()) == 400_000);
        await PrintAsync(holder, 1);
        await place.UntilAsync(large, "finished", "disk");
        place.Web.Time.Shift += TimeSpan.FromSeconds(1);
        await PrintAsync(holder, 10);
        await WebUnderTest.Until(async () => (await OutputAsync()) == 950_000);
        Assert.Equal("recording", (string)(await other.GetAsync("/api/v1/recordings/" + small)).Json!["state"]!);
        Assert.Equal(404, (await place.Client.GetAsync("/api/v1/recordings/" + large)).Status);

        async Task<int> OutputAsync() => new Cast((await other.GetAsync($"/api/v1/recordings/{small}/cast")).Body).Output.Length;

        static async Task PrintAsync(ScriptedHolder holder, int blocks)
        {
            for (var block = 0; block < blocks; block++)
            {
                await holder.PrintAsync(Enumerable.Repeat((byte)'x', 50_000).ToArray());
            }
        }
    }

    [Fact]
    public async Task One_person_keeps_so_many_and_a_full_disk_refuses_the_first()
    {
        await using var place = await RecordedTerminal.OpenAsync(new() { ["PerPerson"] = 2 });
        for (var number = 0; number < 2; number++)
        {
            var id = (string)(await place.Client.PostAsync(place.Recordings, new { })).Json!["id"]!;
            Assert.Equal(200, (await place.Client.PostAsync($"/api/v1/recordings/{id}/stop")).Status);
        }

        var refused = await place.Client.PostAsync(place.Recordings, new { });
        Assert.Equal((429, "quota"), (refused.Status, refused.Code));
        Assert.Equal(2, (await place.Client.GetAsync("/api/v1/recordings")).Json!.AsArray().Count);

        await using var full = await RecordedTerminal.OpenAsync(new() { ["FreeBytes"] = long.MaxValue });
        refused = await full.Client.PostAsync(full.Recordings, new { });
        Assert.Equal((507, "disk_full"), (refused.Status, refused.Code));
        Assert.Empty(Directory.GetFiles(full.Directory));
    }
}
