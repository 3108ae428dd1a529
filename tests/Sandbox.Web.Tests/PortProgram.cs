using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Sandbox.Testing;
using Xunit;

namespace Sandbox.Web.Tests;

/// <summary>A program that listens in every sandbox of a runtime.</summary>
internal sealed class PortProgram : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly FakePorts _ports;
    private readonly int _port;

    public PortProgram(WebUnderTest web, int port, Func<Socket, Task> answer)
    {
        _listener.Start();
        (_ports, _port) = ((FakePorts)web.Runtime.Ports, port);
        _ports.Servers[port] = _listener.LocalEndpoint;
        _ = AcceptAsync(answer);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Connections that it has now.</summary>
    public ConcurrentDictionary<Socket, bool> Open { get; } = new();

    /// <summary>The site is that of all tests of the class: nothing may be left at the port.</summary>
    public void Dispose()
    {
        _ports.Servers.TryRemove(_port, out _);
        _listener.Dispose();
    }

    private async Task AcceptAsync(Func<Socket, Task> answer)
    {
        try
        {
            while (true)
            {
                _ = RunAsync(await _listener.AcceptSocketAsync(Cancel), answer);
            }
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task RunAsync(Socket socket, Func<Socket, Task> answer)
    {
        Open[socket] = true;
        try
        {
            await answer(socket);
        }
        catch (Exception fault) when (fault is SocketException or IOException or OperationCanceledException)
        {
            // The client left.
        }

        Open.TryRemove(socket, out _);
        socket.Dispose();
    }
}
