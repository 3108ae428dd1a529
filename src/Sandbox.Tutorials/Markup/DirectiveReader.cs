using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Sandbox.Tutorials.Blocks;

namespace Sandbox.Tutorials.Markup;

/// <summary>
/// The directives that our format and Labspaces share, each on lines of its own outside code:
/// <code>
/// :::hint A title          collapsed until it is opened
/// :::when database=postgres     shown while a parameter has a value; :::conditionalDisplay{variable="x" requiredValue="y"} is the same
/// :::                      ends the innermost
/// ::variableDefinition[name]{prompt="Your name"}
/// ::tabLink[text]{href="http://localhost:3000" title="App"}
/// </code>
/// and, in sentences, <c>[text](port:8080/path)</c> and <c>[text](open:app.js:10)</c>.
/// </summary>
internal abstract partial class DirectiveReader : MarkdownReader
{
    private const int MostOpen = 16;

    private readonly List<Passage> passages = [];
    private readonly Stack<(int Line, Condition? Condition)> open = new();

    /// <summary>Reads a whole page.</summary>
    public IReadOnlyList<Passage> ReadPage(string text)
    {
        var rest = Read(text);
        foreach (var (line, _) in open)
        {
            Complain(line, "::: is never closed");
        }

        Flush(rest + string.Concat(Enumerable.Repeat("\n\n</details>\n", open.Count(container => container.Condition is null))));
        return passages;
    }

    /// <summary>Names a directive that is not understood; it is shown as it stands.</summary>
    protected abstract void Complain(int line, string what);

