using Sandbox.Core.Quotas;

namespace Sandbox.Web.People;

/// <summary>How somebody came to us.</summary>
internal enum PersonKind
{
    Guest,
    Operator,
}

internal sealed class PersonRow
{
    public required string Id { get; init; }

    public required PersonKind Kind { get; init; }

    public required string PlanName { get; set; }

    public PlanRow? Plan { get; init; }

    /// <summary>A limit of their own; null is the plan's.</summary>
    public int? MaxPlaygrounds { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset LastSeenAt { get; set; }
}

/// <summary>A bearer token or an operator's session. Only its SHA-256 is kept: who reads the database cannot use it.</summary>
internal sealed class TokenRow
{
    public required string Hash { get; init; }

    public required string PersonId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Null: as long as the person is kept.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>A one-time sign-in link of an operator, by the SHA-256 of its token.</summary>
internal sealed class AdminLinkRow
{
    public required string Hash { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? UsedAt { get; set; }
}

internal sealed class PlanRow
{
    public required string Name { get; init; }

    public int Playgrounds { get; set; }

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

    public static PlanRow From(Plan plan)
    {
        var row = new PlanRow { Name = plan.Name };
        row.Take(plan);
        return row;
    }

    public void Take(Plan plan)
    {
        Playgrounds = plan.Playgrounds;
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
    }

    public PlanView ToView() => new(
        Name, Playgrounds, Cpus, MemoryBytes, Pids, DiskBytes, Inodes, TotalCpus, TotalMemoryBytes, Minutes, MaxMinutes, IdleMinutes);

    public Plan ToPlan() => ToPlan(ToView());

    /// <summary>Pids, disk and inodes in sum are those of one sandbox as often as there may be playgrounds: they are not shared out.</summary>
    public static Plan ToPlan(PlanView view) => new()
    {
        Name = view.Name,
        Playgrounds = view.Playgrounds,
        PerSandbox = new SandboxLimits(view.Cpus, view.MemoryBytes, view.Pids, view.DiskBytes, view.Inodes),
        Total = new SandboxLimits(
            view.TotalCpus,
            view.TotalMemoryBytes,
            (int)Math.Min(4_194_304, (long)view.Pids * Math.Max(1, view.Playgrounds)),
            Math.Min(1L << 50, view.DiskBytes * Math.Max(1, view.Playgrounds)),
            Math.Min(uint.MaxValue, view.Inodes * Math.Max(1, view.Playgrounds))),
        Minutes = view.Minutes,
        MaxMinutes = view.MaxMinutes,
        IdleMinutes = view.IdleMinutes,
    };
}
