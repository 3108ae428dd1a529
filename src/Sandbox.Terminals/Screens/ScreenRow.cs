namespace Sandbox.Terminals.Screens;

/// <summary>One row of a screen. A wide character of which half is overwritten becomes blank, as in xterm.js.</summary>
internal sealed class ScreenRow
{
    public ScreenRow(int cols, in Cell blank)
    {
        Cells = new Cell[cols];
        Cells.AsSpan().Fill(blank);
    }

    public Cell[] Cells { get; private set; }

    /// <summary>Whether it goes on with the line of the row above.</summary>
    public bool IsWrapped { get; set; }

    public int Width(int x) => Cells[x].Width;

    public bool IsBlank(int x) => Cells[x].IsBlank;

    public void Set(int x, uint code, int width, in Cell like)
    {
        ref var cell = ref Cells[x];
        cell = like;
        cell.Content = code | ((uint)width << Cell.WidthShift);
    }

    public void Clear(in Cell blank)
    {
        Cells.AsSpan().Fill(blank);
        IsWrapped = false;
    }

    public void Insert(int at, int count, in Cell blank)
    {
        at %= Cells.Length;
        if (at > 0 && Width(at - 1) == 2)
        {
            Set(at - 1, 0, 1, blank);
        }

        count = Math.Min(count, Cells.Length - at);
        Cells.AsSpan(at, Cells.Length - at - count).CopyTo(Cells.AsSpan(at + count));
        Cells.AsSpan(at, count).Fill(blank);
        if (Width(Cells.Length - 1) == 2)
        {
            Set(Cells.Length - 1, 0, 1, blank);
        }
    }

    public void Delete(int at, int count, in Cell blank)
    {
        at %= Cells.Length;
        count = Math.Min(count, Cells.Length - at);
        Cells.AsSpan(at + count).CopyTo(Cells.AsSpan(at));
        Cells.AsSpan(Cells.Length - count).Fill(blank);
        if (at > 0 && Width(at - 1) == 2)
        {
            Set(at - 1, 0, 1, blank);
        }

        if (Width(at) == 0 && IsBlank(at))
        {
            Set(at, 0, 1, blank);
        }
    }

    /// <summary>Erases from a column up to another.</summary>
    public void Erase(int from, int to, in Cell blank)
    {
        to = Math.Min(to, Cells.Length);
        if (from > 0 && Width(from - 1) == 2)
        {
            Set(from - 1, 0, 1, blank);
        }

        if (to > 0 && to < Cells.Length && Width(to - 1) == 2)
        {
            Set(to, 0, 1, blank);
        }

        if (from < to)
        {
            Cells.AsSpan(from, to - from).Fill(blank);
        }
    }

    public void Resize(int cols, in Cell blank)
    {
        var cells = new Cell[cols];
        var kept = Math.Min(cols, Cells.Length);
        Cells.AsSpan(0, kept).CopyTo(cells);
        cells.AsSpan(kept).Fill(blank);
        Cells = cells;
        if (Width(cols - 1) == 2)
        {
            Set(cols - 1, 0, 1, blank);
        }
    }
}
