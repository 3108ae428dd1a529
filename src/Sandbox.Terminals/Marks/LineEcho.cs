using System.Runtime.InteropServices;
using System.Text;

namespace Sandbox.Terminals.Marks;

/// <summary>
/// What a terminal showed while the line of a command was typed. A shell tells its line by its history, also one that was
/// typed without echo and that nobody saw:
/// <code>
/// $ stty -echo
/// $                    export TOKEN=1 was typed here
/// </code>
/// </summary>
/// <remarks>
/// It is read in two ways, and neither knows a letter that was not printed: in the order of printing, in which a line is
/// found however it wrapped, and as the editing of the line left it, in which one with corrections is found. A line that
/// was moved about in other ways is in neither. What is kept is bounded: of more than that nothing is known.
/// </remarks>
public sealed class LineEcho
{
    private const int Most = 16 * 1024;
    private const int MostMoved = 16 * Most;
    private const int MostMovedAtOnce = 1000;

    private static readonly string Spaces = new(' ', MostMovedAtOnce);

    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    // Letters without spaces; and lines with them, of which the last one begins at _start.
    private readonly List<char> _printed = [];
    private readonly List<char> _lines = [];
    private readonly EscapeReader _escapes = new();
    private int _start;
    private int _column;

    // Letters that editing moved: a few bytes move a whole line.
    private int _moved;

    /// <summary>Whether what comes next may be part of a line.</summary>
    public bool IsOpen { get; private set; } = true;

    /// <summary>A line may be typed from here on; nothing was shown of it yet.</summary>
    public void Begin()
    {
        Clear();
        IsOpen = true;
    }

    /// <summary>The line was entered.</summary>
    public void End() => IsOpen = false;

    /// <summary>Forgets what was shown.</summary>
    public void Clear()
    {
        _decoder.Reset();
        _printed.Clear();
        _lines.Clear();
        _escapes.Reset();
        (_start, _column, _moved) = (0, 0, 0);
    }

    /// <summary>Reads on.</summary>
    public void Read(ReadOnlySpan<byte> bytes)
    {
        Span<char> letters = stackalloc char[256];
        while (IsOpen && !bytes.IsEmpty)
        {
            _decoder.Convert(bytes, letters, flush: false, out var read, out var count, out _);
            bytes = bytes[read..];
            foreach (var letter in letters[..count])
            {
                Step(letter);
            }

            if (_printed.Count > Most || _lines.Count > Most || _moved > MostMoved)
            {
                Clear();
                End();
            }
        }
    }

    /// <summary>Whether all of this was shown; spaces do not count.</summary>
    public bool Shows(string text)
    {
        var letters = Letters(text);
        return letters.Length > 0 && _printed.Count >= letters.Length
            && (CollectionsMarshal.AsSpan(_printed).IndexOf(letters) >= 0 || Letters(_lines).AsSpan().IndexOf(letters) >= 0);
    }

    private static string Letters(IEnumerable<char> text) => new([.. text.Where(static letter => !char.IsWhiteSpace(letter))]);

    // What a mark holds was not shown.
    private void Step(char letter)
    {
        switch (_escapes.Read(letter))
        {
            case EscapeReader.Part.Text:
                Text(letter);
                break;
            case EscapeReader.Part.Control:
                Control(letter);
                break;
        }
    }

    private void Text(char letter)
    {
        switch (letter)
        {
            case '\n':
                _lines.Add('\n');
                (_start, _column) = (_lines.Count, 0);
                break;
            case '\r':
                _column = 0;
                break;
            case '\b':
                _column = Math.Max(0, _column - 1);
                break;
            case var _ when !char.IsControl(letter):
                Put(letter);
                break;
        }
    }

    private void Put(char letter)
    {
        if (!char.IsWhiteSpace(letter))
        {
            _printed.Add(letter);
        }

        var at = _start + _column++;
        if (at >= _lines.Count)
        {
            var begin = _lines.Count;
            CollectionsMarshal.SetCount(_lines, at + 1);
            CollectionsMarshal.AsSpan(_lines)[begin..].Fill(' ');
        }

        _lines[at] = letter;
    }

    private void Control(char final)
    {
        var count = _escapes.CountUpTo(MostMovedAtOnce);
        var at = Math.Min(_start + _column, _lines.Count);
        var rest = _lines.Count - at;
        switch (final)
        {
            case 'K' or 'J' when _escapes.Parameters is "" or "0":
                _lines.RemoveRange(at, rest);
                break;
            case 'C':
                _column = Math.Min(Most, _column + count);
                break;
            case 'D':
                _column = Math.Max(0, _column - count);
                break;
            case 'G':
                _column = count - 1;
                break;
            case 'P':
                _moved += rest;
                _lines.RemoveRange(at, Math.Min(count, rest));
                break;
            case '@':
                _moved += rest;
                _lines.InsertRange(at, Spaces.AsSpan(0, count));
                break;
        }
    }
}
