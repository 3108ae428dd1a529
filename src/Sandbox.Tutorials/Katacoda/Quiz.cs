using System.Text.RegularExpressions;
using Sandbox.Tutorials.Blocks;

namespace Sandbox.Tutorials.Katacoda;

/// <summary>
/// A question and, without an empty line between, its answers:
/// <code>
/// >>Q1: Which are colours?&lt;&lt;
/// [*] red
/// [ ] cold
/// </code>
/// <c>=== exact</c>, <c>=~= contains</c>, <c>[*]</c> several, <c>(*)</c> one.
/// </summary>
internal static partial class Quiz
{
    /// <summary>Reads the question that begins at an offset, the start of a line.</summary>
    public static QuizBlock? At(string text, int offset, out int end)
    {
        end = offset;
        if (Question().Match(text, offset) is not { Success: true } question)
        {
            return null;
        }

        var at = offset + question.Length;
        var kind = QuizKind.One;
        var choices = new List<QuizChoice>();
        while (at < text.Length && Answer().Match(text, at) is { Success: true } answer)
        {
            var mark = answer.Groups["mark"].Value;
            kind = mark switch { "===" => QuizKind.Exact, "=~=" => QuizKind.Contains, _ => mark[0] == '[' ? QuizKind.Several : QuizKind.One };
            choices.Add(new QuizChoice(answer.Groups["text"].Value.Trim(), mark[0] == '=' || mark[1] is '*' or 'x' or 'X'));
            at += answer.Length;
        }

        if (choices.Count == 0)
        {
            return null;
        }

        end = at;
        return new QuizBlock(question.Groups["text"].Value.Trim(), kind, choices);
    }

    [GeneratedRegex(@"\G[ \t]*>>[ \t]*(Q\d*[ \t]*:)?[ \t]*(?<text>[^\n]{1,2000}?)[ \t]*<<[ \t]*(\n|\z)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Question();

    [GeneratedRegex(@"\G[ \t]*(?<mark>===|=~=|\[[ *xX]\]|\([ *xX]\))[ \t]*(?<text>[^\n]*)(\n|\z)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Answer();
}
