using System.Globalization;
using System.Text.RegularExpressions;
using Sandbox.Recipes.Problems;
using Sandbox.Tutorials.Blocks;
using Sandbox.Tutorials.Markup;

namespace Sandbox.Tutorials.PlayWithDocker;

/// <summary>
/// A post of Play with Docker, in kramdown:
/// <code>
/// ```.term1                 a click types the code into the terminal of machine 1
/// [page](/path){:data-term=".term1"}{:data-port="8080"}
/// {:.quiz}                  after a question, before a list of "- [x] right" or "- (x) right"
/// </code>
/// </summary>
internal sealed partial class PostReader(string file, ProblemLog log) : MarkdownReader
{
    private static readonly HashSet<string> Ignored = new(StringComparer.Ordinal) { "toc", "target", "width", "height", "style", "class", "rel" };

    protected override bool ReadFence(Fence fence)
    {
        if (!fence.Closed)
        {
            log.Unsupported(file, fence.Line, "a code fence is never closed: the rest of the file is code");
            return false;
        }

        if (Terminal().Match(fence.Info) is not { Success: true } match)
        {
            if (fence.Info.StartsWith(".term", StringComparison.Ordinal))
            {
                log.Unsupported(file, fence.Line, $"{fence.Info} is no terminal: the code is only shown");
            }

            return false;
        }

        AddBlock(new RunBlock(fence.Code) { Terminal = 1, Host = int.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture), Line = fence.Line, Language = "sh" });
        return true;
    }

    protected override void ReadProse(string prose, int line)
    {
        var index = new LineIndex(prose);
        var at = 0;
        foreach (Match match in Mark().Matches(prose))
        {
            if (match.Index < at)
            {
                continue;
            }

            Output.Append(prose, at, match.Index - at);
            var where = line + index.LineOf(match.Index) - 1;
            at = match.Index + match.Length;
            if (match.Groups["code"].Success)
            {
                Output.Append(match.Value);
            }
            else if (match.Groups["text"].Success)
            {
                AddLink(match, where);
            }
            else if (match.Groups["attributes"].Value.Trim() == ".quiz")
            {
                at = AddQuiz(prose, at, where);
            }
            else
            {
                NameUnknown(match.Groups["attributes"].Value, where);
            }
        }

        Output.Append(prose, at, prose.Length - at);
    }

    private void AddLink(Match match, int line)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Match attribute in Attribute().Matches(match.Groups["lists"].Value))
        {
            attributes.TryAdd(attribute.Groups["name"].Value, attribute.Groups["value"].Value);
        }

        var link = $"[{match.Groups["text"].Value}]";
        if (!attributes.TryGetValue("data-port", out var port) || !int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is 0 or > 65535)
        {
            Output.Append(link).Append('(').Append(match.Groups["url"].Value).Append(')');
            NameUnknown(match.Groups["lists"].Value, line);
            return;
        }

        var terminal = Terminal().Match(attributes.GetValueOrDefault("data-term", ".term1"));
        var block = Keep(new OpenPortBlock(number, match.Groups["url"].Value is { Length: > 0 } path ? path : "/")
        {
            Line = line,
            Inline = true,
            Label = Headings.Plain(match.Groups["text"].Value),
            Host = terminal.Success ? int.Parse(terminal.Groups["number"].ValueSpan, CultureInfo.InvariantCulture) : 1,
            Https = attributes.GetValueOrDefault("data-protocol", "").StartsWith("https", StringComparison.Ordinal),
        });
        Output.Append(link).Append('(').Append(Tokens.LinkTo(block)).Append(')');
    }

    /// <summary>The mark stands before its question or after it; the choices follow both.</summary>
    private int AddQuiz(string prose, int at, int line)
    {
        var question = Question().Match(prose, at) is { Success: true } below ? below.Value : "";
        var list = Choices().Match(prose, at + question.Length);
        var choices = new List<QuizChoice>();
        var kind = QuizKind.One;
        foreach (Match choice in Choice().Matches(list.Value))
        {
            kind = choice.Groups["open"].Value == "[" ? QuizKind.Several : QuizKind.One;
            choices.Add(new QuizChoice(choice.Groups["text"].Value.Trim(), choice.Groups["mark"].Value is "x" or "X"));
        }

        if (choices.Count == 0)
        {
            log.Unsupported(file, line, "a quiz has no list of choices after it");
            return at;
        }

        var end = at + question.Length + list.Length;
        if (string.IsNullOrWhiteSpace(question))
        {
            // No paragraph that is a question is longer.
            var from = Math.Max(0, Output.Length - 4000);
            var written = Output.ToString(from, Output.Length - from);
            var last = written.TrimEnd().Length;
            var start = last == 0 ? -1 : written.LastIndexOf("\n\n", last - 1, StringComparison.Ordinal);
            question = written[(start < 0 ? 0 : start + 2)..last];
            Output.Length = from + (start < 0 ? 0 : start + 2);
        }

        AddBlock(new QuizBlock(question.Trim(), kind, choices) { Line = line });
        Output.Append('\n');
        return end;
    }

    private void NameUnknown(string attributes, int line)
    {
        foreach (Match attribute in Attribute().Matches(attributes))
        {
            if (!Ignored.Contains(attribute.Groups["name"].Value))
            {
                log.Unsupported(file, line, $"the attribute {attribute.Value} has no meaning here");
            }
        }
    }

    private const RegexOptions Options = RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    [GeneratedRegex(@"^\.term(?<number>[1-6])$", Options, 1000)]
    private static partial Regex Terminal();

    [GeneratedRegex(@"(?<code>`[^`\n]+`)|\[(?<text>(!\[[^\]\n]*\]\([^()\n]*\)|[^\]\[\n]){0,500})\]\((?<url>[^()\s]{0,500})\)(?<lists>(\{:[^{}\n]{1,200}\})+)|\{:(?<attributes>[^{}\n]{1,200})\}[ \t]*\n?", Options, 2000)]
    private static partial Regex Mark();

    [GeneratedRegex("""(?<name>[\w-]+)(=["'](?<value>[^"']*)["'])?""", Options, 1000)]
    private static partial Regex Attribute();

    [GeneratedRegex(@"\G(?![ \t]*([-*+]|\d+[.)])?[ \t]*[\[(][ xX]?[\])])([^\n]*[^\s][^\n]*\n){1,4}?(?=[ \t]*\n?[ \t]*([-*+]|\d+[.)])?[ \t]*[\[(][ xX]?[\])])", Options, 1000)]
    private static partial Regex Question();

    [GeneratedRegex(@"\G(\s*\n)?([ \t]*([-*+]|\d+[.)])?[ \t]*[\[(][ xX]?[\])][^\n]*(\n|\z))+", Options, 1000)]
    private static partial Regex Choices();

    [GeneratedRegex(@"^[ \t]*([-*+]|\d+[.)])?[ \t]*(?<open>[\[(])(?<mark>[ xX]?)[\])](?<text>[^\n]*)", Options | RegexOptions.Multiline, 1000)]
    private static partial Regex Choice();
}
