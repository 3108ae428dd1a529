namespace Sandbox.Terminals.Screens;

/// <summary>
/// Writes a screen as bytes. They begin with what makes any xterm an empty one of the usual modes, but for its
/// scrollback; then come the lines that went up, the normal screen, the alternate one, and last what decides how the
/// program's next bytes look.
/// </summary>
internal static class ScreenWriter
{
    /// <summary>Lines that went up are left out rather than details of what is seen now.</summary>
    private static ReadOnlySpan<byte> Begin =>
        "\e[?1047l\e[!p\e[?1000l\e[?1006l\e[20l\e[?25l\e[H\e[2J"u8;

    public static byte[] Write(TerminalScreen screen, RowWriter rows, int most)
    {
        var shown = new ByteSink();
        for (var detail = RowDetail.Everything; ; detail++)
        {
            // of the least there is no less, however much it is
            shown.Clear();
            if (Shown(shown, screen, rows, detail, detail == RowDetail.Nothing ? int.MaxValue : most))
            {
                break;
            }
        }

        var all = new ByteSink();
        all.Add(Begin);
        Scrolled(all, screen, most - Begin.Length - shown.Length);
        all.Add(shown.Written);
        return all.Written.ToArray();
    }

    private static void Scrolled(ByteSink sink, TerminalScreen screen, int most)
    {
        var scrollback = screen.Scrollback;
        var first = scrollback.Count;
        while (first > 0 && (most -= scrollback[first - 1].Length + 2) >= 0)
        {
            first--;
        }

        for (var i = first; i < scrollback.Count; i++)
        {
            sink.Add(scrollback[i]);
            var next = i + 1 < scrollback.Count ? scrollback.JointOf(i + 1) : RowWriter.JointOf(screen.Normal.Rows[0]);
            Join(sink, scrollback.JointOf(i), next);
        }
    }

    // Rows that belong together wrap by themselves, so that they go on belonging together.
    private static void Join(ByteSink sink, RowJoint row, RowJoint next)
    {
        if (!row.HasFlag(RowJoint.IsFull) || !next.HasFlag(RowJoint.GoesOn))
        {
            sink.Add("\r\n"u8);
        }
    }

    // False as soon as it is more than so many bytes: a colour for each cell would make it tens of megabytes.
    private static bool Shown(ByteSink sink, TerminalScreen screen, RowWriter writer, RowDetail detail, int most)
    {
        var normal = screen.Normal;
        for (var y = 0; y < normal.Rows.Length; y++)
        {
            writer.Write(sink, normal.Rows[y], detail);
            if (sink.Length > most)
            {
                return false;
            }

            if (y + 1 < normal.Rows.Length)
            {
                Join(sink, detail == RowDetail.Nothing ? RowJoint.None : RowWriter.JointOf(normal.Rows[y]), RowWriter.JointOf(normal.Rows[y + 1]));
            }
        }

        Kept(sink, screen, normal);
        if (screen.Active == screen.Alternate)
        {
            sink.Add("\e[?1047h"u8);
            for (var y = 0; y < screen.Rows; y++)
            {
                Place(sink, 0, y);
                writer.Write(sink, screen.Alternate.Rows[y], detail);
                if (sink.Length > most)
                {
                    return false;
                }
            }
        }

        if (screen.Active == screen.Alternate || screen.Alternate.SavedY != 0 || screen.Alternate.SavedX != 0)
        {
            KeptOfAlternate(sink, screen);
        }

        Going(sink, screen, writer);
        return sink.Length <= most;
    }

    private static void KeptOfAlternate(ByteSink sink, TerminalScreen screen)
    {
        var isShown = screen.Active == screen.Alternate;
        if (!isShown)
        {
            sink.Add("\e[?1047h"u8);
        }

        Kept(sink, screen, screen.Alternate);
        if (!isShown)
        {
            sink.Add("\e[?1047l"u8);
        }
    }

    // What each of the two has for itself: tab stops, the saved cursor, and last the margins, since these move it.
    private static void Kept(ByteSink sink, TerminalScreen screen, ScreenBuffer buffer)
    {
        if (buffer == screen.Normal || !buffer.HasUsualTabs())
        {
            sink.Add("\e[3g"u8);
            for (var x = 0; x < screen.Cols; x++)
            {
                if (buffer.Tabs[x])
                {
                    Sequence(sink, x + 1, (byte)'G');
                    sink.Add("\eH"u8);
                }
            }
        }

        Place(sink, buffer.SavedX, buffer.SavedRow);
        RowWriter.Attributes(sink, Cell.Of(0, 1, buffer.SavedPen), RowDetail.Everything);
        Charset(sink, (byte)'(', buffer.SavedCharset);
        sink.Add("\e7\e[m\e(B"u8);
        if (buffer.HasMargins)
        {
            sink.Add("\e["u8);
            sink.Add(buffer.Top + 1);
            sink.Add((byte)';');
            sink.Add(buffer.Bottom + 1);
            sink.Add((byte)'r');
        }
    }

