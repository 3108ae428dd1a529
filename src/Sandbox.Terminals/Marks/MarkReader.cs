using System.Text;

namespace Sandbox.Terminals.Marks;

/// <summary>
/// Finds the marks of a shell in a terminal's output, however it is cut into pieces. Any program in a terminal can
/// print marks, so only those count that hold the nonce which its shell was given:
/// <code>
/// ESC ] 633 ; E ; make\x3b true ; NONCE BEL      the line that was entered
/// ESC ] 633 ; C ; NONCE BEL                      it runs from here
/// ESC ] 633 ; D ; 2 ; NONCE BEL                  it is over
/// </code>
/// Output without escapes is only searched for them. Its memory is bounded for any output.
/// </summary>
public sealed class MarkReader
{
    /// <summary>The longest mark that is read, without what frames it.</summary>
    public const int LongestMark = 9 * 1024;

    /// <summary>The longest text in one, in characters.</summary>
    public const int LongestText = 4096;

    private const byte Escape = 0x1b;
    private const byte Bell = 0x07;

    private readonly byte[] _nonce;
    private byte[] _mark = [];
    private int _count;
    private ulong _begin;
    private State _state;

    // Enter is looked for; whether anything was typed before it, and the two bytes before this one.
    private bool _isWatching;
    private bool _isTyped;
    private int _before;

    /// <param name="nonce">What a mark must hold to count.</param>
    public MarkReader(string nonce)
    {
        ArgumentException.ThrowIfNullOrEmpty(nonce);
        _nonce = Encoding.ASCII.GetBytes(nonce);
    }

    private enum State
    {
        Text,
        Escaped,
        Control,
        Prefix,
        Mark,
        MarkEscaped,
        Other,
    }

    private static ReadOnlySpan<byte> Prefix => "633;"u8;

    /// <summary>How many bytes were read.</summary>
    public ulong Position { get; private set; }

    /// <summary>
    /// Looks for Enter too, once: for a line break after something typed. A shell without a mark for the start of a
    /// command gives no better sign.
    /// </summary>
    /// <param name="typed">Whether something was typed already.</param>
    public void Watch(bool typed) => (_isWatching, _isTyped, _before) = (true, typed, 0);

    /// <summary>Goes on at an offset further on; what lay between is lost.</summary>
    public void Skip(ulong to)
    {
        if (to != Position)
        {
            (Position, _state, _count, _isWatching) = (to, State.Text, 0, false);
        }
    }

    /// <summary>Reads up to the end of the next mark, and takes what was read off the bytes. False when they are all read.</summary>
    public bool TryRead(ref ReadOnlySpan<byte> bytes, out ShellMark mark)
    {
        while (!bytes.IsEmpty)
        {
            var read = Step(bytes, out mark);
            Position += (ulong)read;
            bytes = bytes[read..];
            if (mark.Kind != 0)
            {
                return true;
            }
        }

        mark = default;
        return false;
    }

    // Reads at least one byte.
    private int Step(ReadOnlySpan<byte> bytes, out ShellMark mark)
    {
        mark = default;
        var first = bytes[0];
        switch (_state)
        {
            case State.Text:
                return ReadText(bytes, out mark);
            case State.Escaped:
                _state = first switch
                {
                    (byte)']' => State.Prefix,
                    (byte)'[' => State.Control,
                    Escape => State.Escaped,
                    _ => State.Text,
                };
                _begin = first == Escape ? Position : _begin;
                _count = 0;
                return 1;
            case State.Control:
                // CSI ends with a letter; only a watch has to know.
                _state = first == Escape ? Begin(0) : first is >= 0x40 and < 0x7f ? State.Text : State.Control;
                return 1;
            case State.Prefix:
                _state = first == Prefix[_count] ? (++_count == Prefix.Length ? State.Mark : State.Prefix) : first == Escape ? Begin(0) : first == Bell ? State.Text : State.Other;
                _count = _state == State.Mark ? 0 : _count;
                return 1;
            case State.Mark:
                return ReadMark(bytes, out mark);
            case State.MarkEscaped:
                if (first == (byte)'\\')
                {
                    mark = Take(Position + 1);
                    _state = State.Text;
                    return 1;
                }

                // Broken off by a sequence that began at the escape.
                _begin = Position - 1;
                _state = State.Escaped;
                return Step(bytes, out mark);
            default:
                var end = bytes.IndexOfAny(Bell, Escape);
                _state = end < 0 ? State.Other : bytes[end] == Bell ? State.Text : Begin(end);
                return end < 0 ? bytes.Length : end + 1;
        }
    }

