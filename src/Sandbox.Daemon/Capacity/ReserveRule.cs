using Sandbox.Core.Sandboxes;

namespace Sandbox.Daemon.Capacity;

/// <summary>What a sandbox holds of the resource that runs out.</summary>
/// <param name="Sandbox">The sandbox.</param>
/// <param name="Owner">Its owner, or the group that its owner counts with.</param>
/// <param name="Bytes">Bytes that ending it frees.</param>
/// <param name="Grown">What it holds more than at the last look.</param>
/// <param name="IsGoing">Whether it was chosen before, and is being ended.</param>
internal sealed record SandboxUse(SandboxId Sandbox, string Owner, long Bytes, long Grown, bool IsGoing = false)
{
    /// <summary>All that it holds: with its volumes, which ending it does not free.</summary>
    public long Held { get; init; } = Bytes;
}

/// <summary>What is to be done at one look.</summary>
/// <param name="IsTouched">Whether the reserve is touched: nobody is admitted.</param>
/// <param name="Pause">Sandboxes that take more of it right now.</param>
/// <param name="Free">Sandboxes that have to give theirs up, the greediest first.</param>
internal sealed record ReserveDecision(bool IsTouched, IReadOnlyList<SandboxUse> Pause, IReadOnlyList<SandboxUse> Free);

/// <summary>
/// The rule of one resource, memory or disk. With less than the reserve left, nobody is admitted and the sandboxes that grow
/// are paused, so that nothing runs out while room is made. If that alone has not helped within two seconds, or at once when
/// half of the reserve is gone, the greediest give theirs up, as many as are needed for a quarter more than the reserve; only
/// then the rest goes on. The greediest is the largest sandbox of the person who holds the most. It never matters who came
/// last. If ending sandboxes cannot make up for what is missing, because something else holds it, none is ended.
/// </summary>
/// <param name="reserve">Bytes that stay free.</param>
/// <param name="growth">A sandbox that takes so many bytes more between two looks is paused.</param>
/// <param name="least">The part of what is missing that ending sandboxes has to free, or none is ended: 1 is all of it.</param>
internal sealed class ReserveRule(long reserve, long growth, double least)
{
    /// <summary>How long paused programs are waited for, and the room that ended ones leave.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Ending a sandbox that holds less than this helps nobody: the host itself has taken the rest.</summary>
    public const long LeastFreed = 8L << 20;

    /// <summary>Of sandboxes that hold less than this part of what is missing, too many would have to end: they do only if the larger ones are not enough.</summary>
    private const int SmallPart = 64;

    private DateTimeOffset _touched;
    private DateTimeOffset _freed;

    public bool IsTouched { get; private set; }

    /// <summary>Whether ending sandboxes cannot free what is missing, so that none is ended.</summary>
    public bool IsBeyondSandboxes { get; private set; }

    /// <summary>What has to be left before the rest goes on: a quarter more, and at most 1 GiB.</summary>
    public static long TargetOf(long reserve) => reserve + Math.Min(reserve / 4, 1L << 30);

    /// <summary>Whether uses have to be known: the reserve is touched, or may be soon.</summary>
    public bool IsNear(long left) => IsTouched || left < 2 * reserve;

    /// <summary>Decides what to do now.</summary>
    /// <param name="left">Bytes that are left, if all that is under way takes new ones.</param>
    /// <param name="uses">All sandboxes.</param>
    /// <param name="now">The time.</param>
    /// <param name="free">Bytes that nobody has taken yet: while these are enough, nobody is ended. Null if they are not another number.</param>
    public ReserveDecision Decide(long left, IReadOnlyList<SandboxUse> uses, DateTimeOffset now, long? free = null)
    {
        var target = TargetOf(reserve);
        if (!IsTouched && left < reserve)
        {
            (IsTouched, _touched, _freed) = (true, now, DateTimeOffset.MinValue);
        }

        if (!IsTouched || left >= target)
        {
            IsTouched = false;
            IsBeyondSandboxes = false;
            return new ReserveDecision(false, [], []);
        }

        var isUrgent = left < reserve / 2;
        var waits = free >= target || now - _freed < Patience || (!isUrgent && now - _touched < Patience);
        var chosen = waits ? [] : Greediest(target - left, uses);
        if (chosen.Count > 0)
        {
            _freed = now;
        }

        return new ReserveDecision(true, [.. uses.Where(use => use.Grown >= growth && !use.IsGoing && !chosen.Contains(use))], chosen);
    }

    private List<SandboxUse> Greediest(long missing, IReadOnlyList<SandboxUse> uses)
    {
        missing -= uses.Where(use => use.IsGoing).Sum(use => use.Bytes);
        var staying = uses.Where(use => !use.IsGoing).ToList();
        var helpful = staying.FindAll(use => use.Bytes >= Math.Max(LeastFreed, missing / SmallPart));
        if (helpful.Sum(use => use.Bytes) < missing)
        {
            helpful = staying.FindAll(use => use.Bytes >= LeastFreed);
        }

        IsBeyondSandboxes = missing > 0 && helpful.Sum(use => use.Bytes) < missing * least;
        if (IsBeyondSandboxes)
        {
            return [];
        }

        var chosen = new List<SandboxUse>();
        var held = staying.GroupBy(use => use.Owner, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Sum(use => use.Held), StringComparer.Ordinal);
        while (missing > 0 && helpful.MaxBy(use => (held[use.Owner], use.Bytes)) is { } greediest)
        {
            chosen.Add(greediest);
            helpful.Remove(greediest);
            held[greediest.Owner] -= greediest.Bytes;
            missing -= greediest.Bytes;
        }

        return chosen;
    }
}
