namespace Sandbox.Terminals.Screens;

/// <summary>How much of a row is written: pictures in true colours may be too many bytes otherwise.</summary>
internal enum RowDetail
{
    Everything,

    /// <summary>Colours are those of the palette of 256, underlines have none, and nothing is stacked on a character.</summary>
    Palette,

    Text,
    Nothing,
}

/// <summary>Writes rows as text and control sequences. Each begins and ends with the usual attributes.</summary>
internal sealed class RowWriter(Clusters clusters)
{
    /// <summary>No row that is kept is longer; it has less detail rather.</summary>
    private const int MostBytes = 16 * 1024;

    /// <summary>How a row meets its neighbours. One that begins with a colour would paint all of the row it wraps into.</summary>
    public static RowJoint JointOf(ScreenRow row)
    {
        var last = row.Cells[^1];
        return (!last.IsBlank || last.Width == 0 ? RowJoint.IsFull : RowJoint.None)
            | (row.IsWrapped && !row.IsBlank(0) && (row.Cells[0].Background & Cell.ColorMode) == 0 ? RowJoint.GoesOn : RowJoint.None);
    }

    /// <summary>Writes a row in as much detail as is allowed.</summary>
    public void Write(ByteSink sink, ScreenRow row)
    {
        var start = sink.Length;
        for (var detail = RowDetail.Everything; detail < RowDetail.Nothing; detail++)
        {
            sink.Truncate(start);
            Write(sink, row, detail);
            if (sink.Length - start <= MostBytes)
            {
                return;
            }
        }
    }

    public void Write(ByteSink sink, ScreenRow row, RowDetail detail)
    {
        if (detail == RowDetail.Nothing)
        {
            return;
        }

        var cells = row.Cells.AsSpan();
        var end = cells.Length;
        while (end > 0 && cells[end - 1] is { IsBlank: true, Width: 1, Foreground: 0, Background: 0 })
        {
            end--;
        }

        Cell pen = default;
        for (var x = 0; x < end;)
        {
            ref readonly var cell = ref cells[x];
            if (cell.IsBlank && cell.Width == 0)
            {
                // the second half of what came before
                x++;
                continue;
            }

            if (cell.IsBlank && cell.Foreground == 0 && (cell.Background & ~Cell.Color) == 0)
            {
                x = Skip(sink, cells[..end], x, ref pen, detail);
                continue;
            }

            if (!cell.LooksLike(pen) && detail != RowDetail.Text)
            {
                Attributes(sink, cell, detail);
                pen = cell;
            }

            if (cell.Width == 2 && (x + 1 == cells.Length || cells[x + 1].Width != 0))
            {
                // half of it was overwritten at the edge, where xterm.js does not mind: whole it would wrap
                sink.Add((byte)' ');
            }
            else
            {
                Text(sink, cell, detail);
            }

            x++;
        }

        if (!pen.LooksLike(default))
        {
            sink.Add("\e[m"u8);
        }
    }

    /// <summary>The text of a cell; of one without any a space, which shows the same.</summary>
    public void Text(ByteSink sink, in Cell cell, RowDetail detail)
    {
        if ((cell.Content & Cell.IsCluster) != 0)
        {
            var text = clusters[cell.Content];
            if (detail == RowDetail.Everything)
            {
                sink.Add(text);
            }
            else
            {
                sink.AddCode(char.ConvertToUtf32(text, 0));
            }
        }
        else if (cell.IsBlank)
        {
            sink.Add((byte)' ');
        }
        else
        {
            if (cell.Width == 0)
            {
                // a mark that stands by itself would sit on the character before it, but for a sequence between them
                if (detail != RowDetail.Everything)
                {
                    sink.Add((byte)' ');
                    return;
                }

                Attributes(sink, cell, detail);
            }

            sink.AddCode((int)(cell.Content & Cell.Text));
        }
    }

