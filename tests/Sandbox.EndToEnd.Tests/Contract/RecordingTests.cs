using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.SignalR.Client;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

[Collection(typeof(Alone))]
public sealed class RecordingTests
{
    private static readonly string[] Shell = ["sh"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_recording_holds_every_line_once_through_a_kill_and_no_password()
    {
        await using var caller = await Caller.NewGuestAsync();
        await using var stranger = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        string terminal;
        string id;
        await using (var hub = await caller.ConnectAsync())
        {
            terminal = await hub.InvokeAsync<string>("Open", sandbox, 80, 24, Shell, Token);
            await using var screen = new Screen(hub, terminal);
            await hub.InvokeAsync("Input", terminal, "echo not''-recorded\n"u8.ToArray(), Token);
            await screen.UntilAsync("not-recorded");

            // At the next prompt, whose end is the second B: a recording that sees a prompt end marks the command after it.
            await Instance.UntilAsync(() => Task.FromResult(screen.Text.Split("\e]633;B;").Length > 2));
            var started = await caller.PostAsync($"/api/v1/terminals/{terminal}/recordings", new { name = "Counting" });
            Assert.True(started.Status == 201, started.Text);
            id = (string)started.Json["id"]!;
            Assert.Equal((409, "conflict"), Told(await caller.PostAsync($"/api/v1/terminals/{terminal}/recordings", new { })));
            Assert.Equal((404, "not_found"), Told(await stranger.PostAsync($"/api/v1/terminals/{terminal}/recordings", new { })));
            Assert.True((bool)(await caller.GetAsync($"/api/v1/sandboxes/{sandbox}/terminals")).Json.AsArray().Single(each => (string?)each!["id"] == terminal)!["recording"]!);

            await hub.InvokeAsync("Input", terminal, "stty -echo; echo pass''word:; read secret; stty echo; echo \"got ${#secret}\"\n"u8.ToArray(), Token);
            await screen.UntilAsync("password:");
            await hub.InvokeAsync("Input", terminal, "hunter2-hunter2\n"u8.ToArray(), Token);
            await screen.UntilAsync("got 15");
            await hub.InvokeAsync("Resize", terminal, 100, 30, Token);
            await Instance.UntilAsync(async () => Events(await CastAsync(caller, id), "r").Contains("100x30"));
            await hub.InvokeAsync("Input", terminal, "i=0; while [ $i -lt 150 ]; do echo \"line $i.\"; i=$((i+1)); sleep 0.03; done; echo d''one\n"u8.ToArray(), Token);
            await screen.UntilAsync("line 20.");

            // The file's content is not read again after the kill; the beginning of this command has to be in it.
            await Instance.UntilAsync(async () => Output(await CastAsync(caller, id)).Contains("line 0.", StringComparison.Ordinal));
            await Instance.KillAsync("web");
        }

        await Instance.ReadyAsync();
        await Instance.UntilAsync(async () => Output(await CastAsync(caller, id)).Contains("done\r\n", StringComparison.Ordinal));
        var stopped = await caller.PostAsync($"/api/v1/recordings/{id}/stop");
        Assert.Equal((200, "finished", "stopped"), (stopped.Status, (string)stopped.Json["state"]!, (string)stopped.Json["reason"]!));

        var cast = await CastAsync(caller, id);
        Assert.Equal((long)stopped.Json["bytes"]!, cast.Length);
        Assert.Equal(await File.ReadAllBytesAsync(Instance.RecordingOf(id), Token), cast);
        var text = Encoding.UTF8.GetString(cast);
        Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);
        Assert.Empty(Events(cast, "i"));
        var lines = Output(cast).Split("\r\n");
        Assert.DoesNotContain("not-recorded", lines);
        Assert.Contains("got 15", lines);
        Assert.Equal(
            Enumerable.Range(0, 150).Select(number => string.Create(CultureInfo.InvariantCulture, $"line {number}.")),
            lines.Where(line => line.StartsWith("line ", StringComparison.Ordinal)));
        Assert.Empty(Events(cast, "m"));

        foreach (var path in new[] { "", "/cast", "/transcript" })
        {
            Assert.Equal((404, "not_found"), Told(await stranger.GetAsync($"/api/v1/recordings/{id}{path}")));
        }

        Assert.Equal((404, "not_found"), Told(await stranger.DeleteAsync("/api/v1/recordings/" + id)));
        Assert.Equal(204, (await caller.DeleteAsync("/api/v1/recordings/" + id)).Status);
        Assert.False(File.Exists(Instance.RecordingOf(id)));
        Assert.Equal((404, "not_found"), Told(await caller.GetAsync($"/api/v1/recordings/{id}/cast")));
    }

