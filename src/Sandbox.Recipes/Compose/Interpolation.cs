using System.Text;
using System.Text.RegularExpressions;
using Sandbox.Recipes.Problems;

namespace Sandbox.Recipes.Compose;

/// <summary>Variables in the texts of a compose file. Nobody has set one here, so only those with a default have a value.</summary>
internal static partial class Interpolation
{
    public static string Resolve(LocatedValue value, string at)
    {
        var text = value.Text ?? throw new NeedsDockerException(value, at, "must be a text");
        var resolved = new StringBuilder();
        var end = 0;
        foreach (Match match in Variable().Matches(text))
        {
            resolved.Append(text, end, match.Index - end);
            end = match.Index + match.Length;
            resolved.Append(match.Value == "$$" ? "$"
                : match.Groups["default"] is { Success: true } byDefault ? byDefault.Value
                : throw new NeedsDockerException(value, at, $"{match.Value} has no value here"));
        }

        return resolved.Append(text, end, text.Length - end).ToString();
    }

    [GeneratedRegex(@"\$(\$|\{[A-Za-z_][A-Za-z0-9_]*:?-(?<default>[^{}$]*)\}|\{[^{}]*\}|[A-Za-z_][A-Za-z0-9_]*)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Variable();
}
