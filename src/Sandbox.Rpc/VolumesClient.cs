using Sandbox.Core.Runtime;
using Sandbox.Core.Volumes;
using Sandbox.Rpc.Wire;
using CoreVolumeInfo = Sandbox.Core.Sandboxes.VolumeInfo;

namespace Sandbox.Rpc;

/// <summary>The client end of the volumes.</summary>
internal sealed class VolumesClient(Wire.Volumes.VolumesClient client) : IVolumes
{
    /// <inheritdoc/>
    public Task<IReadOnlyList<CoreVolumeInfo>> ListAsync(CancellationToken cancellationToken) =>
        ClientCalls.AskAllAsync(client.List(new Nothing(), cancellationToken: cancellationToken), VolumesMap.ToCore, cancellationToken);

    /// <inheritdoc/>
    public Task RemoveAsync(VolumeId id, CancellationToken cancellationToken) =>
        ClientCalls.AskAsync(client.RemoveAsync(new VolumeRequest { Id = id.Value }, cancellationToken: cancellationToken), cancellationToken);
}
