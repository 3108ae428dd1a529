using System.Collections.Concurrent;
using Sandbox.Core.Playgrounds;

namespace Sandbox.Web.Lifecycle;

/// <summary>Attached viewers and running requests of each playground, and when the last of them left. In memory; the lease sweeper persists it.</summary>
internal sealed class Presence(TimeProvider time) : IWhenPlaygroundEnds
{
    private readonly ConcurrentDictionary<PlaygroundId, Attendance> _playgrounds = new();

    /// <summary>Counts somebody as present until disposed.</summary>
    public IDisposable Enter(PlaygroundId playground)
    {
        var attendance = _playgrounds.GetOrAdd(playground, static _ => new Attendance());
        attendance.Change(+1, time.GetUtcNow());
        return new Visit(attendance, time);
    }

    /// <summary>Notes that somebody was present just now.</summary>
    public void Touch(PlaygroundId playground) =>
        _playgrounds.GetOrAdd(playground, static _ => new Attendance()).Change(0, time.GetUtcNow());

    public void Ended(PlaygroundId playground) => _playgrounds.TryRemove(playground, out _);

    /// <summary>Since when nobody is present: null while somebody is, <paramref name="recorded"/> if nobody was since this process started.</summary>
    public DateTimeOffset? UnattendedSince(PlaygroundId playground, DateTimeOffset recorded) =>
        !_playgrounds.TryGetValue(playground, out var attendance) ? recorded
        : attendance.IsHere ? null
        : attendance.Last > recorded ? attendance.Last : recorded;

    /// <summary>When somebody was present last; now while somebody is.</summary>
    public DateTimeOffset? LastSeen(PlaygroundId playground) =>
        !_playgrounds.TryGetValue(playground, out var attendance) ? null : attendance.IsHere ? time.GetUtcNow() : attendance.Last;

    private sealed class Attendance
    {
        private int _here;
        private long _last;

        public bool IsHere => Volatile.Read(ref _here) > 0;

        public DateTimeOffset Last => new(Volatile.Read(ref _last), TimeSpan.Zero);

        public void Change(int by, DateTimeOffset now)
        {
            Volatile.Write(ref _last, now.UtcTicks);
            Interlocked.Add(ref _here, by);
        }
    }

    private sealed class Visit(Attendance attendance, TimeProvider time) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                attendance.Change(-1, time.GetUtcNow());
            }
        }
    }
}
