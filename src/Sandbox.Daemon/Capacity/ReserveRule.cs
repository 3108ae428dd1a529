using Sandbox.Core.People;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Daemon.Capacity;

/// <summary>What a sandbox holds of the resource that runs out.</summary>
/// <param name="Sandbox">The sandbox.</param>
/// <param name="Owner">Its owner.</param>
/// <param name="Bytes">What it holds.</param>
/// <param name="Grown">What it holds more than at the last look.</param>
/// <param name="IsGoing">Whether it was chosen before, and is being ended.</param>
internal sealed record SandboxUse(SandboxId Sandbox, PersonId Owner, long Bytes, long Grown, bool IsGoing = false);

/// <summary>What is to be done at one look.</summary>
/// <param name="IsTouched">Whether the reserve is touched: nobody is admitted.</param>
/// <param name="Pause">Sandboxes that take more of it right now.</param>
/// <param name="Free">Sandboxes that have to give theirs up, the greediest first.</param>
/// <param name="IsUrgent">Half of the reserve is gone: nothing is waited for.</param>
internal sealed record ReserveDecision(bool IsTouched, IReadOnlyList<SandboxUse> Pause, IReadOnlyList<SandboxUse> Free, bool IsUrgent);

/// <summary>
/// The rule of one resource, memory or disk. With less than the reserve left, nobody is admitted and the sandboxes that grow
/// are paused, so that nothing runs out while room is made. If that alone has not helped within two seconds, or at once when
/// half of the reserve is gone, the greediest give theirs up, as many as are needed for a quarter more than the reserve; only
/// then the rest goes on. The greediest is the largest sandbox of the person who holds the most, beyond a fair share of what
/// there is for all persons. It never matters who came last.
/// </summary>
internal sealed class ReserveRule(long reserve, long growth)
{
    /// <summary>How long paused programs are waited for, and the room that ended ones leave.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Ending a sandbox that holds less than this helps nobody: the host itself has taken the rest.</summary>
    public const long LeastFreed = 8L << 20;

    private DateTimeOffset _touched;
    private DateTimeOffset _freed;

    public bool IsTouched { get; private set; }

    /// <summary>What has to be left before the rest goes on: a quarter more, and at most 1 GiB.</summary>
    public static long TargetOf(long reserve) => reserve + Math.Min(reserve / 4, 1L << 30);

    /// <summary>Whether uses have to be known: the reserve is touched, or may be soon.</summary>
    public bool IsNear(long left) => IsTouched || left < 2 * reserve;

    public ReserveDecision Decide(long left, IReadOnlyList<SandboxUse> uses, DateTimeOffset now)
    {
        var target = TargetOf(reserve);
        if (!IsTouched && left < reserve)
        {
            (IsTouched, _touched, _freed) = (true, now, DateTimeOffset.MinValue);
        }

        if (!IsTouched || left >= target)
        {
            IsTouched = false;
            return new ReserveDecision(false, [], [], false);
        }

        var urgent = left < reserve / 2;
        var waits = now - _freed < Patience || (!urgent && now - _touched < Patience);
        var free = waits ? [] : Greediest(target - left, uses);
        if (free.Count > 0)
        {
            _freed = now;
        }

        return new ReserveDecision(true, [.. uses.Where(use => use.Grown >= growth && !use.IsGoing && !free.Contains(use))], free, urgent);
    }

    private static List<SandboxUse> Greediest(long missing, IReadOnlyList<SandboxUse> uses)
    {
        missing -= uses.Where(use => use.IsGoing).Sum(use => use.Bytes);
        var chosen = new List<SandboxUse>();
        var left = uses.Where(use => !use.IsGoing && use.Bytes >= LeastFreed).ToList();
        var totals = left.GroupBy(use => use.Owner).ToDictionary(group => group.Key, group => group.Sum(use => use.Bytes));
        var persons = uses.Select(use => use.Owner).Distinct().Count();
        while (missing > 0 && left.Count > 0)
        {
            var fair = Math.Max(0, totals.Values.Sum() - missing) / Math.Max(1, persons);
            var owner = totals.MaxBy(pair => pair.Value);
            if (owner.Value <= fair)
            {
                break;
            }

            var largest = left.Where(use => use.Owner == owner.Key).MaxBy(use => use.Bytes)!;
            chosen.Add(largest);
            left.Remove(largest);
            totals[owner.Key] -= largest.Bytes;
            missing -= largest.Bytes;
        }

        return chosen;
    }
}
