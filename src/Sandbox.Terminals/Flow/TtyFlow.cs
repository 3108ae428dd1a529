namespace Sandbox.Terminals.Flow;

/// <summary>
/// The rules of a terminal's output: which bytes are kept, what each viewer is sent next, and when the program must
/// wait. It holds no bytes and no clock: offsets are absolute, positions are those in a ring of
/// <see cref="Length"/> bytes that the caller keeps, times are milliseconds of any clock that never goes back.
/// </summary>
/// <remarks>
/// The fastest viewer governs: the program waits rather than overwrite a byte which that viewer does not hold, by what
/// it acknowledged itself. A slower viewer is never waited for; when the ring has lost what it needs next, it has a gap,
/// which is closed by the screen as it is at the end. When nobody acknowledges anything for the length of the patience,
/// or the last viewer has been gone for as long, the program goes on and the oldest bytes go. Viewers that only watch
/// do not govern: to the program it is as if they were not there.
/// While the fastest viewer keeps acknowledging, the program runs only a little ahead of it: what lies between the two
/// is what somebody who interrupts it has to wait for. The rest of the ring is for viewers that are silent or gone.
/// </remarks>
public sealed class TtyFlow
{
    /// <summary>What is read for nobody is read slowly, 16 KiB each 64 ms: a flood that nobody sees must not cost the host a core.</summary>
    private const int LossStep = 16 * 1024;
    private const int LossPause = 64;

    /// <summary>
    /// The part of a window that a screen may take. It is sent when the rest is free: viewers say what they hold at least
    /// once in a quarter of a window.
    /// </summary>
    public const double ScreenShare = 0.75;

    /// <summary>
    /// Milliseconds for which a viewer that acknowledged is there and will do so again. On a slow line a whole piece of
    /// output comes between two acknowledgements.
    /// </summary>
    public const int Pulse = 2000;

    private readonly List<TtyViewer> _viewers = [];
    private readonly int _window;
    private readonly int _lead;
    private readonly long _patience;

    // What the fastest viewer that governs holds, or what the last one held when it left.
    private ulong _held;

    // The patience runs from here: somebody's last progress, coming or leaving, or the moment the ring filled.
    private long _since;

    // Until then the program stays near the fastest viewer: a pulse after its last progress, or after it was reached.
    private long _nearUntil;

    // Output up to here was there when the fastest viewer came: it is read whatever the program does, which need not wait for that.
    private ulong _backlog;

    // Bytes taken from the ring for nobody since the last pause, and the end of that.
    private int _lost;
    private long _pausedUntil;

