using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Errors;
using Sandbox.Web.Tunnels;
using Xunit;

namespace Sandbox.Web.Tests.Tunnels;

/// <summary>Connections to programs in a sandbox, carried by WebSockets, and the client that the site offers for them.</summary>
public sealed class TunnelTests(TunnelSite site) : IClassFixture<TunnelSite>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_direction_ends_by_itself()
    {
        var web = site.Web;
        using var person = await GuestAsync(web);
        var (_, sandbox) = await person.LaunchAsync();
        using var server = new PortProgram(web, 5432, async socket => await socket.SendAsync(SHA256.HashData(await ReadAllAsync(socket)), Cancel));
        using var client = await ConnectAsync(person, $"/api/v1/sandboxes/{sandbox}/ports/5432/tunnel");
        var sent = RandomNumberGenerator.GetBytes(300_000);

        await client.SendAsync(sent, WebSocketMessageType.Binary, true, Cancel);
        await client.SendAsync(Array.Empty<byte>(), WebSocketMessageType.Binary, true, Cancel);

        Assert.Equal(SHA256.HashData(sent), await ReadMessageAsync(client));
        Assert.Empty((await ReadMessageAsync(client))!);
        Assert.Null(await ReadMessageAsync(client));
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
        await WebUnderTest.Until(() => Task.FromResult(server.Open.IsEmpty));
    }

    [Fact]
    public async Task A_connection_is_refused_with_a_reason()
    {
        var web = site.Web;
        using var person = await GuestAsync(web);
        using var stranger = await GuestAsync(web);
        using var nobody = web.NewClient();
        var (playground, sandbox) = await person.LaunchAsync();
        var (_, other) = await person.LaunchAsync();
        using var server = new PortProgram(web, 80, _ => Task.CompletedTask);
        var tunnel = $"/api/v1/sandboxes/{sandbox}/ports/80/tunnel";

        Assert.True((bool)(await person.GetAsync(tunnel)).Json!["listens"]!);
        Assert.False((bool)(await person.GetAsync($"/api/v1/sandboxes/{sandbox}/ports/81/tunnel")).Json!["listens"]!);
        Assert.Equal((502, "port_closed"), await RefusedAsync(person, $"/api/v1/sandboxes/{sandbox}/ports/81/tunnel"));
        Assert.Equal((502, "port_closed"), await RefusedAsync(person, $"/api/v1/sandboxes/{sandbox}/docker/tunnel"));
        Assert.Equal((400, "invalid"), await RefusedAsync(person, $"/api/v1/sandboxes/{sandbox}/ports/65536/tunnel"));
        Assert.Equal((404, "not_found"), await RefusedAsync(stranger, tunnel));
        Assert.Equal((404, "not_found"), await RefusedAsync(nobody, tunnel));
        nobody.Headers["Authorization"] = "Bearer " + new string('x', 43);
        Assert.Equal((401, "unauthorized"), await RefusedAsync(nobody, tunnel));
        nobody.Headers["Authorization"] = "Bearer sbxp_" + new string('x', 43);
        Assert.Equal((401, "unauthorized"), await RefusedAsync(nobody, tunnel));

        // A token of one playground opens its tunnels, and nothing else.
        var made = await person.PostAsync($"/api/v1/playgrounds/{playground}/tunnel-tokens");
        Assert.Equal(201, made.Status);
        Assert.Equal(404, (await stranger.PostAsync($"/api/v1/playgrounds/{playground}/tunnel-tokens")).Status);
        nobody.Headers["Authorization"] = "Bearer " + (string)made.Json!["token"]!;
        Assert.Equal(200, (await nobody.GetAsync(tunnel)).Status);
        Assert.Equal(404, (await nobody.GetAsync($"/api/v1/sandboxes/{other}/ports/80/tunnel")).Status);
        Assert.Equal(401, (await nobody.GetAsync($"/api/v1/sandboxes/{sandbox}/ports")).Status);
        Assert.Equal(401, (await nobody.PostAsync($"/api/v1/playgrounds/{playground}/tunnel-tokens")).Status);

        // Revoked, it opens nothing; the next one does.
        Assert.Equal(404, (await stranger.DeleteAsync($"/api/v1/playgrounds/{playground}/tunnel-tokens")).Status);
        Assert.Equal(204, (await person.DeleteAsync($"/api/v1/playgrounds/{playground}/tunnel-tokens")).Status);
        Assert.Equal((401, "unauthorized"), await RefusedAsync(nobody, tunnel));
        await Task.Delay(2, TestContext.Current.CancellationToken); // tokens know milliseconds
        nobody.Headers["Authorization"] = "Bearer " + (string)(await person.PostAsync($"/api/v1/playgrounds/{playground}/tunnel-tokens")).Json!["token"]!;
        Assert.Equal(200, (await nobody.GetAsync(tunnel)).Status);

        await person.PostAsync($"/api/v1/sandboxes/{sandbox}/pause");
        Assert.Equal((409, "conflict"), await RefusedAsync(person, tunnel));
        await person.DeleteAsync($"/api/v1/playgrounds/{playground}");
        Assert.Equal((404, "not_found"), await RefusedAsync(person, tunnel));
        Assert.Equal(404, (await person.PostAsync($"/api/v1/playgrounds/{playground}/tunnel-tokens")).Status);

        // Of a page elsewhere, with the visitor's cookie.
        person.Headers["Origin"] = "https://evil.example";
        Assert.Equal((403, "origin"), await RefusedAsync(person, tunnel));
    }

    [Fact]
    public async Task A_token_that_is_revoked_while_its_request_is_on_the_way_opens_nothing()
    {
        var web = site.Web;
        using var person = await GuestAsync(web);
        var (playground, sandbox) = await person.LaunchAsync();
        using var server = new PortProgram(web, 8081, _ => Task.CompletedTask);
        var token = (string)(await person.PostAsync($"/api/v1/playgrounds/{playground}/tunnel-tokens")).Json!["token"]!;
        var endpoint = web.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Single(each => each.RoutePattern.RawText!.EndsWith("ports/{port:int}/tunnel", StringComparison.Ordinal));
        await using var scope = web.Services.CreateAsyncScope();
        var context = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
        context.SetEndpoint(endpoint);
        context.Request.Method = "GET";
        context.Request.Headers.Authorization = "Bearer " + token;
        context.Request.RouteValues = new RouteValueDictionary { ["id"] = sandbox, ["port"] = "8081" };
        var upgrade = new Upgrade();
        context.Features.Set<IHttpWebSocketFeature>(upgrade);

        await TunnelAccess.AuthenticateAsync(context, async _ =>
        {
            Assert.NotNull(TunnelAccess.PassOf(context));
            Assert.Equal(204, (await person.DeleteAsync($"/api/v1/playgrounds/{playground}/tunnel-tokens")).Status);
            Assert.Equal(ErrorCode.NotFound, (await Assert.ThrowsAsync<SandboxException>(() => endpoint.RequestDelegate!(context))).Code);
        });

        Assert.False(upgrade.IsAccepted);
    }

    [Fact]
    public async Task A_persons_connections_are_counted_and_end_with_the_playground()
    {
        var web = site.Web;
        using var person = await GuestAsync(web);
        var (playground, sandbox) = await person.LaunchAsync();
        using var server = new PortProgram(web, 8080, async socket => await ReadAllAsync(socket));
        var tunnel = $"/api/v1/sandboxes/{sandbox}/ports/8080/tunnel";
        var others = await Task.WhenAll(Enumerable.Range(0, TunnelSite.MostTunnels - 2).Select(_ => ConnectAsync(person, tunnel)));
        using var first = await ConnectAsync(person, tunnel);
        using var second = await ConnectAsync(person, tunnel);
        Assert.Equal((429, "rate"), await RefusedAsync(person, tunnel));

        second.Abort();
        await WebUnderTest.Until(() => Task.FromResult(server.Open.Count == TunnelSite.MostTunnels - 1));
        using var third = await ConnectAsync(person, tunnel);
        await person.DeleteAsync($"/api/v1/playgrounds/{playground}");

        foreach (var client in (ClientWebSocket[])[first, third, .. others])
        {
            Assert.Null(await ReadMessageAsync(client));
            Assert.Equal((4003, "The playground has ended."), ((int)client.CloseStatus!, client.CloseStatusDescription));
            client.Dispose();
        }

        await WebUnderTest.Until(() => Task.FromResult(server.Open.IsEmpty));
        await WebUnderTest.Until(() => Task.FromResult(web.Services.GetRequiredService<OpenTunnels>().Count == 0));
    }

    [Fact]
    public async Task A_program_that_breaks_off_and_a_client_that_sends_text_are_told_apart()
    {
        var web = site.Web;
        using var person = await GuestAsync(web);
        var (_, sandbox) = await person.LaunchAsync();
        using var server = new PortProgram(web, 4000, async socket =>
        {
            await socket.ReceiveAsync(new byte[1], Cancel);
            socket.LingerState = new LingerOption(true, 0);
        });
        using var broken = await ConnectAsync(person, $"/api/v1/sandboxes/{sandbox}/ports/4000/tunnel");
        await broken.SendAsync("x"u8.ToArray(), WebSocketMessageType.Binary, true, Cancel);
        Assert.Null(await ReadMessageAsync(broken));
        Assert.Equal(4001, (int)broken.CloseStatus!);

        using var wordy = await ConnectAsync(person, $"/api/v1/sandboxes/{sandbox}/ports/4000/tunnel");
        await wordy.SendAsync("x"u8.ToArray(), WebSocketMessageType.Text, true, Cancel);
        Assert.Null(await ReadMessageAsync(wordy));
        Assert.Equal(WebSocketCloseStatus.InvalidMessageType, wordy.CloseStatus);
    }

    [Fact]
    public async Task The_offered_client_carries_fifty_connections_at_once_and_says_when_the_playground_has_ended()
    {
        var web = site.Web;
        using var person = await GuestAsync(web);
        var (playground, sandbox) = await person.LaunchAsync();
        using var server = new PortProgram(web, 0, async socket => await socket.SendAsync(SHA256.HashData(await ReadAllAsync(socket)), Cancel));
        var socket = new UnixDomainSocketEndPoint(Path.Combine(web.Home, "docker.sock"));
        var token = (string)(await person.PostAsync($"/api/v1/playgrounds/{playground}/tunnel-tokens")).Json!["token"]!;
        using var client = TunnelClient.Start(token, $"{web.Url}api/v1/sandboxes/{sandbox}", $"{socket}:docker");
        await client.ReadyAsync();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(socket.ToString()));

        await Task.WhenAll(Enumerable.Range(1, 50).Select(async number =>
        {
            using var local = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await local.ConnectAsync(socket, Cancel);
            var sent = RandomNumberGenerator.GetBytes(number * 4000);
            await local.SendAsync(sent, Cancel);
            local.Shutdown(SocketShutdown.Send);
            Assert.Equal(SHA256.HashData(sent), await ReadAllAsync(local));
        }));

        using var open = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await open.ConnectAsync(socket, Cancel);
        await WebUnderTest.Until(() => Task.FromResult(server.Open.Count == 1));
        await person.DeleteAsync($"/api/v1/playgrounds/{playground}");
        Assert.Equal((1, true), await client.EndAsync("The playground has ended."));
        Assert.False(File.Exists(socket.ToString()));
    }

    [Fact]
    public async Task The_offered_client_says_what_is_wrong()
    {
        var web = site.Web;
        using var person = await GuestAsync(web);
        var (playground, sandbox) = await person.LaunchAsync();
        var token = (string)(await person.PostAsync($"/api/v1/playgrounds/{playground}/tunnel-tokens")).Json!["token"]!;
        var address = $"{web.Url}api/v1/sandboxes/{sandbox}";
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        (string Token, string Words, string[] Arguments)[] wrong =
        [
            ("x", "This token is invalid or has expired.", [address, "80"]),
            (token, "You have no such sandbox.", [$"{web.Url}api/v1/sandboxes/aaaaaaaaaaaaaaaa", "80"]),
            (token, "ADDRESS is like", [$"{web.Url}", "80"]),
            (token, "'eighty' is no target.", [address, "eighty"]),
            (token, $"cannot listen at 127.0.0.1:{port}", [address, $"{port}:80"]),
            (token, "cannot be reached", [$"http://127.0.0.1:1/api/v1/sandboxes/{sandbox}", "80"]),
            ("", "set SANDBOX_TOKEN", [address, "80"]),
        ];
        var ended = await Task.WhenAll(wrong.Select(async each =>
        {
            using var client = TunnelClient.Start(each.Token, each.Arguments);
            return (Actual: await client.EndAsync(each.Words), client.Said);
        }));
        Assert.All(ended, each => Assert.True(each.Actual == (1, true), each.Said));
    }

    private static async Task<Client> GuestAsync(WebUnderTest web)
    {
        var client = web.NewClient();
        client.Headers["Authorization"] = "Bearer " + (string)(await client.PostAsync("/api/v1/guests")).Json!["token"]!;
        return client;
    }

    private static async Task<ClientWebSocket> ConnectAsync(Client person, string path)
    {
        var client = new ClientWebSocket();
        client.Options.SetRequestHeader("Authorization", person.Headers["Authorization"]);
        await client.ConnectAsync(new UriBuilder(new Uri(person.Url, path)) { Scheme = "ws" }.Uri, Cancel);
        return client;
    }

    /// <summary>The answer to a request for a WebSocket that is refused.</summary>
    private static async Task<(int Status, string? Code)> RefusedAsync(Client person, string path)
    {
        var before = person.Headers.ToDictionary();
        try
        {
            person.Headers["Connection"] = "Upgrade";
            person.Headers["Upgrade"] = "websocket";
            person.Headers["Sec-WebSocket-Version"] = "13";
            person.Headers["Sec-WebSocket-Key"] = Convert.ToBase64String(new byte[16]);
            var answer = await person.GetAsync(path);
            return (answer.Status, answer.Code);
        }
        finally
        {
            foreach (var name in person.Headers.Keys.Except(before.Keys).ToList())
            {
                person.Headers.Remove(name);
            }
        }
    }

    /// <summary>The next message, whole; null for a Close.</summary>
    private static async Task<byte[]?> ReadMessageAsync(ClientWebSocket client)
    {
        var message = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var read = await client.ReceiveAsync(buffer, Cancel);
            if (read.MessageType == WebSocketMessageType.Close)
            {
                await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Cancel);
                return null;
            }

            message.Write(buffer, 0, read.Count);
            if (read.EndOfMessage)
            {
                return message.ToArray();
            }
        }
    }

    private static async Task<byte[]> ReadAllAsync(Socket socket)
    {
        var all = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (await socket.ReceiveAsync(buffer, Cancel) is > 0 and var count)
        {
            all.Write(buffer, 0, count);
        }

        return all.ToArray();
    }

    private sealed class Upgrade : IHttpWebSocketFeature
    {
        public bool IsWebSocketRequest => true;

        public bool IsAccepted { get; private set; }

        public Task<WebSocket> AcceptAsync(WebSocketAcceptContext context)
        {
            IsAccepted = true;
            throw new InvalidOperationException("It is not to be accepted.");
        }
    }
}
