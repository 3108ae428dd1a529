namespace Sandbox.Web.Queue;

/// <summary>
/// When there may be room: by how fast it came free lately, and by the ends of leases. Both are guesses, since playgrounds
/// are ended early and extended.
/// </summary>
/// <param name="Free">Memory that is free now; negative when more is promised than there is.</param>
/// <param name="Leases">The end of each playground that holds memory, and how much.</param>
/// <param name="FreedLately">Memory of those that ended within <see cref="Window"/>.</param>
/// <param name="EndsLately">How many that were.</param>
internal sealed record RoomForecast(long Free, IReadOnlyList<(DateTimeOffset EndsAt, long Memory)> Leases, long FreedLately, int EndsLately)
{
    /// <summary>What "lately" is.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(15);

    /// <summary>Fewer ends than that say nothing of a pace.</summary>
    private const int FewestEnds = 3;

    private static readonly TimeSpan Step = TimeSpan.FromSeconds(30);

    /// <summary>How long until so much is free, rounded up to half a minute; null when nothing says so.</summary>
    public TimeSpan? Until(long memory, DateTimeOffset now)
    {
        var missing = memory - Free;
        if (missing <= 0)
        {
            return Step;
        }

        TimeSpan? least = EndsLately >= FewestEnds && FreedLately > 0 ? Window * ((double)missing / FreedLately) : null;
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
}
