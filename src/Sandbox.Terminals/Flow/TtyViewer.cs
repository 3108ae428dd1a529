namespace Sandbox.Terminals.Flow;

/// <summary>
/// How far one viewer of a terminal is, in absolute offsets. It belongs to the <see cref="TtyFlow"/> that made it.
/// </summary>
public sealed class TtyViewer
{
    // Bytes sent before a gap that were not acknowledged when the gap was made: they count against the window still.
    private ulong _before;
    private ulong _lastAck;

    internal TtyViewer(ulong after, bool governs)
    {
        Governs = governs;
        Sent = after;
        Held = after;
        _lastAck = after;
    }

    /// <summary>Whether the program waits for it.</summary>
    public bool Governs { get; }

    /// <summary>What the viewer itself said that it holds.</summary>
    public ulong Acknowledged => _lastAck;

    /// <summary>The offset of the next byte to send.</summary>
    public ulong Sent { get; private set; }

    /// <summary>The viewer needs no byte before this offset: it holds it, or it was lost to it in a gap.</summary>
    public ulong Held { get; private set; }

    /// <summary>Bytes sent and not yet acknowledged.</summary>
    public ulong Outstanding => _before + (Sent - Held);

    internal void Advance(int count) => Sent += (ulong)count;

    /// <summary>Notes how many bytes the viewer says it holds; false when that is nothing new.</summary>
    internal bool Acknowledge(ulong held)
    {
        held = Math.Min(held, Sent);
        if (held <= _lastAck)
        {
            return false;
        }

        if (held >= Held)
        {
            Held = held;
            _before = 0;
        }
        else
        {
            _before -= Math.Min(_before, held - _lastAck);
        }

        _lastAck = held;
        return true;
    }

    /// <summary>Goes on at an offset beyond the next byte, after so many bytes that were sent in place of what lies between.</summary>
    internal void Skip(ulong to, int sent)
    {
        _before = Outstanding + (ulong)sent;
        Sent = to;
        Held = to;
    }
}
