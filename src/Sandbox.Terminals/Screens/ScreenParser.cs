namespace Sandbox.Terminals.Screens;

/// <summary>Takes output apart: UTF-8 as xterm.js reads it, then its states and transitions, see <see cref="ParserTable"/>.</summary>
internal sealed class ScreenParser(TerminalScreen screen)
{
    /// <summary>No title is longer, and of what is no title only the number is wanted.</summary>
    private const int MostOsc = 2048;

    private const int MostBegun = 4096;
    private const int ByteOrderMark = 0xFEFF;

    private readonly ControlParameters _parameters = new();
    private readonly ByteSink _osc = new();
    private readonly ByteSink _begun = new();
    private ParserState _state;
    private uint _collected;

    // A character that has only begun.
    private int _code;
    private int _missing;
    private int _length;

    /// <summary>Takes bytes. False when the screen's work came to more than so much before they were all taken.</summary>
    public bool Feed(ReadOnlySpan<byte> data, long mostWork)
    {
        if (_state == ParserState.Ground && _missing == 0)
        {
            data = data[PlainLines.Skip(screen, data)..];
        }

        while (!data.IsEmpty)
        {
            if (screen.Work > mostWork)
            {
                return false;
            }

            if (_missing == 0 && data[0] < 0x80)
            {
                var run = Run(data);
                if (run > 0)
                {
                    data = data[run..];
                    continue;
                }

                if (_state == ParserState.Ground && data[0] < 0x1B)
                {
                    Execute(data[0]);
                }
                else
                {
                    Step(data[0]);
                }
            }
            else
            {
                Decode(data[0]);
            }

            data = data[1..];
        }

        return screen.Work <= mostWork;
    }

    /// <summary>Writes what has begun and is not over, so that its rest finds its beginning.</summary>
    public void WriteBegun(ByteSink sink)
    {
        if (_begun.Length <= MostBegun)
        {
            sink.Add(_begun.Written);
        }
        else
        {
            // Too long to be kept: the rest is taken for one of the same kind that nobody minds.
            sink.Add(_state switch
            {
                ParserState.OscString => "\e]7771;"u8,
                ParserState.IgnoredString => "\eX"u8,
                >= ParserState.DcsEntry => "\eP~"u8,
                ParserState.EscapeIntermediate => "\e "u8,
                _ => "\e[0<"u8,
            });
        }

        // The character's first bytes, made again from what is known of it.
        if (_missing > 0)
        {
            var known = _length - _missing;
            sink.Add((byte)((0xFF00 >> _length & 0xFF) | (_code >> (6 * (known - 1)))));
            for (var i = known - 2; i >= 0; i--)
            {
                sink.Add((byte)(0x80 | ((_code >> (6 * i)) & 0x3F)));
            }
        }
    }

    // A run of what is the same to the state.
    private int Run(ReadOnlySpan<byte> data)
    {
        switch (_state)
        {
            case ParserState.Ground:
                var printed = data.IndexOfAnyExceptInRange((byte)0x20, (byte)0x7E);
                printed = printed < 0 ? data.Length : printed;
                if (printed > 0)
                {
                    screen.PrintAscii(data[..printed]);
                }

                return printed;
            case ParserState.OscString:
                var put = data.IndexOfAnyExceptInRange((byte)0x20, (byte)0x7F);
                put = put < 0 ? data.Length : put;
                PutOsc(data[..put]);
                Begin(data[..put]);
                return put;
            case ParserState.DcsPassthrough or ParserState.IgnoredString or ParserState.DcsIgnore:
                var ignored = data.IndexOfAnyExceptInRange((byte)0x20, (byte)0x7E);
                ignored = ignored < 0 ? data.Length : ignored;
                Begin(data[..ignored]);
                return ignored;
            default:
                return 0;
        }
    }

    private void Decode(byte next)
    {
        if (_missing > 0)
        {
            if ((next & 0xC0) == 0x80)
            {
                _code = (_code << 6) | (next & 0x3F);
                if (--_missing == 0 && IsWhole())
                {
                    Step(_code);
                }

                return;
            }

            _missing = 0;
        }

        if (next < 0x80)
        {
            Step(next);
        }
        else if (next is >= 0xC0 and < 0xF8)
        {
            _length = next < 0xE0 ? 2 : next < 0xF0 ? 3 : 4;
            _missing = _length - 1;
            _code = next & (0x7F >> _length);
        }
    }

