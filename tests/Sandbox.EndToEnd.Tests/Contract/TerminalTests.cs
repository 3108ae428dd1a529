using System.Text;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using Microsoft.AspNetCore.SignalR.Client;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

public sealed class TerminalTests
{
    private static readonly string[] Counting = ["sh", "-c", "i=0; while [ $i -lt 200000 ]; do echo $i; i=$((i+1)); done; exit 7"];
    private static readonly string[] Noise = ["sh", "-c", "stty raw -echo; head -c 20000000 /dev/urandom | tee /tmp/noise"];
    private static readonly string[] Shell = ["sh"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Typed_keys_are_echoed_and_the_last_item_has_the_exit_code(bool messagePack)
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        await using var hub = await caller.ConnectAsync(messagePack);
        var terminal = await hub.InvokeAsync<string>("Open", sandbox, 81, 25, null, Token);
        var open = (await caller.GetAsync($"/api/v1/sandboxes/{sandbox}/terminals")).Json.AsArray();
        Assert.Equal(terminal, (string?)Assert.Single(open)!["id"]);

        await using var screen = new Screen(hub, terminal);
        await hub.InvokeAsync("Input", terminal, "stty size; echo $((6*7))x\n"u8.ToArray(), Token);
        await screen.UntilAsync("25 81");
        await screen.UntilAsync("42x");
        await hub.InvokeAsync("Resize", terminal, 100, 30, Token);
        await hub.InvokeAsync("Input", terminal, "stty size\n"u8.ToArray(), Token);
        await screen.UntilAsync("30 100");
        await hub.InvokeAsync("Input", terminal, "exit 7\n"u8.ToArray(), Token);
        Assert.Equal(7, await screen.ExitAsync());

        // It stays for a while, for a viewer that was away, and says the same again; or it is gone.
        await using var again = new Screen(hub, terminal);
        try
        {
            Assert.Equal(7, await again.ExitAsync());
            Assert.Equal(screen.Text, again.Text);
        }
        catch (Microsoft.AspNetCore.SignalR.HubException gone)
        {
            Assert.Contains("not_found: ", gone.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_shell_opens_in_the_given_directory_also_beside_a_program_of_the_image()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync(new { image = "python" });
        await using var hub = await caller.ConnectAsync();
        foreach (var (wanted, there) in new[] { ("/usr/lib", "/usr/lib"), ("/etc/passwd", "/root"), ("/no/such", "/root"), (null, "/root") })
        {
            var terminal = await hub.InvokeAsync<string>("OpenShell", sandbox, 80, 24, wanted, Token);
            await using var screen = new Screen(hub, terminal);
            await hub.InvokeAsync("Input", terminal, "echo \"($PWD) $((6*7))x\"\n"u8.ToArray(), Token);
            await screen.UntilAsync($"({there}) 42x");
        }

        foreach (var nowhere in new[] { "", "etc", "/etc/../root", "/a\0b", "/" + new string('a', 5000) })
        {
            await RefusedAsync("invalid", () => hub.InvokeAsync<string>("OpenShell", sandbox, 80, 24, nowhere, Token));
        }
    }

    [Fact]
    public async Task Accepted_input_arrives_even_if_its_connection_is_cut()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        var paste = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(100_000, 40_000)));
        await using var first = await caller.ConnectAsync();
        var terminal = await first.InvokeAsync<string>("Open", sandbox, 80, 24, (string[])["sh", "-c", $"stty raw -echo; echo ready; sleep 3; head -c {paste.Length} > /tmp/paste; echo over"], Token);
        var taken = 0;
        await using (var screen = new Screen(first, terminal))
        {
            await screen.UntilAsync("ready");
            try
            {
                for (; ; taken += 1000)
                {
                    await first.InvokeAsync("Type", terminal, (long)taken, paste[taken..(taken + 1000)], Token);
                }
            }
            catch (Microsoft.AspNetCore.SignalR.HubException full)
            {
                Assert.Contains("conflict: ", full.Message, StringComparison.Ordinal);
                Assert.InRange(taken, 60_000, paste.Length / 2);
            }
        }

