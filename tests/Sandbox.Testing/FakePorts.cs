using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Sandbox.Core.Errors;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Testing;

/// <summary>Ports of sandboxes in which no program listens, except where a test puts a server of its own.</summary>
public sealed class FakePorts(ISandboxes sandboxes) : ISandboxPorts
{
    /// <summary>Where the programs of all sandboxes listen: the port in a sandbox, 0 for its Docker daemon, and the server that answers.</summary>
    public ConcurrentDictionary<int, EndPoint> Servers { get; } = new();

    public async Task<IReadOnlyList<int>> ListAsync(SandboxId sandbox, CancellationToken cancellationToken)
    {
        await RequireAsync(sandbox, cancellationToken);
        return [.. Servers.Keys.Where(port => port > 0).Order()];
    }

    public async Task<NetworkStream?> ConnectAsync(SandboxId sandbox, int port, CancellationToken cancellationToken)
    {
        await RequireAsync(sandbox, cancellationToken);
        if (!Servers.TryGetValue(port, out var server))
        {
            return null;
        }

        var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(server, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }

    public Task<NetworkStream?> ConnectToDockerAsync(SandboxId sandbox, CancellationToken cancellationToken) => ConnectAsync(sandbox, 0, cancellationToken);

    private async Task RequireAsync(SandboxId sandbox, CancellationToken cancellationToken)
    {
        var found = await sandboxes.FindAsync(sandbox, cancellationToken) ?? throw new SandboxException(ErrorCode.NotFound, "There is no such sandbox.");
        if (found.State != SandboxState.Running)
        {
            throw new SandboxException(ErrorCode.Conflict, "The sandbox does not run.");
        }
    }
}
