using Sandbox.Terminals.Marks;

namespace Sandbox.Web.Recordings;

/// <summary>
/// Takes the marks of a shell out of output, however that is cut into pieces: a mark tells the newest line of a history,
/// which may have been typed before the recording began, and what the terminal's marks are known by.
/// <code>
/// ESC ] 633 ; E ; export TOKEN=1 ; NONCE BEL
/// </code>
/// </summary>
internal sealed class MarkStripper
{
    private const byte Escape = 0x1b;

    // C1's end of a string, in UTF-8.
    private const byte EndFirst = 0xc2;
    private const byte EndSecond = 0x9c;

    private byte[] _kept = [];
    private int _length;
    private MarkPhase _phase;
    private int _matched;
    private long _begun;
    private byte _last;

    private enum MarkPhase
    {
        Text,
        Begin,
        Mark,
        MarkEnding,
        MarkEscaped,
    }

    /// <summary>Bytes of a mark that has only begun: given, and neither kept nor taken out. None of what is longer than any mark.</summary>
    public int Begun => _begun > MarkReader.LongestMark ? 0 : (int)_begun;

    private static ReadOnlySpan<byte> Beginning => "\e]633;"u8;

    /// <summary>Output was lost: what had begun has no end.</summary>
    public void Skip() => (_phase, _begun) = (MarkPhase.Text, 0);

    /// <summary>What is kept of these bytes, until it is asked again.</summary>
    public ReadOnlySpan<byte> Strip(ReadOnlySpan<byte> data)
    {
        if (_phase == MarkPhase.Text && !data.Contains(Escape))
        {
            _last = data.IsEmpty ? _last : data[^1];
            return data;
        }

        // what had begun may turn out to be none, and two bytes may stand for a mark
        _length = 0;
        var most = (2 * data.Length) + Beginning.Length;
        _kept = _kept.Length < most ? new byte[most] : _kept;
        foreach (var value in data)
        {
            Step(value);
        }

        return _kept.AsSpan(0, _length);
    }

    private void Step(byte value)
    {
        _begun++;
        switch (_phase)
        {
            case MarkPhase.Begin when value == Beginning[_matched]:
                if (++_matched == Beginning.Length)
                {
                    _phase = MarkPhase.Mark;
                    Part();
                }

                break;
            case MarkPhase.Begin:
                // of two escapes the first is nothing, and would make one with what follows the mark
                Keep(Beginning[..(_matched == 1 && value == Escape ? 0 : _matched)]);
                Text(value);
                break;
            case MarkPhase.MarkEscaped when value == '\\':
            case MarkPhase.MarkEnding when value == EndSecond:
                Text();
                break;
            case MarkPhase.MarkEscaped:
                // broken off by a sequence that began at the escape
                Text(Escape);
                Step(value);
                break;
            case MarkPhase.Mark or MarkPhase.MarkEnding:
                switch (value)
                {
                    case 0x07 or 0x18 or 0x1a:
                        Text();
                        break;
                    default:
                        _phase = value switch { Escape => MarkPhase.MarkEscaped, EndFirst => MarkPhase.MarkEnding, _ => MarkPhase.Mark };
                        break;
                }

                break;
            default:
                Text(value);
                break;
        }
    }

    private void Text() => (_phase, _begun) = (MarkPhase.Text, 0);

    private void Text(byte value)
    {
        Text();
        if (value == Escape)
        {
            (_phase, _matched, _begun) = (MarkPhase.Begin, 1, 1);
        }
        else
        {
            Keep([value]);
        }
    }

    // A character that a mark broke off is not made whole by what follows it.
    private void Part()
    {
        if (_last >= 0x80)
        {
            Keep("\e\\"u8);
        }
    }

    private void Keep(ReadOnlySpan<byte> values)
    {
        values.CopyTo(_kept.AsSpan(_length));
        _length += values.Length;
        _last = values.IsEmpty ? _last : values[^1];
    }
}
