namespace Sandbox.Tutorials.Markup;

/// <summary>The runs of backticks of a text, so that the nearest equal one is found without reading on to it.</summary>
internal sealed class CodeSpans
{
    private readonly Dictionary<int, List<int>> runs = [];
    private readonly List<int> breaks = [];

    public CodeSpans(string text)
    {
        var blank = false;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '`')
            {
                var length = LengthAt(text, i);
                if (!runs.TryGetValue(length, out var starts))
                {
                    runs[length] = starts = [];
                }

                starts.Add(i);
                i += length - 1;
                blank = false;
            }
            else if (text[i] == '\n')
            {
                if (blank)
                {
                    breaks.Add(i);
                }

                blank = true;
            }
            else if (!char.IsWhiteSpace(text[i]))
            {
                blank = false;
            }
        }
    }

    public static int LengthAt(string text, int at)
    {
        var end = at;
        while (end < text.Length && text[end] == '`')
        {
            end++;
        }

        return end - at;
    }

    /// <summary>Where the nearest run of the same length begins after a run, or -1.</summary>
    public int Closing(int at, int length) => runs.TryGetValue(length, out var starts) ? Next(starts, at) : -1;

    /// <summary>An empty line stands between, which ends a paragraph and with it every span.</summary>
    public bool Broken(int from, int to) => Next(breaks, from) is >= 0 and var next && next < to;

    private static int Next(List<int> sorted, int after)
    {
        var found = sorted.BinarySearch(after + 1);
        found = found >= 0 ? found : ~found;
        return found < sorted.Count ? sorted[found] : -1;
    }
}
