using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Rpc.Wire;
using CoreDetachedCommand = Sandbox.Core.Terminals.DetachedCommand;
using CoreTerminalInfo = Sandbox.Core.Terminals.TerminalInfo;

namespace Sandbox.Rpc;

/// <summary>The client end of the terminals. It connects to them past the daemon, see <see cref="TerminalSockets"/>.</summary>
internal sealed class TerminalsClient(Wire.Terminals.TerminalsClient client, string runDirectory) : ITerminals
{
    /// <inheritdoc/>
    public async Task<CoreTerminalInfo> OpenAsync(SandboxId id, TerminalSpec spec, CancellationToken cancellationToken) =>
        (await ClientCalls.AskAsync(client.OpenAsync(spec.ToWire(id.Value), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).ToCore();

    /// <inheritdoc/>
    public Task<Stream> ConnectAsync(SandboxId id, TerminalId terminal, CancellationToken cancellationToken) =>
        TerminalSockets.ConnectAsync(TerminalSockets.PathOf(runDirectory, id, terminal), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<CoreTerminalInfo>> ListAsync(SandboxId id, CancellationToken cancellationToken) =>
        ClientCalls.AskAllAsync(client.List(new SandboxRequest { Id = id.Value }, cancellationToken: cancellationToken), TerminalsMap.ToCore, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<CoreDetachedCommand>> ListDetachedAsync(SandboxId id, CancellationToken cancellationToken) =>
        ClientCalls.AskAllAsync(client.ListDetached(new SandboxRequest { Id = id.Value }, cancellationToken: cancellationToken), TerminalsMap.ToCore, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<ReadOnlyMemory<byte>> ReadDetachedAsync(SandboxId id, TerminalId command, bool follow, CancellationToken cancellationToken)
    {
        var request = new ReadDetachedRequest { Id = id.Value, Command = command.Value, Follow = follow };
        return ClientCalls.StreamAsync(cancellation => client.ReadDetached(request, cancellationToken: cancellation), cancellationToken).Select(chunk => chunk.Data.Memory);
    }

    /// <inheritdoc/>
    public Task KillDetachedAsync(SandboxId id, TerminalId command, CancellationToken cancellationToken) =>
        ClientCalls.AskAsync(client.KillDetachedAsync(new DetachedRequest { Id = id.Value, Command = command.Value }, cancellationToken: cancellationToken), cancellationToken);
}
