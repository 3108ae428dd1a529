namespace Sandbox.Terminals.Screens;

/// <summary>What <c>ESC</c> and one letter do, with what may stand between them.</summary>
internal static class EscapeDispatch
{
    public static void Run(TerminalScreen screen, uint id)
    {
        switch (id)
        {
            case '7':
                screen.SaveCursor();
                break;
            case '8':
                screen.RestoreCursor();
                break;
            case 'D':
                screen.Index();
                break;
            case 'E':
                screen.Active.X = 0;
                screen.Index();
                break;
            case 'H':
                screen.Active.Tabs[screen.Active.X] = true;
                break;
            case 'M':
                screen.ReverseIndex();
                break;
            case '=':
                screen.Modes.ApplicationKeypad = true;
                break;
            case '>':
                screen.Modes.ApplicationKeypad = false;
                break;
            case 'c':
                screen.FullReset();
                break;
            case 'n' or '}':
                screen.SelectLevel(2);
                break;
            case 'o' or '|':
                screen.SelectLevel(3);
                break;
            case '~':
                screen.SelectLevel(1);
                break;
            case ('%' << 8) | '@' or ('%' << 8) | 'G':
                screen.SelectLevel(0);
                screen.SelectCharset(0, 0);
                break;
            case ('#' << 8) | '8':
                screen.Align();
                break;
            default:
                SelectCharset(screen, id);
                break;
        }
    }

    private static void SelectCharset(TerminalScreen screen, uint id)
    {
        var number = (id >> 8) switch
        {
            '(' => 0,
            ')' or '-' => 1,
            '*' or '.' => 2,
            '+' => 3,
            _ => -1,
        };
        var charset = (byte)id;
        if (number >= 0 && Charsets.IsKnown(charset))
        {
            screen.SelectCharset(number, charset == 'B' ? (byte)0 : charset);
        }
    }
}
