using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Daemon.Terminals;
using Sandbox.Rpc;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>The terminals of one Linux host.</summary>
internal sealed class LinuxTerminals(DaemonOptions options, LiveSandboxes sandboxes, TerminalHolders terminals, DetachedCommands detached, SandboxLogs logs) : ITerminals
{
    public Task<TerminalInfo> OpenAsync(SandboxId id, TerminalSpec spec, CancellationToken cancellationToken)
    {
        var sandbox = sandboxes.Find(id);
        return terminals.OpenAsync(sandboxes.WithDatabases(sandbox.Running()), sandbox.Root.Root, spec, cancellationToken);
    }

    public Task<Stream> ConnectAsync(SandboxId id, TerminalId terminal, CancellationToken cancellationToken) =>
        TerminalSockets.ConnectAsync(TerminalSockets.PathOf(options.RunDirectory, id, terminal), cancellationToken);

    public Task<IReadOnlyList<TerminalInfo>> ListAsync(SandboxId id, CancellationToken cancellationToken)
    {
        var sandbox = sandboxes.Find(id);
        return Task.Run(() => terminals.ListAsync(sandbox.Record, sandbox.Root.Root), cancellationToken);
    }

    public Task<IReadOnlyList<DetachedCommand>> ListDetachedAsync(SandboxId id, CancellationToken cancellationToken)
    {
        var sandbox = sandboxes.Find(id);
        return Task.Run(() => detached.List(sandbox.Id), cancellationToken);
    }

    public IAsyncEnumerable<ReadOnlyMemory<byte>> ReadDetachedAsync(SandboxId id, TerminalId command, bool follow, CancellationToken cancellationToken) =>
        logs.ReadDetachedAsync(id, command, follow, cancellationToken);

    public Task KillDetachedAsync(SandboxId id, TerminalId command, CancellationToken cancellationToken)
    {
        var sandbox = sandboxes.Find(id);
        return Task.Run(() => detached.KillAsync(sandbox.Id, command), cancellationToken);
    }
}
