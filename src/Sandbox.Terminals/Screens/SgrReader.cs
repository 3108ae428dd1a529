namespace Sandbox.Terminals.Screens;

/// <summary>Select Graphic Rendition (https://invisible-island.net/xterm/ctlseqs/ctlseqs.html, <c>CSI Pm m</c>), with xterm.js' readings of it.</summary>
internal static class SgrReader
{
    public static void Apply(ControlParameters parameters, ref Pen pen)
    {
        for (var i = 0; i < parameters.Count; i++)
        {
            var p = parameters[i];
            switch (p)
            {
                case 0:
                    pen.Foreground = 0;
                    pen.Background = 0;
                    pen.Extended &= ~(Cell.UnderlineStyle | Cell.Color);
                    break;
                case 1:
                    pen.Foreground |= Cell.Bold;
                    break;
                case 2:
                    pen.Background |= Cell.Dim;
                    break;
                case 3:
                    pen.Background |= Cell.Italic;
                    break;
                case 4:
                    Underline(ref pen, parameters.Subs(i) is [var style, ..] ? style : 1);
                    break;
                case 5:
                    pen.Foreground |= Cell.Blink;
                    break;
                case 7:
                    pen.Foreground |= Cell.Inverse;
                    break;
                case 8:
                    pen.Foreground |= Cell.Invisible;
                    break;
                case 9:
                    pen.Foreground |= Cell.Strikethrough;
                    break;
                case 21:
                    Underline(ref pen, 2);
                    break;
                case 22:
                    pen.Foreground &= ~Cell.Bold;
                    pen.Background &= ~Cell.Dim;
                    break;
                case 23:
                    pen.Background &= ~Cell.Italic;
                    break;
                case 24:
                    Underline(ref pen, 0);
                    break;
                case 25:
                    pen.Foreground &= ~Cell.Blink;
                    break;
                case 27:
                    pen.Foreground &= ~Cell.Inverse;
                    break;
                case 28:
                    pen.Foreground &= ~Cell.Invisible;
                    break;
                case 29:
                    pen.Foreground &= ~Cell.Strikethrough;
                    break;
                case >= 30 and <= 37:
                    pen.Foreground = Short(pen.Foreground, p - 30);
                    break;
                case >= 40 and <= 47:
                    pen.Background = Short(pen.Background, p - 40);
                    break;
                case >= 90 and <= 97:
                    pen.Foreground = Short(pen.Foreground, p - 90 + 8);
                    break;
                case >= 100 and <= 107:
                    pen.Background = Short(pen.Background, p - 100 + 8);
                    break;
                case 38 or 48 or 58:
                    i += Long(parameters, i, ref pen);
                    break;
                case 39:
                    pen.Foreground &= ~Cell.Color;
                    break;
                case 49:
                    pen.Background &= ~Cell.Color;
                    break;
                case 53:
                    pen.Background |= Cell.Overline;
                    break;
                case 55:
                    pen.Background &= ~Cell.Overline;
                    break;
                case 59:
                    pen.Extended |= Cell.Color;
                    Extend(ref pen);
                    break;
                default:
                    break;
            }
        }
    }

    private static uint Short(uint color, int index) => (color & ~(Cell.ColorMode | 0xFF)) | Cell.Palette16 | (uint)index;

    private static void Underline(ref Pen pen, int style)
    {
        style = style is < 0 or > 5 ? 1 : style;
        pen.Extended = (pen.Extended & ~Cell.UnderlineStyle) | ((uint)style << Cell.UnderlineShift);
        pen.Foreground = style == 0 ? pen.Foreground & ~Cell.Underline : pen.Foreground | Cell.Underline;
        Extend(ref pen);
    }

    private static void Extend(ref Pen pen) =>
        pen.Background = (pen.Extended & Cell.UnderlineStyle) == 0 ? pen.Background & ~Cell.IsExtended : pen.Background | Cell.IsExtended;

    // 38;5;n and 38;2;r;g;b, also with colons and then with a colour space before r. Returns how many more it took.
    private static int Long(ControlParameters parameters, int at, ref Pen pen)
    {
        Span<int> taken = [0, 0, -1, 0, 0, 0, 0, 0];
        const int Length = 6;
        var space = 0;
        var advance = 0;
        do
        {
            taken[advance + space] = parameters[at + advance];
            var subs = parameters.Subs(at + advance);
            if (!subs.IsEmpty)
            {
                for (var i = 0; i < subs.Length && (i == 0 || i + advance + 1 + space < Length); i++)
                {
                    space = taken[1] == 5 ? 1 : space;
                    taken[advance + i + 1 + space] = subs[i];
                }

                break;
            }

            if ((taken[1] == 5 && advance + space >= 2) || (taken[1] == 2 && advance + space >= 5))
            {
                break;
            }

            space = taken[1] != 0 ? 1 : space;
        }
        while (++advance + at < parameters.Count && advance + space < Length);

        for (var i = 2; i < Length; i++)
        {
            taken[i] = taken[i] == -1 ? 0 : taken[i];
        }

        ref var color = ref (taken[0] == 38 ? ref pen.Foreground : ref taken[0] == 48 ? ref pen.Background : ref pen.Extended);
        if (taken[1] == 2)
        {
            color = (color & ~Cell.RgbMask) | Cell.Rgb | (((uint)taken[3] & 0xFF) << 16) | (((uint)taken[4] & 0xFF) << 8) | ((uint)taken[5] & 0xFF);
        }
        else if (taken[1] == 5)
        {
            color = (color & ~(Cell.ColorMode | 0xFF)) | Cell.Palette256 | ((uint)taken[3] & 0xFF);
        }

        return advance;
    }
}
