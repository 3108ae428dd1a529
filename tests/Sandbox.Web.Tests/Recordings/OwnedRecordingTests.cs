using System.Text;
using Xunit;

namespace Sandbox.Web.Tests.Recordings;

/// <summary>A recording belongs to one person, who names and deletes it.</summary>
public sealed class OwnedRecordingTests
{
    [Fact]
    public async Task Deleting_stops_and_removes_it_and_a_stranger_finds_nothing()
    {
        await using var place = await RecordedTerminal.OpenAsync();
        var id = (string)(await place.Client.PostAsync(place.Recordings, new { })).Json!["id"]!;
        using var stranger = place.Web.NewClient();
        stranger.Headers["Authorization"] = "Bearer " + (string)(await stranger.PostAsync("/api/v1/guests")).Json!["token"]!;
        foreach (var answer in new[]
        {
            await stranger.PostAsync(place.Recordings, new { }), await stranger.GetAsync("/api/v1/recordings/" + id), await stranger.GetAsync($"/api/v1/recordings/{id}/cast"),
            await stranger.GetAsync($"/api/v1/recordings/{id}/transcript"), await stranger.PostAsync($"/api/v1/recordings/{id}/stop"), await stranger.DeleteAsync("/api/v1/recordings/" + id),
            await PatchAsync(stranger, id, "mine"), await place.Client.GetAsync("/api/v1/recordings/..%2f..%2fsandbox.db"), await place.Client.PostAsync("/api/v1/terminals/aaaaaaaaaaaaaaaa/recordings", new { }),
        })
        {
            Assert.Equal((404, "not_found"), (answer.Status, answer.Code));
        }

        Assert.Empty((await stranger.GetAsync("/api/v1/recordings")).Json!.AsArray());
        Assert.Equal("recording", (string)(await place.Client.GetAsync("/api/v1/recordings/" + id)).Json!["state"]!);
        foreach (var name in new[] { "", "  ", "a\nb", new string('x', 101) })
        {
            Assert.Equal((400, "invalid"), Refused(await PatchAsync(place.Client, id, name)));
        }

        Assert.Equal("Mine ☂", (string)(await PatchAsync(place.Client, id, " Mine ☂ ")).Json!["name"]!);
        foreach (var body in new object[] { new { cols = 0 }, new { rows = 1001 }, new { name = "" }, "nonsense", new { secret = 1 } })
        {
            Assert.Equal((400, "invalid"), Refused(await place.Client.PostAsync(place.Recordings, body)));
        }

        Assert.Equal(204, (await place.Client.DeleteAsync("/api/v1/recordings/" + id)).Status);
        Assert.Equal(404, (await place.Client.GetAsync("/api/v1/recordings/" + id)).Status);
        Assert.Equal(404, (await place.Client.DeleteAsync("/api/v1/recordings/" + id)).Status);
        Assert.Empty(Directory.GetFiles(place.Directory));
    }

    private static (int Status, string? Code) Refused(Answer answer) => (answer.Status, answer.Code);

    private static Task<Answer> PatchAsync(Client client, string id, string name) =>
        client.SendAsync(HttpMethod.Patch, "/api/v1/recordings/" + id, new StringContent(System.Text.Json.JsonSerializer.Serialize(new { name }), Encoding.UTF8, "application/json"));
}
