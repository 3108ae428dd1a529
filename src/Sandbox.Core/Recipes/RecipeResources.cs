using Sandbox.Core.Quotas;

namespace Sandbox.Core.Recipes;

/// <summary>What a node asks for. It only lowers the limits of the visitor's plan. Null is the plan's limit.</summary>
public sealed record RecipeResources
{
    private const long MiB = 1024 * 1024;

    /// <summary>CPU in percent of one core: 150 is one and a half.</summary>
    public int? CpuPercent { get; init; }

    /// <summary>Memory in MiB.</summary>
    public int? MemoryMiB { get; init; }

    /// <summary>Disk over the image in MiB.</summary>
    public int? DiskMiB { get; init; }

    /// <summary>The limits of a sandbox: each the lesser of the plan's and of this.</summary>
    public SandboxLimits Lower(SandboxLimits plan) => plan with
    {
        Cpus = Math.Min(plan.Cpus, CpuPercent / 100.0 ?? plan.Cpus),
        MemoryBytes = Math.Min(plan.MemoryBytes, MemoryMiB * MiB ?? plan.MemoryBytes),
        DiskBytes = Math.Min(plan.DiskBytes, DiskMiB * MiB ?? plan.DiskBytes),
    };
}