    /// <summary>An empty terminal that nobody views.</summary>
    /// <param name="length">Bytes the ring keeps.</param>
    /// <param name="window">Bytes a viewer may have outstanding.</param>
    /// <param name="patience">Milliseconds the program waits for a viewer that is late or gone.</param>
    /// <param name="now">The time.</param>
    /// <param name="lead">Bytes the program may be ahead of a viewer that keeps acknowledging; more than the window, or it would wait for nothing.</param>
    public TtyFlow(int length, int window, long patience, long now, int lead = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(window);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lead, window);
        Length = length;
        _window = window;
        _lead = lead;
        _patience = patience;
        _since = now;
    }

    /// <summary>Bytes the ring keeps.</summary>
    public int Length { get; }

    /// <summary>How many bytes were written since the terminal began.</summary>
    public ulong End { get; private set; }

    /// <summary>The offset of the oldest byte kept.</summary>
    public ulong Start => End > (ulong)Length ? End - (ulong)Length : 0;

    /// <summary>Where the next byte written goes.</summary>
    public int WritePosition => Position(End);

    /// <summary>How many viewers are attached.</summary>
    public int Viewers => _viewers.Count;

    /// <summary>When a program that waits now goes on by itself, if nobody acknowledges anything before.</summary>
    public long GoesOnAt => Free > 0 ? _nearUntil : Math.Max(_since + _patience, _pausedUntil);

    // Bytes that may be written without taking one from the fastest viewer.
    private int Free => (int)(Math.Max(_held, Start) + (ulong)Length - End);

    // Bytes that may be written before the program is as far ahead of the fastest viewer as it may be.
    private int Near => (int)Math.Clamp((long)Math.Max(_held, _backlog) + _lead - (long)End, 0, Length);

    /// <summary>How many bytes the program may write now; 0 when it must wait.</summary>
    public int Room(long now)
    {
        var free = Free;
        return free > 0 ? now < _nearUntil && IsGoverned() ? Math.Min(free, Near) : free
            : now >= GoesOnAt ? Math.Min(Length, LossStep - _lost)
            : 0;
    }

    /// <summary>Notes bytes written into the ring at <see cref="WritePosition"/>, at most <see cref="Room"/> of them.</summary>
    public void Wrote(int count, long now)
    {
        var (free, near) = (Free, Near);
        if (free <= 0 && (_lost += count) >= LossStep)
        {
            _lost = 0;
            _pausedUntil = now + LossPause;
        }

        End += (ulong)count;
        if (!IsGoverned())
        {
            return;
        }

        // A viewer that was quiet for long has its whole time from here.
        _since = free > 0 && Free == 0 ? now : _since;
        _nearUntil = near > 0 && Near == 0 ? now + Pulse : _nearUntil;
    }

    /// <summary>A viewer comes that holds this many bytes. Beyond the end is taken as the end; before what is kept is a gap.</summary>
    public TtyViewer Attach(ulong after, long now, bool governs = true)
    {
        var viewer = new TtyViewer(Math.Min(after, End), governs);
        _viewers.Add(viewer);
        if (governs)
        {
            Govern(now);
            _nearUntil = viewer.Acknowledged == _held ? now + Pulse : _nearUntil;
        }

        return viewer;
    }

    /// <summary>A viewer leaves.</summary>
    public void Detach(TtyViewer viewer, long now)
    {
        if (_viewers.Remove(viewer) && viewer.Governs)
        {
            Govern(now);
        }
    }

    /// <summary>A viewer says how many bytes it holds now.</summary>
    public void Acknowledge(TtyViewer viewer, ulong held, long now)
    {
        if (viewer.Acknowledge(held) && viewer.Governs)
        {
            // What a slower one holds says nothing of the fastest.
            var most = MostHeld();
            _nearUntil = most > _held ? now + Pulse : _nearUntil;
            _held = most;
            _since = now;
        }
    }

    /// <summary>Whether a viewer may be sent more and what it needs next is no longer kept: it is to be sent the screen.</summary>
    public bool HasGap(TtyViewer viewer) => viewer.Sent < Start && viewer.Outstanding <= (ulong)(_window - (int)(_window * ScreenShare));

    /// <summary>Notes that a viewer with a gap was sent the screen at the end, in so many bytes. They count as outstanding until it acknowledges.</summary>
    public void Skip(TtyViewer viewer, int sent) => viewer.Skip(End, sent);

    /// <summary>
    /// What a viewer is to be sent next: a run of the ring that does not wrap. False when it has everything, or as
    /// much as it may have outstanding, or has a gap.
    /// </summary>
    /// <param name="viewer">The viewer.</param>
    /// <param name="most">The most bytes wanted.</param>
    /// <param name="position">Where the run begins in the ring; its offset is <see cref="TtyViewer.Sent"/>.</param>
    /// <param name="count">Its length, at least 1.</param>
    public bool TryNext(TtyViewer viewer, int most, out int position, out int count)
    {
        position = 0;
        count = 0;
        var outstanding = viewer.Outstanding;
        if (outstanding >= (ulong)_window || viewer.Sent == End || viewer.Sent < Start)
        {
            return false;
        }

        position = Position(viewer.Sent);
        var ready = Math.Min(End - viewer.Sent, (ulong)_window - outstanding);
        count = (int)Math.Min(ready, (ulong)Math.Min(most, Length - position));
        return true;
    }

    /// <summary>Notes that a viewer was sent bytes from <see cref="TryNext"/>.</summary>
    public void Advance(TtyViewer viewer, int count)
    {
        if ((ulong)count > End - viewer.Sent)
        {
            throw new ArgumentOutOfRangeException(nameof(count));
        }

        viewer.Advance(count);
    }

    // Somebody came or left.
    private void Govern(long now)
    {
        _held = IsGoverned() ? MostHeld() : _held;
        _backlog = _held + (ulong)_lead <= End ? End : _backlog;
        _since = now;
    }

    private int Position(ulong offset) => (int)(offset % (ulong)Length);

    private ulong MostHeld()
    {
        ulong most = 0;
        foreach (var viewer in _viewers)
        {
            most = viewer.Governs ? Math.Max(most, viewer.Acknowledged) : most;
        }

        return most;
    }

    private bool IsGoverned()
    {
        foreach (var viewer in _viewers)
        {
            if (viewer.Governs)
            {
                return true;
            }
        }

        return false;
    }
}
