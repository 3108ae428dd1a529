using System.Buffers;
using Sandbox.Recipes.Problems;
using Sandbox.Tutorials.Markup;

namespace Sandbox.Tutorials.Katacoda;

/// <summary>
/// A step of Katacoda or Killercoda. Its marks stand where CommonMark has none: a closing fence with text after it is no
/// closing fence there, so they are read before.
/// </summary>
internal sealed class KatacodaReader(string file, ProblemLog log) : MarkdownReader
{
    /// <summary>Characters that a mark may begin with.</summary>
    private static readonly SearchValues<char> MayBegin = SearchValues.Create("`<{[\\h>");

    private const string ContextOfLink = "(<=\"'";

    protected override bool MayFollowFence(string tail) => Annotation.At(tail, 0, out _) is not null;

    protected override bool ReadFence(Fence fence)
    {
        if (!fence.Closed)
        {
            log.Unsupported(file, fence.Line, "a code fence is never closed: the rest of the file is code");
            return false;
        }

        if (Annotation.At(fence.Info, 0, out _) is { IsEmpty: false } opening)
        {
            log.Unsupported(file, fence.Line, $"{opening.Text} is on the opening fence, where it has no meaning: the code is only shown");
        }

        if (fence.Tail is null || Annotation.At(fence.Tail, 0, out var end) is not { } annotation || annotation.IsEmpty)
        {
            return false;
        }

        var block = Actions.Read(fence.Code, annotation, out var unknown) with { Line = fence.Line, Language = Language(fence.Info) };
        if (unknown is not null)
        {
            log.Unsupported(file, fence.Line, unknown);
        }

        CheckPlaceholders(fence.Code, fence.Line);
        AddBlock(block);
        var rest = fence.Tail[end..].Trim();
        if (rest.Length > 0)
        {
            log.Unsupported(file, fence.Line, $"text after {annotation.Text} is shown below the code: {rest}");
            Output.Append('\n').Append(rest).Append('\n');
        }

        return true;
    }

    protected override void ReadProse(string prose, int line)
    {
        var index = new LineIndex(prose);
        var spans = new CodeSpans(prose);
        var lastPre = prose.LastIndexOf("</pre>", StringComparison.OrdinalIgnoreCase);
        var lastComment = prose.LastIndexOf("-->", StringComparison.Ordinal);
        var at = 0;
        while (at < prose.Length)
        {
            var next = prose.AsSpan(at).IndexOfAny(MayBegin) is >= 0 and var found ? at + found : prose.Length;
            Output.Append(prose, at, next - at);
            at = next;
            if (at == prose.Length)
            {
                break;
            }

            at = prose[at] switch
            {
                '\\' => Copy(prose, at, Math.Min(2, prose.Length - at)),
                '`' => ReadCode(prose, at, spans, line + index.LineOf(at) - 1),
                '<' when StartsWith(prose, at, "<!--") && lastComment > at => Copy(prose, at, prose.IndexOf("-->", at, StringComparison.Ordinal) + 3 - at),
                '<' when StartsWith(prose, at, "<pre") && lastPre > at => ReadPre(prose, at, line + index.LineOf(at) - 1),
                '>' when at == 0 || prose[at - 1] == '\n' => ReadQuiz(prose, at, line + index.LineOf(at) - 1),
                _ => ReadPort(prose, at, line + index.LineOf(at) - 1),
            };
        }
    }

    private static bool StartsWith(string text, int at, string with) => string.Compare(text, at, with, 0, with.Length, StringComparison.OrdinalIgnoreCase) == 0;

    private static string? Language(string info) =>
        info.Split([' ', '\t', '{', ','], 2)[0] is { Length: > 0 and < 40 } word && word.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '+' or '#' or '_') ? word : null;

    private int Copy(string prose, int at, int length)
    {
        Output.Append(prose, at, length);
        return at + length;
    }

    private int ReadCode(string prose, int at, CodeSpans spans, int line)
    {
        var length = CodeSpans.LengthAt(prose, at);
        var close = spans.Closing(at, length);
        if (close < 0)
        {
            return Copy(prose, at, length);
        }

        var end = close + length;
        var annotation = Annotation.At(prose, end, out var after);
        if (annotation is not null && prose[end] == ' ' && annotation.Verb is not ("execute" or "exec" or "copy" or "open"))
        {
            annotation = null;
        }

        if (annotation is null)
        {
            return Copy(prose, at, spans.Broken(at, close) ? length : end - at);
        }

        if (annotation.IsEmpty)
        {
            Copy(prose, at, end - at);
            return after;
        }

        var code = prose[(at + length)..close];
        if (length > 1 && code.Length > 2 && code[0] == ' ' && code[^1] == ' ')
        {
            // Room beside a backtick of the code itself.
            code = code[1..^1];
        }

        var block = Actions.Read(code, annotation, out var unknown);
        if (unknown is not null)
        {
            log.Unsupported(file, line, unknown);
        }

        CheckPlaceholders(code, line);
        AddInline(block with { Line = line });
        return after;
    }

    private int ReadPre(string prose, int at, int line)
    {
        if (EditorBlock.At(prose, at, out var end, out var unknown) is not { } block)
        {
            // Any other pre is text, whatever stands in it.
            return end > at ? Copy(prose, at, end - at) : Copy(prose, at, 1);
        }

        if (unknown is not null)
        {
            log.Unsupported(file, line, unknown);
        }

        Output.Append('\n');
        AddBlock(block with { Line = line });
        Output.Append('\n');
        return end;
    }

    private int ReadQuiz(string prose, int at, int line)
    {
        if (Quiz.At(prose, at, out var end) is not { } quiz)
        {
            return Copy(prose, at, 1);
        }

        Output.Append('\n');
        AddBlock(quiz with { Line = line });
        Output.Append('\n');
        return end;
    }

    private int ReadPort(string prose, int at, int line)
    {
        if (prose[at] switch { 'h' => !StartsWith(prose, at, "http"), '[' => !StartsWith(prose, at, "[["), '{' => !StartsWith(prose, at, "{{"), _ => true })
        {
            return Copy(prose, at, 1);
        }

        if (PortLinks.At(prose, at, out var end) is { } port)
        {
            port = port with { Line = line, Inline = true };
            if (at > 0 && ContextOfLink.Contains(prose[at - 1], StringComparison.Ordinal))
            {
                Output.Append(Tokens.LinkTo(Keep(port)));
            }
            else
            {
                AddInline(port);
            }

            return end;
        }

        if (prose[at] == '{' && PortLinks.IsMalformed(prose, at, out end))
        {
            log.Unsupported(file, line, $"{prose[at..end]} is no port of a host: it stays as it is");
            return Copy(prose, at, end - at);
        }

        if (prose[at] == '[' && at + 2 < prose.Length && char.IsAsciiLetterUpper(prose[at + 2]) && PortLinks.Placeholder().Match(prose, at, Math.Min(60, prose.Length - at)) is { Success: true } name && name.Index == at)
        {
            CheckPlaceholders(name.Value, line);
            return Copy(prose, at, name.Length);
        }

        return Copy(prose, at, 1);
    }

    private void CheckPlaceholders(string text, int line)
    {
        foreach (System.Text.RegularExpressions.Match match in PortLinks.Placeholder().Matches(text))
        {
            if (!Placeholders.IsKnown(match.Groups["name"].Value))
            {
                log.Unsupported(file, line, $"{match.Value} is an unknown placeholder: it stays as it is");
            }
        }
    }
}
