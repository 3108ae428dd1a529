namespace Sandbox.Tutorials.Markup;

/// <summary>From an offset in a text to its line and column, both from 1.</summary>
internal sealed class LineIndex
{
    private readonly List<int> starts = [0];

    public LineIndex(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n')
            {
                starts.Add(i + 1);
            }
        }
    }

    public int LineOf(int offset)
    {
        var found = starts.BinarySearch(offset);
        return found >= 0 ? found + 1 : ~found;
    }

    public int ColumnOf(int offset) => offset - starts[LineOf(offset) - 1] + 1;
}
