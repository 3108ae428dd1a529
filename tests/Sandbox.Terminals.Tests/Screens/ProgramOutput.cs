using System.Globalization;
using System.Text;

namespace Sandbox.Terminals.Tests.Screens;

/// <summary>Makes up output as a program might print it, the same for the same seed.</summary>
internal sealed class ProgramOutput(int seed, int cols, int rows)
{
    private static readonly string[] Texts =
    [
        "hello world", "a", "│──┐", "日本語テキスト", "e\u0301a\u0300\u0323", "😀😁", "x\ty", "~`{}|", "  ", "\u0301", "ｱｲｳ", "한글", "-----------------------------------------------",
    ];

    private readonly Random _random = new(seed);

    public static byte[] Bytes(IEnumerable<string> steps) => Encoding.UTF8.GetBytes(string.Concat(steps));

    public List<string> Make(int steps) => [.. Enumerable.Range(0, steps).Select(_ => Step())];

    private string Step() => _random.Next(30) switch
    {
        < 6 => Texts[_random.Next(Texts.Length)],
        < 9 => "\r\n",
        9 => Pick("\n", "\r", "\b", "\t", "\v", "\u000e", "\u000f", "\u0085", "\u0084", "\u0088"),
        10 or 11 => $"\e[{Row()};{Column()}H",
        12 or 13 => Attributes(),
        14 => $"\e[{Small()}{Pick("A", "B", "C", "D", "E", "F", "G", "d", "`", "a", "e")}",
        15 => $"\e[{Small()}{Pick("@", "P", "X", "L", "M", "S", "T", " @", " A", "'}", "'~")}",
        16 => Pick("\e[K", "\e[1K", "\e[2K", "\e[J", "\e[2J", $"\e[{Row()};1H\e[1J"),
        17 => $"\e[{Row()};{Row()}r",
        18 => Pick("\e[r", "\e[?6h", "\e[?6l", "\e[4h", "\e[4l", "\e[4l", $"\e[{Row()};{Column()}H\e[?7l{new string('n', cols)}\e[?7h"),
        19 => Pick("\e7", "\e8", "\e[s", "\e[u", "\e[?1048h", "\e[?1048l"),
        20 => Pick("\e[?1049h", "\e[?1049l", "\e[?47h", "\e[?1047l", "\e[?1049l"),
        21 => Pick("\eM", "\eD", "\eE", "\eH", "\e[g", "\e[3g", "\e[2I", "\e[Z"),
        22 => Pick("\e(0", "\e(B", "\e)0", "\e)B", "\e(A", "\en", "\e(B\u000f", "\e(B\u000f"),
        23 => Pick("\e[?1h", "\e[?1l", "\e=", "\e>", "\e[?25l", "\e[?25h", "\e[?2004h", "\e[?1004h", "\e[?45h", "\e[?45l"),
        24 => Pick("\e[?1000h", "\e[?1002h", "\e[?1003h", "\e[?1003l", "\e[?1006h", "\e[?1006l", "\e[?9h"),
        25 => Pick("\e]2;a title\a", "\e]0;ein Titel mit ü\e\\", "\e]7;file:///\a", "\eP$qm\e\\", "\e_x\e\\", "\e[>c", "\e[6n"),
        26 => $"{Texts[_random.Next(2)]}\e[{_random.Next(9)}b",
        27 => Pick("\e[!p", "\e[3 q", "\e[0 q", "\e[20h", "\e[20l", "\e#8", "\ec", "\e[38:2::1:2:3m", "\e[0;1;"),
        28 => new string((char)('a' + _random.Next(26)), _random.Next(3 * cols)),
        _ => string.Concat(Enumerable.Repeat("line\r\n", _random.Next(2 * rows))),
    };

    private string Attributes()
    {
        var attributes = new List<string>();
        for (var i = _random.Next(4); i >= 0; i--)
        {
            attributes.Add(_random.Next(8) switch
            {
                0 => "0",
                1 => $"{_random.Next(1, 10)}",
                2 => $"{_random.Next(21, 30)}",
                3 => $"{_random.Next(30, 50)}",
                4 => $"38;5;{_random.Next(256)}",
                5 => $"48;2;{_random.Next(256)};{_random.Next(256)};{_random.Next(256)}",
                6 => $"{Pick("4:3", "4:0", "4:5", "21", "24", "58;5;3", "58:2::9:8:7", "59", "53", "55")}",
                _ => $"{_random.Next(90, 108)}",
            });
        }

        return $"\e[{string.Join(';', attributes)}m";
    }

    private string Small() => _random.Next(20) switch
    {
        0 => "",
        1 => "0",
        2 => "999",
        _ => _random.Next(1, 6).ToString(CultureInfo.InvariantCulture),
    };

    private int Row() => _random.Next(1, rows + 2);

    private int Column() => _random.Next(3) == 0 ? cols : _random.Next(1, cols + 1);

    private string Pick(params ReadOnlySpan<string> of) => of[_random.Next(of.Length)];
}
