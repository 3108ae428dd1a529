using System.Net;
using System.Net.Sockets;
using System.Text;
using Sandbox.Daemon.Execs;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Ports;

/// <summary>
/// Connections with a sandbox whose kernel is its own, so that no socket of the host is in its network: over its link, as from
/// a neighbour. A service that listens on 127.0.0.1 alone is not reached.
/// </summary>
internal static class LinkedSocket
{
    /// <summary>Bytes kept of the table of sockets. The program that prints it is in the hands of root in the sandbox.</summary>
    private const int MostBytes = 256 << 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>The TCP ports on which programs listen, as a command in the sandbox prints them in its time.</summary>
    public static async Task<IReadOnlyList<int>> ListeningAsync(IReadOnlyList<string> command, ProcessWatch watch, CancellationToken cancellationToken, TimeSpan? patience = null)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var pipes = new PipeCapture(default, MostBytes);
        var pid = Tool.Spawn(command[0], [.. command.Skip(1)], pipes.Theirs[0], pipes.Theirs[1], pipes.Theirs[2]);
        foreach (var handle in pipes.Theirs)
        {
            handle.Dispose();
        }

        var ended = watch.WaitAsync(pid);
        var moved = pipes.RunAsync();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience ?? Patience);
        await using (limit.Token.Register(() => _ = Tool.Kill(pid, 9)))
        {
            await ended;
        }

        pipes.Ended();
        await moved;
        cancellationToken.ThrowIfCancellationRequested();
        return ListeningPorts.In(Encoding.ASCII.GetString(pipes.Stdout));
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
