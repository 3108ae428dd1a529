using Sandbox.Core.Quotas;

namespace Sandbox.Core.Recipes;

/// <summary>The bounds of a node's resources on any host; the visitor's plan bounds them further.</summary>
public static class ResourceRules
{
    /// <summary>64 cores.</summary>
    public const int MaxCpuPercent = 6400;

    /// <summary>1 TiB, of memory and of disk.</summary>
    public const int MaxMiB = 1024 * 1024;

    private const int MinMemoryMiB = (int)(LimitRules.MinMemoryBytes / (1024 * 1024));
    private const int MinDiskMiB = (int)(LimitRules.MinDiskBytes / (1024 * 1024));

    internal static void Check(RecipeResources? resources, string what, List<string> mistakes)
    {
        if (resources is null)
        {
            return;
        }

        if (resources is { CpuPercent: null, MemoryMiB: null, DiskMiB: null })
        {
            mistakes.Add($"{what}: at least one of cpuPercent, memoryMiB and diskMiB");
        }

        if (resources.CpuPercent is < 1 or > MaxCpuPercent)
        {
            mistakes.Add($"{what}.cpuPercent: 1 to {MaxCpuPercent}");
        }

        if (resources.MemoryMiB is < MinMemoryMiB or > MaxMiB)
        {
            mistakes.Add($"{what}.memoryMiB: {MinMemoryMiB} to {MaxMiB}");
        }

        if (resources.DiskMiB is < MinDiskMiB or > MaxMiB)
        {
            mistakes.Add($"{what}.diskMiB: {MinDiskMiB} to {MaxMiB}");
        }
    }
}
