using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Sandbox.Tty;

/// <summary>The parsed command line.</summary>
internal sealed class Invocation
{
    private const int Leading = 6;
    private const string OwnLogOption = "log=";
    private const string LogOption = "keep=";
    private const string PlaceOption = "in=";

    private static readonly System.Buffers.SearchValues<char> Letters = System.Buffers.SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyz");

    /// <summary>The socket for viewers: an absolute path that does not exist yet.</summary>
    public required string Socket { get; init; }

    /// <summary>The one user, beside root, that may connect.</summary>
    public required uint ClientUid { get; init; }

    /// <summary>The user that this program switches to once the process runs.</summary>
    public required uint OwnUid { get; init; }

    /// <summary>The group that this program switches to once the process runs.</summary>
    public required uint OwnGid { get; init; }

    public required ushort Cols { get; init; }

    public required ushort Rows { get; init; }

    /// <summary>The nonce in the shell's marks, if it makes any; the shell reads it from descriptor 3.</summary>
    public string? Nonce { get; init; }

    /// <summary>The file for the output of the command, see <c>TtyLog</c>; null if none is kept.</summary>
    public string? Log { get; init; }

    /// <summary>Whether this is an image's own command: the runtime then starts a whole sandbox, whose init reports how the command is.</summary>
    public bool IsOwn { get; init; }

    /// <summary>
    /// The directory for the console socket and the pid file, of a runtime that runs as another user: only that user and root may
    /// enter it. Null for a place beside the socket, which only root may enter.
    /// </summary>
    public string? Place { get; init; }

    /// <summary>The runtime and its arguments, where <c>{console}</c> and <c>{pid}</c> stand for paths.</summary>
    public required ArraySegment<string> Runtime { get; init; }

    public static bool TryParse(string[] args, [NotNullWhen(true)] out Invocation? invocation)
    {
        invocation = null;
        var first = Leading;
        var own = TakeOption(args, OwnLogOption, ref first);
        var log = own ?? TakeOption(args, LogOption, ref first);
        var place = TakeOption(args, PlaceOption, ref first);
        var nonce = args.Length > first && args[first] is not "--" ? args[first++] : null;
        if (args.Length < first + 2
            || !args[0].StartsWith('/')
            || !TryNumber(args[1], out uint client)
            || !TryNumber(args[2], out uint uid)
            || !TryNumber(args[3], out uint gid)
            || !TryNumber(args[4], out ushort cols) || cols == 0
            || !TryNumber(args[5], out ushort rows) || rows == 0
            || !string.Equals(args[first], "--", StringComparison.Ordinal)
            || nonce is not null && !IsNonce(nonce)
            || log is not null && !log.StartsWith('/')
            || place is not null && !place.StartsWith('/'))
        {
            return false;
        }

        invocation = new Invocation
        {
            Socket = args[0],
            ClientUid = client,
            OwnUid = uid,
            OwnGid = gid,
            Cols = cols,
            Rows = rows,
            Nonce = nonce,
            Log = log,
            IsOwn = own is not null,
            Place = place,
            Runtime = new ArraySegment<string>(args, first + 1, args.Length - first - 1),
        };
        return true;
    }

    private static string? TakeOption(string[] args, string name, ref int position) =>
        args.Length > position && args[position].StartsWith(name, StringComparison.Ordinal) ? args[position++][name.Length..] : null;

    private static bool IsNonce(string text) => text.Length is >= 16 and <= 64 && text.AsSpan().IndexOfAnyExcept(Letters) < 0;

    private static bool TryNumber(string text, out uint number) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static bool TryNumber(string text, out ushort number) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
