using System.Globalization;
using System.Text.RegularExpressions;
using Sandbox.Tutorials.Checks;

namespace Sandbox.Web.TutorialRuns;

/// <summary>A named part of a check: a line of TAP.</summary>
internal sealed record AssertionView(string Name, bool Passed);

/// <summary>
/// Reads what a check printed. Lines of the Test Anything Protocol (https://testanything.org/tap-version-13-specification.html)
/// are its parts: <code>not ok 2 - the file is executable # SKIP</code>
/// </summary>
internal static partial class CheckResults
{
    private const int MaxAssertions = 200;

    /// <summary>The letters of a part's name that is counted.</summary>
    private const int MinPart = 3, MaxPart = 80;

    /// <summary>Whether a check passed, by the rule of its format. A part that failed fails it, whatever the exit code.</summary>
    public static bool Passes(Check check, ScriptResult result, IReadOnlyList<AssertionView> assertions) =>
        !result.IsTimedOut && result.ExitCode is { } code && check.Passes(code, result.Stdout) && assertions.All(assertion => assertion.Passed);

    /// <summary>The parts in order.</summary>
    public static IReadOnlyList<AssertionView> Assertions(string output) =>
    [
        .. output.Split('\n').Select(line => Assertion().Match(line.TrimEnd('\r'))).Where(match => match.Success).Take(MaxAssertions)
            .Select((match, at) => new AssertionView(
                match.Groups["name"].Value.Trim() is { Length: > 0 } name ? name : (at + 1).ToString(CultureInfo.InvariantCulture),
                !match.Groups["not"].Success || match.Groups["todo"].Success)),
    ];

    /// <summary>Passes on the parts in an output that grows, each time that there is one more. The last line may still be written.</summary>
    public static Func<string, Task> Ticks(Func<IReadOnlyList<AssertionView>, Task> ticked)
    {
        var told = 0;
        return output =>
        {
            var parts = Assertions(output[..(output.LastIndexOf('\n') + 1)]);
            if (parts.Count == told)
            {
                return Task.CompletedTask;
            }

            told = parts.Count;
            return ticked(parts);
        };
    }

    /// <summary>
    /// The name of the first part that failed, as the author's script spells it; else empty. The output is the visitor's, who
    /// may print anything: nothing of it is counted that the script does not have.
    /// </summary>
    public static string FailedPart(Check check, IReadOnlyList<AssertionView> assertions) =>
        assertions.FirstOrDefault(assertion => !assertion.Passed) is { Name: { Length: >= MinPart and <= MaxPart } name }
            && check.Script.Text.Contains($" {name}", StringComparison.Ordinal) ? name : "";

    /// <summary>The message for the visitor: the first line that is not TAP, else why it did not pass.</summary>
    public static string Message(ScriptResult result, bool passed, IReadOnlyList<AssertionView> assertions)
    {
        if (result.IsTimedOut)
        {
            return string.Create(CultureInfo.InvariantCulture, $"The check did not end within {RunScripts.CheckTimeout.TotalSeconds:0} seconds and was stopped.");
        }

        var first = result.Output.Split('\n').Select(line => line.Trim()).FirstOrDefault(line => line.Length > 0 && !Protocol().IsMatch(line));
        return first ?? (passed ? "Done."
            : assertions.FirstOrDefault(assertion => !assertion.Passed) is { } failed ? $"Not yet: {failed.Name}"
            : result.ExitCode == 0 ? "Not done yet."
            : string.Create(CultureInfo.InvariantCulture, $"Not done yet: the check ended with {result.ExitCode}."));
    }

    [GeneratedRegex(@"^(?<not>not )?ok\b[ \t]*\d*[ \t]*(-[ \t]*)?(?<name>[^#]*)(?<todo>#[ \t]*(TODO|SKIP)\b.*)?", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Assertion();

    [GeneratedRegex(@"^((not )?ok\b|\d+\.\.\d+|TAP version|#)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Protocol();
}
