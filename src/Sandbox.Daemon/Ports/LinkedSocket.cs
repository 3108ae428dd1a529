using System.Net;
using System.Net.Sockets;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Oci;

namespace Sandbox.Daemon.Ports;

/// <summary>
/// Connections with a sandbox whose kernel is its own, so that no socket of the host is in its network: over its link, as from
/// a neighbour. A service that listens on 127.0.0.1 alone is not reached.
/// </summary>
internal static class LinkedSocket
{
    /// <summary>The TCP ports on which programs listen.</summary>
    public static async Task<IReadOnlyList<int>> ListeningAsync(GvisorRuntime runtime, Tool tool, SandboxId sandbox, CancellationToken cancellationToken)
    {
        var command = runtime.OwnCommand(sandbox, SandboxBundle.ListSockets);
        var listed = await tool.RunAsync(command[0], [.. command.Skip(1)], cancellationToken: cancellationToken);
        return [.. ListeningPorts.In(listed.Text.Split('\n')).Distinct().Order()];
    }

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
