using System.Text.RegularExpressions;

namespace Sandbox.Tutorials.Checks;

/// <summary>
/// Which of the historic rules a verify script was written for. Katacoda wanted <c>done</c> on the output, Killercoda exit
/// code 0; a script that prints <c>done</c> and never says <c>exit 0</c> needs both.
/// </summary>
internal static partial class CheckRule
{
    public static Check Of(Script script) =>
        new(script, EchoDone().IsMatch(script.Text) && !ExitZero().IsMatch(script.Text) ? PassRule.ExitCodeAndDone : PassRule.ExitCode);

    [GeneratedRegex("""^[^#\n]*\becho[ \t]+(-[neE]+[ \t]+)?["']?done\b""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    internal static partial Regex EchoDone();

    [GeneratedRegex(@"^[^#\n]*\bexit[ \t]+0\b", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    internal static partial Regex ExitZero();
}
