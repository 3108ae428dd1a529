using Sandbox.Core.Errors;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Volumes;
using Sandbox.Daemon.Volumes;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>The volumes of one Linux host.</summary>
internal sealed class LinuxVolumes(VolumeStore store, LiveSandboxes sandboxes, VolumeHolders holders) : IVolumes
{
    public Task<IReadOnlyList<VolumeInfo>> ListAsync(CancellationToken cancellationToken) => Task.Run<IReadOnlyList<VolumeInfo>>(
        () =>
        {
            var uses = sandboxes.All.Where(sandbox => sandbox.HoldsVolumes)
                .SelectMany(sandbox => sandbox.Record.Spec.Volumes.Select((volume, index) => (Sandbox: sandbox, Volume: volume, Index: index)))
                .ToLookup(use => use.Volume.Id);
            return [.. store.All.Select(record =>
            {
                var (bytes, files) = uses[record.Id].Select(use => VolumeStore.Use(store.FilesOf(use.Sandbox.Id, use.Index))).FirstOrDefault(use => use is not null) ?? (record.UsedBytes, record.Files);
                return new VolumeInfo(record.Id, record.Owner, record.Bytes, bytes, files, [.. uses[record.Id].Select(use => new VolumeUse(use.Sandbox.Id, use.Volume.Path, use.Volume.ReadOnly))]);
            })];
        },
        cancellationToken);

    public async Task RemoveAsync(VolumeId id, CancellationToken cancellationToken)
    {
        if (!holders.TryForget(id))
        {
            throw new SandboxException(ErrorCode.Conflict, "The volume is attached to a playground. End the playground first.");
        }

        await store.DeleteAsync(id);
    }
}
