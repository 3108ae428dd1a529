using System.Text;

namespace Sandbox.Terminals.Screens;

/// <summary>
/// What a terminal shows, and what decides how it goes on: the page's xterm.js 6 without the page. It is fed with the
/// program's output, split anywhere, and writes itself as bytes that make a fresh xterm show the same.
/// </summary>
/// <remarks>
/// Differences are meant: titles, stacked marks and numbers are bounded, since output is hostile; of a row that becomes
/// narrower the rest is cut off; hyperlinks, colours of the palette and protected cells are not kept.
/// </remarks>
public sealed partial class TerminalScreen
{
    /// <summary>Sizes beyond these are those of nobody's window; memory is bounded by them.</summary>
    private const int MostCols = 1000;
    private const int MostCells = 128 * 1024;

    private const int MostTitle = 1024;

    private readonly ScreenParser _parser;
    private readonly RowWriter _writer;
    private readonly ByteSink _gone = new();
    private readonly byte[] _charsets = new byte[4];
    private ScreenModes _modes = new();
    private Pen _pen;
    private int _level;
    private byte _charset;

    // The width of what was printed last, if nothing came after it: a mark that follows is stacked on it.
    private int _printed;

    /// <summary>An empty screen.</summary>
    public TerminalScreen(int cols, int rows)
    {
        (Cols, Rows) = Bounded(cols, rows);
        Normal = new ScreenBuffer(Cols, Rows);
        Alternate = new ScreenBuffer(Cols, Rows);
        Active = Normal;
        _parser = new ScreenParser(this);
        _writer = new RowWriter(Clusters);
    }

    public int Cols { get; private set; }

    public int Rows { get; private set; }

    internal ScreenBuffer Normal { get; }

    internal ScreenBuffer Alternate { get; }

    internal ScreenBuffer Active { get; private set; }

    internal Scrollback Scrollback { get; } = new();

    internal Clusters Clusters { get; } = new();

    internal ref ScreenModes Modes => ref _modes;

    internal ref Pen Pen => ref _pen;

    internal string? Title { get; set; }

    internal bool HidesCursor { get; set; }

    /// <summary>Whether a line feed goes to the first column too; it outlives a reset.</summary>
    internal bool ReturnsOnFeed { get; set; }

    /// <summary>The mode that made the mouse report, 0 for none, and that of how.</summary>
    internal int Mouse { get; set; }

    internal int MouseEncoding { get; set; }

    internal int Level => _level;

    internal byte Charset => _charset;

    internal ReadOnlySpan<byte> Charsets => _charsets;

    /// <summary>Bytes of a sequence that has only begun.</summary>
    internal ScreenParser Parser => _parser;

    private Cell Blank => Cell.Erased(_pen.Background);

    // An erased cell that keeps all attributes, as when half of a wide character is overwritten.
    private Cell BlankInPen => Cell.Of(0, 1, _pen);

    /// <summary>
    /// Cells gone over so far for what was not printed into them: cleared, moved, repeated. A few bytes can ask for a
    /// whole screen of these, so a reader of hostile output looks at it.
    /// </summary>
    public long Work { get; internal set; }

    /// <summary>How many bytes at the beginning are text in lines, of which only what is kept in the end costs anything.</summary>
    public static int PlainLength(ReadOnlySpan<byte> output) => PlainLines.Length(output);

    /// <summary>Takes output.</summary>
    public void Feed(ReadOnlySpan<byte> output) => _parser.Feed(output, long.MaxValue);

    /// <summary>Takes output, unless that is more than so much work; then it is false, and the screen is of no more use.</summary>
    public bool TryFeed(ReadOnlySpan<byte> output, long most) => _parser.Feed(output, Work + most);

    /// <summary>Writes itself, in at most so many bytes; the oldest lines are left out first.</summary>
    public byte[] Write(int most) => ScreenWriter.Write(this, _writer, most);