    private bool IsWhole() => _length switch
    {
        2 => _code >= 0x80,
        3 => _code >= 0x800 && _code is not (>= 0xD800 and <= 0xDFFF or ByteOrderMark),
        _ => _code is >= 0x10000 and <= 0x10FFFF,
    };

    private void Step(int code)
    {
        var (action, next) = ParserTable.Step(_state, code);
        switch (action)
        {
            case ParserAction.Print:
                screen.Print(code);
                break;
            case ParserAction.Execute:
                Execute(code);
                break;
            case ParserAction.Clear:
                Clear();
                break;
            case ParserAction.Collect:
                _collected = (_collected << 8) | (uint)code;
                break;
            case ParserAction.Parameter:
                _parameters.Take(code);
                break;
            case ParserAction.CsiDispatch:
                CsiDispatch.Run(screen, (_collected << 8) | (uint)code, _parameters);
                screen.Interrupt();
                break;
            case ParserAction.EscapeDispatch:
                EscapeDispatch.Run(screen, (_collected << 8) | (uint)code);
                screen.Interrupt();
                break;
            case ParserAction.OscStart:
                _osc.Clear();
                break;
            case ParserAction.OscPut:
                Span<byte> encoded = stackalloc byte[4];
                PutOsc(encoded[..new System.Text.Rune(code).EncodeToUtf8(encoded)]);
                break;
            case ParserAction.OscEnd or ParserAction.DcsUnhook:
                if (action == ParserAction.OscEnd && code is not (0x18 or 0x1A))
                {
                    EndOsc();
                }

                next = code == 0x1B ? ParserState.Escape : next;
                Clear();
                screen.Interrupt();
                break;
            default:
                break;
        }

        _state = next;
        if (next == ParserState.Ground)
        {
            _begun.Clear();
            return;
        }

        if (code is 0x1B or >= 0x80 and < ParserTable.NotAscii)
        {
            _begun.Clear();
        }

        if (action != ParserAction.Execute && _begun.Length <= MostBegun)
        {
            _begun.AddCode(code);
        }
    }

    private void Begin(ReadOnlySpan<byte> more)
    {
        if (_begun.Length <= MostBegun)
        {
            _begun.Add(more[..Math.Min(more.Length, MostBegun + 1)]);
        }
    }

    private void Execute(int code)
    {
        switch (code)
        {
            case '\b':
                screen.Backspace();
                break;
            case '\t':
                if (screen.Active.X < screen.Cols)
                {
                    // without stops it goes over all columns
                    screen.Work += screen.Cols / 8;
                    screen.Active.X = screen.Active.NextTab(screen.Active.X);
                }

                break;
            case '\n' or '\v' or '\f':
                screen.LineFeed();
                break;
            case '\r':
                screen.Active.X = 0;
                break;
            case 0x0E:
                screen.SelectLevel(1);
                break;
            case 0x0F:
                screen.SelectLevel(0);
                break;
            case 0x84:
                screen.Index();
                break;
            case 0x85:
                screen.Active.X = 0;
                screen.Index();
                break;
            case 0x88:
                screen.Active.Tabs[screen.Active.X] = true;
                break;
            default:
                break;
        }

        screen.Interrupt();
    }

    private void Clear()
    {
        _parameters.Reset();
        _collected = 0;
    }

    private void PutOsc(ReadOnlySpan<byte> more) => _osc.Add(more[..Math.Min(more.Length, MostOsc - _osc.Length)]);

    // 0;title or 2;title
    private void EndOsc()
    {
        var osc = _osc.Written;
        var number = osc.IndexOf((byte)';');
        var id = number < 0 ? osc : osc[..number];
        if (id.TrimStart((byte)'0') is [] or [(byte)'2'] && !id.IsEmpty)
        {
            screen.SetTitle(number < 0 ? [] : osc[(number + 1)..]);
        }
    }
}
