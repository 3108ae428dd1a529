using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.SignalR.Client;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

/// <summary>The commands of a terminal, as the API shows them.</summary>
public sealed class ShellTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("debian", "commands")]
    [InlineData("busybox", "prompts")]
    public async Task The_API_shows_the_last_command_its_exit_code_and_the_directory(string image, string integration)
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync(new { image });
        await using var hub = await caller.ConnectAsync();
        var terminal = await hub.InvokeAsync<string>("Open", sandbox, 80, 24, null, Token);
        var view = await UntilAsync(caller, sandbox, view => (string?)view["integration"] == integration);
        Assert.Null(view["lastCommand"]);
        Assert.Null(view["running"]);

        await TypeAsync(hub, terminal, "cd /tmp");
        view = await UntilAsync(caller, sandbox, view => (string?)view["lastCommand"]?["command"] == "cd /tmp" && (string?)view["cwd"] == "/tmp");
        Assert.Equal(0, (int?)view["lastCommand"]!["exitCode"]);

        await TypeAsync(hub, terminal, "printf '\\033]633;D;0\\007\\033]633;E;evil\\007\\033]633;C\\007'; sh -c 'exit 42'");
        view = await UntilAsync(caller, sandbox, view => (int?)view["lastCommand"]?["exitCode"] == 42);
        Assert.StartsWith("printf ", (string?)view["lastCommand"]!["command"], StringComparison.Ordinal);
        Assert.Equal("/tmp", (string?)view["lastCommand"]!["cwd"]);
        Assert.True((DateTimeOffset)view["lastCommand"]!["startedAt"]! <= (DateTimeOffset)view["lastCommand"]!["endedAt"]!);

        await TypeAsync(hub, terminal, "sleep 1000");
        view = await UntilAsync(caller, sandbox, view => view["running"] is not null);
        Assert.Equal(integration == "commands" ? "sleep 1000" : null, (string?)view["running"]!["command"]);

        // Nothing of it is to be changed there.
        Assert.Equal("read-only", ((string)(await caller.ShellAsync(sandbox, "touch /dev/shell/bash 2>/dev/null || echo read-only")!)).Trim());
    }

    [Fact]
    public async Task A_follower_of_a_terminal_gets_the_shells_state_between_the_output()
    {
        await using var caller = await Caller.NewGuestAsync();
        var (_, sandbox) = await caller.LaunchAsync(new { image = "debian" });
        await using var hub = await caller.ConnectAsync(messagePack: false);
        var terminal = await hub.InvokeAsync<string>("Open", sandbox, 80, 24, null, Token);
        var typed = false;
        string? nonce = null;
        await foreach (var item in hub.StreamAsync<JsonObject>("Follow", terminal, 0, Token))
        {
            if (item["shell"] is not { } shell)
            {
                // The nonce of the marks is known before the first of them.
                Assert.NotNull(nonce);
                continue;
            }

            nonce = (string?)shell["nonce"];
            Assert.Equal("", (string?)item["data"]);
            if (!typed && (string?)shell["integration"] == "commands")
            {
                typed = true;
                await TypeAsync(hub, terminal, "sh -c 'exit 5'");
            }

            if (shell["lastCommand"] is { } last)
            {
                Assert.Equal(5, (int?)last["exitCode"]);
                Assert.Equal("sh -c 'exit 5'", (string?)last["command"]);
                break;
            }
        }

        Assert.True(typed);
        Assert.Matches("^[0-9a-f]{32}$", nonce);
        Assert.DoesNotContain(nonce!, await caller.ShellAsync(sandbox, "cat /proc/*/environ /proc/*/cmdline"), StringComparison.Ordinal);
    }

    private static Task TypeAsync(HubConnection hub, string terminal, string line) =>
        hub.InvokeAsync("Input", terminal, Encoding.UTF8.GetBytes(line + "\r"), Token);

    private static async Task<JsonNode> UntilAsync(Caller caller, string sandbox, Func<JsonNode, bool> condition)
    {
        JsonNode? view = null;
        for (var attempt = 0; attempt < 300; attempt++)
        {
            view = (await caller.GetAsync($"/api/v1/sandboxes/{sandbox}/terminals")).Json.AsArray()[0]!;
            if (condition(view))
            {
                return view;
            }

            await Task.Delay(100, Token);
        }

        throw new InvalidOperationException(view?.ToJsonString());
    }
}
