namespace Sandbox.Terminals.Screens;

// How letters come onto the screen.
public sealed partial class TerminalScreen
{
    /// <summary>Prints ASCII, which is nearly everything there is to print.</summary>
    internal void PrintAscii(ReadOnlySpan<byte> text)
    {
        if (_modes.Inserts || _charset != 0 || !_modes.Wraps)
        {
            foreach (var letter in text)
            {
                Print(letter);
            }

            return;
        }

        var cell = Cell.Of(0, 1, _pen);
        var buffer = Active;
        while (!text.IsEmpty)
        {
            if (buffer.X >= Cols)
            {
                Wrap();
            }

            var row = buffer.Current;
            var x = buffer.X;
            if (x > 0 && row.Width(x - 1) == 2)
            {
                row.Set(x - 1, 0, 1, cell);
            }

            var count = Math.Min(text.Length, Cols - x);
            var cells = row.Cells.AsSpan(x, count);
            for (var i = 0; i < cells.Length; i++)
            {
                cell.Content = text[i] | (1u << Cell.WidthShift);
                cells[i] = cell;
            }

            buffer.X = x += count;
            if (x < Cols && row.Width(x) == 0 && row.IsBlank(x))
            {
                row.Set(x, 0, 1, cell);
            }

            text = text[count..];
        }

        _printed = 1;
    }

    internal void Print(int code)
    {
        if (_charset != 0 && code < 127)
        {
            code = Screens.Charsets.Map(_charset, code);
        }

        var buffer = Active;
        var row = buffer.Current;
        if (buffer.X > 0 && row.Width(buffer.X - 1) == 2)
        {
            row.Set(buffer.X - 1, 0, 1, BlankInPen);
        }

        var width = CharacterWidths.Of(code);
        var stacks = width == 0 && _printed != 0;
        _printed = stacks ? _printed : width;
        if (!stacks && buffer.X + width > Cols)
        {
            if (_modes.Wraps)
            {
                for (var x = buffer.X; x < Cols; x++)
                {
                    row.Set(x, 0, 1, BlankInPen);
                }

                Wrap();
                row = buffer.Current;
            }
            else
            {
                buffer.X = Cols - 1;
                if (width == 2)
                {
                    return;
                }
            }
        }

        if (stacks && buffer.X > 0)
        {
            var at = buffer.X - (row.Width(buffer.X - 1) != 0 ? 1 : 2);
            if (at >= 0)
            {
                Stack(ref row.Cells[at], code);
            }
        }
        else
        {
            if (_modes.Inserts && buffer.X < Cols)
            {
                Work += Cols;
                row.Insert(buffer.X, width, BlankInPen);
            }

            for (var i = 0; i < Math.Max(width, 1); i++)
            {
                if (buffer.X < Cols)
                {
                    row.Cells[buffer.X++] = Cell.Of(i == 0 ? (uint)code : 0, i == 0 ? width : 0, _pen);
                }
            }
        }

        if (buffer.X < Cols && row.Width(buffer.X) == 0 && row.IsBlank(buffer.X))
        {
            row.Set(buffer.X, 0, 1, BlankInPen);
        }
    }

    /// <summary>Prints what was printed last once more, and so on.</summary>
    internal void Repeat(int count)
    {
        var at = Active.X - _printed;
        if (_printed == 0 || at < 0)
        {
            return;
        }

        var cell = Active.Current.Cells[at];
        var text = (cell.Content & Cell.IsCluster) != 0 ? Clusters[cell.Content]
            : cell.IsBlank ? ""
            : char.ConvertFromUtf32((int)(cell.Content & Cell.Text));

        // A few bytes must not be work for seconds.
        count = Math.Min(count, Cols * Rows);
        for (; count > 0; count--)
        {
            foreach (var rune in text.EnumerateRunes())
            {
                // to print is ten times the work of clearing
                Work += 10;
                Print(rune.Value);
            }
        }
    }

    /// <summary>Something else than text came.</summary>
    internal void Interrupt() => _printed = 0;

    private void Wrap()
    {
        var buffer = Active;
        buffer.X = 0;
        buffer.Y++;
        if (buffer.Y == buffer.Bottom + 1)
        {
            buffer.Y--;
            Scroll(isWrapped: true);
            return;
        }

        buffer.Y = Math.Min(buffer.Y, Rows - 1);
        buffer.Current.IsWrapped = true;
    }

    private void Stack(ref Cell cell, int code)
    {
        if (cell.IsBlank)
        {
            cell.Content = (uint)code | ((uint)Math.Max(_printed, 1) << Cell.WidthShift);
            return;
        }

        Clusters.Stack(ref cell, code, () =>
        {
            // to look texts up is ten times the work of clearing
            Work += 20L * Cols * Rows;
            return [.. Normal.Rows, .. Alternate.Rows];
        });
        cell.Content = (cell.Content & Cell.HasText) | ((uint)_printed << Cell.WidthShift);
    }
}