    protected override void ReadProse(string prose, int line)
    {
        var lines = prose.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var end = i < lines.Length - 1 ? "\n" : "";
            if (lines[i].AsSpan().TrimStart().StartsWith("::", StringComparison.Ordinal) && ReadDirective(lines[i].Trim(), line + i))
            {
                continue;
            }

            ReadSentence(lines[i] + end, line + i);
        }
    }

    private bool ReadDirective(string text, int line)
    {
        if (text.StartsWith(":::", StringComparison.Ordinal))
        {
            return ReadContainer(text.TrimStart(':').Trim(), line);
        }

        if (Leaf().Match(text) is not { Success: true } match)
        {
            Complain(line, $"{text} is an unknown directive");
            return false;
        }

        var attributes = Attributes(match.Groups["attributes"].Value);
        var name = match.Groups["label"].Value.Trim();
        switch (match.Groups["name"].Value)
        {
            case "variableDefinition":
                AddBlock(new ParameterBlock(name, attributes.GetValueOrDefault("prompt", name), attributes.GetValueOrDefault("default", "")) { Line = line });
                return true;
            case "tabLink" or "urlLink":
                AddLink(name, attributes.GetValueOrDefault("href", ""), line);
                Output.Append('\n');
                return true;
            default:
                Complain(line, $"::{match.Groups["name"].Value} is an unknown directive");
                return false;
        }
    }

    private bool ReadContainer(string text, int line)
    {
        if (text.Length == 0)
        {
            if (!open.TryPop(out var ended))
            {
                Complain(line, "::: ends nothing");
            }
            else if (ended.Condition is null)
            {
                Output.Append("\n\n</details>\n\n");
            }
            else
            {
                // The popped condition still holds for the text above the mark.
                open.Push(ended);
                Flush(Output.ToString());
                open.Pop();
            }

            return true;
        }

        if (open.Count >= MostOpen)
        {
            Complain(line, $"::: is nested more than {MostOpen} levels");
            return false;
        }

        var name = text.Split([' ', '{', '[', '\t'], 2)[0];
        var rest = text[name.Length..].Trim();
        switch (name)
        {
            case "hint" or "details" or "collapse":
                Output.Append("\n<details class=\"hint\">\n<summary>").Append(WebUtility.HtmlEncode(rest.Length == 0 ? "Hint" : rest)).Append("</summary>\n\n");
                open.Push((line, null));
                return true;
            case "when" or "conditionalDisplay":
                if (Condition(rest) is not { } condition)
                {
                    Complain(line, $":::{name} names no parameter");
                    return false;
                }

                Flush(Output.ToString());
                open.Push((line, condition));
                return true;
            default:
                Complain(line, $":::{name} is an unknown directive");
                return false;
        }
    }

    private static Condition? Condition(string text)
    {
        if (text.StartsWith('{'))
        {
            var attributes = Attributes(text.Trim('{', '}'));
            return attributes.TryGetValue("variable", out var variable) ? new Condition(variable, attributes.GetValueOrDefault("requiredValue")) : null;
        }

        var parts = text.Split('=', 2);
        return parts[0].Trim() is { Length: > 0 } name && !name.Contains(' ', StringComparison.Ordinal) ? new Condition(name, parts.Length == 2 ? parts[1].Trim().Trim('"') : null) : null;
    }

    private void Flush(string markdown)
    {
        Output.Clear();
        if (!string.IsNullOrWhiteSpace(markdown))
        {
            passages.Add(new Passage(markdown, [.. open.Select(container => container.Condition).OfType<Condition>().Reverse()]));
        }
    }

    private void ReadSentence(string text, int line)
    {
        var at = 0;
        foreach (Match match in Link().Matches(text))
        {
            if (match.Groups["code"].Success)
            {
                continue;
            }

            Output.Append(text, at, match.Index - at);
            AddLink(match.Groups["text"].Value, match.Groups["target"].Value, line);
            at = match.Index + match.Length;
        }

        Output.Append(text, at, text.Length - at);
    }

    /// <summary>A link to a port or file becomes a block; any other stays a link.</summary>
    private void AddLink(string text, string target, int line)
    {
        Block? block = null;
        if (Port().Match(target) is { Success: true } port && int.TryParse(port.Groups["port"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 65536)
        {
            block = new OpenPortBlock(number, port.Groups["path"].Value is { Length: > 0 } path ? path : "/") { Label = Headings.Plain(text), Https = target.StartsWith("https", StringComparison.Ordinal) };
        }
        else if (File().Match(target) is { Success: true } file)
        {
            block = new OpenFileBlock(Uri.UnescapeDataString(file.Groups["path"].Value))
            {
                Label = Headings.Plain(text),
                At = int.TryParse(file.Groups["line"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? at : null,
            };
        }
        else if (target.StartsWith("port:", StringComparison.Ordinal) || target.StartsWith("open:", StringComparison.Ordinal))
        {
            Complain(line, $"{target} is no port or file");
        }

        Output.Append('[').Append(text).Append("](").Append(block is null ? target : Tokens.LinkTo(Keep(block with { Line = line, Inline = true }))).Append(')');
    }

    private static Dictionary<string, string> Attributes(string text)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Match match in Attribute().Matches(text))
        {
            attributes.TryAdd(match.Groups["name"].Value, match.Groups["value"].Value);
        }

        return attributes;
    }

    private const RegexOptions Options = RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    [GeneratedRegex(@"^::(?<name>\w+)(\[(?<label>[^\]]{0,500})\])?(\{(?<attributes>[^}]{0,1000})\})?$", Options, 1000)]
    private static partial Regex Leaf();

    [GeneratedRegex("""(?<name>[\w-]+)\s*=\s*("(?<value>[^"]*)"|'(?<value>[^']*)'|(?<value>[^\s"'}]+))""", Options, 1000)]
    private static partial Regex Attribute();

    [GeneratedRegex(@"(?<code>`[^`\n]+`)|(?<!!)\[(?<text>[^\]\[\n]{1,500})\]\((?<target>(port|open):[^()\s]{1,500}|https?://(localhost|127\.0\.0\.1):\d{1,5}[^()\s]{0,500})\)", Options, 1000)]
    private static partial Regex Link();

    [GeneratedRegex(@"^(port:|https?://(localhost|127\.0\.0\.1):)(?<port>\d{1,5})(?<path>[/?#].*)?$", Options, 1000)]
    private static partial Regex Port();

    [GeneratedRegex(@"^open:(?<path>.+?)(:(?<line>\d{1,7}))?$", Options, 1000)]
    private static partial Regex File();
}
