using System.Text;
using System.Text.RegularExpressions;
using Sandbox.Tutorials.Blocks;

namespace Sandbox.Tutorials.Markup;

/// <summary>
/// Splits a Markdown text into fences and prose, so that a format can read its marks before CommonMark sees them. Blocks
/// become tokens; the rest is handed on as it was. Linear in the length of the text, whatever is in it.
/// </summary>
internal abstract partial class MarkdownReader
{
    private readonly List<Block> blocks = [];
    private readonly StringBuilder output = new();
    private string prefix = "";
    private string[] lines = [];

    public IReadOnlyList<Block> Blocks => blocks;

    /// <summary>The text up to the present place, which a format with pages or conditions may take and begin anew.</summary>
    protected StringBuilder Output => output;

    /// <summary>Reads the text; blocks of several texts may be collected by one reader.</summary>
    public string Read(string text)
    {
        output.Clear();
        Begin(text);
        Scan(text);
        var read = output.ToString();
        output.Clear();
        return read;
    }

    protected virtual void Begin(string text)
    {
    }

    /// <summary>Adds the block of a fence, or returns false to leave the fence as it is.</summary>
    protected abstract bool ReadFence(Fence fence);

    /// <summary>Prose between fences; <paramref name="line"/> is where it begins.</summary>
    protected abstract void ReadProse(string prose, int line);

    /// <summary>Whether what follows closing marks on their line lets them close: in CommonMark only white space does.</summary>
    protected virtual bool MayFollowFence(string tail) => false;

    protected int Keep(Block block)
    {
        blocks.Add(block);
        return blocks.Count - 1;
    }

    /// <summary>Adds a block as a paragraph of its own, at the indentation of the fence it came from.</summary>
    protected void AddBlock(Block block)
    {
        var inner = Continued(prefix);
        if (output.Length > 0 && output[^1] != '\n')
        {
            output.Append('\n');
        }

        // HTML ends at an empty line only; the fence after it would be text.
        if (prefix.Trim().Length == 0 && AfterHtml())
        {
            output.Append('\n');
        }

        output.Append(prefix).Append(Tokens.Fence).Append('\n').Append(inner).Append(Tokens.Of(Keep(block))).Append('\n').Append(inner).Append(Tokens.Fence).Append('\n');
    }

    /// <summary>Adds a block within a sentence.</summary>
    protected void AddInline(Block block) => output.Append(Tokens.Of(Keep(block with { Inline = true })));

    private bool AfterHtml()
    {
        var end = output.Length - 1;
        var start = end - 1;
        while (start >= 0 && output[start] != '\n' && end - start < 500)
        {
            start--;
        }

        for (var i = start + 1; i < end; i++)
        {
            if (!char.IsWhiteSpace(output[i]))
            {
                return output[i] == '<';
            }
        }

        return false;
    }

    private void Scan(string text)
    {
        lines = text.Split('\n');
        var proseFrom = 0;
        var regions = new Regions(text);
        var offsets = new int[lines.Length];
        for (var at = 1; at < lines.Length; at++)
        {
            offsets[at] = offsets[at - 1] + lines[at - 1].Length + 1;
        }

        for (var at = 0; at < lines.Length; at++)
        {
            if (regions.Inside(lines[at], offsets[at]))
            {
                continue;
            }

            if (Opening(at, proseFrom) is not { } opening)
            {
                continue;
            }

            FlushProse(proseFrom, at);
            at = ReadFence(at, opening);
            proseFrom = at + 1;
        }

        FlushProse(proseFrom, lines.Length);
    }

    private void FlushProse(int from, int to)
    {
        prefix = "";
        if (from < to)
        {
            var prose = string.Join('\n', lines, from, to - from);
            ReadProse(to < lines.Length ? prose + "\n" : prose, from + 1);
        }
    }

    private Match? Opening(int at, int proseFrom)
    {
        var line = lines[at];
        var match = OpeningFence().Match(line);
        if (!match.Success || (match.Groups["marks"].ValueSpan[0] == '`' && match.Groups["info"].ValueSpan.Contains('`')))
        {
            return null;
        }

        // The end of a code span that began in a line above: "Run ```" , "ls", "```{{execute}}".
        return match.Groups["info"].ValueSpan.StartsWith("{{", StringComparison.Ordinal) && InsideSpan(at, proseFrom, match.Groups["marks"].Value) ? null : match;
    }

