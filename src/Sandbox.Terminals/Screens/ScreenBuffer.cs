namespace Sandbox.Terminals.Screens;

/// <summary>The normal or the alternate screen: its rows, and what belongs to each of the two by itself.</summary>
internal sealed class ScreenBuffer
{
    /// <summary>How many lines a page scrolls back: a saved cursor goes up with the text until then.</summary>
    private const int MostBase = 10_000;

    private const int TabWidth = 8;

    private int _cols;

    public ScreenBuffer(int cols, int rows)
    {
        _cols = cols;
        Rows = new ScreenRow[rows];
        Tabs = new bool[cols + 1];
        Reset(Cell.Erased(0));
    }

    public ScreenRow[] Rows { get; private set; }

    /// <summary>The column of the cursor; one beyond the last when the next character wraps.</summary>
    public int X { get; set; }

    public int Y { get; set; }

    /// <summary>The first and the last row that scroll.</summary>
    public int Top { get; set; }

    public int Bottom { get; set; }

    public bool[] Tabs { get; private set; }

    /// <summary>How many lines went up out of the screen.</summary>
    public int Base { get; set; }

    public int SavedX { get; set; }

    /// <summary>Counted from the first line of all, see <see cref="Base"/>.</summary>
    public int SavedY { get; set; }

    public Pen SavedPen { get; set; }

    public byte SavedCharset { get; set; }

    public int SavedRow => Math.Clamp(SavedY - Base, 0, Rows.Length - 1);

    public ScreenRow Current => Rows[Y];

    public bool HasMargins => Top != 0 || Bottom != Rows.Length - 1;

    /// <summary>Empties it, but for what was saved.</summary>
    public void Reset(in Cell blank)
    {
        for (var y = 0; y < Rows.Length; y++)
        {
            if (Rows[y] is { } row && row.Cells.Length == _cols)
            {
                row.Clear(blank);
            }
            else
            {
                Rows[y] = new ScreenRow(_cols, blank);
            }
        }

        (X, Y, Base, Top, Bottom) = (0, 0, 0, 0, Rows.Length - 1);
        Array.Clear(Tabs);
        SetTabs(0);
    }

    public void Forget()
    {
        (SavedX, SavedY, SavedPen, SavedCharset) = (0, 0, default, 0);
    }

    public void WentUp(int lines) => Base = (int)Math.Min(MostBase, Base + (long)lines);

    /// <summary>Moves rows up: the first ones go, blank ones come at the end.</summary>
    public void ShiftUp(int top, int bottom, int count, in Cell blank)
    {
        count = Math.Min(count, bottom - top + 1);
        for (; count > 0; count--)
        {
            var row = Rows[top];
            Array.Copy(Rows, top + 1, Rows, top, bottom - top);
            Rows[bottom] = row;
            row.Clear(blank);
        }
    }

    /// <summary>Moves rows down: the last ones go, blank ones come first.</summary>
    public void ShiftDown(int top, int bottom, int count, in Cell blank)
    {
        count = Math.Min(count, bottom - top + 1);
        for (; count > 0; count--)
        {
            var row = Rows[bottom];
            Array.Copy(Rows, top, Rows, top + 1, bottom - top);
            Rows[top] = row;
            row.Clear(blank);
        }
    }

    public int NextTab(int x)
    {
        do
        {
            x++;
        }
        while (x < _cols && !Tabs[x]);
        return Math.Min(x, _cols - 1);
    }

    public int PreviousTab(int x)
    {
        do
        {
            x--;
        }
        while (x > 0 && !Tabs[x]);
        return Math.Clamp(x, 0, _cols - 1);
    }

    public bool HasUsualTabs()
    {
        for (var x = 0; x < _cols; x++)
        {
            if (Tabs[x] != (x % TabWidth == 0))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Takes another size. Rows below the cursor go first, then the top ones, which are given away; what does not fit
    /// in a row is cut off.
    /// </summary>
    public void Resize(int cols, int rows, Action<ScreenRow, ScreenRow?> gone)
    {
        var blank = Cell.Erased(0);
        var kept = new List<ScreenRow>(Rows);
        while (kept.Count > rows)
        {
            if (kept.Count > Y + 1)
            {
                kept.RemoveAt(kept.Count - 1);
            }
            else
            {
                gone(kept[0], kept.Count > 1 ? kept[1] : null);
                kept.RemoveAt(0);
                Y--;
            }
        }

        foreach (var row in kept)
        {
            if (row.Cells.Length != cols)
            {
                row.Resize(cols, blank);
            }
        }

        while (kept.Count < rows)
        {
            kept.Add(new ScreenRow(cols, blank));
        }

        Rows = [.. kept];
        X = Math.Min(X, cols - 1);
        Y = Math.Clamp(Y, 0, rows - 1);
        SavedX = Math.Min(SavedX, cols - 1);
        (Top, Bottom) = (0, rows - 1);
        if (cols != _cols)
        {
            var tabs = new bool[cols + 1];
            Tabs.AsSpan(0, Math.Min(tabs.Length, Tabs.Length)).CopyTo(tabs);
            (Tabs, _cols) = (tabs, cols);
            SetTabs(Tabs[cols] ? cols : PreviousTab(cols));
        }
    }

    private void SetTabs(int from)
    {
        for (var x = from; x < _cols; x += TabWidth)
        {
            Tabs[x] = true;
        }
    }
}
