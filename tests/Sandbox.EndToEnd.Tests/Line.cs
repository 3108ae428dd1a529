using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Sandbox.EndToEnd.Tests;

/// <summary>The way from a page to the hub, which can be cut and stay cut.</summary>
internal sealed class Line
{
    private readonly ConcurrentQueue<IWebSocketRoute> _open = [];
    private volatile bool _isCut;

    public static async Task<Line> HoldAsync(IPage page)
    {
        var line = new Line();
        await page.RouteWebSocketAsync(new Regex("/hubs/terminal", RegexOptions.None, TimeSpan.FromSeconds(1)), line.Open);
        return line;
    }

    public async Task CutAsync()
    {
        _isCut = true;
        while (_open.TryDequeue(out var socket))
        {
            await socket.CloseAsync();
        }
    }

    public void Mend() => _isCut = false;

    private void Open(IWebSocketRoute socket)
    {
        if (_isCut)
        {
            _ = socket.CloseAsync();
            return;
        }

        _ = socket.ConnectToServer();
        _open.Enqueue(socket);
    }
}