    public void Resize(int cols, int rows)
    {
        var (newCols, newRows) = Bounded(cols, rows);
        if ((newCols, newRows) == (Cols, Rows))
        {
            return;
        }

        (Cols, Rows) = (newCols, newRows);
        Normal.Resize(Cols, Rows, (row, next) =>
        {
            Keep(row);
            Normal.WentUp(1);
        });
        Alternate.Resize(Cols, Rows, static (_, _) => { });
    }

    internal void LineFeed()
    {
        var buffer = Active;
        if (ReturnsOnFeed)
        {
            buffer.X = 0;
        }

        buffer.Y++;
        if (buffer.Y == buffer.Bottom + 1)
        {
            buffer.Y--;
            Scroll(isWrapped: false);
        }
        else if (buffer.Y >= Rows)
        {
            buffer.Y = Rows - 1;
        }
        else
        {
            buffer.Current.IsWrapped = false;
        }

        if (buffer.X >= Cols)
        {
            buffer.X--;
        }
    }

    internal void Index()
    {
        var buffer = Active;
        Restrict(Cols - 1);
        buffer.Y++;
        if (buffer.Y == buffer.Bottom + 1)
        {
            buffer.Y--;
            Scroll(isWrapped: false);
        }
        else if (buffer.Y >= Rows)
        {
            buffer.Y = Rows - 1;
        }

        Restrict(Cols - 1);
    }

    internal void ReverseIndex()
    {
        Restrict(Cols - 1);
        if (Active.Y == Active.Top)
        {
            Shifts(Active.Top, 1);
            Active.ShiftDown(Active.Top, Active.Bottom, 1, Blank);
        }
        else
        {
            Active.Y--;
            Restrict(Cols - 1);
        }
    }

    internal void Backspace()
    {
        var buffer = Active;
        Restrict(_modes.WrapsBack ? Cols : Cols - 1);
        if (buffer.X > 0)
        {
            buffer.X--;
        }
        else if (_modes.WrapsBack && buffer.Y > buffer.Top && buffer.Y <= buffer.Bottom && buffer.Current.IsWrapped)
        {
            buffer.Current.IsWrapped = false;
            buffer.Y--;
            buffer.X = Cols - 1;
            if (buffer.Current.Width(buffer.X) != 0 && buffer.Current.IsBlank(buffer.X))
            {
                buffer.X--;
            }
        }

        Restrict(Cols - 1);
    }

    /// <summary>Brings the cursor back to where it may be.</summary>
    internal void Restrict(int mostX)
    {
        Active.X = Math.Clamp(Active.X, 0, mostX);
        Active.Y = _modes.Origin ? Math.Clamp(Active.Y, Active.Top, Active.Bottom) : Math.Clamp(Active.Y, 0, Rows - 1);
    }

    internal void SetCursor(int x, int y)
    {
        Active.X = x;
        Active.Y = _modes.Origin ? Active.Top + Math.Min(y, Rows) : y;
        Restrict(Cols - 1);
    }

    internal void MoveCursor(int x, int y)
    {
        Restrict(Cols - 1);
        SetCursor((int)Math.Min((long)Active.X + x, Cols), (int)Math.Min((long)Active.Y + y, Rows));
    }

    internal void SaveCursor()
    {
        Active.SavedX = Active.X;
        Active.SavedY = Active.Base + Active.Y;
        Active.SavedPen = _pen;
        Active.SavedCharset = _charset;
    }

    internal void RestoreCursor()
    {
        Active.X = Active.SavedX;
        Active.Y = Math.Max(Active.SavedY - Active.Base, 0);
        _pen.Foreground = Active.SavedPen.Foreground;
        _pen.Background = Active.SavedPen.Background;
        _charset = Active.SavedCharset;
        Restrict(Cols - 1);
    }

    internal void SelectCharset(int number, byte charset)
    {
        _charsets[number] = charset;
        if (_level == number)
        {
            _charset = charset;
        }
    }

