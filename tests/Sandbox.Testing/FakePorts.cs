using Sandbox.Core.Errors;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Testing;

/// <summary>Ports of sandboxes in which no program listens.</summary>
internal sealed class FakePorts(ISandboxes sandboxes) : ISandboxPorts
{
    public async Task<IReadOnlyList<int>> ListAsync(SandboxId sandbox, CancellationToken cancellationToken)
    {
        await RequireAsync(sandbox, cancellationToken);
        return [];
    }

    public async Task<Stream?> ConnectAsync(SandboxId sandbox, int port, CancellationToken cancellationToken)
    {
        await RequireAsync(sandbox, cancellationToken);
        return null;
    }

    private async Task RequireAsync(SandboxId sandbox, CancellationToken cancellationToken)
    {
        var found = await sandboxes.FindAsync(sandbox, cancellationToken) ?? throw new SandboxException(ErrorCode.NotFound, "There is no such sandbox.");
        if (found.State != SandboxState.Running)
        {
            throw new SandboxException(ErrorCode.Conflict, "The sandbox does not run.");
        }
    }
}
