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

    /// <summary>What a sandbox with Docker inside has at least; 0 leaves it to the limits above.</summary>
    public long DockerMemoryBytes { get; set; }

    public int DockerPids { get; set; }

    public long DockerDiskBytes { get; set; }

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
        DockerMemoryBytes = plan.Docker.MemoryBytes;
        DockerPids = plan.Docker.Pids;
        DockerDiskBytes = plan.Docker.DiskBytes;
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
    public Plan ToPlan()
    {
        var (each, floor) = (new SandboxLimits(Cpus, MemoryBytes, Pids, DiskBytes, Inodes), new DockerFloor(DockerMemoryBytes, DockerPids, DockerDiskBytes));
        var total = Total(each) with { Cpus = TotalCpus, MemoryBytes = TotalMemoryBytes };
        var docker = floor.Over(each, total);
        return new Plan
        {
            Name = Name,
            Playgrounds = Playgrounds,
            Nodes = Nodes,
            PerSandbox = each,
            Docker = floor,
            Total = total with { Pids = Math.Max(total.Pids, docker.Pids), DiskBytes = Math.Max(total.DiskBytes, docker.DiskBytes), Inodes = Math.Max(total.Inodes, docker.Inodes) },
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

    private SandboxLimits Total(SandboxLimits each)
    {
        var playgrounds = Math.Max(1, Playgrounds);
        return each with
        {
            Pids = (int)Math.Min(LimitRules.MostPids, (long)each.Pids * playgrounds),
            DiskBytes = Math.Min(LimitRules.MostBytes, each.DiskBytes * playgrounds),
            Inodes = Math.Min(uint.MaxValue, each.Inodes * playgrounds),
        };
    }
}
