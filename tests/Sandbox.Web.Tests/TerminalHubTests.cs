using System.Text;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Errors;
using Sandbox.Core.Terminals;
using Sandbox.Rpc;
using Sandbox.Web.Hub;
using Sandbox.Web.Latency;
using Sandbox.Web.Terminals;
using Xunit;

namespace Sandbox.Web.Tests;

/// <summary>A client of the hub as any program would write one, against a scripted holder on a real socket.</summary>
public sealed class TerminalHubTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Output_comes_in_order_with_offsets_and_ends_with_the_exit_code(bool messagePack)
    {
        await using var place = await HubUnderTest.StartAsync(messagePack);
        var terminal = await place.Hub.InvokeAsync<string>("Open", place.Sandbox, 80, 24, null, Token);
        await place.Holder.PrintAsync("hello "u8.ToArray());

        var items = place.Hub.StreamAsync<Item>("Attach", terminal, 0L, Token).GetAsyncEnumerator(Token);
        Assert.True(await items.MoveNextAsync());
        Assert.Equal((0, "hello ", null), (items.Current.Offset, Encoding.UTF8.GetString(items.Current.Data), items.Current.ExitCode));
        await place.Holder.PrintAsync("world"u8.ToArray());
        Assert.True(await items.MoveNextAsync());
        Assert.Equal((6, "world"), (items.Current.Offset, Encoding.UTF8.GetString(items.Current.Data)));
        await place.Holder.ExitAsync(3);
        Assert.True(await items.MoveNextAsync());
        Assert.Equal((11, 0, 3), (items.Current.Offset, items.Current.Data.Length, items.Current.ExitCode));
        Assert.False(await items.MoveNextAsync());
    }

    [Fact]
    public async Task A_viewer_that_comes_back_gets_what_it_does_not_hold()
    {
        await using var place = await HubUnderTest.StartAsync();
        var terminal = await place.Hub.InvokeAsync<string>("Open", place.Sandbox, 80, 24, null, Token);
        await place.Holder.PrintAsync("0123456789"u8.ToArray());

        var items = place.Hub.StreamAsync<Item>("Attach", terminal, 4L, Token).GetAsyncEnumerator(Token);
        Assert.True(await items.MoveNextAsync());
        Assert.Equal((4, "456789"), (items.Current.Offset, Encoding.UTF8.GetString(items.Current.Data)));
        var again = place.Hub.StreamAsync<Item>("Attach", terminal, 8L, Token).GetAsyncEnumerator(Token);
        Assert.True(await again.MoveNextAsync());
        Assert.Equal((8, "89"), (again.Current.Offset, Encoding.UTF8.GetString(again.Current.Data)));
    }

    [Fact]
    public async Task Whoever_attaches_is_told_so_though_the_program_prints_nothing()
    {
        await using var place = await HubUnderTest.StartAsync();
        var terminal = await place.Hub.InvokeAsync<string>("Open", place.Sandbox, 80, 24, null, Token);
        var attached = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        place.Hub.On<string>("Attached", attached.SetResult);
        var items = place.Hub.StreamAsync<Item>("Attach", terminal, 0L, Token).GetAsyncEnumerator(Token);
        var first = items.MoveNextAsync();
        Assert.Equal(terminal, await attached.Task.WaitAsync(Token));
        Assert.False(first.IsCompleted);
        await place.Holder.PrintAsync("x"u8.ToArray());
        Assert.True(await first);
        Assert.Equal((0, 1), (items.Current.Offset, items.Current.Data.Length));
    }

    [Fact]
    public async Task Keys_arrive_in_the_order_they_were_sent_even_before_the_way_is_made()
    {
        await using var place = await HubUnderTest.StartAsync();
        var terminal = await place.Hub.InvokeAsync<string>("Open", place.Sandbox, 80, 24, null, Token);
        var typed = new StringBuilder();
        var reading = place.Hub.StreamAsync<Item>("Attach", terminal, 0L, Token).GetAsyncEnumerator(Token).MoveNextAsync();

        for (var key = 0; key < 3000; key++)
        {
            typed.Append(key).Append(' ');
            await place.Hub.SendAsync("Input", terminal, Encoding.ASCII.GetBytes(key + " "), Token);
        }

        await WebUnderTest.Until(() => Task.FromResult(place.Holder.Typed.Length >= typed.Length));
        Assert.Equal(typed.ToString(), place.Holder.Typed);
        await place.Holder.ExitAsync(0);
        Assert.True(await reading);
    }

    [Fact]
    public async Task What_is_sent_behind_a_call_that_was_refused_is_refused_too()
    {
        await using var place = await HubUnderTest.StartAsync();
        var terminal = await place.Hub.InvokeAsync<string>("Open", place.Sandbox, 80, 24, null, Token);
        await place.Holder.PrintAsync("x"u8.ToArray());
        var items = place.Hub.StreamAsync<Item>("Attach", terminal, 0L, Token).GetAsyncEnumerator(Token);
        Assert.True(await items.MoveNextAsync());

        var first = place.Hub.InvokeAsync("Type", terminal, 0L, "abc"u8.ToArray(), Token);
        var refused = place.Hub.InvokeAsync("Type", terminal, 4L, "e"u8.ToArray(), Token);
        var behind = place.Hub.InvokeAsync("Type", terminal, 5L, "f"u8.ToArray(), Token);
        await first;
        await RefusedAsync("conflict", () => refused);
        await RefusedAsync("conflict", () => behind);
        await RefusedAsync("conflict", () => place.Hub.InvokeAsync("Type", terminal, -1L, "x"u8.ToArray(), Token));
        await place.Hub.InvokeAsync("Type", terminal, 3L, "def"u8.ToArray(), Token);
        await WebUnderTest.Until(() => Task.FromResult(place.Holder.Typed == "abcdef"));

        var again = place.Hub.StreamAsync<Item>("Attach", terminal, 0L, Token).GetAsyncEnumerator(Token);
        Assert.True(await again.MoveNextAsync());
        await place.Hub.InvokeAsync("Type", terminal, 0L, "g"u8.ToArray(), Token);
        await WebUnderTest.Until(() => Task.FromResult(place.Holder.Typed == "abcdefg"));
    }

    [Fact]
    public async Task Terminals_that_are_hung_up_are_forgotten()
    {
        await using var place = await HubUnderTest.StartAsync();
        for (var number = 1; number <= 3; number++)
        {
            var terminal = await place.Hub.InvokeAsync<string>("Open", place.Sandbox, 80, 24, null, Token);
            await place.Hub.InvokeAsync("Close", terminal, Token);
            await WebUnderTest.Until(() => Task.FromResult(place.Holder.Seen.Count(seen => seen == "c") == number));
            await WebUnderTest.Until(() => Task.FromResult(!place.Web.Services.GetRequiredService<TerminalDirectory>().Knows(terminal)));
        }
    }

    [Fact]
    public async Task Viewers_without_a_stream_make_room_and_those_with_one_do_not()
    {
        var made = new List<TerminalViewer>();
        await using var place = await HubUnderTest.StartAsync();
        var viewers = new HubViewers(_ =>
        {
            var viewer = new TerminalViewer(async () => new TtyConnection(await TerminalSockets.ConnectAsync(place.Holder.Socket, Token)), place.Web.Services.GetRequiredService<LiveLatency>().NewEchoWatch());
            made.Add(viewer);
            return viewer;
        });
        for (var number = 0; number < 200; number++)
        {
            await viewers.Get(TerminalId.New().Value).Connection;
        }

        var (first, second) = (TerminalId.New().Value, TerminalId.New().Value);
        var attached = viewers.Attach(first);
        Assert.NotSame(attached, viewers.Attach(first));
        var early = viewers.Get(second);
        Assert.Same(early, viewers.Attach(second));
        for (var number = 0; number < 62; number++)
        {
            await viewers.Attach(TerminalId.New().Value).Connection;
        }

        Assert.Equal(ErrorCode.Quota, Assert.Throws<SandboxException>(() => viewers.Get(TerminalId.New().Value)).Code);
        await viewers.DropAllAsync();
        Assert.Equal(ErrorCode.NotFound, Assert.Throws<SandboxException>(() => viewers.Get(first)).Code);
        Assert.All(made, viewer => Assert.False(viewer.Connection.IsCompletedSuccessfully && viewer.TryInput("x"u8.ToArray())));
    }

    [Fact]
    public async Task Whoever_opens_terminals_one_after_the_other_is_slowed()
    {
        await using var place = await HubUnderTest.StartAsync(limits: new() { ["OpenBurst"] = 3, ["OpensPerMinute"] = 1 });
        for (var number = 0; number < 3; number++)
        {
            await place.Hub.InvokeAsync<string>("Open", place.Sandbox, 80, 24, null, Token);
        }

        await RefusedAsync("rate", () => place.Hub.InvokeAsync<string>("Open", place.Sandbox, 80, 24, null, Token));
    }

    [Fact]
    public async Task Whoever_asks_for_terminals_that_are_not_there_costs_the_daemon_little_and_is_cut_off()
    {
        await using var place = await HubUnderTest.StartAsync();
        var terminal = await place.Hub.InvokeAsync<string>("Open", place.Sandbox, 80, 24, null, Token);
        var before = place.Web.Runtime.Calls.Count(call => call == "ListTerminals");
        await Task.WhenAll(Enumerable.Range(0, 1990).Select(_ => RefusedAsync("not_found", async () =>
        {
            await foreach (var _ in place.Hub.StreamAsync<Item>("Attach", TerminalId.New().Value, 0L, Token))
            {
                Assert.Fail("there was one");
            }
        })));
        Assert.InRange(place.Web.Runtime.Calls.Count(call => call == "ListTerminals") - before, 1, 500);

        // What is there is found at once meanwhile.
        await place.Holder.PrintAsync("x"u8.ToArray());
        await using (var items = place.Hub.StreamAsync<Item>("Attach", terminal, 0L, Token).GetAsyncEnumerator(Token))
        {
            Assert.True(await items.MoveNextAsync());
        }

        // Two more are allowed each second that the others took.
        for (var more = 0; more < 2000 && place.Hub.State == HubConnectionState.Connected; more++)
        {
            await Assert.ThrowsAnyAsync<Exception>(async () => await place.Hub.StreamAsync<Item>("Attach", "?", 0L, Token).GetAsyncEnumerator(Token).MoveNextAsync());
        }

        await WebUnderTest.Until(() => Task.FromResult(place.Hub.State == HubConnectionState.Disconnected));
    }

    [Fact]
    public async Task Sizes_acks_and_a_hang_up_reach_the_holder_while_many_streams_are_open()
    {
        await using var place = await HubUnderTest.StartAsync();
        var terminals = new List<string>();
        for (var number = 0; number < 16; number++)
        {
            var terminal = await place.Hub.InvokeAsync<string>("Open", place.Sandbox, 80, 24, null, Token);
            terminals.Add(terminal);
            await place.Holder.PrintAsync("x"u8.ToArray());
            var items = place.Hub.StreamAsync<Item>("Attach", terminal, 0L, Token).GetAsyncEnumerator(Token);
            Assert.True(await items.MoveNextAsync());
        }

        await place.Hub.InvokeAsync("Resize", terminals[0], 132, 43, Token);
        await place.Hub.InvokeAsync("Ack", terminals[0], 1L, Token);
        await WebUnderTest.Until(() => Task.FromResult(place.Holder.Seen.Contains("r132x43") && place.Holder.Seen.Contains("k1")));
        await place.Hub.InvokeAsync("Close", terminals[0], Token);
        await WebUnderTest.Until(() => Task.FromResult(place.Holder.Seen.Contains("c")));
    }

    [Fact]
    public async Task A_stranger_and_nonsense_are_refused_with_a_code()
    {
        await using var place = await HubUnderTest.StartAsync();
        var terminal = await place.Hub.InvokeAsync<string>("Open", place.Sandbox, 80, 24, null, Token);
        await using var stranger = await place.ConnectAsync(await place.NewTokenAsync());
        var seen = place.Holder.Seen.Count;

        await RefusedAsync("not_found", () => stranger.InvokeAsync<string>("Open", place.Sandbox, 80, 24, null, Token));
        await RefusedAsync("not_found", async () =>
        {
            await foreach (var _ in stranger.StreamAsync<Item>("Attach", terminal, 0L, Token))
            {
                Assert.Fail("a stranger saw output");
            }
        });

        // Each as the first call of a connection, when whose terminal it is has to be found out.
        foreach (var (method, arguments) in new (string, object[])[]
        {
            ("Input", [terminal, "rm -rf /"u8.ToArray()]), ("Type", [terminal, 0L, "rm -rf /"u8.ToArray()]), ("Resize", [terminal, 80, 24]), ("Close", [terminal]),
        })
        {
            await using var another = await place.ConnectAsync(await place.NewTokenAsync());
            await RefusedAsync("not_found", () => another.InvokeCoreAsync(method, arguments, Token));
            await RefusedAsync("not_found", () => another.InvokeCoreAsync(method, arguments, Token));
        }

        Assert.Equal(seen, place.Holder.Seen.Count);
        Assert.Empty(place.Holder.Typed);

        await RefusedAsync("not_found", () => place.Hub.InvokeAsync<string>("Open", "nonsense", 80, 24, null, Token));
        await RefusedAsync("invalid", () => place.Hub.InvokeAsync<string>("Open", place.Sandbox, 0, 24, null, Token));
        await RefusedAsync("invalid", () => place.Hub.InvokeAsync<string>("Open", place.Sandbox, 80, 24, Array.Empty<string>(), Token));
        await RefusedAsync("command_not_found", () => place.Hub.InvokeAsync<string>("Open", place.Sandbox, 80, 24, new[] { "no-such-program" }, Token));
        await RefusedAsync("too_large", () => place.Hub.InvokeAsync("Input", terminal, new byte[(16 * 1024) + 1], Token));
        await RefusedAsync("invalid", () => place.Hub.InvokeAsync("Resize", terminal, 0, 0, Token));
    }

    [Fact]
    public async Task Terminals_that_there_are_not_take_no_place_from_those_there_are()
    {
        await using var place = await HubUnderTest.StartAsync();
        for (var number = 0; number < 200; number++)
        {
            try
            {
                await place.Hub.InvokeAsync("Resize", Sandbox.Core.Terminals.TerminalId.New().Value, 80, 24, Token);
            }
            catch (Microsoft.AspNetCore.SignalR.HubException full)
            {
                // As many as there may be are being looked for, or this one is known already not to be there.
                Assert.True(full.Message.Contains("quota: ", StringComparison.Ordinal) || full.Message.Contains("not_found: ", StringComparison.Ordinal), full.Message);
                await Task.Delay(20, Token);
            }
        }

        await RefusedAsync("not_found", () => place.Hub.InvokeAsync("Resize", new string('a', 60_000), 80, 24, Token));
        await place.Holder.PrintAsync("x"u8.ToArray());
        var terminal = await place.Hub.InvokeAsync<string>("Open", place.Sandbox, 80, 24, null, Token);
        await WebUnderTest.Until(async () =>
        {
            var items = place.Hub.StreamAsync<Item>("Attach", terminal, 0L, Token).GetAsyncEnumerator(Token);
            try
            {
                return await items.MoveNextAsync();
            }
            catch (Microsoft.AspNetCore.SignalR.HubException full) when (full.Message.Contains("quota: ", StringComparison.Ordinal))
            {
                return false;
            }
        });
    }

    [Fact]
    public async Task Terminals_are_found_again_after_a_restart_of_the_process()
    {
        await using var place = await HubUnderTest.StartAsync();
        var terminal = await place.Hub.InvokeAsync<string>("Open", place.Sandbox, 80, 24, null, Token);
        await place.Holder.PrintAsync("still here"u8.ToArray());
        await place.Hub.DisposeAsync();

        await place.Web.StopAsync();
        await place.Web.StartAgainAsync();

        await using var hub = await place.ConnectAsync(place.Token);
        var items = hub.StreamAsync<Item>("Attach", terminal, 0L, Token).GetAsyncEnumerator(Token);
        Assert.True(await items.MoveNextAsync());
        Assert.Equal("still here", Encoding.UTF8.GetString(items.Current.Data));
    }

    [Fact]
    public async Task Without_a_token_there_is_no_socket()
    {
        await using var place = await HubUnderTest.StartAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => place.ConnectAsync(null));
        await Assert.ThrowsAsync<HttpRequestException>(() => place.ConnectAsync("wrong"));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task RefusedAsync(string code, Func<Task> call)
    {
        var refusal = await Assert.ThrowsAnyAsync<Exception>(call);
        Assert.Contains(code + ": ", refusal.Message, StringComparison.Ordinal);
    }

    /// <summary>As the contract writes it: offset, data, exitCode.</summary>
    [MessagePack.MessagePackObject]
    public sealed class Item
    {
        [MessagePack.Key("offset")]
        public long Offset { get; set; }

        [MessagePack.Key("data")]
        public byte[] Data { get; set; } = [];

        [MessagePack.Key("exitCode")]
        public int? ExitCode { get; set; }
    }

    private sealed class HubUnderTest : IAsyncDisposable
    {
        private bool _messagePack;

        public required WebUnderTest Web { get; init; }

        public required ScriptedHolder Holder { get; init; }

        public required string Sandbox { get; init; }

        public required string Token { get; init; }

        public HubConnection Hub { get; private set; } = null!;

        public static async Task<HubUnderTest> StartAsync(bool messagePack = true, Dictionary<string, object>? limits = null)
        {
            var web = await WebUnderTest.StartAsync(limits is null ? null : new() { ["Limits"] = limits });
            var holder = new ScriptedHolder(Path.Combine(web.Home, "tty.sock"));
            web.Runtime.ConnectTerminal = token => TerminalSockets.ConnectAsync(holder.Socket, token);
            using var client = web.NewClient();
            var token = (string)(await client.PostAsync("/api/v1/guests")).Json!["token"]!;
            client.Headers["Authorization"] = "Bearer " + token;
            var (_, sandbox) = await client.LaunchAsync();
            var place = new HubUnderTest { Web = web, Holder = holder, Sandbox = sandbox, Token = token, _messagePack = messagePack };
            place.Hub = await place.ConnectAsync(token);
            return place;
        }

        public async Task<string> NewTokenAsync()
        {
            using var client = Web.NewClient();
            return (string)(await client.PostAsync("/api/v1/guests")).Json!["token"]!;
        }

        public async Task<HubConnection> ConnectAsync(string? token)
        {
            var builder = new HubConnectionBuilder().WithUrl(new Uri(Web.Url, "/hubs/terminal"), options => options.AccessTokenProvider = () => Task.FromResult(token));
            if (_messagePack)
            {
                builder.AddMessagePackProtocol();
            }

            var hub = builder.Build();
            await hub.StartAsync(TestContext.Current.CancellationToken);
            return hub;
        }

        public async ValueTask DisposeAsync()
        {
            await Hub.DisposeAsync();
            await Web.DisposeAsync();
            await Holder.DisposeAsync();
        }
    }
}
