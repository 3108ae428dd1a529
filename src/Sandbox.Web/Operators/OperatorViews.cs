using Sandbox.Core.Networks;
using Sandbox.Web.Catalog;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Store;

namespace Sandbox.Web.Operators;

/// <summary>A named set of limits.</summary>
/// <param name="Name">Its name: guest, member.</param>
/// <param name="Playgrounds">At once.</param>
/// <param name="Cpus">Of one sandbox.</param>
/// <param name="MemoryBytes">Of one sandbox.</param>
/// <param name="Pids">Of one sandbox.</param>
/// <param name="DiskBytes">Of one sandbox.</param>
/// <param name="Inodes">Of one sandbox.</param>
/// <param name="TotalCpus">Over all of a person's sandboxes.</param>
/// <param name="TotalMemoryBytes">Over all of a person's sandboxes.</param>
/// <param name="Minutes">How long a playground lives at first, and by how much it is extended.</param>
/// <param name="MaxMinutes">How long it may live with all extensions.</param>
/// <param name="IdleMinutes">How long it lives with nobody attached.</param>
/// <param name="StorageBytes">Layers that a person's links may keep; left out, the plan keeps its own.</param>
/// <param name="LinkPlaces">How many playgrounds of one address a person's link budgets may cover; left out, the plan keeps its own.</param>
/// <param name="Nodes">Sandboxes of one playground; left out, the plan keeps its own.</param>
/// <param name="Network">What a sandbox reaches at most: egress, playground or none; left out, the plan keeps its own network and domains.</param>
/// <param name="Domains">With egress, the only domains that it reaches; empty or left out is all of the internet.</param>
/// <param name="Volumes">Volumes of a person; left out, the plan keeps its own.</param>
/// <param name="VolumeBytes">Bytes of these together; left out, the plan keeps its own.</param>
/// <param name="Isolation">The isolation class that a sandbox has at least: gvisor, or default, which leaves it to the image and the recipe; left out, the plan keeps its own.</param>
/// <param name="DockerMemoryBytes">What a sandbox with Docker inside has at least, within the total; 0 is as any other. Left out, the plan keeps its own.</param>
/// <param name="DockerPids">The same of processes.</param>
/// <param name="DockerDiskBytes">The same of its disk.</param>
public sealed record PlanView(
    string Name,
    int Playgrounds,
    double Cpus,
    long MemoryBytes,
    int Pids,
    long DiskBytes,
    long Inodes,
    double TotalCpus,
    long TotalMemoryBytes,
    int Minutes,
    int MaxMinutes,
    int IdleMinutes,
    long? StorageBytes = null,
    int? LinkPlaces = null,
    int? Nodes = null,
    string? Network = null,
    IReadOnlyList<string>? Domains = null,
    int? Volumes = null,
    long? VolumeBytes = null,
    string? Isolation = null,
    long? DockerMemoryBytes = null,
    int? DockerPids = null,
    long? DockerDiskBytes = null)
{
    internal static PlanView From(PlanRow row) => new(
        row.Name,
        row.Playgrounds,
        row.Cpus,
        row.MemoryBytes,
        row.Pids,
        row.DiskBytes,
        row.Inodes,
        row.TotalCpus,
        row.TotalMemoryBytes,
        row.Minutes,
        row.MaxMinutes,
        row.IdleMinutes,
        row.StorageBytes,
        row.LinkPlaces,
        row.Nodes,
        row.Network,
        DomainRules.Parse(row.Domains),
        row.Volumes,
        row.VolumeBytes,
        row.Isolation ?? IsolationSetting.Default,
        row.DockerMemoryBytes,
        row.DockerPids,
        row.DockerDiskBytes);

    /// <summary>The row to store.</summary>
    /// <param name="current">The plan as it is, or the one whose values a new plan begins with.</param>
    internal PlanRow ToRow(PlanRow current) => new()
    {
        Name = Name,
        Playgrounds = Playgrounds,
        Cpus = Cpus,
        MemoryBytes = MemoryBytes,
        Pids = Pids,
        DiskBytes = DiskBytes,
        Inodes = Inodes,
        TotalCpus = TotalCpus,
        TotalMemoryBytes = TotalMemoryBytes,
        Minutes = Minutes,
        MaxMinutes = MaxMinutes,
        IdleMinutes = IdleMinutes,
        StorageBytes = StorageBytes ?? current.StorageBytes,
        LinkPlaces = LinkPlaces ?? current.LinkPlaces,
        Nodes = Nodes ?? current.Nodes,
        Volumes = Volumes ?? current.Volumes,
        VolumeBytes = VolumeBytes ?? current.VolumeBytes,
        DockerMemoryBytes = DockerMemoryBytes ?? current.DockerMemoryBytes,
        DockerPids = DockerPids ?? current.DockerPids,
        DockerDiskBytes = DockerDiskBytes ?? current.DockerDiskBytes,
        Network = Network ?? current.Network,
        Domains = Network is null && Domains is null ? current.Domains : string.Join(' ', Domains ?? []),
        Isolation = Isolation is null ? current.Isolation : IsolationSetting.Class(Isolation),
    };
}

/// <summary>A person, as an operator sees them.</summary>
/// <param name="Id">Their id.</param>
/// <param name="Kind">guest or operator.</param>
/// <param name="Plan">The plan's name.</param>
/// <param name="MaxPlaygrounds">A limit of their own, over the plan's; null is the plan's.</param>
/// <param name="CreatedAt">Since when.</param>
/// <param name="LastSeenAt">Their last request.</param>
/// <param name="Running">How many playgrounds they hold.</param>
/// <param name="SuspendedAt">Since when an operator keeps them out; null if nobody does.</param>
/// <param name="SuspendedReason">Why, as they read it.</param>
public sealed record PersonView(string Id, string Kind, string Plan, int? MaxPlaygrounds, DateTimeOffset CreatedAt, DateTimeOffset LastSeenAt, int Running, DateTimeOffset? SuspendedAt, string? SuspendedReason);

/// <summary>A running playground and whose it is.</summary>
public sealed record RunningView(string Owner, PlaygroundView Playground);
