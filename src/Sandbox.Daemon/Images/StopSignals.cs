using System.Globalization;

namespace Sandbox.Daemon.Images;

/// <summary>Reads the signal that an image wants to be stopped with, as Docker does. signal(7), x86-64</summary>
internal static class StopSignals
{
    public const int Terminate = 15;

    private const int RealTimeFirst = 34; // 32 and 33 are the C library's
    private const int Last = 64;

    private static readonly string[] Names =
    [
        "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT",
        "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];

    /// <summary><c>SIGQUIT</c>, <c>quit</c>, <c>3</c>, <c>SIGRTMIN+3</c>, <c>RTMAX-1</c>; null for anything else.</summary>
    public static int? Parse(string text)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number is > 0 and <= Last ? number : null;
        }

        var name = text.ToUpperInvariant();
        name = name.StartsWith("SIG", StringComparison.Ordinal) ? name[3..] : name;
        return name switch
        {
            "" => null,
            "CLD" => 17,
            "POLL" => 29,
            "IOT" => 6,
            "RTMIN" => RealTimeFirst,
            "RTMAX" => Last,
            _ when name.StartsWith("RTMIN+", StringComparison.Ordinal) => RealTime(name[6..], RealTimeFirst, 1),
            _ when name.StartsWith("RTMAX-", StringComparison.Ordinal) => RealTime(name[6..], Last, -1),
            _ => Array.IndexOf(Names, name) is > 0 and var index ? index : null,
        };
    }

    private static int? RealTime(string distance, int from, int direction) =>
        int.TryParse(distance, NumberStyles.None, CultureInfo.InvariantCulture, out var steps) && from + (direction * steps) is >= RealTimeFirst and <= Last and var signal
            ? signal
            : null;
}