    /// <summary>Selects the attributes of a cell, whatever was selected before.</summary>
    public static void Attributes(ByteSink sink, in Cell cell, RowDetail detail)
    {
        var (fore, back) = (cell.Foreground, cell.Background);
        sink.Add("\e[0"u8);
        Flag(sink, fore, Cell.Bold, ";1"u8);
        Flag(sink, back, Cell.Dim, ";2"u8);
        Flag(sink, back, Cell.Italic, ";3"u8);
        Underline(sink, cell, detail);
        Flag(sink, fore, Cell.Blink, ";5"u8);
        Flag(sink, fore, Cell.Inverse, ";7"u8);
        Flag(sink, fore, Cell.Invisible, ";8"u8);
        Flag(sink, fore, Cell.Strikethrough, ";9"u8);
        Flag(sink, back, Cell.Overline, ";53"u8);
        Color(sink, fore, 30, detail);
        Color(sink, back, 40, detail);
        sink.Add((byte)'m');
    }

    private static void Flag(ByteSink sink, uint flags, uint flag, ReadOnlySpan<byte> parameter)
    {
        if ((flags & flag) != 0)
        {
            sink.Add(parameter);
        }
    }

    // The colour is selected without a line too: it is that of the next line.
    private static void Underline(ByteSink sink, in Cell cell, RowDetail detail)
    {
        if ((cell.Extended & Cell.Color) == Cell.Color)
        {
            sink.Add(";59"u8);
        }
        else if (detail == RowDetail.Everything)
        {
            Color(sink, cell.Extended, 50, detail);
        }

        var style = (int)((cell.Extended & Cell.UnderlineStyle) >> Cell.UnderlineShift);
        if ((cell.Background & Cell.IsExtended) == 0)
        {
            Flag(sink, cell.Foreground, Cell.Underline, ";4"u8);
        }
        else if (style > 0)
        {
            sink.Add(";4:"u8);
            sink.Add(style);
        }
    }

    // Colours of text begin at 30, of what is behind it at 40, of underlines at 50, which have no short form.
    private static void Color(ByteSink sink, uint color, int first, RowDetail detail)
    {
        var mode = color & Cell.ColorMode;
        var index = (int)(color & 0xFF);
        if (mode == 0)
        {
            return;
        }

        sink.Add((byte)';');
        if (mode == Cell.Palette16 && first < 50)
        {
            sink.Add(index < 8 ? first + index : first + 60 + index - 8);
            return;
        }

        sink.Add(first + 8);
        if (mode == Cell.Rgb && detail == RowDetail.Everything)
        {
            sink.Add(";2;"u8);
            sink.Add((int)((color >> 16) & 0xFF));
            sink.Add((byte)';');
            sink.Add((int)((color >> 8) & 0xFF));
            sink.Add((byte)';');
            sink.Add(index);
            return;
        }

        sink.Add(";5;"u8);
        sink.Add(mode == Cell.Rgb ? Nearest(color) : index);
    }

    // The cube of 6 by 6 by 6 colours that the palette has from 16 on.
    private static int Nearest(uint color)
    {
        static int Level(uint value) => value < 48 ? 0 : value < 115 ? 1 : (int)(value - 35) / 40;
        return 16 + (36 * Level((color >> 16) & 0xFF)) + (6 * Level((color >> 8) & 0xFF)) + Level(color & 0xFF);
    }

    // Cells without text: gone over, and erased where they have a colour.
    private static int Skip(ByteSink sink, ReadOnlySpan<Cell> cells, int from, ref Cell pen, RowDetail detail)
    {
        var first = cells[from];
        var to = from + 1;
        while (to < cells.Length && cells[to] is { IsBlank: true, Width: 1 } && cells[to].Foreground == 0 && cells[to].Background == first.Background)
        {
            to++;
        }

        if ((first.Background & Cell.ColorMode) != 0 && detail != RowDetail.Text)
        {
            if ((pen.Background & Cell.Color) != (first.Background & Cell.Color))
            {
                Attributes(sink, first, detail);
                pen = first;
            }

            Sequence(sink, to - from, (byte)'X');
        }

        if (to < cells.Length)
        {
            Sequence(sink, to - from, (byte)'C');
        }

        return to;
    }

    private static void Sequence(ByteSink sink, int number, byte final)
    {
        sink.Add("\e["u8);
        sink.Add(number);
        sink.Add(final);
    }
}
