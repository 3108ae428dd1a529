using System.Text.RegularExpressions;

namespace Sandbox.Tutorials.Markup;

/// <summary>Titles as their Markdown says them.</summary>
internal static partial class Headings
{
    /// <summary>The first heading of a text, outside code; null when there is none.</summary>
    public static string? First(string text)
    {
        var fenced = false;
        foreach (var line in text.Split('\n').Take(400))
        {
            var trimmed = line.TrimStart();
            fenced ^= trimmed.StartsWith("```", StringComparison.Ordinal) || trimmed.StartsWith("~~~", StringComparison.Ordinal);
            if (!fenced && Heading().Match(line) is { Success: true } match)
            {
                return Plain(match.Groups["text"].Value);
            }
        }

        return null;
    }

    /// <summary>Without marks of emphasis, code and links, and without the line ends a title cannot have.</summary>
    public static string Plain(string title)
    {
        var plain = string.Concat(Link().Replace(title, "${text}").Where(letter => letter is not ('`' or '*') && !char.IsControl(letter))).Trim();
        return plain.Length > 200 ? plain[..200] + "…" : plain;
    }

    [GeneratedRegex(@"^[ ]{0,3}#{1,6}[ \t]+(?<text>[^\n]{1,1000}?)[ \t]*#*[ \t]*$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Heading();

    [GeneratedRegex(@"\[(?<text>[^\[\]]{0,300})\]\([^()]{0,500}\)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Link();
}
