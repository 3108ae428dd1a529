using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

/// <summary>The limits of one address; each caller has an address of its own.</summary>
public sealed class RateTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Guests_and_launches_of_one_address_are_bounded()
    {
        await using var caller = new Caller();
        var since = Stopwatch.StartNew();
        var guests = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => caller.PostAsync("/api/v1/guests")));
        Assert.InRange(guests.Count(answer => answer.Status == 201), 16, 20 + Refilled(since, 3.75));
        Assert.All(guests.Where(answer => answer.Status != 201), Refused);

        caller.Headers["Authorization"] = "Bearer " + (string)guests.First(answer => answer.Status == 201).Json["token"]!;
        since.Restart();
        var launches = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => caller.PostAsync("/api/v1/playgrounds", new { image = "no-such-image" })));
        Assert.InRange(launches.Count(answer => answer.Status != 429), 12, 16 + Refilled(since, 2));
        Assert.All(launches.Where(answer => answer.Status == 429), Refused);

        // Somebody at another address does not notice; a forwarded address that nobody vouches for is not another one.
        await using var other = new Caller();
        await other.NewTokenAsync();
        caller.Headers["X-Forwarded-For"] = "203.0.113.7";
        var forwarded = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => caller.PostAsync("/api/v1/playgrounds", new { image = "no-such-image" })));
        Assert.Contains(forwarded, answer => answer.Status == 429);
    }

    [Fact]
    public async Task Requests_of_one_address_are_bounded()
    {
        await using var caller = new Caller();

        // All on one connection: a client that works for each of them would ask no faster than more are allowed.
        var request = $"GET /healthz HTTP/1.1\r\nHost: {Instance.Url.Authority}\r\n";
        var answers = (await caller.SpeakAsync(string.Concat(Enumerable.Repeat(request + "\r\n", 4000)) + request + "Connection: close\r\n\r\n")).Split("HTTP/1.1 ");
        Assert.StartsWith("200", answers[1], StringComparison.Ordinal);
        var refused = answers.First(answer => answer.StartsWith("429", StringComparison.Ordinal));
        Assert.Contains("application/problem+json", refused, StringComparison.Ordinal);
        Assert.Contains("\"code\":\"rate\"", refused, StringComparison.Ordinal);
        Assert.Contains("\r\nRetry-After: 1\r\n", refused, StringComparison.Ordinal);
        await using var other = new Caller();
        Assert.Equal(200, (await other.GetAsync("/healthz")).Status);
    }

    [Fact]
    public async Task Silent_connections_are_bounded_and_others_get_through()
    {
        await using var caller = new Caller();
        var sockets = new List<Socket>();
        try
        {
            var cut = 0;
            for (var number = 0; number < 1100; number++)
            {
                try
                {
                    var socket = await caller.ConnectSocketAsync(Token);
                    sockets.Add(socket);
                    await socket.SendAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "), Token);
                }
                catch (SocketException)
                {
                    cut++;
                }
            }

            // Connections over the limit were closed, before or after their first byte.
            if (cut == 0)
            {
                try
                {
                    Assert.Equal(0, await sockets[^1].ReceiveAsync(new byte[16], SocketFlags.None, Token).AsTask().WaitAsync(Eventually.Patience, Token));
                }
                catch (SocketException)
                {
                    cut++;
                }
            }

            Assert.True(sockets.Count >= 900, "it was cut off too early");
            await using var other = new Caller();
            Assert.Equal(200, (await other.GetAsync("/")).Status);
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task A_guest_gets_no_circuit()
    {
        await using var caller = new Caller();
        await caller.GetAsync("/api/v1/playgrounds");
        Assert.Equal(404, (await caller.PostAsync("/_blazor/negotiate?negotiateVersion=1")).Status);
        Assert.StartsWith(
            "HTTP/1.1 404",
            await caller.SpeakAsync($"GET /_blazor HTTP/1.1\r\nHost: {Instance.Url.Authority}\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"),
            StringComparison.Ordinal);
    }

    /// <summary>What a busy machine adds to the first attempts.</summary>
    private static int Refilled(Stopwatch since, double secondsForOne) => (int)(since.Elapsed.TotalSeconds / secondsForOne);

    private static void Refused(Answer answer)
    {
        Assert.Equal((429, "rate"), (answer.Status, answer.Code));
        Assert.InRange(int.Parse(answer.Header("Retry-After")!, CultureInfo.InvariantCulture), 1, 3600);
    }
}