        await first.DisposeAsync();
        await using var next = await caller.ConnectAsync();
        await using var rest = new Screen(next, terminal);
        for (var sent = taken; sent < paste.Length;)
        {
            var piece = paste[sent..Math.Min(sent + 16_000, paste.Length)];
            try
            {
                await next.InvokeAsync("Input", terminal, piece, Token);
                sent += piece.Length;
            }
            catch (Microsoft.AspNetCore.SignalR.HubException full)
            {
                Assert.Contains("conflict: ", full.Message, StringComparison.Ordinal);
                await Task.Delay(50, Token);
            }
        }

        await rest.UntilAsync("over");
        Assert.Equal(paste, (await caller.GetAsync($"/api/v1/sandboxes/{sandbox}/files/tmp/paste")).Body);
    }

    [Fact]
    public async Task A_viewer_that_reconnects_gets_every_byte_once_and_in_order()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        var expected = new StringBuilder();
        for (var number = 0; number < 200_000; number++)
        {
            expected.Append(number).Append("\r\n");
        }

        await using var first = await caller.ConnectAsync();
        var terminal = await first.InvokeAsync<string>("Open", sandbox, 80, 24, Counting, Token);
        var held = new MemoryStream();
        int? exit = null;
        for (var visit = 0; exit is null; visit++)
        {
            Assert.True(visit < 100, "it never ends");
            await using var hub = await caller.ConnectAsync(messagePack: visit % 2 == 0);
            var acked = held.Length;
            var leaveAt = held.Length + 150_000;
            await foreach (var item in hub.StreamAsync<Item>("Attach", terminal, held.Length, Token))
            {
                Assert.Equal(held.Length, item.Offset);
                held.Write(item.Data);
                exit = item.ExitCode;
                if (held.Length - acked >= 32 * 1024)
                {
                    acked = held.Length;
                    await hub.SendAsync("Ack", terminal, acked, Token);
                }

                if (held.Length > leaveAt && visit < 5)
                {
                    break;
                }
            }
        }

        Assert.Equal(7, exit);
        Assert.Equal(expected.ToString(), Encoding.ASCII.GetString(held.ToArray()));
    }

    [Fact]
    public async Task Noise_arrives_unchanged()
    {
        const int Length = 20_000_000;
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        await using var hub = await caller.ConnectAsync();
        var terminal = await hub.InvokeAsync<string>("Open", sandbox, 80, 24, Noise, Token);
        using var heard = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        var (held, acked) = (0L, 0L);
        await foreach (var item in hub.StreamAsync<Item>("Attach", terminal, 0L, Token))
        {
            Assert.Equal(held, item.Offset);
            heard.AppendData(item.Data);
            held += item.Data.Length;
            if (held - acked >= 32 * 1024)
            {
                acked = held;
                await hub.SendAsync("Ack", terminal, acked, Token);
            }
        }

        Assert.Equal(Length, held);
        Assert.StartsWith(Convert.ToHexStringLower(heard.GetHashAndReset()), await caller.ShellAsync(sandbox, "sha256sum /tmp/noise"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_viewer_that_does_not_acknowledge_holds_up_neither_the_other_nor_the_keys()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        await using var slow = await caller.ConnectAsync();
        await using var fast = await caller.ConnectAsync(messagePack: false);
        var terminal = await fast.InvokeAsync<string>("Open", sandbox, 80, 24, Shell, Token);

        var received = 0L;
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var idle = Task.Run(
            async () =>
            {
                try
                {
                    await foreach (var item in slow.StreamAsync<Item>("Attach", terminal, 0L, leave.Token))
                    {
                        Interlocked.Add(ref received, item.Data.Length);
                    }
                }
                catch (OperationCanceledException) when (leave.IsCancellationRequested)
                {
                    // The viewer is no longer needed.
                }
            },
            Token);
        await using var screen = new Screen(fast, terminal);
        await fast.InvokeAsync("Input", terminal, "i=0; while [ $i -lt 60000 ]; do echo line $i; i=$((i+1)); done; echo d''one\n"u8.ToArray(), Token);
        await screen.UntilAsync("done");

        await Instance.UntilAsync(() => Task.FromResult(Interlocked.Read(ref received) > 0));
        await fast.InvokeAsync("Input", terminal, "echo st''ill\n"u8.ToArray(), Token);
        await screen.UntilAsync("still");

        // 256 KiB, and no more, are sent to a viewer that acknowledges nothing.
        Assert.InRange(Interlocked.Read(ref received), 1, (256 * 1024) + (64 * 1024));
        await leave.CancelAsync();
        await idle;
    }

    [Fact]
    public async Task Two_viewers_see_the_same_and_close_hangs_up_for_both()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        await using var one = await caller.ConnectAsync();
        await using var other = await caller.ConnectAsync();
        var terminal = await one.InvokeAsync<string>("Open", sandbox, 80, 24, Shell, Token);
        await using var left = new Screen(one, terminal);
        await using var right = new Screen(other, terminal);
        await one.InvokeAsync("Input", terminal, "echo fr''om-one\n"u8.ToArray(), Token);
        await left.UntilAsync("from-one");
        await right.UntilAsync("from-one");
        await other.InvokeAsync("Input", terminal, "echo fr''om-other\n"u8.ToArray(), Token);
        await left.UntilAsync("from-other");
        await right.UntilAsync("from-other");

        // The prompt after it may have come to one of them only.
        await Instance.UntilAsync(() => Task.FromResult(left.Text == right.Text));
        await one.InvokeAsync("Close", terminal, Token);
        await left.OverAsync();
        await right.OverAsync();
        await Instance.UntilAsync(async () => (await caller.GetAsync($"/api/v1/sandboxes/{sandbox}/terminals")).Json.AsArray().All(each => (bool)each!["own"]!));
    }

    [Fact]
    public async Task A_program_that_does_not_read_is_still_interrupted_resized_and_closed()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        await using var hub = await caller.ConnectAsync();
        var terminal = await hub.InvokeAsync<string>("Open", sandbox, 80, 24, new[] { "sleep", "600" }, Token);
        await using var screen = new Screen(hub, terminal);

        // Nothing reads the input: at some point the queue is full, and the call fails.
        var refused = false;
        for (var call = 0; call < 64 && !refused; call++)
        {
            try
            {
                await hub.InvokeAsync("Input", terminal, new byte[16 * 1024], Token);
            }
            catch (Microsoft.AspNetCore.SignalR.HubException full)
            {
                Assert.Contains("conflict: ", full.Message, StringComparison.Ordinal);
                refused = true;
            }
        }

        Assert.True(refused);
        await hub.InvokeAsync("Resize", terminal, 90, 20, Token);
        await hub.InvokeAsync("Close", terminal, Token);
        await screen.OverAsync();
    }

    [Fact]
    public async Task Refusals_have_a_code_and_the_connection_lives_on()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (playground, sandbox) = await caller.LaunchAsync();
        await using var stranger = await Caller.NewGuestAsync();
        await using var hub = await caller.ConnectAsync();
        await using var other = await stranger.ConnectAsync();
        var terminal = await hub.InvokeAsync<string>("Open", sandbox, 80, 24, null, Token);

        await RefusedAsync("not_found", () => other.InvokeAsync<string>("Open", sandbox, 80, 24, null, Token));
        await RefusedAsync("not_found", () => new Screen(other, terminal).OverAsync());
        await other.SendAsync("Input", terminal, "touch /tmp/intruder\n"u8.ToArray(), Token);
        await other.SendAsync("Close", terminal, Token);

        await RefusedAsync("too_large", () => hub.InvokeAsync("Input", terminal, new byte[(16 * 1024) + 1], Token));
        await RefusedAsync("invalid", () => hub.InvokeAsync("Resize", terminal, 0, 70_000, Token));
        await RefusedAsync("invalid", () => hub.InvokeAsync<string>("Open", sandbox, -1, 24, null, Token));
        await RefusedAsync("invalid", () => hub.InvokeAsync<string>("Open", sandbox, 80, 24, Array.Empty<string>(), Token));
        await RefusedAsync("command_not_found", () => hub.InvokeAsync<string>("Open", sandbox, 80, 24, new[] { "no-such" }, Token));
        await RefusedAsync("not_found", () => hub.InvokeAsync<string>("Open", "../../etc", 80, 24, null, Token));
        await RefusedAsync("not_found", () => new Screen(hub, "aaaaaaaaaaaaaaaa").OverAsync());
        await RefusedAsync("not_found", () => new Screen(hub, "/run/sandbox/control.sock").OverAsync());
        await RefusedAsync("invalid", () => new Screen(hub, terminal, after: -1).OverAsync());
        await RefusedAsync("invalid", () => hub.InvokeAsync("Ack", terminal, -1L, Token));

        // More bytes held than were ever printed: nonsense, but of no harm to anybody.
        await hub.InvokeAsync("Ack", terminal, long.MaxValue, Token);

        await using var screen = new Screen(hub, terminal);
        await hub.InvokeAsync("Input", terminal, "ls /tmp/intruder; echo al''ive\n"u8.ToArray(), Token);
        await screen.UntilAsync("alive");
        Assert.Contains("No such file", screen.Text, StringComparison.Ordinal);

        Assert.Equal(204, (await caller.DeleteAsync("/api/v1/playgrounds/" + playground)).Status);
        await screen.OverAsync();
        await RefusedAsync("not_found", () => hub.InvokeAsync<string>("Open", sandbox, 80, 24, null, Token));
        Assert.Equal(HubConnectionState.Connected, hub.State);
    }

    [Fact]
    public async Task Many_terminals_share_one_connection_and_their_number_is_bounded()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        await using var hub = await caller.ConnectAsync();
        var screens = new List<Screen>();
        for (var number = 0; number < 12; number++)
        {
            var terminal = await hub.InvokeAsync<string>("Open", sandbox, 80, 24, Shell, Token);
            screens.Add(new Screen(hub, terminal));
            await hub.SendAsync("Input", terminal, Encoding.ASCII.GetBytes($"echo n''o-{number}-\n"), Token);
        }

        for (var number = 0; number < 12; number++)
        {
            await screens[number].UntilAsync($"no-{number}-");
        }

        var refusal = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            for (var number = 0; number < 60; number++)
            {
                await hub.InvokeAsync<string>("Open", sandbox, 80, 24, Shell, Token);
            }
        });
        Assert.Contains("quota: ", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_oversized_message_costs_its_sender_the_connection_and_nobody_else()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        await using var watching = await caller.ConnectAsync();
        var terminal = await watching.InvokeAsync<string>("Open", sandbox, 80, 24, Shell, Token);
        await using var screen = new Screen(watching, terminal);

        await using var loud = await caller.ConnectAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => loud.InvokeAsync("Input", terminal, new byte[200 * 1024], Token));
        await Instance.UntilAsync(() => Task.FromResult(loud.State == HubConnectionState.Disconnected));

        await watching.InvokeAsync("Input", terminal, "echo al''ive\n"u8.ToArray(), Token);
        await screen.UntilAsync("alive");
    }

    [Fact]
    public async Task A_flood_of_calls_is_served_or_refused_and_others_can_type()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync();
        await using var flood = await caller.ConnectAsync();
        var terminal = await flood.InvokeAsync<string>("Open", sandbox, 80, 24, new[] { "sleep", "600" }, Token);
        await using var other = await Caller.NewGuestAsync();
        var (_, quiet) = await other.LaunchAsync();
        await using var hub = await other.ConnectAsync();
        var shell = await hub.InvokeAsync<string>("Open", quiet, 80, 24, Shell, Token);
        await using var screen = new Screen(hub, shell);

        var data = new byte[16 * 1024];
        var sending = Task.Run(
            async () =>
            {
                for (var call = 0; call < 4000; call++)
                {
                    await flood.SendAsync("Input", terminal, data, Token);
                    await flood.SendAsync("Resize", terminal, 80 + (call % 9), 24, Token);
                    await flood.SendAsync("Ack", terminal, (long)call, Token);
                }
            },
            Token);
        await hub.InvokeAsync("Input", shell, "echo un''disturbed\n"u8.ToArray(), Token);
        await screen.UntilAsync("undisturbed");
        await sending;
        await flood.InvokeAsync("Close", terminal, Token);
    }

    [Fact]
    public async Task The_connections_of_one_person_are_bounded()
    {
        await using var caller = await Caller.NewGuestAsync();
        var hubs = new List<HubConnection>();
        try
        {
            var cut = 0;
            for (var number = 0; number < 70; number++)
            {
                var hub = await caller.ConnectAsync();
                hub.Closed += _ =>
                {
                    Interlocked.Increment(ref cut);
                    return Task.CompletedTask;
                };
                hubs.Add(hub);
            }

            await Instance.UntilAsync(() => Task.FromResult(hubs.Count(hub => hub.State == HubConnectionState.Connected) <= 64));
        }
        finally
        {
            await Task.WhenAll(hubs.Select(hub => hub.DisposeAsync().AsTask()));
        }
    }

    private static async Task RefusedAsync(string code, Func<Task> call)
    {
        var refusal = await Assert.ThrowsAnyAsync<Exception>(call);
        Assert.Contains(code + ": ", refusal.Message, StringComparison.Ordinal);
    }
}

