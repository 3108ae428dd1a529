namespace Sandbox.Core.Recipes;

/// <summary>
/// A volume that a node asks for. Each visitor gets one of their own, made at its first use; its files are no part of the recipe.
/// </summary>
public sealed record RecipeVolume
{
    private const long MiB = 1024 * 1024;

    /// <summary>The visitor's name for it.</summary>
    public required string Name { get; init; }

    /// <summary>The directory on which it is mounted.</summary>
    public required string Path { get; init; }

    /// <summary>Its size in MiB when it is made; null is <see cref="VolumeRules.DefaultBytes"/>.</summary>
    public int? SizeMiB { get; init; }

    /// <summary>Whether the node only reads it.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Its size when it is made.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public long Bytes => SizeMiB * MiB ?? VolumeRules.DefaultBytes;
}

/// <summary>The bounds of the volumes of a recipe.</summary>
internal static class RecipeVolumeRules
{
    private const int MinMiB = (int)(VolumeRules.MinBytes >> 20);
    private const int MaxMiB = (int)(VolumeRules.MaxBytes >> 20);

    public static void Check(RecipeNode node, string what, List<string> mistakes)
    {
        if (node.Volumes is not { Count: <= VolumeRules.MaxVolumes } volumes || volumes.Any(volume => volume is null))
        {
            mistakes.Add($"{what}: at most {VolumeRules.MaxVolumes}");
            return;
        }

        for (var at = 0; at < volumes.Count; at++)
        {
            if (!VolumeRules.IsName(volumes[at].Name))
            {
                mistakes.Add($"{what}[{at}].name: 1 to 32 lower-case letters, digits and dashes, no dash at either end");
            }
            else if (volumes.Take(at).Any(other => other.Name == volumes[at].Name))
            {
                mistakes.Add($"{what}[{at}].name: {volumes[at].Name} is mounted already in this node");
            }

            if (volumes[at].SizeMiB is < MinMiB or > MaxMiB)
            {
                mistakes.Add($"{what}[{at}].sizeMiB: {MinMiB} to {MaxMiB}");
            }
        }

        VolumeRules.CheckPaths([.. volumes.Select(volume => volume.Path)], what, mistakes);
        foreach (var file in node.Files ?? [])
        {
            if (file?.Path is { } path && volumes.FirstOrDefault(volume => volume.Path is { } mount && VolumeRules.Holds(mount, path)) is { } over)
            {
                mistakes.Add($"{what}: {RecipeRules.Shown(path)} of the files would lie under the volume {RecipeRules.Shown(over.Name ?? "")}; write it in the setup");
            }
        }
    }

    /// <summary>A volume has one writer.</summary>
    public static void CheckWriters(IReadOnlyList<RecipeNode> nodes, List<string> mistakes)
    {
        var written = new HashSet<string>(StringComparer.Ordinal);
        for (var at = 0; at < nodes.Count; at++)
        {
            foreach (var volume in (nodes[at].Volumes ?? []).Where(volume => volume is { ReadOnly: false, Name: not null }))
            {
                if (!written.Add(volume.Name))
                {
                    mistakes.Add($"nodes[{at}].volumes: another node writes to {RecipeRules.Shown(volume.Name)}; a volume has one writer, the others read it with readOnly");
                }
            }
        }
    }
}
