namespace Sandbox.Terminals.Screens;

/// <summary>What control sequences do that begin with <c>CSI</c>. What only asks the terminal something does nothing here.</summary>
internal static class CsiDispatch
{
    private const uint Private = '?' << 8;
    private const uint Space = ' ' << 8;
    private const uint Quote = '\'' << 8;

    public static void Run(TerminalScreen screen, uint id, ControlParameters parameters)
    {
        var buffer = screen.Active;
        var count = parameters.Least1;
        switch (id)
        {
            case '@':
                screen.InsertCharacters(count);
                break;
            case 'A':
                Up(screen, count);
                break;
            case 'B' or 'e':
                Down(screen, count, id == 'B');
                break;
            case 'C' or 'a':
                screen.MoveCursor(count, 0);
                break;
            case 'D':
                screen.MoveCursor(-count, 0);
                break;
            case 'E':
                Down(screen, count, stops: true);
                buffer.X = 0;
                break;
            case 'F':
                Up(screen, count);
                buffer.X = 0;
                break;
            case 'G' or '`':
                screen.SetCursor(count - 1, buffer.Y);
                break;
            case 'H' or 'f':
                screen.SetCursor(Math.Max(parameters[1], 1) - 1, count - 1);
                break;
            case 'I' or 'Z':
                screen.Work += 2 * screen.Cols;
                Tab(buffer, screen.Cols, count, id == 'I');
                break;
            case 'J' or Private | 'J':
                screen.EraseInDisplay(parameters[0]);
                break;
            case 'K' or Private | 'K':
                screen.EraseInLine(parameters[0]);
                break;
            case 'L' or 'M':
                screen.ShiftLines(count, up: id == 'M');
                break;
            case 'P':
                screen.DeleteCharacters(count);
                break;
            case 'S':
                screen.ScrollUp(count);
                break;
            case 'T':
                screen.ScrollDown(count);
                break;
            case 'X':
                screen.EraseCharacters(count);
                break;
            case 'b':
                screen.Repeat(count);
                break;
            case 'd':
                screen.SetCursor(buffer.X, count - 1);
                break;
            case 'g':
                ClearTabs(buffer, parameters[0]);
                break;
            case 'h' or 'l':
                Ansi(screen, parameters, id == 'h');
                break;
            case Private | 'h' or Private | 'l':
                for (var i = 0; i < parameters.Count; i++)
                {
                    Mode(screen, parameters[i], id == (Private | 'h'));
                }

                break;
            case 'm':
                SgrReader.Apply(parameters, ref screen.Pen);
                break;
            case 'r':
                var bottom = parameters.Count < 2 || parameters[1] > screen.Rows || parameters[1] == 0 ? screen.Rows : parameters[1];
                screen.SetMargins(count, bottom);
                break;
            case 's':
                screen.SaveCursor();
                break;
            case 'u':
                screen.RestoreCursor();
                break;
            case Space | '@':
                screen.ShiftColumns(0, count, inserts: false);
                break;
            case Space | 'A':
                screen.ShiftColumns(0, count, inserts: true);
                break;
            case Quote | '}':
                screen.ShiftColumns(buffer.X, count, inserts: true);
                break;
            case Quote | '~':
                screen.ShiftColumns(buffer.X, count, inserts: false);
                break;
            case Space | 'q':
                screen.Modes.CursorStyle = parameters[0] <= 6 ? parameters[0] : screen.Modes.CursorStyle;
                break;
            case ('!' << 8) | 'p':
                screen.SoftReset();
                break;
            default:
                break;
        }
    }

    private static void Up(TerminalScreen screen, int count)
    {
        var room = screen.Active.Y - screen.Active.Top;
        screen.MoveCursor(0, -(room >= 0 ? Math.Min(room, count) : count));
    }

    private static void Down(TerminalScreen screen, int count, bool stops)
    {
        var room = screen.Active.Bottom - screen.Active.Y;
        screen.MoveCursor(0, stops && room >= 0 ? Math.Min(room, count) : count);
    }

    private static void Tab(ScreenBuffer buffer, int cols, int count, bool forward)
    {
        for (var i = 0; i < Math.Min(count, cols) && buffer.X < cols; i++)
        {
            buffer.X = forward ? buffer.NextTab(buffer.X) : buffer.PreviousTab(buffer.X);
        }
    }

    private static void ClearTabs(ScreenBuffer buffer, int what)
    {
        if (what == 0)
        {
            buffer.Tabs[buffer.X] = false;
        }
        else if (what == 3)
        {
            Array.Clear(buffer.Tabs);
        }
    }

    private static void Ansi(TerminalScreen screen, ControlParameters parameters, bool on)
    {
        for (var i = 0; i < parameters.Count; i++)
        {
            if (parameters[i] == 4)
            {
                screen.Modes.Inserts = on;
            }
            else if (parameters[i] == 20)
            {
                screen.ReturnsOnFeed = on;
            }
        }
    }

    private static void Mode(TerminalScreen screen, int mode, bool on)
    {
        switch (mode)
        {
            case 1:
                screen.Modes.ApplicationCursor = on;
                break;
            case 2 when on:
                for (var i = 0; i < 4; i++)
                {
                    screen.SelectCharset(i, 0);
                }

                break;
            case 6:
                screen.Modes.Origin = on;
                screen.SetCursor(0, 0);
                break;
            case 7:
                screen.Modes.Wraps = on;
                break;
            case 25:
                screen.HidesCursor = !on;
                break;
            case 45:
                screen.Modes.WrapsBack = on;
                break;
            case 66:
                screen.Modes.ApplicationKeypad = on;
                break;
            case 9 or 1000 or 1002 or 1003:
                screen.Mouse = on ? mode : 0;
                break;
            case 1006 or 1016:
                screen.MouseEncoding = on ? mode : 0;
                break;
            case 1004:
                screen.Modes.ReportsFocus = on;
                break;
            case 2004:
                screen.Modes.BracketsPaste = on;
                break;
            case 47 or 1047 or 1048 or 1049:
                Alternate(screen, mode, on);
                break;
            default:
                break;
        }
    }

    private static void Alternate(TerminalScreen screen, int mode, bool on)
    {
        if (on && mode >= 1048)
        {
            screen.SaveCursor();
        }

        if (mode != 1048)
        {
            screen.ShowAlternate(on);
        }

        if (!on && mode >= 1048)
        {
            screen.RestoreCursor();
        }
    }
}
