using System.Text;

namespace Sandbox.Web.Recordings;

/// <summary>
/// Reads a terminal's output as lines of plain text: what a line looked like when it was left. Escape sequences
/// (ECMA-48) go, and so does the alternate screen, on which programs like vim paint.
/// </summary>
internal sealed class PlainText
{
    private const int MostLine = 16 * 1024;
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

    /// <summary>Adds the lines that this stretch of output ends.</summary>
    public void Read(string output, StringBuilder lines)
    {
        foreach (var letter in output)
        {
            switch (_state)
            {
                case State.Text:
                    Text(letter, lines);
                    break;
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
        }
    }

    /// <summary>The line that was not ended.</summary>
    public void End(StringBuilder lines)
    {
        if (_line.Length > 0)
        {
            EndLine(lines);
        }
    }

    private void Text(char letter, StringBuilder lines)
    {
        switch (letter)
        {
            case '\x1b':
                _state = State.Escape;
                break;
            case '\n' when !_isAlternate:
                EndLine(lines);
                break;
            case '\r':
                _column = 0;
                break;
            case '\b':
                _column = Math.Max(0, _column - 1);
                break;
            case '\t' when !_isAlternate:
                Put('\t');
                break;
            default:
                if (!_isAlternate && !char.IsControl(letter))
                {
                    Put(letter);
                    if (_line.Length >= MostLine)
                    {
                        EndLine(lines);
                    }
                }

                break;
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

    private void EndLine(StringBuilder lines)
    {
        lines.Append(_line.ToString().TrimEnd()).Append('\n');
        _line.Clear();
        _column = 0;
    }
}
