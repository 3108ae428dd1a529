using System.Net.Sockets;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Core.Runtime;

/// <summary>The TCP ports of running sandboxes, and the socket of a Docker daemon in one.</summary>
public interface ISandboxPorts
{
    /// <summary>The ports on which a program in the sandbox listens now, in ascending order. Codes: NotFound, Conflict (it does not run).</summary>
    Task<IReadOnlyList<int>> ListAsync(SandboxId sandbox, CancellationToken cancellationToken);

    /// <summary>
    /// Connects to a port as a program in the sandbox would, also to one that is open to the sandbox itself only. Null if no
    /// program listens. Disposing the stream ends the connection. Codes: NotFound, Conflict (it does not run).
    /// </summary>
    Task<NetworkStream?> ConnectAsync(SandboxId sandbox, int port, CancellationToken cancellationToken);

    /// <summary>
    /// Connects to <c>/run/docker.sock</c> of the sandbox, where its Docker daemon listens. Null if none does. Disposing the
    /// stream ends the connection. Codes: NotFound, Conflict (it does not run).
    /// </summary>
    Task<NetworkStream?> ConnectToDockerAsync(SandboxId sandbox, CancellationToken cancellationToken);
}