    internal void SelectLevel(int level)
    {
        _level = level;
        _charset = _charsets[level];
    }

    internal void ShowAlternate(bool alternate)
    {
        if (alternate == (Active == Alternate))
        {
            return;
        }

        Work += (long)Cols * Rows;

        if (alternate)
        {
            Alternate.Reset(Blank);
            (Alternate.X, Alternate.Y) = (Normal.X, Normal.Y);
            Active = Alternate;
        }
        else
        {
            (Normal.X, Normal.Y) = (Alternate.X, Alternate.Y);
            Alternate.Reset(Cell.Erased(0));
            Active = Normal;
        }
    }

    internal void SoftReset()
    {
        HidesCursor = false;
        (Active.Top, Active.Bottom) = (0, Rows - 1);
        _pen = default;
        _modes = new ScreenModes();
        ResetCharsets();
        (Active.SavedX, Active.SavedY, Active.SavedPen, Active.SavedCharset) = (0, Active.Base, default, 0);
    }

    /// <summary>RIS, which in xterm.js leaves a hidden cursor hidden.</summary>
    internal void FullReset()
    {
        _pen = default;
        _modes = new ScreenModes();
        ResetCharsets();
        (Mouse, MouseEncoding) = (0, 0);
        Scrollback.Clear();
        Work += 2L * Cols * Rows;
        foreach (var buffer in (ReadOnlySpan<ScreenBuffer>)[Normal, Alternate])
        {
            buffer.Reset(Cell.Erased(0));
            buffer.Forget();
        }

        Active = Normal;
    }

    internal void SetTitle(ReadOnlySpan<byte> title)
    {
        var length = Math.Min(title.Length, MostTitle);
        while (length < title.Length && length > 0 && (title[length] & 0xC0) == 0x80)
        {
            length--;
        }

        Title = Encoding.UTF8.GetString(title[..length]);
    }

    internal void SetMargins(int top, int bottom)
    {
        if (bottom > top)
        {
            (Active.Top, Active.Bottom) = (top - 1, bottom - 1);
            SetCursor(0, 0);
        }
    }

    /// <summary>All kept rows will scroll away: rows that scroll meanwhile need not be printed.</summary>
    internal void Forward(int lines, bool isWrapped)
    {
        Scrollback.Clear();
        Work += (long)Cols * Rows;
        foreach (var row in Normal.Rows)
        {
            row.Clear(Blank);
            row.IsWrapped = isWrapped;
        }

        Normal.Y = Rows - 1;
        Normal.WentUp(lines);
    }

    private bool IsInMargins => Active.Y >= Active.Top && Active.Y <= Active.Bottom;

    private static (int Cols, int Rows) Bounded(int cols, int rows)
    {
        cols = Math.Clamp(cols, 2, MostCols);
        return (cols, Math.Clamp(rows, 1, MostCells / cols));
    }

    private void Scroll(bool isWrapped)
    {
        var buffer = Active;
        if (buffer == Normal && buffer.Top == 0)
        {
            Keep(buffer.Rows[0]);
            buffer.WentUp(1);
        }

        Shifts(buffer.Top, 1);
        buffer.ShiftUp(buffer.Top, buffer.Bottom, 1, Blank);
        buffer.Rows[buffer.Bottom].IsWrapped = isWrapped;
    }

    // Each row that goes is cleared, and all the others take another place.
    private void Shifts(int top, int count)
    {
        var rows = Active.Bottom - top + 1;
        Work += (long)Math.Min(count, rows) * (Cols + rows);
    }

    private void Keep(ScreenRow row)
    {
        Work += Cols;
        _gone.Clear();
        _writer.Write(_gone, row);
        Scrollback.Add(_gone.Written, RowWriter.JointOf(row));
    }

    private void ResetCharsets()
    {
        Array.Clear(_charsets);
        (_level, _charset) = (0, 0);
    }
}
