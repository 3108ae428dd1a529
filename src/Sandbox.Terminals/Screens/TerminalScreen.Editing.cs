namespace Sandbox.Terminals.Screens;

// What programs do with what is on the screen: erase it, and make room in it.
public sealed partial class TerminalScreen
{
    internal void EraseInLine(int what)
    {
        Restrict(Cols);
        Work += Cols;
        var (buffer, row) = (Active, Active.Current);
        switch (what)
        {
            case 0:
                row.Erase(buffer.X, Cols, Blank);
                row.IsWrapped &= buffer.X != 0;
                break;
            case 1:
                row.Erase(0, buffer.X + 1, Blank);
                break;
            case 2:
                row.Erase(0, Cols, Blank);
                row.IsWrapped = false;
                break;
            default:
                break;
        }
    }

    internal void EraseInDisplay(int what)
    {
        Restrict(Cols);
        var (buffer, blank) = (Active, Blank);
        switch (what)
        {
            case 0:
                EraseInLine(0);
                ClearRows(buffer.Y + 1, Rows, blank);
                break;
            case 1:
                EraseInLine(1);
                buffer.Current.IsWrapped = false;
                ClearRows(0, buffer.Y, blank);
                break;
            case 2:
                ClearRows(0, Rows, blank);
                break;
            case 3 when buffer == Normal:
                Scrollback.Clear();
                buffer.Base = 0;
                break;
            default:
                break;
        }
    }

    internal void EraseCharacters(int count)
    {
        Restrict(Cols - 1);
        Work += Cols;
        Active.Current.Erase(Active.X, (int)Math.Min((long)Active.X + count, Cols), Blank);
    }

    internal void InsertCharacters(int count)
    {
        Restrict(Cols - 1);
        Work += Cols;
        Active.Current.Insert(Active.X, count, Blank);
    }

    internal void DeleteCharacters(int count)
    {
        Restrict(Cols - 1);
        Work += Cols;
        Active.Current.Delete(Active.X, count, Blank);
    }

    internal void ShiftLines(int count, bool up)
    {
        Restrict(Cols - 1);
        if (!IsInMargins)
        {
            return;
        }

        Shifts(Active.Y, count);
        if (up)
        {
            Active.ShiftUp(Active.Y, Active.Bottom, count, Blank);
        }
        else
        {
            Active.ShiftDown(Active.Y, Active.Bottom, count, Blank);
        }

        Active.X = 0;
    }

    internal void ScrollUp(int count)
    {
        Shifts(Active.Top, count);
        Active.ShiftUp(Active.Top, Active.Bottom, count, Blank);
    }

    internal void ScrollDown(int count)
    {
        Shifts(Active.Top, count);
        Active.ShiftDown(Active.Top, Active.Bottom, count, Cell.Erased(0));
    }

    /// <summary>Columns go or come in all the rows that scroll.</summary>
    internal void ShiftColumns(int at, int count, bool inserts)
    {
        if (!IsInMargins)
        {
            return;
        }

        Work += (long)Cols * (Active.Bottom - Active.Top + 1);
        for (var y = Active.Top; y <= Active.Bottom; y++)
        {
            var row = Active.Rows[y];
            if (inserts)
            {
                row.Insert(at, count, Blank);
            }
            else
            {
                row.Delete(at, count, Blank);
            }

            row.IsWrapped = false;
        }
    }

    /// <summary>DECALN: a screen full of E.</summary>
    internal void Align()
    {
        SetCursor(0, 0);
        Work += (long)Cols * Rows;
        var cell = Cell.Of('E', 1, _pen);
        cell.Extended = 0;
        for (var y = Active.Y; y < Rows; y++)
        {
            Active.Rows[y].Clear(cell);
        }

        SetCursor(0, 0);
    }

    private void ClearRows(int from, int to, in Cell blank)
    {
        Work += (long)Cols * Math.Max(to - from, 0);
        for (var y = from; y < to; y++)
        {
            Active.Rows[y].Clear(blank);
        }
    }
}
