using System.Text;

namespace Sandbox.Web.Recordings;

/// <summary>
/// Finds the commands in a terminal's output by the marks its shell prints around them: OSC 133
/// (https://gitlab.freedesktop.org/Per_Bothner/specifications/-/blob/master/proposals/semantic-prompts.md) and OSC 633
/// (https://code.visualstudio.com/docs/terminal/shell-integration):
/// <code>
/// ESC ] 633 ; E ; make\x3b true ; NONCE BEL      the line that was entered
/// ESC ] 133 ; C BEL                              it runs from here
/// </code>
/// A program may print them too; then its recording has a mark more.
/// </summary>
internal sealed class OutputMarks
{
    private const int MostCommand = 4096;
    private const int MostLabel = 200;

    private readonly StringBuilder _command = new();
    private State _state;
    private string? _entered;

    private enum State
    {
        Text,
        Escape,
        Command,
        CommandEscape,
    }

    /// <summary>The commands that begin to run in this stretch of the output.</summary>
    public IReadOnlyList<string> Read(string text)
    {
        List<string>? found = null;
        foreach (var letter in text)
        {
            switch (_state)
            {
                case State.Text when letter == '\x1b':
                    _state = State.Escape;
                    break;
                case State.Text:
                    break;
                case State.Escape:
                    _state = letter == ']' ? State.Command : letter == '\x1b' ? State.Escape : State.Text;
                    _command.Clear();
                    break;
                case State.Command when letter == '\x1b':
                    _state = State.CommandEscape;
                    break;
                case State.Command when letter == '\a':
                case State.CommandEscape when letter == '\\':
                    _state = State.Text;
                    if (Take(_command.ToString()) is { } label)
                    {
                        (found ??= []).Add(label);
                    }

                    break;
                case State.CommandEscape:
                    // Broken off; perhaps another one begins here.
                    _state = letter == ']' ? State.Command : State.Text;
                    _command.Clear();
                    break;
                default:
                    if (letter is '\x18' or '\x1a' || _command.Length >= MostCommand)
                    {
                        _state = State.Text;
                        break;
                    }

                    _command.Append(letter);
                    break;
            }
        }

        return found ?? (IReadOnlyList<string>)[];
    }

    private string? Take(string command)
    {
        var is633 = command.StartsWith("633;", StringComparison.Ordinal);
        if (!is633 && !command.StartsWith("133;", StringComparison.Ordinal))
        {
            return null;
        }

        var parts = command.Split(';');
        switch (parts[1])
        {
            case "E" when is633 && parts.Length > 2:
                _entered = Label(Unescape(parts[2]));
                return null;
            case "C":
                var label = _entered is { Length: > 0 } ? _entered : "Command";
                _entered = null;
                return label;
            default:
                return null;
        }
    }

    /// <summary><c>\\</c> and <c>\xAB</c>, as OSC 633 writes what would end it.</summary>
    private static string Unescape(string text)
    {
        var plain = new StringBuilder(text.Length);
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '\\' && at + 1 < text.Length)
            {
                if (text[at + 1] == 'x' && at + 3 < text.Length && byte.TryParse(text.AsSpan(at + 2, 2), System.Globalization.NumberStyles.AllowHexSpecifier, provider: null, out var code))
                {
                    plain.Append((char)code);
                    at += 3;
                    continue;
                }

                at++;
            }

            plain.Append(text[at]);
        }

        return plain.ToString();
    }

    private static string Label(string text)
    {
        var line = string.Join(' ', text.Split(['\r', '\n', '\t', ' '], StringSplitOptions.RemoveEmptyEntries));
        var clean = new string([.. line.Where(letter => !char.IsControl(letter))]);
        return clean.Length <= MostLabel ? clean : clean[..(char.IsHighSurrogate(clean[MostLabel - 1]) ? MostLabel - 1 : MostLabel)];
    }
}
