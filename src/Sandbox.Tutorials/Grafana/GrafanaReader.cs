using System.Text.RegularExpressions;
using Sandbox.Recipes.Problems;
using Sandbox.Tutorials.Blocks;
using Sandbox.Tutorials.Markup;

namespace Sandbox.Tutorials.Grafana;

/// <summary>A page between two marks.</summary>
internal sealed record MarkedPage(string Name, string Markdown, IReadOnlyList<Block> Blocks);

/// <summary>
/// Documentation whose lab is in comments that other renderers do not show:
/// <code>
/// &lt;!-- INTERACTIVE page step1.md START --> … &lt;!-- INTERACTIVE page step1.md END -->
/// &lt;!-- INTERACTIVE exec START -->  also copy and ignore
/// </code>
/// Without a mark bash fences run and all others copy.
/// </summary>
internal sealed partial class GrafanaReader(string file, ProblemLog log) : MarkdownReader
{
    private static readonly HashSet<string> Words = new(StringComparer.Ordinal) { "exec", "copy", "ignore", "page", "intro", "finish" };

    private readonly List<MarkedPage> pages = [];
    private readonly Dictionary<string, int> open = new(StringComparer.Ordinal);
    private string? page;
    private int firstBlock;

    /// <summary>The pages, once the text was read.</summary>
    public IReadOnlyList<MarkedPage> Pages => pages;

    /// <summary>Ends a page that was never closed.</summary>
    public void End(string rest)
    {
        foreach (var (name, line) in open)
        {
            log.Unsupported(file, line, $"INTERACTIVE {name} START has no END");
        }

        if (page is not null)
        {
            EndPage(rest);
        }
    }

    protected override bool ReadFence(Fence fence)
    {
        if (page is null || open.ContainsKey("ignore"))
        {
            return true;
        }

        if (!fence.Closed)
        {
            log.Unsupported(file, fence.Line, "a code fence is never closed: the rest of the page is code");
        }

        var language = fence.Info.Split([' ', '{', '\t'], 2)[0];
        var runs = open.ContainsKey("exec") || (language == "bash" && !open.ContainsKey("copy"));
        Block block = runs ? new RunBlock(fence.Code) : new CopyBlock(fence.Code);
        AddBlock(block with { Line = fence.Line, Language = language.Length is > 0 and < 40 ? language : null });
        return true;
    }

    protected override void ReadProse(string prose, int line)
    {
        var index = new LineIndex(prose);
        var at = 0;
        foreach (Match match in Mark().Matches(prose))
        {
            Append(prose.AsSpan(at, match.Index - at));
            at = match.Index + match.Length;
            ReadMark(match, line + index.LineOf(match.Index) - 1);
        }

        Append(prose.AsSpan(at));
    }

    private void ReadMark(Match match, int line)
    {
        var word = match.Groups["word"].Value;
        var starts = match.Groups["edge"].Value == "START";
        if (!Words.Contains(word))
        {
            log.Unsupported(file, line, $"INTERACTIVE {word} is an unknown mark");
            return;
        }

        if (word is "page" or "intro" or "finish" && !open.ContainsKey("ignore"))
        {
            var name = word == "page" ? match.Groups["name"].Value : word + ".md";
            if (name.Length == 0)
            {
                log.Unsupported(file, line, "INTERACTIVE page has no file name");
            }
            else if (starts)
            {
                if (page is not null)
                {
                    log.Unsupported(file, line, $"page {name} starts inside page {page}");
                    EndPage(Output.ToString());
                }

                page = name;
                firstBlock = Blocks.Count;
                Output.Clear();
            }
            else if (page is null || page != name)
            {
                log.Unsupported(file, line, page is null ? $"page {name} ends without a START" : $"page {name} ends inside page {page}");
            }
            else
            {
                EndPage(Output.ToString());
            }

            return;
        }

        if (starts && !open.TryAdd(word, line))
        {
            log.Unsupported(file, line, $"INTERACTIVE {word} starts inside another");
        }
        else if (!starts && !open.Remove(word))
        {
            log.Unsupported(file, line, $"INTERACTIVE {word} END has no START");
        }
    }

    private void EndPage(string markdown)
    {
        // Tokens count from the first block of the page.
        var own = Blocks.Skip(firstBlock).ToList();
        var numbered = TokenNumber().Replace(markdown, match => Tokens.Of(int.Parse(match.Groups["number"].ValueSpan, System.Globalization.CultureInfo.InvariantCulture) - firstBlock));
        pages.Add(new MarkedPage(page!, numbered, own));
        page = null;
        Output.Clear();
    }

    private void Append(ReadOnlySpan<char> text)
    {
        if (page is not null && !open.ContainsKey("ignore"))
        {
            Output.Append(Shortcodes(text.ToString()));
        }
    }

    /// <summary>Hugo's shortcodes: admonitions become quotes, figures pictures; others stay as they are.</summary>
    private static string Shortcodes(string text)
    {
        if (!text.Contains("{{<", StringComparison.Ordinal))
        {
            return text;
        }

        text = Figure().Replace(text, match => $"![{match.Groups["alt"].Value}]({match.Groups["src"].Value})");
        text = Admonition().Replace(text, match =>
            $"> **{match.Groups["type"].Value}**:\n" + string.Join('\n', match.Groups["body"].Value.Trim('\n').Split('\n').Select(line => line.Length == 0 ? ">" : "> " + line)) + "\n");
        return Relref().Replace(text, match => match.Groups["target"].Value);
    }

    private const RegexOptions Options = RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    [GeneratedRegex(@"^[ \t]*<!--[ \t]*INTERACTIVE[ \t]+(?<word>\w+)([ \t]+(?<name>[\w.-]+))??[ \t]+(?<edge>START|END)[ \t]*-->[ \t]*(\n|\z)", Options | RegexOptions.Multiline, 1000)]
    private static partial Regex Mark();

    [GeneratedRegex(@"\uE000(?<number>\d{1,7})\uE001", Options, 1000)]
    private static partial Regex TokenNumber();

    [GeneratedRegex("""\{\{<\s*figure\s[^<>]{0,300}?src="(?<src>[^"]{1,500})"([^<>]{0,300}?alt="(?<alt>[^"]{0,300})")?[^<>]{0,300}?>\}\}""", Options, 1000)]
    private static partial Regex Figure();

    [GeneratedRegex("""\{\{<\s*admonition\s+type="(?<type>[^"]{1,40})"\s*>\}\}(?<body>[^{]{0,5000})\{\{<\s*/\s*admonition\s*>\}\}""", Options, 1000)]
    private static partial Regex Admonition();

    [GeneratedRegex("""\{\{<\s*relref\s+"(?<target>[^"]{1,300})"\s*>\}\}""", Options, 1000)]
    private static partial Regex Relref();
}
