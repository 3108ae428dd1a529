using Sandbox.Core.People;

namespace Sandbox.Core.Quotas;

/// <summary>
/// Pace of work that the host itself does for each person, in units of that work: a burst, then so many a second. It
/// refuses nothing; it says how long the next unit has to wait.
/// </summary>
/// <param name="burst">Units at once, after a pause.</param>
/// <param name="perSecond">Units a second after that.</param>
/// <param name="time">The clock.</param>
public sealed class FairPace(long burst, long perSecond, TimeProvider time)
{
    private const int ForgetAbove = 1000;

    /// <summary>A timer takes no more than 49 days.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    private readonly Lock _gate = new();

    /// <summary>The moment up to which each person has had their units, as a timestamp.</summary>
    private readonly Dictionary<PersonId, long> _until = [];

    private readonly long _burst = TicksOf(burst, perSecond, time);

    /// <summary>Counts units of a person's and returns how long to wait before more; zero within the pace.</summary>
    public TimeSpan Take(PersonId person, long units) => Take(person, units, TimeSpan.MaxValue)!.Value;

    /// <summary>The same for somebody who waits only so long; null, and nothing is counted, when that is too short.</summary>
    public TimeSpan? Take(PersonId person, long units, TimeSpan longest)
    {
        var now = time.GetTimestamp();
        lock (_gate)
        {
            if (_until.Count > ForgetAbove)
            {
                Forget(now);
            }

            var until = Math.Max(_until.GetValueOrDefault(person, long.MinValue), now - _burst) + TicksOf(units, perSecond, time);
            var wait = until <= now ? TimeSpan.Zero : time.GetElapsedTime(now, until);
            if (wait > longest)
            {
                return null;
            }

            _until[person] = until;
            return wait;
        }
    }

    /// <summary>The same, and waits.</summary>
    public Task WaitAsync(PersonId person, long units, CancellationToken cancellationToken)
    {
        var wait = Take(person, units);
        return wait == TimeSpan.Zero ? Task.CompletedTask : Task.Delay(wait < Longest ? wait : Longest, time, cancellationToken);
    }

    private static long TicksOf(long units, long perSecond, TimeProvider time) => (long)((double)units / perSecond * time.TimestampFrequency);

    /// <summary>A person with a whole burst again needs no entry.</summary>
    private void Forget(long now)
    {
        foreach (var person in _until.Where(entry => entry.Value <= now - _burst).Select(entry => entry.Key).ToList())
        {
            _until.Remove(person);
        }
    }
}
