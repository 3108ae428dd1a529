using Sandbox.Recipes.Problems;

namespace Sandbox.Tutorials.Imports;

/// <summary>An import as <c>infra/tutorial-import --json</c> prints it, in camelCase.</summary>
public sealed record ImportReport(
    IReadOnlyList<ScenarioReport> Scenarios, IReadOnlyList<CourseReport> Courses, IReadOnlyList<ProblemReport> Unsupported, ReportTotals Totals, double Seconds)
{
    public static ImportReport Of(ImportResult result, TimeSpan took)
    {
        var scenarios = result.Scenarios.Select(ScenarioReport.Of).ToList();
        return new ImportReport(
            scenarios,
            [.. result.Courses.Select(course => new CourseReport(course.Title, course.Path, [.. course.Items.Select(item => item.Target)]))],
            [.. result.Problems.Select(ProblemReport.Of)],
            new ReportTotals(
                scenarios.Count,
                scenarios.Count(scenario => scenario.Runnable == "yes"),
                scenarios.Sum(scenario => scenario.Steps),
                Sum(scenarios.SelectMany(scenario => scenario.Actions)),
                scenarios.Sum(scenario => scenario.Unsupported.Count) + result.Problems.Count),
            Math.Round(took.TotalSeconds, 3));
    }

    private static SortedDictionary<string, int> Sum(IEnumerable<KeyValuePair<string, int>> actions)
    {
        var sums = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var (kind, count) in actions)
        {
            sums[kind] = sums.GetValueOrDefault(kind) + count;
        }

        return sums;
    }
}

/// <summary>One tutorial of a report.</summary>
/// <param name="Backend">What it needs: <c>container</c>, <c>docker</c>, <c>kubernetes</c>, <c>openshift</c>, <c>rhel</c>, <c>windows</c>, <c>unknown</c>.</param>
/// <param name="Image">The image it is started from; null when there is none for it.</param>
/// <param name="Asked">The source's own name of the backend.</param>
/// <param name="Steps">Without intro and finish.</param>
/// <param name="Actions">Blocks by kind: <c>run</c>, <c>copy</c>, <c>open</c>, <c>write</c>, <c>port</c>, <c>quiz</c>, …</param>
/// <param name="Runnable"><c>yes</c> or <c>readable</c>; the latter with a reason.</param>
/// <param name="Lint">What works and is probably not meant so.</param>
public sealed record ScenarioReport(
    string Title, string Path, string Format, string Backend, string? Image, string? Asked, int Hosts, int Steps, int Checks,
    IReadOnlyDictionary<string, int> Actions, IReadOnlyList<ProblemReport> Unsupported, IReadOnlyList<ProblemReport> Lint, string Runnable, string? Reason)
{
    public static ScenarioReport Of(Scenario scenario)
    {
        var tutorial = scenario.Tutorial;
        var actions = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var block in tutorial.Steps.SelectMany(step => step.Blocks))
        {
            actions[block.Kind] = actions.GetValueOrDefault(block.Kind) + 1;
        }

        return new ScenarioReport(
            tutorial.Title,
            tutorial.Path,
            FormatName(tutorial.Format),
            tutorial.Backend.Kind.ToString().ToLowerInvariant(),
            tutorial.Backend.Image.Length == 0 ? null : tutorial.Backend.Image,
            tutorial.Backend.Asked,
            tutorial.Backend.Hosts,
            tutorial.Steps.Count(step => step.Kind == StepKind.Step),
            tutorial.Steps.Count(step => step.Check is not null),
            actions,
            [.. scenario.Problems.Where(problem => problem.Kind != ProblemKind.Advice).Select(ProblemReport.Of)],
            [.. scenario.Problems.Where(problem => problem.Kind == ProblemKind.Advice).Select(ProblemReport.Of)],
            scenario.IsRunnable ? "yes" : "readable",
            scenario.Reason);
    }

    /// <summary>The name of a format in reports and addresses: <c>play-with-docker</c>.</summary>
    public static string FormatName(TutorialFormat format) => format == TutorialFormat.PlayWithDocker ? "play-with-docker" : format.ToString().ToLowerInvariant();
}

/// <summary>A course of a report; its items are paths of this import, or URLs.</summary>
public sealed record CourseReport(string Title, string Path, IReadOnlyList<string> Items);

/// <summary>A problem of a report.</summary>
public sealed record ProblemReport(string File, int Line, int Column, string? Field, string What)
{
    public static ProblemReport Of(Problem problem) => new(problem.File, problem.Line, problem.Column, problem.Field, problem.What);
}

/// <summary>Sums of a report.</summary>
public sealed record ReportTotals(int Scenarios, int Runnable, int Steps, IReadOnlyDictionary<string, int> Actions, int Unsupported);
