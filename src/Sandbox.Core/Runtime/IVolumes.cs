using Sandbox.Core.Sandboxes;
using Sandbox.Core.Volumes;

namespace Sandbox.Core.Runtime;

/// <summary>
/// The volumes of a runtime: directories that outlive the sandboxes they are attached to. A sandbox's spec attaches them, and
/// makes those that are new; the end of the sandbox detaches them. One sandbox at a time writes to a volume.
/// </summary>
public interface IVolumes
{
    /// <summary>All volumes.</summary>
    Task<IReadOnlyList<VolumeInfo>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Deletes a volume with its files. Unknown is no fault. Code: Conflict (it is attached).</summary>
    Task RemoveAsync(VolumeId id, CancellationToken cancellationToken);
}
