using System.Net.Http.Headers;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Rpc;
using Xunit;

namespace Sandbox.Web.Tests;

/// <summary>A terminal with an owner at it, who shares it.</summary>
internal sealed class SharedUnderTest : IAsyncDisposable
{
    private bool _messagePack;

    public required WebUnderTest Web { get; init; }

    public required ScriptedHolder Holder { get; init; }

    public required string Token { get; init; }

    public required string Playground { get; init; }

    public required string Sandbox { get; init; }

    /// <summary>The owner, over REST.</summary>
    public required Client Client { get; init; }

    /// <summary>The owner, at the hub; not attached yet.</summary>
    public HubConnection Owner { get; private set; } = null!;

    public string Terminal { get; private set; } = "";

    public string Shares => $"/api/v1/terminals/{Terminal}/shares";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<SharedUnderTest> StartAsync(bool messagePack = true)
    {
        var web = await WebUnderTest.StartAsync();
        var holder = new ScriptedHolder(Path.Combine(web.Home, "tty.sock"));
        web.Runtime.ConnectTerminal = token => TerminalSockets.ConnectAsync(holder.Socket, token);
        var client = web.NewClient();
        var token = (string)(await client.PostAsync("/api/v1/guests")).Json!["token"]!;
        client.Headers["Authorization"] = "Bearer " + token;
        var (playground, sandbox) = await client.LaunchAsync();
        var place = new SharedUnderTest { Web = web, Holder = holder, Token = token, Playground = playground, Sandbox = sandbox, Client = client, _messagePack = messagePack };
        place.Owner = await place.ConnectAsync(token);
        place.Terminal = await place.Owner.InvokeAsync<string>("Open", sandbox, 80, 24, null, Cancellation);
        return place;
    }

    /// <summary>Shares the terminal; the token is what stands behind the address's #.</summary>
    public async Task<(string Id, string Token)> ShareAsync(string access, int? minutes = null)
    {
        var answer = await Client.PostAsync(Shares, minutes is null ? new { access } : new { access, minutes });
        Assert.Equal(201, answer.Status);
        var url = new Uri((string)answer.Json!["url"]!);
        Assert.Equal("/t", url.PathAndQuery);
        Assert.Equal(access, (string?)answer.Json!["access"]);
        Assert.Equal(minutes is null, answer.Json!["expiresAt"] is null);
        return ((string)answer.Json!["id"]!, url.Fragment[1..]);
    }

    public async Task<string> NewTokenAsync()
    {
        using var client = Web.NewClient();
        return (string)(await client.PostAsync("/api/v1/guests")).Json!["token"]!;
    }

    public async Task<HubConnection> ConnectAsync(string token)
    {
        var builder = new HubConnectionBuilder().WithUrl(new Uri(Web.Url, "/hubs/terminal"), options => options.AccessTokenProvider = () => Task.FromResult<string?>(token));
        if (_messagePack)
        {
            builder.AddMessagePackProtocol();
        }

        var hub = builder.Build();
        await hub.StartAsync(Cancellation);
        return hub;
    }

    /// <summary>What a page asks when it does not get in.</summary>
    public async Task<Answer> NegotiateAsync(string token)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Web.Url, "/hubs/terminal/negotiate?negotiateVersion=1"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await client.SendAsync(request, Cancellation);
        return new Answer((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(Cancellation), response);
    }

    /// <summary>Attaches, and waits until that is done.</summary>
    public async Task AttachAsync(HubConnection hub)
    {
        var before = Holder.Seen.Count(seen => seen[0] is 'a' or 'w');
        _ = Task.Run(
            async () =>
            {
                await foreach (var _ in hub.StreamAsync<HubItem>("Attach", Terminal, 0L, Cancellation))
                {
                    // It is there, that is enough.
                }
            },
            Cancellation);
        await WebUnderTest.Until(() => Task.FromResult(Holder.Seen.Count(seen => seen[0] is 'a' or 'w') > before));
        await using var room = new Room(hub, Terminal);
        await room.UntilAsync(now => now.Viewers.Any(viewer => viewer.You));
    }

    public async ValueTask DisposeAsync()
    {
        await Owner.DisposeAsync();
        Client.Dispose();
        await Web.DisposeAsync();
        await Holder.DisposeAsync();
    }
}

/// <summary>One who asks who is there.</summary>
internal sealed class Room : IAsyncDisposable
{
    private readonly CancellationTokenSource _leave = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly Task _reading;
    private volatile AudienceNow? _now;

    public Room(HubConnection hub, string terminal) => _reading = Task.Run(async () =>
    {
        try
        {
            await foreach (var item in hub.StreamAsync<AudienceNow>("Viewers", terminal, _leave.Token))
            {
                _now = item;
            }
        }
        catch (Exception left) when (left is OperationCanceledException || (_leave.IsCancellationRequested && left is HubException or InvalidOperationException))
        {
            // It has seen enough, or its connection went.
        }
    });

    public async Task UntilAsync(Func<AudienceNow, bool> condition)
    {
        await WebUnderTest.Until(() =>
        {
            Assert.False(_reading.IsFaulted, _reading.Exception?.ToString());
            return Task.FromResult(_now is { } now && condition(now));
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _leave.CancelAsync();
        await _reading;
        _leave.Dispose();
    }
}

/// <summary>As the contract writes it: offset, data, exitCode.</summary>
[MessagePack.MessagePackObject]
public sealed class HubItem
{
    [MessagePack.Key("offset")]
    public long Offset { get; set; }

    [MessagePack.Key("data")]
    public byte[] Data { get; set; } = [];

    [MessagePack.Key("exitCode")]
    public int? ExitCode { get; set; }
}

/// <summary>As the contract writes it: viewers, cols, rows, policy.</summary>
[MessagePack.MessagePackObject]
public sealed class AudienceNow
{
    [MessagePack.Key("viewers")]
    public ViewerNow[] Viewers { get; set; } = [];

    [MessagePack.Key("cols")]
    public int Cols { get; set; }

    [MessagePack.Key("rows")]
    public int Rows { get; set; }

    [MessagePack.Key("policy")]
    public string Policy { get; set; } = "";
}

/// <summary>One of them.</summary>
[MessagePack.MessagePackObject]
public sealed class ViewerNow
{
    [MessagePack.Key("id")]
    public string Id { get; set; } = "";

    [MessagePack.Key("name")]
    public string Name { get; set; } = "";

    [MessagePack.Key("access")]
    public string Access { get; set; } = "";

    [MessagePack.Key("you")]
    public bool You { get; set; }

    [MessagePack.Key("leads")]
    public bool Leads { get; set; }
}

/// <summary>What a link opens.</summary>
[MessagePack.MessagePackObject]
public sealed class SharedNow
{
    [MessagePack.Key("terminalId")]
    public string TerminalId { get; set; } = "";

    [MessagePack.Key("image")]
    public string Image { get; set; } = "";

    [MessagePack.Key("access")]
    public string Access { get; set; } = "";

    [MessagePack.Key("expiresAt")]
    public string? ExpiresAt { get; set; }
}