/// <summary>An item of the contract: offset, data, exitCode.</summary>
[MessagePack.MessagePackObject]
public sealed class Item
{
    [MessagePack.Key("offset")]
    [JsonPropertyName("offset")]
    public long Offset { get; set; }

    [MessagePack.Key("data")]
    [JsonPropertyName("data")]
    public byte[] Data { get; set; } = [];

    [MessagePack.Key("exitCode")]
    [JsonPropertyName("exitCode")]
    public int? ExitCode { get; set; }
}

/// <summary>A viewer that acknowledges and keeps its output.</summary>
internal sealed class Screen : IAsyncDisposable
{
    private readonly CancellationTokenSource _leave = new();
    private readonly Channel<int> _news = Channel.CreateUnbounded<int>();
    private readonly StringBuilder _text = new();
    private readonly Task _watching;
    private int? _exit;

    public Screen(HubConnection hub, string terminal, long after = 0) => _watching = WatchAsync(hub, terminal, after);

    public string Text
    {
        get
        {
            lock (_text)
            {
                return _text.ToString();
            }
        }
    }

    public async Task UntilAsync(string words)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        while (!Text.Contains(words, StringComparison.Ordinal))
        {
            try
            {
                await _news.Reader.ReadAsync(patience.Token);
            }
            catch (Exception over) when (over is OperationCanceledException or ChannelClosedException)
            {
                Assert.Fail($"'{words}' never came; what came ends with: {(Text.Length > 300 ? Text[^300..] : Text)}");
            }
        }
    }

    /// <summary>How the program ended.</summary>
    public async Task<int?> ExitAsync()
    {
        await _watching.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        return _exit;
    }

    /// <summary>Waits for the end of the stream; throws a refusal if there was no output.</summary>
    public async Task OverAsync()
    {
        try
        {
            await _watching.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        }
        catch (Microsoft.AspNetCore.SignalR.HubException) when (Text.Length > 0)
        {
            // Hung up: it ends without an exit code.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _leave.CancelAsync();
        try
        {
            await _watching.WaitAsync(TimeSpan.FromSeconds(10));
        }
        catch (Exception over) when (over is OperationCanceledException or Microsoft.AspNetCore.SignalR.HubException or TimeoutException or InvalidOperationException
            or System.Net.WebSockets.WebSocketException or IOException)
        {
            // Its end does not matter any more, also if the server was killed.
        }

        _leave.Dispose();
    }

    private async Task WatchAsync(HubConnection hub, string terminal, long after)
    {
        try
        {
            var held = after;
            await foreach (var item in hub.StreamAsync<Item>("Attach", terminal, after, _leave.Token))
            {
                held = item.Offset + item.Data.Length;
                lock (_text)
                {
                    _text.Append(Encoding.Latin1.GetString(item.Data));
                }

                _exit = item.ExitCode ?? _exit;
                _news.Writer.TryWrite(0);
                await hub.SendAsync("Ack", terminal, held, _leave.Token);
            }
        }
        finally
        {
            _news.Writer.TryComplete();
        }
    }
}
