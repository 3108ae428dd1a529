namespace Sandbox.Terminals.Flow;

/// <summary>
/// Decides when output leaves. What follows output this large is a flood: it goes out in pieces of so many bytes, or
/// after so many milliseconds of a clock that may tick every four, for each piece costs everybody behind us more than
/// its bytes do. What comes after quiet goes at once.
/// </summary>
public sealed class TtyFloodGate
{
    private const int Flood = 1024;
    private const int Piece = 32 * 1024;
    private const int Wait = 2;

    // What was let out last: up to which byte, when, and whether it was part of a flood.
    private ulong _letOut;
    private long _letOutAt;
    private bool _isFlood;

    /// <summary>Whether output is held back now.</summary>
    public bool IsShut { get; private set; }

    /// <summary>When what is held back goes in any case.</summary>
    public long OpensAt => IsShut ? _letOutAt + Wait : long.MaxValue;

    /// <summary>Decides anew.</summary>
    /// <param name="end">How many bytes of output there are.</param>
    /// <param name="mayCome">Whether more may follow that is worth waiting for.</param>
    /// <param name="now">The time in milliseconds.</param>
    public void Decide(ulong end, bool mayCome, long now)
    {
        var fresh = end - _letOut;
        IsShut = fresh is > 0 and < Piece && _isFlood && mayCome && now < _letOutAt + Wait;
        if (fresh > 0 && !IsShut)
        {
            _isFlood = fresh >= Flood;
            (_letOut, _letOutAt) = (end, now);
        }
    }
}
