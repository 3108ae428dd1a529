using System.Globalization;
using System.Text.RegularExpressions;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using Sandbox.Tutorials.Blocks;
using Sandbox.Tutorials.Markup;

namespace Sandbox.Tutorials.Rendering;

/// <summary>
/// Puts the elements of blocks where their tokens stand in a clean tree. Texts of blocks become text nodes and attribute
/// values, so nothing in them can become markup.
/// </summary>
internal sealed partial class BlockElements(IReadOnlyList<Block> blocks, Func<string, string> substitute)
{
    public void Place(IHtmlDocument tree)
    {
        foreach (var link in tree.QuerySelectorAll($"a[href^=\"{Tokens.Scheme}:\"]").ToList())
        {
            PlaceLink(link);
        }

        // Images and titles cannot hold a block; its token is no text of theirs.
        foreach (var element in tree.All)
        {
            foreach (var attribute in element.Attributes.Where(attribute => attribute.Value.Contains(Tokens.Begin, StringComparison.Ordinal)).ToList())
            {
                element.SetAttribute(attribute.Name, Token().Replace(attribute.Value, ""));
            }
        }

        var texts = tree.Body!.Descendants<IText>().Where(text => text.Data.Contains(Tokens.Begin, StringComparison.Ordinal)).ToList();
        foreach (var text in texts)
        {
            PlaceText(tree, text);
        }
    }

