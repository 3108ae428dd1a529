using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sandbox.EndToEnd.Tests;

/// <summary>Pages of another site, in the network of the browsers: at another address, which shares no cookie with the instance.</summary>
internal sealed class ForeignPages : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, (string Type, byte[] Body, string? Policy)> _pages = new(StringComparer.Ordinal);
    public static readonly IPAddress Address = IPAddress.Parse("127.0.0.2");

    private readonly Socket _listener;
    private readonly Task _served;

    /// <param name="listener">A listening socket, which is closed with this.</param>
    public ForeignPages(Socket listener)
    {
        Url = new Uri($"http://{listener.LocalEndPoint}");
        _listener = listener;
        _served = ServeAsync();
    }

    public Uri Url { get; }

    /// <summary>Serves a page, and returns its address.</summary>
    /// <param name="name">A path without a slash at its front.</param>
    /// <param name="html">The page.</param>
    /// <param name="policy">Its Content-Security-Policy, or null.</param>
    public string Add(string name, string html, string? policy = null) => Add(name, "text/html; charset=utf-8", Encoding.UTF8.GetBytes(html), policy);

    public string Add(string name, string type, byte[] body, string? policy = null)
    {
        _pages["/" + name] = (type, body, policy);
        return new Uri(Url, name).ToString();
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _served;
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            Socket browser;
            try
            {
                browser = await _listener.AcceptAsync();
            }
            catch (Exception over) when (over is SocketException or ObjectDisposedException)
            {
                return;
            }

            _ = AnswerAsync(browser);
        }
    }

    private async Task AnswerAsync(Socket browser)
    {
        try
        {
            await using var stream = new NetworkStream(browser, ownsSocket: true);
            using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
            var request = await reader.ReadLineAsync() ?? "";
            while (await reader.ReadLineAsync() is { Length: > 0 })
            {
                // Headers say nothing that matters here.
            }

            var path = request.Split(' ') is [_, var target, ..] ? target.Split('?')[0] : "";
            var (status, page) = _pages.TryGetValue(path, out var found) ? ("200 OK", found) : ("404 Not Found", ("text/plain", [], null));
            var head = $"HTTP/1.1 {status}\r\nContent-Type: {page.Type}\r\nContent-Length: {page.Body.Length}\r\nConnection: close\r\n{(page.Policy is null ? "" : $"Content-Security-Policy: {page.Policy}\r\n")}\r\n";
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
            await stream.WriteAsync(page.Body);
        }
        catch (IOException)
        {
            // The browser went away.
        }
    }
}