    [Fact]
    public async Task A_command_that_is_typed_without_echo_is_marked_without_its_line()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync(new { image = "debian" });
        await using var hub = await caller.ConnectAsync();
        var terminal = await hub.InvokeAsync<string>("Open", sandbox, 80, 24, null, Token);
        await using var screen = new Screen(hub, terminal);
        await RunAsync("true");
        var started = await caller.PostAsync($"/api/v1/terminals/{terminal}/recordings", new { });
        Assert.True(started.Status == 201, started.Text);
        var id = (string)started.Json["id"]!;

        // Of this one the recording may have come too late to see the line.
        await RunAsync("false");
        await Instance.UntilAsync(async () => Events(await CastAsync(caller, id), "m").Count == 1);
        foreach (var line in new[] { "echo shown", "stty -echo", "export TOKEN=topsecret99", "stty echo", "test $TOKEN" })
        {
            await RunAsync(line);
        }

        await Instance.UntilAsync(async () => Events(await CastAsync(caller, id), "m").Count == 6);
        var cast = await CastAsync(caller, id);
        Assert.Equal(["echo shown", "stty -echo", "Command", "Command", "test $TOKEN"], Events(cast, "m").Skip(1));
        Assert.DoesNotContain("topsecret99", Encoding.UTF8.GetString(cast), StringComparison.Ordinal);
        Assert.Equal(204, (await caller.DeleteAsync("/api/v1/recordings/" + id)).Status);

        async Task RunAsync(string line)
        {
            await hub.InvokeAsync("Input", terminal, Encoding.UTF8.GetBytes(line + "\r"), Token);
            await Instance.UntilAsync(async () => (string?)(await caller.GetAsync($"/api/v1/sandboxes/{sandbox}/terminals")).Json.AsArray().Single(each => (string?)each!["id"] == terminal)!["lastCommand"]?["command"] == line);
        }
    }

    [Fact]
    public async Task A_flood_ends_its_recording_at_the_bound_and_the_terminal_goes_on()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (playground, sandbox) = await caller.LaunchAsync();
        await using var hub = await caller.ConnectAsync();
        var terminal = await hub.InvokeAsync<string>("Open", sandbox, 80, 24, Shell, Token);

        // Large lines, so that the bound is reached soon; the output is discarded.
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var watching = Task.Run(
            async () =>
            {
                try
                {
                    await foreach (var item in hub.StreamAsync<Item>("Attach", terminal, 0L, leave.Token))
                    {
                        await hub.SendAsync("Ack", terminal, item.Offset + item.Data.Length, leave.Token);
                    }
                }
                catch (OperationCanceledException) when (leave.IsCancellationRequested)
                {
                    // The viewer is no longer needed.
                }
            },
            Token);
        var started = await caller.PostAsync($"/api/v1/terminals/{terminal}/recordings", new { });
        Assert.True(started.Status == 201, started.Text);
        var id = (string)started.Json["id"]!;
        await hub.InvokeAsync("Input", terminal, "yes \"$(printf '%01000d' 7)\"\n"u8.ToArray(), Token);
        JsonNode? view = null;
        await Instance.UntilAsync(async () => (string)(view = (await caller.GetAsync("/api/v1/recordings/" + id)).Json)["state"]! == "finished", seconds: 120);
        Assert.Equal("size", (string)view!["reason"]!);
        var length = new FileInfo(Instance.RecordingOf(id)).Length;
        Assert.InRange(length, (64L << 20) - (1 << 20), 64L << 20);
        Assert.Equal(length, (long)view["bytes"]!);
        await hub.InvokeAsync("Input", terminal, new byte[] { 3 }, Token);
        await leave.CancelAsync();
        await watching;

        // And one that is recorded when its playground ends says so.
        var last = (string)(await caller.PostAsync($"/api/v1/terminals/{terminal}/recordings", new { })).Json["id"]!;
        Assert.Equal(204, (await caller.DeleteAsync("/api/v1/playgrounds/" + playground)).Status);
        await Instance.UntilAsync(async () => (string?)(await caller.GetAsync("/api/v1/recordings/" + last)).Json["reason"] is "closed" or "exited");
        foreach (var recording in (await caller.GetAsync("/api/v1/recordings")).Json.AsArray())
        {
            Assert.Equal(204, (await caller.DeleteAsync((string)recording!["urls"]!["api"]!)).Status);
        }

        Assert.False(File.Exists(Instance.RecordingOf(id)));
    }

    private static async Task<byte[]> CastAsync(Caller caller, string id)
    {
        var answer = await caller.GetAsync($"/api/v1/recordings/{id}/cast");
        Assert.Equal((200, "application/x-asciicast"), (answer.Status, answer.Header("Content-Type")));
        return answer.Body;
    }

    private static List<string> Events(byte[] cast, string code) =>
    [
        .. Encoding.UTF8.GetString(cast).Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => JsonNode.Parse(line)!)
            .Where(line => (string)line[1]! == code).Select(line => (string)line[2]!),
    ];

    private static string Output(byte[] cast) => string.Concat(Events(cast, "o"));

    private static (int Status, string Code) Told(Answer answer) => (answer.Status, answer.Code);
}
