using Sandbox.Core.Networks;
using Sandbox.Core.Quotas;

namespace Sandbox.Web.Store;

/// <summary>A plan with its limits, flat.</summary>
internal sealed class PlanRow
{
    public required string Name { get; init; }

    public int Playgrounds { get; set; }

    public int Nodes { get; set; }

    public double Cpus { get; set; }

    public long MemoryBytes { get; set; }

    public int Pids { get; set; }

    public long DiskBytes { get; set; }

    public long Inodes { get; set; }

    public double TotalCpus { get; set; }

    public long TotalMemoryBytes { get; set; }

    public int Minutes { get; set; }

    public int MaxMinutes { get; set; }

    public int IdleMinutes { get; set; }

    public long StorageBytes { get; set; }

    public int LinkPlaces { get; set; }

    public int Volumes { get; set; }

    public long VolumeBytes { get; set; }

    public string Network { get; set; } = NetworkPolicy.Egress;

    /// <summary>With a blank between; empty is all of the internet.</summary>
    public string Domains { get; set; } = "";

    /// <summary>The isolation class that its sandboxes have at least; null requires none.</summary>
    public string? Isolation { get; set; }

    public static PlanRow From(Plan plan)
    {
        var row = new PlanRow { Name = plan.Name };
        row.Set(plan);
        return row;
    }

    /// <summary>Copies every limit of <paramref name="plan"/>.</summary>
    public void Set(Plan plan)
    {
        Playgrounds = plan.Playgrounds;
        Nodes = plan.Nodes;
        Cpus = plan.PerSandbox.Cpus;
        MemoryBytes = plan.PerSandbox.MemoryBytes;
        Pids = plan.PerSandbox.Pids;
        DiskBytes = plan.PerSandbox.DiskBytes;
        Inodes = plan.PerSandbox.Inodes;
        TotalCpus = plan.Total.Cpus;
        TotalMemoryBytes = plan.Total.MemoryBytes;
        Minutes = plan.Minutes;
        MaxMinutes = plan.MaxMinutes;
        IdleMinutes = plan.IdleMinutes;
        StorageBytes = plan.StorageBytes;
        LinkPlaces = plan.LinkPlaces;
        Volumes = plan.Volumes;
        VolumeBytes = plan.VolumeBytes;
        Network = plan.Network.Network;
        Domains = string.Join(' ', plan.Network.Domains);
        Isolation = plan.Isolation;
    }

    /// <summary>Pids, disk and inodes are limits of one sandbox only; their totals allow every playground its full share.</summary>
    public Plan ToPlan() => new()
    {
        Name = Name,
        Playgrounds = Playgrounds,
        Nodes = Nodes,
        PerSandbox = new SandboxLimits(Cpus, MemoryBytes, Pids, DiskBytes, Inodes),
        Total = new SandboxLimits(
            TotalCpus,
            TotalMemoryBytes,
            (int)Math.Min(4_194_304, (long)Pids * Math.Max(1, Playgrounds)),
            Math.Min(1L << 50, DiskBytes * Math.Max(1, Playgrounds)),
            Math.Min(uint.MaxValue, Inodes * Math.Max(1, Playgrounds))),
        Minutes = Minutes,
        MaxMinutes = MaxMinutes,
        IdleMinutes = IdleMinutes,
        StorageBytes = StorageBytes,
        LinkPlaces = LinkPlaces,
        Volumes = Volumes,
        VolumeBytes = VolumeBytes,
        Network = new NetworkPolicy(Network, DomainRules.Parse(Domains)),
        Isolation = Isolation,
    };
}
