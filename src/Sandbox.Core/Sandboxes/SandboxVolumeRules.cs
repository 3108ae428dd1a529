using Sandbox.Core.Recipes;

namespace Sandbox.Core.Sandboxes;

/// <summary>The bounds of the volumes of a sandbox to start.</summary>
internal static class SandboxVolumeRules
{
    /// <summary>Checks the places of a sandbox's volumes.</summary>
    public static void Check(IReadOnlyList<SandboxVolume>? volumes, string what, List<string> mistakes)
    {
        if (volumes is null || volumes.Count > VolumeRules.MaxVolumes || volumes.Any(volume => volume is null))
        {
            mistakes.Add($"{what}: at most {VolumeRules.MaxVolumes}");
            return;
        }

        for (var at = 0; at < volumes.Count; at++)
        {
            var volume = volumes[at];
            if (volume.Id == default || volumes.Take(at).Any(other => other.Id == volume.Id))
            {
                mistakes.Add($"{what}[{at}].id: missing, or twice");
            }

            if (!VolumeRules.IsName(volume.Name))
            {
                mistakes.Add($"{what}[{at}].name: no name of a volume");
            }

            if (volume.Bytes is < VolumeRules.MinBytes or > VolumeRules.MaxBytes)
            {
                mistakes.Add($"{what}[{at}].bytes: {VolumeRules.MinBytes} to {VolumeRules.MaxBytes}");
            }
        }

        VolumeRules.CheckPaths([.. volumes.Select(volume => volume.Path)], what, mistakes);
    }
}
