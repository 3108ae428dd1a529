using System.Net.Sockets;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Sandbox.Benchmarks;

/// <summary>
/// A program with nothing in it: a hub whose one method does nothing, a WebSocket that sends back what it gets, and one
/// that leads to a holder of terminals and looks at nothing on the way. What the way there and back costs here, no
/// terminal over the same can do without.
/// </summary>
internal static class Floor
{
    /// <param name="url">Where it listens.</param>
    /// <param name="holders">Below it, the sockets of the terminals' holders.</param>
    public static async Task ServeAsync(string url, string holders)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        // As our own has it.
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.Services.AddSignalR().AddMessagePackProtocol();
        await using var app = builder.Build();
        app.UseWebSockets();
        app.Map("/", static (HttpContext _) => Task.CompletedTask);
        app.MapHub<EmptyHub>("/hub");
        app.Map("/socket", EchoAsync);
        app.Map("/relay/{sandbox}/{terminal}", (HttpContext http, string sandbox, string terminal) =>
            (sandbox + terminal).All(char.IsAsciiLetterOrDigit) ? RelayAsync(http, Path.Combine(holders, sandbox, terminal + ".sock")) : Task.CompletedTask);
        await app.RunAsync();
    }

    private static async Task EchoAsync(HttpContext http)
    {
        using var socket = await http.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[1024];
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(), http.RequestAborted) is { MessageType: not WebSocketMessageType.Close } got)
            {
                await socket.SendAsync(buffer.AsMemory(0, got.Count), got.MessageType, got.EndOfMessage, http.RequestAborted);
            }
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException)
        {
            // As a client leaves.
        }
    }

    private static async Task RelayAsync(HttpContext http, string path)
    {
        using var holder = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await holder.ConnectAsync(new UnixDomainSocketEndPoint(path));
        using var socket = await http.WebSockets.AcceptWebSocketAsync();
        await Task.WhenAny(ToHolderAsync(), FromHolderAsync());

        async Task ToHolderAsync()
        {
            var buffer = new byte[4096];
            while (await socket.ReceiveAsync(buffer.AsMemory(), http.RequestAborted) is { MessageType: not WebSocketMessageType.Close } got)
            {
                await holder.SendAsync(buffer.AsMemory(0, got.Count), http.RequestAborted);
            }
        }

        async Task FromHolderAsync()
        {
            var buffer = new byte[4096];
            while (await holder.ReceiveAsync(buffer.AsMemory(), http.RequestAborted) is var count and > 0)
            {
                await socket.SendAsync(buffer.AsMemory(0, count), WebSocketMessageType.Binary, endOfMessage: true, http.RequestAborted);
            }
        }
    }

    private sealed class EmptyHub : Hub
    {
        public bool IsOver() => Context.ConnectionAborted.IsCancellationRequested;
    }
}
