namespace Sandbox.Web.Queue;

/// <summary>
/// When there may be room: by how fast it came free lately, and by the ends of leases. Both are guesses, since playgrounds
/// are ended early and extended.
/// </summary>
/// <param name="Free">Memory that is free now; negative when more is promised than there is.</param>
/// <param name="Leases">The end of each playground that holds memory, and how much.</param>
/// <param name="Ends">The same of those that ended within <see cref="Window"/>.</param>
internal sealed record RoomForecast(long Free, IReadOnlyList<(DateTimeOffset EndsAt, long Memory)> Leases, IReadOnlyList<(DateTimeOffset EndedAt, long Memory)> Ends)
{
    /// <summary>What "lately" is.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(15);

    private const int Slots = 5;

    private static readonly TimeSpan Step = TimeSpan.FromSeconds(30);

    /// <summary>How long until so much is free, rounded up to half a minute; null when nothing says so.</summary>
    public TimeSpan? Until(long memory, DateTimeOffset now)
    {
        var missing = memory - Free;
        if (missing <= 0)
        {
            return Step;
        }

        var pace = Pace(now);
        TimeSpan? least = pace > 0 ? Window / Slots * ((double)missing / pace) : null;
        foreach (var (endsAt, held) in Leases.OrderBy(lease => lease.EndsAt))
        {
            missing -= held;
            if (missing <= 0)
            {
                var wait = endsAt > now ? endsAt - now : TimeSpan.Zero;
                least = least < wait ? least : wait;
                break;
            }
        }

        return least is { } found ? Step * Math.Max(1, Math.Ceiling(found / Step)) : null;
    }

    /// <summary>Memory that came free in a fifth of the window: the median of the five, because a class that ended at once says nothing of the next minutes.</summary>
    private long Pace(DateTimeOffset now)
    {
        var freed = new long[Slots];
        foreach (var (at, memory) in Ends)
        {
            freed[Math.Clamp((int)((now - at) / (Window / Slots)), 0, Slots - 1)] += memory;
        }

        Array.Sort(freed);
        return freed[Slots / 2];
    }
}
