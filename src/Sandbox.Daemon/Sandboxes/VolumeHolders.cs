using Sandbox.Core.Errors;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Volumes;
using Sandbox.Daemon.Volumes;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// Decides who holds a volume: one sandbox that writes, any number that read. The sandboxes themselves are the record of it, so
/// the next daemon knows what this one decided.
/// </summary>
internal sealed class VolumeHolders(LiveSandboxes sandboxes, VolumeStore store)
{
    private readonly Lock _gate = new();

    /// <summary>Gives a sandbox all volumes of its spec. Codes: NotFound (somebody else's), Conflict (another sandbox writes to one), and then it has none.</summary>
    public void Take(LiveSandbox sandbox)
    {
        var spec = sandbox.Record.Spec;
        lock (_gate)
        {
            foreach (var volume in spec.Volumes)
            {
                store.RequireOwner(volume, spec.Owner);
                if (!volume.ReadOnly && Holders(volume.Id).FirstOrDefault(use => !use.Volume.ReadOnly) is { Sandbox: { } writer })
                {
                    throw new SandboxException(
                        ErrorCode.Conflict,
                        $"The volume '{volume.Name}' is in use: {writer.Record.Spec.Name} of playground {writer.Record.Spec.Playground} writes to it. End that playground first, or attach the volume read-only.");
                }
            }

            sandbox.HoldsVolumes = spec.Volumes.Count > 0;
        }
    }

    /// <summary>Whether another sandbox holds a volume too.</summary>
    public bool IsHeldBeside(LiveSandbox sandbox, VolumeId id)
    {
        lock (_gate)
        {
            return Holders(id).Any(use => !ReferenceEquals(use.Sandbox, sandbox));
        }
    }

    /// <summary>Takes a volume off the store's list unless a sandbox holds it.</summary>
    public bool TryForget(VolumeId id)
    {
        lock (_gate)
        {
            if (Holders(id).Any())
            {
                return false;
            }

            store.Forget(id);
            return true;
        }
    }

    private IEnumerable<(LiveSandbox Sandbox, SandboxVolume Volume)> Holders(VolumeId id) => sandboxes.All
        .Where(sandbox => sandbox.HoldsVolumes)
        .SelectMany(sandbox => sandbox.Record.Spec.Volumes.Where(volume => volume.Id == id).Select(volume => (sandbox, volume)));
}
