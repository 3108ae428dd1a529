using Sandbox.Core.Errors;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Volumes;

namespace Sandbox.Testing;

/// <summary>The volumes of a <see cref="FakeRuntime"/>. They have no files.</summary>
internal sealed class FakeVolumes(FakeHost host) : IVolumes
{
    private readonly Dictionary<VolumeId, (SandboxVolume Volume, Core.People.PersonId Owner)> _volumes = [];

    /// <summary>Attaches the volumes of a spec, as a sandbox that starts does. The caller holds the host's gate.</summary>
    public void Attach(SandboxSpec spec)
    {
        foreach (var volume in spec.Volumes.Where(volume => !volume.ReadOnly))
        {
            if (Holders(volume.Id).FirstOrDefault(sandbox => sandbox.Spec.Volumes.Any(held => held.Id == volume.Id && !held.ReadOnly)) is { } writer)
            {
                throw new SandboxException(ErrorCode.Conflict, $"The volume '{volume.Name}' is in use: {writer.Spec.Name} of playground {writer.Spec.Playground} writes to it. End that playground first, or attach the volume read-only.");
            }
        }

        foreach (var volume in spec.Volumes)
        {
            _volumes.TryAdd(volume.Id, (volume, spec.Owner));
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<VolumeInfo>> ListAsync(CancellationToken cancellationToken)
    {
        await host.BeginAsync("ListVolumes", cancellationToken);
        lock (host.Gate)
        {
            return
            [
                .. _volumes.Values.Select(each => new VolumeInfo(each.Volume.Id, each.Owner, each.Volume.Bytes, 0, 0, [.. Holders(each.Volume.Id).Select(sandbox =>
                {
                    var held = sandbox.Spec.Volumes.First(volume => volume.Id == each.Volume.Id);
                    return new VolumeUse(sandbox.Spec.Id, held.Path, held.ReadOnly);
                })])),
            ];
        }
    }

    /// <inheritdoc/>
    public async Task RemoveAsync(VolumeId id, CancellationToken cancellationToken)
    {
        await host.BeginAsync("RemoveVolume", cancellationToken);
        lock (host.Gate)
        {
            if (Holders(id).Any())
            {
                throw new SandboxException(ErrorCode.Conflict, "The volume is attached to a playground. End the playground first.");
            }

            _volumes.Remove(id);
        }
    }

    private IEnumerable<FakeSandbox> Holders(VolumeId id) =>
        host.Sandboxes.Values.Where(sandbox => sandbox.Info.State != SandboxState.Ended && sandbox.Spec.Volumes.Any(volume => volume.Id == id));
}
