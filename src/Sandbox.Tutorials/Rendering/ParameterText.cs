using System.Text;
using System.Text.RegularExpressions;

namespace Sandbox.Tutorials.Rendering;

/// <summary>
/// Puts values in place of <c>$$name$$</c>. A name nobody declared stays: <c>$$</c> is a shell's process too. So does one whose value is
/// too long, or for whose value there is no room any more.
/// </summary>
public static partial class ParameterText
{
    /// <summary>Characters of a value.</summary>
    public const int MaxValueLength = 1000;

    /// <summary>Characters of all values that are put into one text.</summary>
    private const int MostReplaced = 1 << 20;

    public static string Substitute(string text, IReadOnlyDictionary<string, string> values) => Replace(text, values, value => value);

    /// <summary>In Markdown a value is text, whatever marks it holds.</summary>
    internal static string SubstituteMarkdown(string text, IReadOnlyDictionary<string, string> values) => Replace(text, values, Escaped);

    private static string Replace(string text, IReadOnlyDictionary<string, string> values, Func<string, string> written)
    {
        if (values.Count == 0 || !text.Contains("$$", StringComparison.Ordinal))
        {
            return text;
        }

        var left = MostReplaced;
        return Mark().Replace(text, match =>
        {
            if (!values.TryGetValue(match.Groups["name"].Value, out var value) || value.Length > Math.Min(left, MaxValueLength))
            {
                return match.Value;
            }

            left -= value.Length;
            return written(value);
        });
    }

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
