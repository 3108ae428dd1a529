using System.Text.RegularExpressions;
using Sandbox.Tutorials.Checks;

namespace Sandbox.Tutorials.Linting;

/// <summary>Finds verify scripts that pass whatever the visitor did.</summary>
internal static partial class Verifies
{
    /// <summary>Why the check cannot fail; null when it may.</summary>
    public static string? CannotFail(Check check)
    {
        var lines = check.Script.Text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#').ToList();
        if (lines.Count == 0)
        {
            return check.Rule == PassRule.ExitCode ? "the script is empty" : null;
        }

        if (lines.Exists(line => Decides().IsMatch(line)))
        {
            return null;
        }

        if (check.Rule == PassRule.ExitCodeAndDone)
        {
            return CheckRule.EchoDone().IsMatch(lines[^1]) ? "it always ends with done" : null;
        }

        return AlwaysZero().IsMatch(lines[^1]) ? $"its last command ({lines[^1]}) always succeeds" : null;
    }

    [GeneratedRegex(@"\b(if|while|until|case|elif|return|trap)\b|&&|\|\||\bset[ \t]+-[a-z]*e|\bexit[ \t]+([1-9$""-]|\d\d)|\bexit[ \t]*$|^#!.*-e|\bexec\b", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Decides();

    [GeneratedRegex(@"^(exit[ \t]+0|true|:|echo\b[^|&]*|printf\b[^|&]*|sleep[ \t]+[\d.]+)[ \t]*;?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex AlwaysZero();
}