    private State Begin(int at)
    {
        _begin = Position + (ulong)at;
        return State.Escaped;
    }

    private int ReadText(ReadOnlySpan<byte> bytes, out ShellMark mark)
    {
        mark = default;
        var escape = bytes.IndexOf(Escape);
        var length = escape < 0 ? bytes.Length : escape;
        for (var i = 0; _isWatching && i < length; i++)
        {
            // A busybox breaks a line that is too long with two returns; Enter comes with one.
            if (bytes[i] == (byte)'\n' && _isTyped && _before != 0x0d0d)
            {
                _isWatching = false;
                var end = Position + (ulong)i + 1;
                mark = new ShellMark(ShellMarks.Entered, end - 1, end, "", false);
                return i + 1;
            }

            _isTyped |= bytes[i] is > (byte)' ' and not 0x7f;
            _before = ((_before << 8) | bytes[i]) & 0xffff;
        }

        if (escape < 0)
        {
            return length;
        }

        _state = Begin(escape);
        return escape + 1;
    }

    private int ReadMark(ReadOnlySpan<byte> bytes, out ShellMark mark)
    {
        mark = default;
        var end = bytes.IndexOfAny("\a\e\x18\x1a"u8);
        var length = end < 0 ? bytes.Length : end;
        if (length > LongestMark - _count)
        {
            _state = State.Other;
            return Math.Max(1, LongestMark - _count);
        }

        if (_mark.Length == 0)
        {
            _mark = new byte[LongestMark];
        }

        bytes[..length].CopyTo(_mark.AsSpan(_count));
        _count += length;
        if (end < 0)
        {
            return length;
        }

        switch (bytes[end])
        {
            case Bell:
                mark = Take(Position + (ulong)end + 1);
                _state = State.Text;
                break;
            case Escape:
                _state = State.MarkEscaped;
                break;
            default:
                _state = State.Text;
                break;
        }

        return end + 1;
    }

    private ShellMark Take(ulong end)
    {
        var rest = (ReadOnlySpan<byte>)_mark.AsSpan(0, _count);
        var kind = Field(ref rest);
        if (kind.Length != 1)
        {
            return default;
        }

        var text = default(ReadOnlySpan<byte>);
        switch (kind[0])
        {
            case ShellMarks.Prompt or ShellMarks.Input or ShellMarks.Output:
                break;
            case ShellMarks.Done or ShellMarks.Line or ShellMarks.More or ShellMarks.Property:
                text = Field(ref rest);
                break;
            default:
                return default;
        }

        if (!Field(ref rest).SequenceEqual(_nonce))
        {
            return default;
        }

        var decoded = Decode(text);
        var isLong = decoded.Length > LongestText;
        return new ShellMark(kind[0], _begin, end, isLong ? decoded[..LongestText] : decoded, isLong || Field(ref rest).SequenceEqual("cut"u8));
    }

    private static ReadOnlySpan<byte> Field(scoped ref ReadOnlySpan<byte> rest)
    {
        var end = rest.IndexOf((byte)';');
        var field = end < 0 ? rest : rest[..end];
        rest = end < 0 ? default : rest[(end + 1)..];
        return field;
    }

    /// <summary><c>\\</c> and <c>\xAB</c> stand for what would end the text.</summary>
    private static string Decode(ReadOnlySpan<byte> text)
    {
        if (!text.Contains((byte)'\\'))
        {
            return Encoding.UTF8.GetString(text);
        }

        var plain = new byte[text.Length];
        var count = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 1 < text.Length)
            {
                i++;
                if (text[i] == 'x' && i + 2 < text.Length && byte.TryParse(text.Slice(i + 1, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out var code))
                {
                    plain[count++] = code;
                    i += 2;
                    continue;
                }
            }

            plain[count++] = text[i];
        }

        return Encoding.UTF8.GetString(plain.AsSpan(0, count));
    }
}
