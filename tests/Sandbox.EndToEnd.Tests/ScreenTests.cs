using System.Text;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>
/// Control sequences that programs draw with, after vttest and the xterm control sequences
/// (https://invisible-island.net/xterm/ctlseqs/ctlseqs.html): each goes through a real terminal of 80 columns and 24
/// rows, and the screen in the browser is read.
/// </summary>
public sealed class ScreenTests(Instance instance, Chromium chromium)
{
    private const int Cols = 80;
    private const int Rows = 24;

    private static readonly string E80 = new('E', Cols);
    private static readonly string X79 = new('x', Cols - 1);

    /// <summary>Its name, what is printed on a blank screen, what is in view then, and where the cursor is: row;column.</summary>
    private static readonly (string Name, string Printed, string View, string Cursor)[] Cases =
    [
        ("CUP", "\e[5;10Hfive\e[1;1Hone\e[24;78Hend", "one\n\n\n\n         five" + new string('\n', 19) + Spaces(77) + "end", "24;81"),
        ("CUP beyond the edges", "\e[999;999HX\e[HY\e[0;0H", "Y" + new string('\n', 23) + Spaces(79) + "X", "1;1"),
        ("CUU CUD CUF CUB", "\e[3;5H\e[2Cright\e[2D<\e[A^\e[2Bv\e[99A\e[99D.", ".\n          ^\n      rig<t\n           v", "1;2"),
        ("CNL CPL CHA VPA HPA", "one\e[Etwo\e[2Ethree\e[3Ffirst\e[10Gten\e[6dsix\e[20`x", "first    ten\ntwo\n\nthree\n\n            six    x", "6;21"),
        ("HVP", "\e[2;3fa\e[4;1fb", "\n  a\n\nb", "4;2"),
        ("save and restore", "\e[3;3H\e7\e[1;1Htop\e8here\e[5;5H\e[s\e[Hagain\e[ulow", "again\n\n  here\n\n    low", "5;8"),
        ("DECSTBM scrolls between its margins", "top\e[5;1Hbottom\e[2;4r\e[2;1Ha\r\nb\r\nc\r\nd", "top\nb\nc\nd\nbottom", "4;2"),
        ("DECSTBM and RI", "top\e[5;1Hbottom\e[2;4r\e[2;1Ha\r\nb\r\nc\e[2;1H\eMz", "top\nz\na\nb\nbottom", "2;2"),
        ("IND NEL", "a\eDb\eEc\e[24;1H\eDlast", " b\nc" + new string('\n', 22) + "last", "24;5"),
        ("DECOM", "\e[5;10r\e[?6h\e[1;1Hin\e[99;1Hlow\e[?6l\e[1;1Hout", "out\n\n\n\nin\n\n\n\n\nlow", "1;4"),
        ("IL DL", "A\r\nB\r\nC\r\nD\r\nE\e[2;1H\e[2L\e[6;1H\e[M", "A\n\n\nB\nC\nE", "6;1"),
        ("IL within margins", "A\r\nB\r\nC\r\nD\e[2;3r\e[2;1H\e[L", "A\n\nB\nD", "2;1"),
        ("ICH DCH ECH", "abcdef\e[3G\e[2@\e[1;8H\r\nabcdef\e[2G\e[3P\r\nabcdef\e[2G\e[3X", "ab  cdef\naef\na   ef", "3;2"),
        ("IRM", "world\e[4h\e[Ghello \e[4l\e[GH", "Hello world", "1;2"),
        ("EL", "abcdef\e[3G\e[K\r\nabcdef\e[3G\e[1K\r\nabcdef\e[2K.", "ab\n   def\n      .", "3;8"),
        ("ED below and above", "a\r\nb\r\nc\e[2;1H\e[J\e[4;1Hd\r\ne\e[4;1H\e[1J\e[6;1Hf", "\n\n\n\ne\nf", "6;2"),
        ("ED all", "a\r\nb\e[2Jc", "\n c", "2;3"),
        ("SU SD", "a\r\nb\r\nc\r\nd\e[2S\e[T", "\nc\nd", "4;2"),
        ("tabs", "\ta\tb\e[3gc\r\td\r\n\e[5G\eH\e[20G\eH\r\te\tf\e[2Zg\e[2Ih", "        a       bc" + Spaces(61) + "d\n    g" + Spaces(14) + "f" + Spaces(59) + "h", "2;81"),
        ("HTS and TBC of one", "\e[9G\e[g\rx\ty", "x" + Spaces(15) + "y", "1;18"),
        ("lines drawn with letters", "\e(0lqqk\e(B q\r\n\e)0x\u000Exx\u000Fx", "┌──┐ q\nx││x", "2;5"),
        ("DECAWM", X79 + "abc\r\n\e[?7l" + X79 + "abc\e[?7h\e[5;1H", X79 + "a\nbc\n" + X79 + "c", "5;1"),
        ("a wrap that waits", X79 + "y\rz\r\n" + X79 + "y\e[Ab", "z" + X79[1..] + "b\n" + X79 + "y", "1;81"),
        ("BS at the edges", "\b\bab\b\bc", "cb", "1;2"),
        ("wide letters", "漢字.\r\n" + X79 + "漢\r\na漢字\e[4;3H_", "漢字.\n" + X79 + "\n漢\na _字", "4;4"),
        ("letters of several parts", "e\u0301a\u0300|\r\n👍|", "e\u0301a\u0300|\n👍|", "2;4"),
        ("REP", "ab\e[3b|\r\n─\e[4b", "abbbb|\n─────", "2;6"),
        ("DECALN", "\e#8\e[2;2H\e[K", E80 + "\nE\n" + string.Join('\n', Enumerable.Repeat(E80, 22)), "2;2"),
        ("the other screen, left again", "main\e[?1049h\e[2J\e[Hother\e[?1049l!", "main!", "1;6"),
        ("the other screen", "main\e[?1049h\e[Hother", "other", "1;6"),
        ("RIS", "a\e[5;10r\e[?6h\e(0\eclq", "lq", "1;3"),
        ("DECSTR", "\e[5;10r\e[?6h\e[4h\e[!p\e[Hab\e[Gc", "cb", "1;2"),
        ("what is not known is not shown", "a\e[?9999hb\e[>0;1;2zc\e]9999;x\ad\e_x\e\\e\eP+q\e\\f\e^x\e\\g", "abcdefg", "1;8"),
        ("a sequence given up in the middle", "a\e[3\u0018b\e[\u001Ac\e[1\e[Cd", "abc d", "1;6"),
        ("C0 within a sequence", "ab\e[\r2Cc", "abc", "1;4"),
    ];