    private bool InsideSpan(int at, int proseFrom, string marks)
    {
        var runs = 0;
        for (var i = at - 1; i >= Math.Max(proseFrom, at - 50) && !string.IsNullOrWhiteSpace(lines[i]); i--)
        {
            runs += Count(Runs().EnumerateMatches(lines[i]), marks.Length);
        }

        return runs % 2 == 1;
    }

    private static int Count(Regex.ValueMatchEnumerator found, int length)
    {
        var count = 0;
        foreach (var run in found)
        {
            count += run.Length == length ? 1 : 0;
        }

        return count;
    }

    /// <summary>Reads the fence that opens in a line; returns the last line that belongs to it.</summary>
    private int ReadFence(int at, Match opening)
    {
        var marks = opening.Groups["marks"].Value;
        prefix = opening.Groups["prefix"].Value;
        var quote = prefix.Contains('>', StringComparison.Ordinal);
        var indent = prefix.Length;
        var code = new StringBuilder();
        string? tail = null;
        var closed = false;
        var end = at + 1;
        for (; end < lines.Length; end++)
        {
            var line = quote ? WithoutQuote(lines[end], prefix.Count(letter => letter == '>')) : lines[end];
            if (Closes(line, marks) is { } rest)
            {
                tail = rest.Length == 0 ? null : rest;
                closed = true;
                break;
            }

            if (ClosesAfterCode(line, marks) is { } split)
            {
                AppendLine(code, line[..split], indent, quote);
                tail = line[(split + marks.Length)..].Trim();
                closed = true;
                break;
            }

            AppendLine(code, line, indent, quote);
        }

        var last = Math.Min(end, lines.Length - 1);
        var text = code.Length > 0 ? code.ToString(0, code.Length - 1) : "";
        var before = output.Length;
        if (!ReadFence(new Fence(at + 1, prefix, opening.Groups["info"].Value.Trim(), text, tail, closed)))
        {
            output.Length = before;
            for (var i = at; i < last; i++)
            {
                output.Append(lines[i]).Append('\n');
            }

            // A mark that was not understood must not keep the fence open for CommonMark.
            output.Append(closed ? Continued(prefix) + marks : lines[last]).Append('\n');
        }

        return last;
    }

    private string? Closes(string line, string marks)
    {
        var trimmed = line.AsSpan().TrimStart();
        if (!trimmed.StartsWith(marks, StringComparison.Ordinal))
        {
            return null;
        }

        var rest = trimmed.TrimStart(marks[0]).Trim();
        return rest.Length == 0 ? "" : MayFollowFence(rest.ToString()) ? rest.ToString() : null;
    }

    /// <summary>Code on the closing line, which Katacoda allows: <c>last line```{{execute}}</c>.</summary>
    private int? ClosesAfterCode(string line, string marks)
    {
        var at = line.LastIndexOf(marks + "{{", StringComparison.Ordinal);
        return at > 0 && marks[0] == '`' && line[at - 1] != '`' && MayFollowFence(line[(at + marks.Length)..].Trim()) ? at : null;
    }

    private static void AppendLine(StringBuilder code, string line, int indent, bool quote)
    {
        var skip = 0;
        while (!quote && skip < Math.Min(line.Length, indent) && line[skip] is ' ' or '\t')
        {
            skip++;
        }

        code.Append(line.AsSpan(skip)).Append('\n');
    }

    private static string WithoutQuote(string line, int depth)
    {
        var at = 0;
        for (var level = 0; level < depth; level++)
        {
            var mark = at;
            while (mark < line.Length && line[mark] == ' ')
            {
                mark++;
            }

            if (mark >= line.Length || line[mark] != '>')
            {
                break;
            }

            at = mark + 1;
        }

        return at > 0 && at < line.Length && line[at] == ' ' ? line[(at + 1)..] : line[at..];
    }

    /// <summary>The prefix for the lines that follow: quote marks stay, list marks become spaces.</summary>
    private static string Continued(string prefix) => string.Concat(prefix.Select(letter => letter is '>' or '\t' ? letter : ' '));

    [GeneratedRegex(@"^(?<prefix>[ \t]*(?:(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t]))[ \t]*)*)(?<marks>`{3,}|~{3,})(?<info>.*)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OpeningFence();

    [GeneratedRegex("`+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Runs();
}
