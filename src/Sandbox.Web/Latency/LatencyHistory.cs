namespace Sandbox.Web.Latency;

/// <summary>
/// How long one kind of thing took, over the last hour by minutes and the last day by tens of minutes. What it keeps is
/// bounded, some 150 KiB; recording takes no lock and allocates only when a minute begins. It knows durations and no
/// more: not whose, not where.
/// </summary>
internal sealed class LatencyHistory(TimeProvider time)
{
    private readonly Ring _hour = new(TimeSpan.FromMinutes(1), 60, time.TimestampFrequency);
    private readonly Ring _day = new(TimeSpan.FromMinutes(10), 144, time.TimestampFrequency);

    /// <summary>Notes that something began and ended at these timestamps of the clock.</summary>
    public void Record(long began, long ended)
    {
        var bucket = LatencyScale.Bucket(time.GetElapsedTime(began, ended));
        _hour.Add(ended, bucket);
        _day.Add(ended, bucket);
    }

    /// <summary>The last 60 minutes, the one that runs included.</summary>
    public LatencySpread LastHour() => _hour.Sum(time.GetTimestamp());

    /// <summary>The last 24 hours, in steps of ten minutes.</summary>
    public LatencySpread LastDay() => _day.Sum(time.GetTimestamp());

    private sealed class Slot(long number)
    {
        public readonly long Number = number;
        public readonly int[] Counts = new int[LatencyScale.Length];
    }

    private sealed class Ring(TimeSpan step, int length, long frequency)
    {
        private readonly long _step = (long)(step.TotalSeconds * frequency);
        private readonly Slot?[] _slots = new Slot?[length];

        public void Add(long at, int bucket)
        {
            var number = at / _step;
            ref var place = ref _slots[number % length];
            var slot = Volatile.Read(ref place);
            while (slot is null || slot.Number < number)
            {
                // Of several that find the old one, one puts its own in place and all count there.
                var fresh = new Slot(number);
                var found = Interlocked.CompareExchange(ref place, fresh, slot);
                slot = ReferenceEquals(found, slot) ? fresh : found;
            }

            Interlocked.Increment(ref slot.Counts[bucket]);
        }

        public LatencySpread Sum(long now)
        {
            var newest = now / _step;
            var counts = new long[LatencyScale.Length];
            foreach (ref var place in _slots.AsSpan())
            {
                if (Volatile.Read(ref place) is { } slot && slot.Number > newest - length)
                {
                    for (var bucket = 0; bucket < counts.Length; bucket++)
                    {
                        counts[bucket] += Volatile.Read(ref slot.Counts[bucket]);
                    }
                }
            }

            return new LatencySpread(counts);
        }
    }
}

/// <summary>How durations of one kind are spread: a count for each bucket of <see cref="LatencyScale"/>.</summary>
public sealed class LatencySpread(long[] counts)
{
    /// <summary>Counts by bucket.</summary>
    public IReadOnlyList<long> Counts => counts;

    /// <summary>How many there were.</summary>
    public long Count { get; } = counts.Sum();

    /// <summary>The duration that a part of all did not exceed (nearest rank); null when there was none.</summary>
    public TimeSpan? Percentile(double part)
    {
        if (Count == 0)
        {
            return null;
        }

        var rank = Math.Max(1, (long)Math.Ceiling(part * Count));
        var bucket = 0;
        for (var seen = counts[0]; seen < rank; seen += counts[bucket])
        {
            bucket++;
        }

        return LatencyScale.Middle(bucket);
    }
}
