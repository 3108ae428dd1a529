using System.Buffers;
using System.Text;

namespace Sandbox.Web.Recordings;

/// <summary>
/// Reads a terminal's output as lines of plain text: what a line looked like when it was left. Escape sequences
/// (ECMA-48) go, and so does the alternate screen, on which programs like vim paint.
/// </summary>
/// <remarks>
/// A hundred bytes of output can make a line of 16 KiB, so whoever reads output here has to send lines away in between.
/// </remarks>
internal sealed class PlainText
{
    /// <summary>The longest line, in letters; what is longer goes on in the next one.</summary>
    public const int MostLine = 16 * 1024;

    /// <summary>Bytes of lines after which reading pauses; the last one may go beyond it.</summary>
    public const int MostAtOnce = 64 * 1024;

    private const int MostParameters = 64;

    private readonly StringBuilder _line = new();
    private readonly StringBuilder _parameters = new();
    private State _state;
    private int _column;
    private bool _isAlternate;

    private enum State
    {
        Text,
        Escape,
        Charset,
        Control,
        Words,
        WordsEscape,
    }

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
        switch (_state)
        {
            case State.Text:
                return Text(letter);
            case State.Escape:
                _parameters.Clear();
                _state = letter switch
                {
                    '[' => State.Control,
                    ']' or 'P' or 'X' or '^' or '_' => State.Words,
                    '(' or ')' or '*' or '+' or '#' or '%' or ' ' => State.Charset,
                    '\x1b' => State.Escape,
                    _ => State.Text,
                };
                break;
            case State.Charset:
                _state = State.Text;
                break;
            case State.Control when letter is >= '@' and <= '~':
                Control(letter);
                _state = State.Text;
                break;
            case State.Control when letter == '\x1b':
                _state = State.Escape;
                break;
            case State.Control:
                if (_parameters.Length < MostParameters)
                {
                    _parameters.Append(letter);
                }

                break;
            case State.Words:
                _state = letter switch { '\a' or '\x18' or '\x1a' => State.Text, '\x1b' => State.WordsEscape, _ => State.Words };
                break;
            default:
                _state = letter == '\\' ? State.Text : State.Words;
                break;
        }

        return false;
    }

    private bool Text(char letter)
    {
        switch (letter)
        {
            case '\x1b':
                _state = State.Escape;
                return false;
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
        var parameters = _parameters.ToString();
        var count = int.TryParse(parameters, System.Globalization.NumberStyles.None, provider: null, out var given) ? Math.Clamp(given, 1, 1000) : 1;
        switch (final)
        {
            case 'K' when parameters is "" or "0":
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
            case 'h' or 'l' when parameters is "?1049" or "?1047" or "?47":
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
