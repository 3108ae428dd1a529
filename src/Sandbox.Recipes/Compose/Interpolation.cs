using System.Text.RegularExpressions;
using Sandbox.Recipes.Problems;

namespace Sandbox.Recipes.Compose;

/// <summary>Variables in the texts of a compose file. Nobody has set one here, so only those with a default have a value.</summary>
internal sealed partial class Interpolation
{
    /// <summary>Characters of all texts of a file that have variables, once these are replaced.</summary>
    private const int MostResolved = 1 << 20;

    private int length;

    public string Resolve(LocatedValue value, string at)
    {
        var text = value.Text ?? throw new NeedsDockerException(value, at, "must be a text");
        if (!text.Contains('$', StringComparison.Ordinal))
        {
            return text;
        }

        // A value is never longer than the variable that it replaces.
        length += text.Length;
        if (length > MostResolved)
        {
            throw new NeedsDockerException(value, at, $"the texts with variables have more than {MostResolved >> 20} MiB in all");
        }

        return Variable().Replace(text, match => match.Value == "$$" ? "$"
            : match.Groups["default"] is { Success: true } byDefault ? byDefault.Value
            : throw new NeedsDockerException(value, at, $"{match.Value} has no value here"));
    }

    [GeneratedRegex(@"\$(\$|\{[A-Za-z_][A-Za-z0-9_]*:?-(?<default>[^{}$]*)\}|\{[^{}]*\}|[A-Za-z_][A-Za-z0-9_]*)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Variable();
}
