using System.Buffers;
using System.Text;
using Sandbox.Terminals.Marks;

namespace Sandbox.Web.Recordings;

/// <summary>
/// Reads a terminal's output as lines of plain text: what a line looked like when it was left. Escape sequences
/// (ECMA-48) go, and so does the alternate screen, on which programs like vim paint.
/// </summary>
/// <remarks>
/// A hundred bytes of output can make a line of 16 KiB, so the caller has to send lines away in between.
/// </remarks>
internal sealed class PlainText
{
    /// <summary>The longest line, in letters; what is longer goes on in the next one.</summary>
    public const int MostLine = 16 * 1024;

    /// <summary>Bytes of lines after which reading pauses; the last one may go beyond it.</summary>
    public const int MostAtOnce = 64 * 1024;

    private const int MostMovedAtOnce = 1000;

    private readonly StringBuilder _line = new();
    private readonly EscapeReader _escapes = new();
    private int _column;
    private bool _isAlternate;

    /// <summary>Writes the lines that this stretch of output ends: how much of it was read, and how many bytes were written for it.</summary>
    public (int Read, int Written) Read(ReadOnlySpan<char> output, IBufferWriter<byte> lines)
    {
        var written = 0;
        for (var at = 0; at < output.Length; at++)
        {
            if (Step(output[at]) && (written += EndLine(lines)) >= MostAtOnce)
            {
                return (at + 1, written);
            }
        }

        return (output.Length, written);
    }

    /// <summary>The line that was not ended.</summary>
    public int End(IBufferWriter<byte> lines) => _line.Length > 0 ? EndLine(lines) : 0;

    /// <summary>True when it ends the line.</summary>
    private bool Step(char letter)
    {
        switch (_escapes.Read(letter))
        {
            case EscapeReader.Part.Text:
                return Text(letter);
            case EscapeReader.Part.Control:
                Control(letter);
                return false;
            default:
                return false;
        }
    }

    private bool Text(char letter)
    {
        switch (letter)
        {
            case '\n' when !_isAlternate:
                return true;
            case '\r':
                _column = 0;
                return false;
            case '\b':
                _column = Math.Max(0, _column - 1);
                return false;
            case '\t' when !_isAlternate:
                Put('\t');
                return false;
            default:
                if (_isAlternate || char.IsControl(letter))
                {
                    return false;
                }

                Put(letter);
                return _line.Length >= MostLine;
        }
    }

    private void Put(char letter)
    {
        if (_column < _line.Length)
        {
            _line[_column] = letter;
        }
        else
        {
            _line.Append(' ', Math.Min(_column, MostLine) - _line.Length).Append(letter);
        }

        _column++;
    }

    private void Control(char final)
    {
        var count = _escapes.CountUpTo(MostMovedAtOnce);
        switch (final)
        {
            case 'K' when _escapes.Parameters is "" or "0":
                _line.Length = Math.Min(_line.Length, _column);
                break;
            case 'C':
                _column = Math.Min(MostLine - 1, _column + count);
                break;
            case 'D':
                _column = Math.Max(0, _column - count);
                break;
            case 'P' when _column < _line.Length:
                _line.Remove(_column, Math.Min(count, _line.Length - _column));
                break;
            case 'h' or 'l' when _escapes.Parameters is "?1049" or "?1047" or "?47":
                _isAlternate = final == 'h';
                break;
            default:
                break;
        }
    }

    private int EndLine(IBufferWriter<byte> lines)
    {
        var written = (int)Encoding.UTF8.GetBytes(_line.ToString().AsSpan().TrimEnd(), lines);
        lines.Write("\n"u8);
        _line.Clear();
        _column = 0;
        return written + 1;
    }
}
