using Sandbox.Core.People;
using Sandbox.Core.Volumes;

namespace Sandbox.Core.Sandboxes;

/// <summary>A volume that the runtime holds.</summary>
/// <param name="Id">Which one.</param>
/// <param name="Owner">Whose.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="UsedBytes">Bytes of its files, now or when it was detached last.</param>
/// <param name="Files">Its files and directories, at the same moment.</param>
/// <param name="Uses">The sandboxes that it is attached to.</param>
public sealed record VolumeInfo(VolumeId Id, PersonId Owner, long Bytes, long UsedBytes, long Files, IReadOnlyList<VolumeUse> Uses);

/// <summary>A sandbox that a volume is attached to.</summary>
/// <param name="Sandbox">The sandbox.</param>
/// <param name="Path">Where it is mounted there.</param>
/// <param name="ReadOnly">Whether the sandbox only reads it.</param>
public sealed record VolumeUse(SandboxId Sandbox, string Path, bool ReadOnly);
