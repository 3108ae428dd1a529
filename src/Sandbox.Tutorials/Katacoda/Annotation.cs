using System.Text.RegularExpressions;

namespace Sandbox.Tutorials.Katacoda;

/// <summary>
/// What stands after code: <code>`ls`{{execute interrupt T2}}</code>
/// "{{" SP* verb (SP+ argument)* SP* "}}"; arguments come in any order, verbs in any case.
/// </summary>
internal sealed partial record Annotation(string Text, string Verb, IReadOnlyList<string> Arguments)
{
    /// <summary>The empty one: this code has no button.</summary>
    public bool IsEmpty => Verb.Length == 0;

    /// <summary>
    /// Reads an annotation that begins at an offset, after one space at most. Templates of Go, Helm and Jinja, and the
    /// marks of ports, are none.
    /// </summary>
    public static Annotation? At(string text, int offset, out int end)
    {
        end = offset;
        if (Grammar().Match(text, offset, Math.Min(text.Length - offset, 120)) is not { Success: true } match || match.Index != offset)
        {
            return null;
        }

        var words = match.Groups["words"].Value.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (words.Length > 0 && (words[0].StartsWith("TRAFFIC_", StringComparison.Ordinal) || Templates.Contains(words[0])))
        {
            return null;
        }

        end = offset + match.Length;
        return new Annotation(match.Value.Trim(), words.Length == 0 ? "" : words[0].ToLowerInvariant(), words.Length == 0 ? [] : words[1..]);
    }

    private static readonly HashSet<string> Templates = new(StringComparer.Ordinal) { "range", "end", "if", "else", "with", "define", "template", "include", "block" };

    [GeneratedRegex(@" ?\{\{[ \t]*(?<words>([A-Za-z][\w-]*([ \t]+[\w-]+)*)?)[ \t]*\}\}", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Grammar();
}
