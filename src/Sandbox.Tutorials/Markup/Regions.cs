namespace Sandbox.Tutorials.Markup;

/// <summary>
/// Follows, line by line, whether a line begins inside an HTML comment or a <c>pre</c> element, where fences and marks
/// are text. One that is never closed is no region.
/// </summary>
internal sealed class Regions(string text)
{
    private static readonly (string Open, string Close)[] Kinds = [("<!--", "-->"), ("<pre", "</pre>")];

    /// <summary>Longer lines are nobody's prose, and searching them again and again takes too long.</summary>
    private const int LongestLine = 20_000;

    private readonly Dictionary<string, int> lastClose = new(StringComparer.Ordinal);
    private string? until;

    /// <summary>Takes the next line of prose, which begins at an offset of the text; true when it begins inside a region.</summary>
    public bool Inside(string line, int offset)
    {
        var inside = until is not null;
        if (line.Length > LongestLine)
        {
            return inside;
        }

        var at = 0;
        while (at < line.Length)
        {
            if (until is not null)
            {
                var end = line.IndexOf(until, at, StringComparison.OrdinalIgnoreCase);
                if (end < 0)
                {
                    break;
                }

                at = end + until.Length;
                until = null;
                continue;
            }

            var (open, close) = First(line, at);
            if (open < 0)
            {
                break;
            }

            at = open + 4;
            if (Closes(close, offset + at))
            {
                until = close;
            }
        }

        return inside;
    }

    private static (int At, string Close) First(string line, int from)
    {
        var first = (At: -1, Close: "");
        foreach (var (open, close) in Kinds)
        {
            var at = line.IndexOf(open, from, StringComparison.OrdinalIgnoreCase);
            if (at >= 0 && (first.At < 0 || at < first.At) && !InCode(line, at) && (open == "<!--" || at + 4 >= line.Length || line[at + 4] is '>' or ' ' or '\t'))
            {
                first = (at, close);
            }
        }

        return first;
    }

    /// <summary>An odd number of backticks before it: it is quoted as code.</summary>
    private static bool InCode(string line, int at)
    {
        var ticks = line.AsSpan(0, at).Count('`');
        return ticks % 2 == 1 && line.IndexOf('`', at) >= 0;
    }

    private bool Closes(string close, int from)
    {
        if (!lastClose.TryGetValue(close, out var last))
        {
            lastClose[close] = last = text.LastIndexOf(close, StringComparison.OrdinalIgnoreCase);
        }

        return last >= from;
    }
}