    [Fact]
    public async Task Control_sequences_draw_what_they_should()
    {
        await using var visitor = await Visitor.ArriveAsync(instance, chromium);
        await visitor.LaunchAsync("busybox");
        await visitor.ResizeAsync(Cols, Rows);
        await visitor.TypeAsync("stty -echo -opost; while read -r printed; do printf '\\033c'; cat $printed; done");
        var mistakes = new StringBuilder();
        foreach (var (name, printed, view, cursor) in Cases)
        {
            await visitor.PutAsync("tmp/printed", Encoding.UTF8.GetBytes(printed));
            await visitor.TypeAsync("/tmp/printed");
            var seen = ("", "");
            try
            {
                await Eventually.TrueAsync(async () => (seen = await visitor.ViewAsync()) == (view, cursor), name, mistakes.Length == 0 ? Eventually.Patience : TimeSpan.FromSeconds(1));
            }
            catch (Xunit.Sdk.XunitException)
            {
                mistakes.Append(name).Append(": at ").Append(seen.Item2).Append(" instead of ").Append(cursor).Append('\n').Append(seen.Item1).Append("\ninstead of\n").Append(view).Append("\n\n");
            }
        }

        Assert.True(mistakes.Length == 0, mistakes.ToString());
    }

    private static string Spaces(int count) => new(' ', count);
}
