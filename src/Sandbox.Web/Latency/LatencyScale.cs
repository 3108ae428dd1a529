using System.Numerics;

namespace Sandbox.Web.Latency;

/// <summary>
/// Durations on a scale of buckets, eight to each doubling, so that a value read back is at most 6 % off. It begins at
/// a microsecond and ends at a minute; what is longer counts as that.
/// </summary>
internal static class LatencyScale
{
    private const int Bits = 3;
    private const int PerDoubling = 1 << Bits;
    private const int Doublings = 26;

    /// <summary>How many buckets there are.</summary>
    public const int Length = (Doublings - Bits + 1) * PerDoubling;

    /// <summary>The bucket of a duration.</summary>
    public static int Bucket(TimeSpan duration)
    {
        var microseconds = (ulong)Math.Clamp((long)duration.TotalMicroseconds, 0, (1L << Doublings) - 1);
        if (microseconds < PerDoubling)
        {
            return (int)microseconds;
        }

        var power = BitOperations.Log2(microseconds);
        return ((power - Bits + 1) * PerDoubling) + (int)((microseconds >> (power - Bits)) & (PerDoubling - 1));
    }

    /// <summary>The least duration of a bucket, and of the one after the last.</summary>
    public static TimeSpan Floor(int bucket)
    {
        var (doubling, part) = (bucket / PerDoubling, bucket % PerDoubling);
        return TimeSpan.FromMicroseconds(doubling == 0 ? part : (PerDoubling + part) * Math.ScaleB(1, doubling - 1));
    }

    /// <summary>The middle of a bucket, which stands for every duration in it.</summary>
    public static TimeSpan Middle(int bucket) => (Floor(bucket) + Floor(bucket + 1)) / 2;
}
