using Port = Sandbox.Core.Sandboxes;

namespace Sandbox.Rpc.Wire;

/// <summary>Volumes in and out of messages.</summary>
internal static class VolumesMap
{
    internal static SandboxVolume ToWire(this Port.SandboxVolume volume) => new()
    {
        Id = volume.Id.Value,
        Name = volume.Name,
        Path = volume.Path,
        Bytes = volume.Bytes,
        ReadOnly = volume.ReadOnly,
    };

    internal static Port.SandboxVolume ToCore(this SandboxVolume wire) => new()
    {
        Id = Values.ToVolumeId(wire.Id),
        Name = wire.Name,
        Path = wire.Path,
        Bytes = wire.Bytes,
        ReadOnly = wire.ReadOnly,
    };

    internal static VolumeInfo ToWire(this Port.VolumeInfo info) => new()
    {
        Id = info.Id.Value,
        Owner = info.Owner.Value,
        Bytes = info.Bytes,
        UsedBytes = info.UsedBytes,
        Files = info.Files,
        Uses = { info.Uses.Select(use => new VolumeUse { Sandbox = use.Sandbox.Value, Path = use.Path, ReadOnly = use.ReadOnly }) },
    };

    internal static Port.VolumeInfo ToCore(this VolumeInfo wire) => new(
        Values.ToVolumeId(wire.Id),
        Values.ToPersonId(wire.Owner),
        wire.Bytes,
        wire.UsedBytes,
        wire.Files,
        [.. wire.Uses.Select(use => new Port.VolumeUse(Values.ToSandboxId(use.Sandbox), use.Path, use.ReadOnly))]);
}
