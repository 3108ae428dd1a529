using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Sandbox.Benchmarks;

/// <summary>
/// A program with nothing in it: a hub whose one method does nothing, and a WebSocket that sends back what it gets. What
/// the way there and back costs here, no terminal over the same can do without.
/// </summary>
internal static class Floor
{
    public static async Task ServeAsync(string url)
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

    private sealed class EmptyHub : Hub
    {
        public bool IsOver() => Context.ConnectionAborted.IsCancellationRequested;
    }
}