    private static void Going(ByteSink sink, TerminalScreen screen, RowWriter writer)
    {
        var (modes, buffer) = (screen.Modes, screen.Active);
        if (screen.Title is { } title)
        {
            sink.Add("\e]2;"u8);
            sink.Add(title);
            sink.Add("\a"u8);
        }

        Mode(sink, modes.Origin, "\e[?6h"u8);
        Cursor(sink, screen, buffer, writer);
        RowWriter.Attributes(sink, Cell.Of(0, 1, screen.Pen), RowDetail.Everything);
        for (var i = 0; i < screen.Charsets.Length; i++)
        {
            if (screen.Charsets[i] != 0)
            {
                Charset(sink, "()*+"u8[i], screen.Charsets[i]);
            }
        }

        sink.Add(screen.Level switch { 1 => "\u000e"u8, 2 => "\en"u8, 3 => "\eo"u8, _ => [] });
        if (screen.Charset != screen.Charsets[screen.Level])
        {
            // A cursor was restored that was saved with another one selected.
            Charset(sink, "()*+"u8[screen.Level], screen.Charset);
        }

        Mode(sink, modes.Inserts, "\e[4h"u8);
        Mode(sink, screen.ReturnsOnFeed, "\e[20h"u8);
        Mode(sink, modes.ApplicationCursor, "\e[?1h"u8);
        Mode(sink, modes.ApplicationKeypad, "\e="u8);
        Mode(sink, !modes.Wraps, "\e[?7l"u8);
        Mode(sink, modes.WrapsBack, "\e[?45h"u8);
        Mode(sink, modes.BracketsPaste, "\e[?2004h"u8);
        Mode(sink, modes.ReportsFocus, "\e[?1004h"u8);
        Numbered(sink, screen.Mouse);
        Numbered(sink, screen.MouseEncoding);
        if (modes.CursorStyle != 0)
        {
            sink.Add("\e["u8);
            sink.Add(modes.CursorStyle);
            sink.Add(" q"u8);
        }

        Mode(sink, !screen.HidesCursor, "\e[?25h"u8);
        screen.Parser.WriteBegun(sink);
    }

    private static void Cursor(ByteSink sink, TerminalScreen screen, ScreenBuffer buffer, RowWriter writer)
    {
        var y = screen.Modes.Origin ? Math.Max(buffer.Y - buffer.Top, 0) : buffer.Y;
        if (buffer.X < screen.Cols)
        {
            Place(sink, buffer.X, y);
            return;
        }

        // Beyond the last column one comes only by printing there.
        var x = screen.Cols - 1;
        while (x > 0 && buffer.Current.IsBlank(x) && buffer.Current.Width(x) == 0)
        {
            x--;
        }

        Place(sink, x, y);
        RowWriter.Attributes(sink, buffer.Current.Cells[x], RowDetail.Everything);
        writer.Text(sink, buffer.Current.Cells[x], RowDetail.Everything);
    }

    private static void Mode(ByteSink sink, bool isOn, ReadOnlySpan<byte> sequence)
    {
        if (isOn)
        {
            sink.Add(sequence);
        }
    }

    private static void Numbered(ByteSink sink, int mode)
    {
        if (mode != 0)
        {
            sink.Add("\e[?"u8);
            sink.Add(mode);
            sink.Add((byte)'h');
        }
    }

    private static void Charset(ByteSink sink, byte number, byte charset)
    {
        sink.Add((byte)'\e');
        sink.Add(number);
        sink.Add(charset == 0 ? (byte)'B' : charset);
    }

    private static void Place(ByteSink sink, int x, int y)
    {
        sink.Add("\e["u8);
        sink.Add(y + 1);
        sink.Add((byte)';');
        sink.Add(x + 1);
        sink.Add((byte)'H');
    }

    private static void Sequence(ByteSink sink, int number, byte final)
    {
        sink.Add("\e["u8);
        sink.Add(number);
        sink.Add(final);
    }
}
