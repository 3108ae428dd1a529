namespace Sandbox.Web.Latency;

/// <summary>
/// Tells echoes from other output of one terminal: the first output after a key that came while nothing had been
/// printed for a moment. A key with no answer within two seconds had no echo, as when a password is typed.
/// </summary>
internal sealed class EchoWatch(LatencyHistory echo, TimeProvider time)
{
    /// <summary>One letter in UTF-8 or a few typed quickly; what is longer was pasted.</summary>
    private const int LongestKey = 8;

    /// <summary>What begins so may be an emulator's own answer to a program, which echoes nothing.</summary>
    private const byte Escape = 0x1b;

    private readonly long _quiet = time.TimestampFrequency / 20;
    private readonly long _longest = 2 * time.TimestampFrequency;
    private long _typed;
    private long _printed;

    /// <summary>Input came in, at least a byte.</summary>
    public void Typed(ReadOnlySpan<byte> input)
    {
        var now = time.GetTimestamp();
        var typed = Volatile.Read(ref _typed);
        if (input.Length <= LongestKey && input[0] != Escape && (typed == 0 || now - typed > _longest) && now - Volatile.Read(ref _printed) >= _quiet)
        {
            Volatile.Write(ref _typed, now);
        }
    }

    /// <summary>Output goes out.</summary>
    public void Printed()
    {
        var now = time.GetTimestamp();
        Volatile.Write(ref _printed, now);
        if (Volatile.Read(ref _typed) != 0 && Interlocked.Exchange(ref _typed, 0) is var typed and not 0 && now - typed <= _longest)
        {
            echo.Record(typed, now);
        }
    }
}
