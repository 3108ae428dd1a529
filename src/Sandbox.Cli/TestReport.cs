using System.Globalization;
using System.Xml.Linq;
using Sandbox.Tutorials.Imports;

namespace Sandbox.Cli;

/// <summary>Something that a test ran in the sandbox.</summary>
/// <param name="What">setup, check, block, write, solve or answer.</param>
/// <param name="Line">The line of a block in its file.</param>
/// <param name="Command">What was run; null for scripts.</param>
/// <param name="ExitCode">How it ended.</param>
/// <param name="TimedOut">Whether it was stopped because it did not end.</param>
/// <param name="Output">What it printed.</param>
internal sealed record Ran(string What, int? Line, string? Command, int? ExitCode, bool TimedOut, string Output);

/// <summary>The test of one page.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Title">Its title.</param>
/// <param name="Passed">Whether nothing failed.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Failures">What failed, in words.</param>
/// <param name="Notes">What is worth knowing and fails nothing.</param>
/// <param name="Runs">Everything that was run, in order.</param>
internal sealed record StepReport(int Number, string Title, bool Passed, double Seconds, IReadOnlyList<string> Failures, IReadOnlyList<string> Notes, IReadOnlyList<Ran> Runs);

/// <summary>The test of one tutorial.</summary>
/// <param name="Title">Its title.</param>
/// <param name="Path">Its folder or file, from the root that was tested.</param>
/// <param name="Passed">Whether it runs and all its pages passed.</param>
/// <param name="Reason">Why it was not run, or did not start.</param>
/// <param name="Skipped">Whether nothing here could run it: it is written for something that no sandbox has.</param>
/// <param name="Lint">Mistakes and advice about its files.</param>
/// <param name="Steps">Its pages.</param>
internal sealed record TutorialReport(string Title, string Path, bool Passed, string? Reason, bool Skipped, IReadOnlyList<ProblemReport> Lint, IReadOnlyList<StepReport> Steps);

/// <summary>A whole test, as <c>--json</c> prints it.</summary>
internal sealed record TestReport(bool Passed, IReadOnlyList<TutorialReport> Tutorials, double Seconds)
{
    /// <summary>As CI systems read it: a suite for each tutorial, a case for each page (https://github.com/testmoapp/junitxml).</summary>
    public XDocument ToJUnit() => new(new XElement(
        "testsuites",
        Counts(Tutorials),
        new XAttribute("time", Text(Seconds)),
        Tutorials.Select(tutorial => new XElement("testsuite", new XAttribute("name", Clean(tutorial.Title)), Counts([tutorial]), Cases(tutorial)))));

    private static IEnumerable<XElement> Cases(TutorialReport tutorial)
    {
        if (tutorial.Reason is { } reason)
        {
            yield return new XElement(
                "testcase",
                new XAttribute("name", "start"),
                new XAttribute("classname", Clean(tutorial.Title)),
                new XElement(tutorial.Skipped ? "skipped" : "failure", new XAttribute("message", Clean(reason))));
        }

        foreach (var step in tutorial.Steps)
        {
            yield return new XElement(
                "testcase",
                new XAttribute("name", Clean($"{step.Number}. {step.Title}")),
                new XAttribute("classname", Clean(tutorial.Title)),
                new XAttribute("time", Text(step.Seconds)),
                step.Failures.Select(failure => new XElement("failure", new XAttribute("message", Clean(failure)))),
                new XElement("system-out", Clean(string.Join('\n', step.Runs.Select(Line)))));
        }
    }

    /// <summary>What was run, for people.</summary>
    public static string Line(Ran ran)
    {
        var where = ran.Line is { } line ? string.Create(CultureInfo.InvariantCulture, $" (line {line})") : "";
        var command = ran.Command is { } text ? $": {text.Trim()}" : "";
        var code = ran.TimedOut ? "did not end" : ran.ExitCode is { } exit ? exit.ToString(CultureInfo.InvariantCulture) : "not run";
        return $"{ran.What}{where}{command} -> {code}\n{ran.Output.TrimEnd()}".TrimEnd();
    }

    private static XAttribute[] Counts(IReadOnlyList<TutorialReport> tutorials)
    {
        var steps = tutorials.SelectMany(tutorial => tutorial.Steps).ToList();
        var starts = tutorials.Where(tutorial => tutorial.Reason is not null).ToList();
        return
        [
            new XAttribute("tests", steps.Count + starts.Count),
            new XAttribute("failures", steps.Sum(step => step.Failures.Count) + starts.Count(tutorial => !tutorial.Skipped)),
            new XAttribute("skipped", starts.Count(tutorial => tutorial.Skipped)),
        ];
    }

    private static string Text(double seconds) => seconds.ToString("0.###", CultureInfo.InvariantCulture);

    /// <summary>XML holds no control characters, and a program's output may.</summary>
    private static string Clean(string text) => new([.. text.Select(letter => System.Xml.XmlConvert.IsXmlChar(letter) ? letter : '\uFFFD')]);
}
