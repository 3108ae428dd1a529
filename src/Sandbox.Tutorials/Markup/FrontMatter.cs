using System.Text.Json;
using Sandbox.Recipes.Problems;

namespace Sandbox.Tutorials.Markup;

/// <summary>YAML between two lines of dashes at the start of a Markdown file.</summary>
internal static class FrontMatter
{
    /// <summary>
    /// Splits a text. The body keeps its line numbers: the lines of the front matter become empty. Broken front matter is
    /// a problem, and the body is still read.
    /// </summary>
    public static (LocatedValue? Values, string Body) Split(string file, string text, ProblemLog log)
    {
        if (!text.StartsWith("---\n", StringComparison.Ordinal) && !text.StartsWith("--- \n", StringComparison.Ordinal))
        {
            return (null, text);
        }

        var begin = text.IndexOf('\n', StringComparison.Ordinal) + 1;
        var end = begin - 1;
        do
        {
            end = text.IndexOf("\n---", end, StringComparison.Ordinal);
            if (end < 0)
            {
                log.Unsupported(file, 1, "the front matter is never closed");
                return (null, text);
            }

            end++;
        }
        while (EndOfLine(text, end).Trim() is not "---");

        var close = text.IndexOf('\n', end);
        var matter = text[begin..end];
        var body = new string('\n', matter.Count(letter => letter == '\n') + 2) + (close < 0 ? "" : text[(close + 1)..]);
        if (LocatedYaml.Parse(matter, 2, out var line, out var column, out var mistake) is not { } values)
        {
            log.Unsupported(file, line, $"the front matter cannot be read: {mistake}", column: column);
            return (null, body);
        }

        return (values.Kind == JsonValueKind.Object ? values : null, body);
    }

    private static string EndOfLine(string text, int from) => text.IndexOf('\n', from) is >= 0 and var end ? text[from..end] : text[from..];
}
