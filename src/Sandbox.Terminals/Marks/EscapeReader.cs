using System.Text;

namespace Sandbox.Terminals.Marks;

/// <summary>
/// Tells the text of a terminal's output from its escape sequences (ECMA-48), letter by letter. As for
/// <see cref="MarkReader"/>, an escape begins anew wherever it stands, also in a string.
/// </summary>
public sealed class EscapeReader
{
    private const int MostParameters = 64;
    private const char Escape = '\e';

    private readonly StringBuilder _parameters = new();
    private State _state;

    private enum State
    {
        Text,
        Escaped,
        Charset,
        Control,
        Words,
    }

    /// <summary>What a letter is.</summary>
    public enum Part
    {
        /// <summary>One of a sequence that is not over, or that shows nothing.</summary>
        Hidden,

        /// <summary>Text, or a control character.</summary>
        Text,

        /// <summary>The last one of a control sequence, which it names.</summary>
        Control,
    }

    /// <summary>The parameters of the control sequence that ended last, at most 64 letters of them.</summary>
    public string Parameters => _parameters.ToString();

    /// <summary>The first and only parameter as a count, at least 1; also where there is none, or no number.</summary>
    public int CountUpTo(int most) =>
        int.TryParse(Parameters, System.Globalization.NumberStyles.None, provider: null, out var given) ? Math.Clamp(given, 1, most) : 1;

    /// <summary>Begins in plain text.</summary>
    public void Reset() => _state = State.Text;

    /// <summary>Reads on.</summary>
    public Part Read(char letter)
    {
        if (letter == Escape)
        {
            _state = State.Escaped;
            return Part.Hidden;
        }

        switch (_state)
        {
            case State.Text:
                return Part.Text;
            case State.Escaped:
                _parameters.Clear();
                _state = letter switch
                {
                    '[' => State.Control,
                    ']' or 'P' or 'X' or '^' or '_' => State.Words,
                    >= ' ' and <= '/' => State.Charset,
                    _ => State.Text,
                };
                break;
            case State.Charset:
                _state = letter is >= ' ' and <= '/' ? State.Charset : State.Text;
                break;
            case State.Words:
                _state = letter is '\a' or '\x18' or '\x1a' ? State.Text : State.Words;
                break;
            case State.Control when letter is >= '@' and <= '~':
                _state = State.Text;
                return Part.Control;
            case State.Control when _parameters.Length < MostParameters:
                _parameters.Append(letter);
                break;
        }

        return Part.Hidden;
    }
}