    private void PlaceLink(IElement link)
    {
        var target = link.GetAttribute("href")![(Tokens.Scheme.Length + 1)..];
        link.RemoveAttribute("href");
        if (int.TryParse(target, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < blocks.Count)
        {
            Describe(link, index);
            link.SetAttribute("role", "button");
            link.SetAttribute("tabindex", "0");
        }
    }

    private void PlaceText(IHtmlDocument tree, IText text)
    {
        // The fence around a token, and the code element that Markdown made of it, give way to the block.
        var whole = OnlyToken().Match(text.Data) is { Success: true } only && text.Parent is IElement { LocalName: "code" } code && code.ParentElement is { LocalName: "pre" } pre && code.ChildNodes.Length == 1
            ? (Pre: pre, Index: int.Parse(only.Groups["index"].ValueSpan, CultureInfo.InvariantCulture))
            : default;
        if (whole.Pre is not null && whole.Index < blocks.Count)
        {
            whole.Pre.Replace(Element(tree, whole.Index));
            return;
        }

        var nodes = new List<INode>();
        var at = 0;
        foreach (Match match in TokenInText().Matches(text.Data))
        {
            if (match.Index > at)
            {
                nodes.Add(tree.CreateTextNode(text.Data[at..match.Index]));
            }

            at = match.Index + match.Length;
            if (int.TryParse(match.Groups["index"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < blocks.Count)
            {
                nodes.Add(Element(tree, index));
            }
        }

        nodes.Add(tree.CreateTextNode(text.Data[at..]));
        text.Replace([.. nodes]);
    }

    private IElement Element(IHtmlDocument tree, int index)
    {
        var block = blocks[index];
        var element = tree.CreateElement(block.Inline ? "span" : "div");
        Describe(element, index);
        switch (block)
        {
            case QuizBlock quiz:
                AddQuiz(tree, element, quiz, index);
                break;
            case DiagramBlock diagram:
                AddText(tree, element, "pre", diagram.Source).ClassName = "mermaid";
                break;
            default:
                var text = Shown(block);
                if (block is RunBlock or CopyBlock or WriteFileBlock)
                {
                    AddCode(tree, element, block, text);
                }
                else
                {
                    AddText(tree, element, "span", text);
                }

                break;
        }

        return element;
    }

    private void AddCode(IHtmlDocument tree, IElement element, Block block, string text)
    {
        var parent = block.Inline ? element : (IElement)element.AppendChild(tree.CreateElement("pre"));
        var code = AddText(tree, parent, "code", text);
        if (block.Language is { } language)
        {
            code.ClassName = "language-" + language;
        }
    }

    private IElement AddText(IHtmlDocument tree, IElement parent, string name, string text)
    {
        var element = tree.CreateElement(name);
        element.TextContent = substitute(text);
        parent.AppendChild(element);
        return element;
    }

    private void AddQuiz(IHtmlDocument tree, IElement element, QuizBlock quiz, int index)
    {
        AddText(tree, element, "p", quiz.Question).ClassName = "question";
        if (quiz.Answer is QuizKind.Exact or QuizKind.Contains)
        {
            var field = tree.CreateElement("input");
            field.SetAttribute("type", "text");
            field.SetAttribute("aria-label", quiz.Question);
            element.AppendChild(field);
            return;
        }

        foreach (var choice in quiz.Choices)
        {
            var label = tree.CreateElement("label");
            var input = tree.CreateElement("input");
            input.SetAttribute("type", quiz.Answer == QuizKind.One ? "radio" : "checkbox");
            input.SetAttribute("name", string.Create(CultureInfo.InvariantCulture, $"quiz-{index}"));
            label.AppendChild(input);
            AddText(tree, label, "span", choice.Text);
            element.AppendChild(label);
        }
    }

    /// <summary>The attributes by which the page's script knows the block. The right answers of a quiz are not among them.</summary>
    private void Describe(IElement element, int index)
    {
        var block = blocks[index];
        element.ClassName = "block";
        void Set(string name, string? value)
        {
            if (value is not null)
            {
                element.SetAttribute("data-" + name, substitute(value));
            }
        }

        string? Number(int? value) => value?.ToString(CultureInfo.InvariantCulture);
        string? Flag(bool value) => value ? "true" : null;
        Set("kind", block.Kind);
        Set("index", Number(index));
        switch (block)
        {
            case RunBlock run:
                Set("command", run.Command);
                Set("terminal", Number(run.Terminal));
                Set("terminal-name", run.TerminalName);
                Set("host", Number(run.Host));
                Set("all", Flag(run.AllTerminals));
                Set("interrupt", Flag(run.Interrupt));
                Set("clear", Flag(run.Clear));
                Set("keys", Flag(run.Keys));
                Set("enter", run.Enter ? null : "false");
                break;
            case InterruptBlock interrupt:
                Set("terminal", Number(interrupt.Terminal));
                Set("all", Flag(interrupt.AllTerminals));
                break;
            case CopyBlock copy:
                Set("text", copy.Text);
                break;
            case OpenFileBlock open:
                Set("path", open.Path);
                Set("line", Number(open.At));
                break;
            case WriteFileBlock write:
                Set("path", write.Path);
                Set("text", write.Text);
                Set("mode", write.Mode switch { WriteMode.InsertBefore => "insert-before", WriteMode.InsertAfter => "insert-after", var mode => mode.ToString().ToLowerInvariant() });
                Set("marker", write.Marker);
                Set("permissions", write.Permissions);
                break;
            case OpenPortBlock port:
                Set("port", Number(port.Port));
                Set("host", Number(port.Host));
                Set("path", port.Path);
                Set("https", Flag(port.Https));
                Set("virtual-host", port.VirtualHost);
                break;
            case OpenUrlBlock url when Uri.TryCreate(url.Url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https":
                Set("url", url.Url);
                break;
            case QuizBlock quiz:
                Set("answer", quiz.Answer.ToString().ToLowerInvariant());
                break;
            case ParameterBlock parameter:
                Set("name", parameter.Name);
                break;
            case TestBlock test:
                Set("test", test.Name);
                break;
        }
    }

    private static string Shown(Block block) => block switch
    {
        RunBlock run => run.Command,
        CopyBlock copy => copy.Text,
        WriteFileBlock write => write.Text,
        InterruptBlock => "Ctrl+C",
        OpenFileBlock open => open.Label.Length > 0 ? open.Label : open.Path,
        OpenPortBlock port => port.Label,
        OpenUrlBlock url => url.Label,
        ParameterBlock parameter => parameter.Prompt,
        TestBlock test => test.Label.Length > 0 ? test.Label : test.Name,
        _ => "",
    };

    private const RegexOptions Options = RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    [GeneratedRegex(@"^\s*(~~~~~~\s*)?\uE000(?<index>\d{1,7})\uE001(\s*~~~~~~)?\s*$", Options, 1000)]
    private static partial Regex OnlyToken();

    [GeneratedRegex(@"(~~~~~~[\s>]*)?\uE000(?<index>\d{1,7})\uE001([\s>]*~~~~~~)?", Options, 1000)]
    private static partial Regex TokenInText();

    [GeneratedRegex(@"\uE000\d{1,7}\uE001", Options, 1000)]
    private static partial Regex Token();
}
