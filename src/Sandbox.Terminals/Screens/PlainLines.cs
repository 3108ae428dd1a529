using System.Runtime.Intrinsics;

namespace Sandbox.Terminals.Screens;

/// <summary>Text in lines and nothing else, of which a screen need not read what it will not keep.</summary>
internal static class PlainLines
{
    /// <summary>How many bytes at the beginning are text in lines and nothing else.</summary>
    public static int Length(ReadOnlySpan<byte> data)
    {
        // Compared by hand: the library's search for a set of bytes goes byte by byte in a program that is made small.
        var at = 0;
        for (; at <= data.Length - Vector128<byte>.Count; at += Vector128<byte>.Count)
        {
            var bytes = Vector128.Create(data[at..]);
            var plain = Vector128.LessThan(bytes - Vector128.Create((byte)' '), Vector128.Create((byte)('~' - ' ' + 1)))
                | Vector128.Equals(bytes, Vector128.Create((byte)'\n'))
                | Vector128.Equals(bytes, Vector128.Create((byte)'\r'))
                | Vector128.Equals(bytes, Vector128.Create((byte)'\t'));
            if (plain != Vector128<byte>.AllBitsSet)
            {
                break;
            }
        }

        while (at < data.Length && (data[at] is >= (byte)' ' and <= (byte)'~' or (byte)'\n' or (byte)'\r' or (byte)'\t'))
        {
            at++;
        }

        return at;
    }

    /// <summary>Goes over what scrolls away entirely, and tells how many bytes that were: of more lines than are kept, or of one without an end.</summary>
    public static int Skip(TerminalScreen screen, ReadOnlySpan<byte> data)
    {
        var kept = screen.Rows + Scrollback.MostRows;
        if (data.Length < 2 * kept || screen.Active != screen.Normal || screen.Active.HasMargins
            || screen.Modes.Inserts || !screen.Modes.Wraps || screen.Charset != 0)
        {
            return 0;
        }

        var plain = data[..Length(data)];
        var line = plain.IndexOfAnyExceptInRange((byte)0x20, (byte)0x7E);
        return line < 0 ? SkipOneLine(screen, plain, kept) : SkipLines(screen, plain, kept);
    }

    private static int SkipOneLine(TerminalScreen screen, ReadOnlySpan<byte> text, int kept)
    {
        var rows = (text.Length / screen.Cols) - kept - 1;
        if (rows <= screen.Rows)
        {
            return 0;
        }

        // after one row's length the cursor is in a row that goes on
        screen.PrintAscii(text[..screen.Cols]);
        screen.Forward(rows, isWrapped: true);
        return (1 + rows) * screen.Cols;
    }

    private static int SkipLines(TerminalScreen screen, ReadOnlySpan<byte> lines, int kept)
    {
        var end = lines.Length;
        for (var i = 0; i <= kept; i++)
        {
            end = lines[..end].LastIndexOf((byte)'\n');
            if (end <= 0)
            {
                return 0;
            }
        }

        var skipped = lines[..(end + 1)].Count((byte)'\n');
        if (skipped <= screen.Rows || lines[end - 1] != '\r')
        {
            return 0;
        }

        screen.Forward(skipped, isWrapped: false);
        screen.Active.X = 0;
        screen.Interrupt();
        return end + 1;
    }
}
