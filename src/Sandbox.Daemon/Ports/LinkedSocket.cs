using System.Net;
using System.Net.Sockets;

namespace Sandbox.Daemon.Ports;

/// <summary>
/// Connections with a sandbox whose kernel is its own, so that no socket of the host is in its network: over its link, as from
/// a neighbour. A service that listens on 127.0.0.1 alone is reached by <see cref="InnerRelays"/>.
/// </summary>
internal static class LinkedSocket
{
    /// <summary>Connects over the link; null if nobody listens on the address there.</summary>
    public static async Task<Socket?> ConnectAsync(IPAddress address, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(address, port, cancellationToken);
            return socket;
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            return null;
        }
    }
}
