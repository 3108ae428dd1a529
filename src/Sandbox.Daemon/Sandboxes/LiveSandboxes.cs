using System.Collections.Concurrent;
using Sandbox.Core.Errors;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Records;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>The sandboxes of this host by their ids; of those that ended, the records.</summary>
internal sealed class LiveSandboxes
{
    private readonly ConcurrentDictionary<SandboxId, LiveSandbox> _byId = new();

    public ICollection<LiveSandbox> All => _byId.Values;

    public LiveSandbox? TryFind(SandboxId id) => _byId.GetValueOrDefault(id);

    /// <summary>Code: NotFound.</summary>
    public LiveSandbox Find(SandboxId id) => TryFind(id) ?? throw new SandboxException(ErrorCode.NotFound, "There is no such sandbox.");

    /// <summary>Returns the sandbox that has this id already, or adds <paramref name="sandbox"/> and returns it.</summary>
    public LiveSandbox GetOrAdd(LiveSandbox sandbox) => _byId.GetOrAdd(sandbox.Id, sandbox);

    public void Set(LiveSandbox sandbox) => _byId[sandbox.Id] = sandbox;

    /// <summary>False if it was not listed, or another sandbox has its id.</summary>
    public bool Remove(LiveSandbox sandbox) => _byId.TryRemove(new(sandbox.Id, sandbox));

    public IEnumerable<SandboxInfo> Infos() => All.Select(sandbox => sandbox.Record.Info);

    /// <summary>Sandboxes of which only the record is left.</summary>
    public IEnumerable<LiveSandbox> Ended() => All.Where(sandbox => sandbox.Record.State == SandboxState.Ended);

    /// <summary>The record of a sandbox with the variables by which a process that starts now finds the databases of its playground.</summary>
    public SandboxRecord WithDatabases(SandboxRecord record) => record with
    {
        Variables = DatabaseVariables.Of(
            record.Spec,
            record.Config,
            All.Select(sandbox => sandbox.Record)
                .Where(other => other.Spec.Database is not null && other.Spec.Playground == record.Spec.Playground && other.Spec.Id != record.Spec.Id
                    && other.HasLink && record.HasLink && other.State is SandboxState.Running or SandboxState.Paused or SandboxState.Stopped)
                .OrderBy(other => other.CreatedAt)
                .Select(other => (other.Spec, other.Config))),
    };

    public bool IsLastOfOwner(LiveSandbox sandbox) =>
        !All.Any(other => !ReferenceEquals(other, sandbox) && other.Record.Spec.Owner == sandbox.Record.Spec.Owner && other.Record.State != SandboxState.Ended);
}
