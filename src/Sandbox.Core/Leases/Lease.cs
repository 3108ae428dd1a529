using Sandbox.Core.Errors;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Core.Leases;

/// <summary>The states of a lease.</summary>
public enum LeaseState
{
    /// <summary>It holds, and nobody extended it so far.</summary>
    Granted,

    /// <summary>It ends within <see cref="Lease.WarningTime"/> unless extended.</summary>
    Warning,

    /// <summary>It holds, and was extended at least once.</summary>
    Extended,

    /// <summary>It is over, with a reason.</summary>
    Ended,
}

/// <summary>
/// A claim on capacity with a deadline. It never changes: each step is a new lease, and every answer is a function of
/// the time asked about, so that nothing depends on when somebody happened to look.
/// </summary>
public sealed record Lease
{
    /// <summary>How long before its end a lease warns.</summary>
    public static readonly TimeSpan WarningTime = TimeSpan.FromMinutes(5);

    /// <summary>When it was granted.</summary>
    public required DateTimeOffset GrantedAt { get; init; }

    /// <summary>When it ends unless extended; once ended, when it did.</summary>
    public required DateTimeOffset EndsAt { get; init; }

    /// <summary>Whether anybody extended it.</summary>
    public bool WasExtended { get; init; }

    /// <summary>Why it ended, once somebody ended it. One whose time is up ended as <see cref="EndReason.Expired"/> without this.</summary>
    public EndReason? Reason { get; init; }

    /// <summary>A fresh lease.</summary>
    public static Lease Grant(DateTimeOffset now, Plan plan) =>
        new() { GrantedAt = now, EndsAt = now + TimeSpan.FromMinutes(plan.Minutes) };

    /// <summary>What it is at a time.</summary>
    public LeaseState StateAt(DateTimeOffset now)
    {
        if (Reason is not null || now >= EndsAt)
        {
            return LeaseState.Ended;
        }

        if (EndsAt - now <= WarningTime)
        {
            return LeaseState.Warning;
        }

        return WasExtended ? LeaseState.Extended : LeaseState.Granted;
    }

    /// <summary>Why it is over at a time; null while it holds.</summary>
    public EndReason? ReasonAt(DateTimeOffset now) => Reason ?? (now >= EndsAt ? EndReason.Expired : null);

    /// <summary>
    /// Why it has to be ended now, if it has to: its time is up, or nobody has been there for as long as the plan allows.
    /// </summary>
    /// <param name="now">The time.</param>
    /// <param name="unattendedSince">Since when nobody is attached; null while somebody is.</param>
    /// <param name="plan">The owner's plan.</param>
    public EndReason? DueAt(DateTimeOffset now, DateTimeOffset? unattendedSince, Plan plan)
    {
        if (ReasonAt(now) is { } over)
        {
            return over;
        }

        // A playground nobody opened yet has been unattended since it was granted, not since before.
        return unattendedSince is { } since && now - Later(since, GrantedAt) >= TimeSpan.FromMinutes(plan.IdleMinutes)
            ? EndReason.Idle
            : null;
    }

    /// <summary>One more <see cref="Plan.Minutes"/>, as far as <see cref="Plan.MaxMinutes"/> allows; or why not.</summary>
    public LeaseExtension Extend(DateTimeOffset now, Plan plan)
    {
        if (StateAt(now) == LeaseState.Ended)
        {
            return new LeaseExtension(null, ErrorCode.Conflict, "This playground has ended already.");
        }

        var most = GrantedAt + TimeSpan.FromMinutes(plan.MaxMinutes);
        if (EndsAt >= most)
        {
            return new LeaseExtension(null, ErrorCode.Quota, $"The plan {plan.Name} grants a playground {plan.MaxMinutes} minutes in all, and they are given.");
        }

        var asked = EndsAt + TimeSpan.FromMinutes(plan.Minutes);
        return new LeaseExtension(this with { EndsAt = asked < most ? asked : most, WasExtended = true }, null, null);
    }

    /// <summary>Ends it. One that ended before keeps the time and the reason it ended with.</summary>
    public Lease End(DateTimeOffset now, EndReason reason) =>
        Reason is not null ? this
        : now >= EndsAt ? this with { Reason = EndReason.Expired }
        : this with { EndsAt = now, Reason = reason };

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}

/// <summary>What came of asking for more time: a lease, or a refusal with its words.</summary>
/// <param name="Lease">The extended lease; null when refused.</param>
/// <param name="Refusal">Conflict (ended) or Quota (the plan grants no more); null when granted.</param>
/// <param name="Message">The refusal for a person; null when granted.</param>
public sealed record LeaseExtension(Lease? Lease, ErrorCode? Refusal, string? Message);
