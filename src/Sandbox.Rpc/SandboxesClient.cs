using Sandbox.Core.Execs;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Snapshots;
using Sandbox.Rpc.Wire;
using CoreSandboxInfo = Sandbox.Core.Sandboxes.SandboxInfo;
using CoreSandboxSpec = Sandbox.Core.Sandboxes.SandboxSpec;

namespace Sandbox.Rpc;

/// <summary>The client end of the sandboxes.</summary>
internal sealed class SandboxesClient(Wire.Sandboxes.SandboxesClient client) : ISandboxes
{
    /// <inheritdoc/>
    public async Task<CoreSandboxInfo> CreateAsync(CoreSandboxSpec spec, CancellationToken cancellationToken) =>
        (await ClientCalls.AskAsync(client.CreateAsync(spec.ToWire(), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).ToCore();

    /// <inheritdoc/>
    public Task<IReadOnlyList<CoreSandboxInfo>> ListAsync(CancellationToken cancellationToken) =>
        ClientCalls.AskAllAsync(client.List(new Nothing(), cancellationToken: cancellationToken), SandboxesMap.ToCore, cancellationToken);

    /// <inheritdoc/>
    public async Task<CoreSandboxInfo?> FindAsync(SandboxId id, CancellationToken cancellationToken) =>
        (await ClientCalls.AskAsync(client.FindAsync(Request(id), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).Sandbox?.ToCore();

    /// <inheritdoc/>
    public async Task<CoreSandboxInfo> StartAsync(SandboxId id, CancellationToken cancellationToken) =>
        (await ClientCalls.AskAsync(client.StartAsync(Request(id), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).ToCore();

    /// <inheritdoc/>
    public async Task<CoreSandboxInfo> StopAsync(SandboxId id, TimeSpan grace, CancellationToken cancellationToken) =>
        (await ClientCalls.AskAsync(client.StopAsync(new StopRequest { Id = id.Value, Grace = grace.Ticks }, cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).ToCore();

    /// <inheritdoc/>
    public async Task<CoreSandboxInfo> PauseAsync(SandboxId id, CancellationToken cancellationToken) =>
        (await ClientCalls.AskAsync(client.PauseAsync(Request(id), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).ToCore();

    /// <inheritdoc/>
    public async Task<CoreSandboxInfo> ResumeAsync(SandboxId id, CancellationToken cancellationToken) =>
        (await ClientCalls.AskAsync(client.ResumeAsync(Request(id), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).ToCore();

    /// <inheritdoc/>
    public async Task<CoreSandboxInfo> ExtendAsync(SandboxId id, DateTimeOffset deadline, CancellationToken cancellationToken) =>
        (await ClientCalls.AskAsync(client.ExtendAsync(new ExtendRequest { Id = id.Value, Deadline = deadline.ToWire() }, cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).ToCore();

    /// <inheritdoc/>
    public Task RemoveAsync(SandboxId id, CancellationToken cancellationToken) =>
        ClientCalls.AskAsync(client.RemoveAsync(Request(id), cancellationToken: cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<CoreSandboxInfo> WatchAsync(CancellationToken cancellationToken) =>
        ClientCalls.StreamAsync(cancellation => client.Watch(new Nothing(), cancellationToken: cancellation), cancellationToken).Select(SandboxesMap.ToCore);

    /// <inheritdoc/>
    public async Task<ExecResult> ExecAsync(SandboxId id, ExecSpec spec, CancellationToken cancellationToken) =>
        (await ClientCalls.AskAsync(client.ExecAsync(spec.ToWire(id.Value), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).ToCore();

    /// <inheritdoc/>
    public IAsyncEnumerable<ExecOutput> ExecStreamAsync(SandboxId id, ExecSpec spec, CancellationToken cancellationToken)
    {
        var request = spec.ToWire(id.Value);
        return ClientCalls.StreamAsync(cancellation => client.ExecStream(request, cancellationToken: cancellation), cancellationToken).Select(SandboxesMap.ToCore);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<ReadOnlyMemory<byte>> ReadLogAsync(SandboxId id, bool follow, CancellationToken cancellationToken)
    {
        var request = new ReadLogRequest { Id = id.Value, Follow = follow };
        return ClientCalls.StreamAsync(cancellation => client.ReadLog(request, cancellationToken: cancellation), cancellationToken).Select(chunk => chunk.Data.Memory);
    }

    /// <inheritdoc/>
    public async Task<SnapshotResult> SnapshotAsync(SandboxId id, SnapshotSpec spec, CancellationToken cancellationToken)
    {
        Values.Refuse(SnapshotRules.Validate(spec)); // longer ones would not fit into a message
        return (await ClientCalls.AskAsync(client.SnapshotAsync(spec.ToWire(id.Value), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).ToCore();
    }

    /// <inheritdoc/>
    public async Task<SnapshotContents> InspectAsync(SandboxId id, CancellationToken cancellationToken) =>
        (await ClientCalls.AskAllAsync(client.Inspect(Request(id), cancellationToken: cancellationToken), part => part, cancellationToken).ConfigureAwait(false)).ToCore();

    private static SandboxRequest Request(SandboxId id) => new() { Id = id.Value };
}
