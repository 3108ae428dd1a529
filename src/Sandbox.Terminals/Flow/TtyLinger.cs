namespace Sandbox.Terminals.Flow;

/// <summary>
/// How long the output stays for a viewer after there is no more of it: with nobody attached, after one viewer has
/// everything, and whatever happens. A terminal that was hung up stays until its process told its exit code, or soon.
/// </summary>
public sealed class TtyLinger
{
    private const int Alone = 60_000;
    private const int Behind = 5_000;
    private const int Longest = 600_000;
    private const int CloseWait = 1_000;

    private long _drainedAt;
    private long _aloneSince;
    private long _completeSince = long.MaxValue;
    private long _closedAt = long.MaxValue;

    /// <summary>Whether there is no more output.</summary>
    public bool IsDrained { get; private set; }

    public bool IsClosed => _closedAt != long.MaxValue;

    /// <summary>Whether a viewer has had everything.</summary>
    public bool WasRead => _completeSince != long.MaxValue;

    /// <summary>There is no more output; of several times the last counts.</summary>
    public void Drained(long now) => (IsDrained, _drainedAt) = (true, now);

    /// <summary>A viewer left.</summary>
    public void Left(long now) => _aloneSince = now;

    /// <summary>A viewer has everything; of several the first counts.</summary>
    public void Complete(long now) => _completeSince = Math.Min(_completeSince, now);

    /// <summary>The terminal was hung up; of several times the first counts.</summary>
    public void Close(long now) => _closedAt = Math.Min(_closedAt, now);

    /// <summary>Whether it has stayed long enough.</summary>
    public bool IsOver(bool hasExited, bool isEverybodyComplete, int viewers, long now) =>
        IsClosed ? hasExited || now >= OverAt(viewers)
        : IsDrained && (now >= OverAt(viewers) || (WasRead && isEverybodyComplete));

    /// <summary>When it is over by itself.</summary>
    public long OverAt(int viewers)
    {
        if (IsClosed)
        {
            return _closedAt + CloseWait;
        }

        if (!IsDrained)
        {
            return long.MaxValue;
        }

        var until = _drainedAt + Longest;
        if (viewers == 0)
        {
            until = Math.Min(until, Math.Max(_drainedAt, _aloneSince) + Alone);
        }

        return WasRead ? Math.Min(until, _completeSince + Behind) : until;
    }
}
