using System.Text;
using System.Text.RegularExpressions;

namespace Sandbox.Tutorials.Rendering;

/// <summary>Puts values in place of <c>$$name$$</c>. A name nobody declared stays: <c>$$</c> is a shell's process too.</summary>
public static partial class ParameterText
{
    public static string Substitute(string text, IReadOnlyDictionary<string, string> values) => Replace(text, values, value => value);

    /// <summary>In Markdown a value is text, whatever marks it holds.</summary>
    internal static string SubstituteMarkdown(string text, IReadOnlyDictionary<string, string> values) => Replace(text, values, Escaped);

    private static string Replace(string text, IReadOnlyDictionary<string, string> values, Func<string, string> written) =>
        values.Count == 0 || !text.Contains("$$", StringComparison.Ordinal)
            ? text
            : Mark().Replace(text, match => values.TryGetValue(match.Groups["name"].Value, out var value) ? written(value) : match.Value);

    private static string Escaped(string value)
    {
        var escaped = new StringBuilder();
        foreach (var letter in value)
        {
            if (char.IsAsciiLetterOrDigit(letter) || !char.IsAscii(letter) || letter is ' ' or '-' or '.' or '/' or ':')
            {
                escaped.Append(letter);
            }
            else if (!char.IsControl(letter))
            {
                escaped.Append('\\').Append(letter);
            }
        }

        return escaped.ToString();
    }

    [GeneratedRegex(@"\$\$(?<name>[A-Za-z][A-Za-z0-9_-]{0,39})\$\$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Mark();
}
