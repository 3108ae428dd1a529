using System.Text.Json.Nodes;
using Sandbox.Tutorials;
using Sandbox.Web.Store;
using Sandbox.Web.Tutorials;

namespace Sandbox.Web.TutorialRuns;

/// <summary>A page of a run, without its text.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Title">Its title.</param>
/// <param name="Kind">intro, step or finish.</param>
/// <param name="State">ahead, current, passed or skipped.</param>
/// <param name="Check">Whether a script says that it is done; else it is left by next.</param>
/// <param name="Hint">Whether it has a hint.</param>
/// <param name="Solution">Whether its solution can be shown.</param>
/// <param name="Solve">Whether its solution can be done by itself.</param>
/// <param name="Reset">Whether it can be begun again.</param>
internal sealed record RunStepView(int Number, string Title, string Kind, string State, bool Check, bool Hint, bool Solution, bool Solve, bool Reset);

/// <summary>A run of a tutorial.</summary>
/// <param name="Address">The name or hash that it was started by.</param>
/// <param name="Hash">The tutorial's hash.</param>
/// <param name="Title">The tutorial's title.</param>
/// <param name="Url">The tutorial's page.</param>
/// <param name="ResumeCode">The code that continues the run on another device.</param>
/// <param name="Gated">Whether no step may be skipped.</param>
/// <param name="Layout">How the page is laid out.</param>
/// <param name="Parameters">The values of all parameters.</param>
/// <param name="Next">The tutorials that follow: paths, names or URLs.</param>
/// <param name="Reports">Where the author wants reports, too: the page of a new issue, or a mailto address; null for nowhere.</param>
/// <param name="Current">The furthest page that is open, from 1.</param>
/// <param name="Steps">The pages in order.</param>
internal sealed record RunView(
    string Address,
    string Hash,
    string Title,
    string Url,
    string ResumeCode,
    bool Gated,
    TutorialLayoutView Layout,
    IReadOnlyDictionary<string, string> Parameters,
    IReadOnlyList<string> Next,
    string? Reports,
    int Current,
    IReadOnlyList<RunStepView> Steps);

/// <summary>A page with its text.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Title">Its title.</param>
/// <param name="Kind">intro, step or finish.</param>
/// <param name="Html">Its text, sanitised. An element with data-kind and data-index is a block.</param>
/// <param name="Blocks">The blocks by their indices: index, kind, line, inline, and the fields of their kind.</param>
internal sealed record RunPageView(int Number, string Title, string Kind, string Html, IReadOnlyList<JsonObject> Blocks);

/// <summary>The result of a setup.</summary>
/// <param name="ExitCode">0 when all went well, or it goes on beside the visitor.</param>
/// <param name="Output">What it printed.</param>
internal sealed record RunSetupView(int? ExitCode, string Output);

/// <summary>Somebody came to a page.</summary>
/// <param name="Run">The run.</param>
/// <param name="Setup">The page's setup, when it ran now; null when there is none, or it ran before.</param>
/// <param name="Type">What to type into the first terminal, one paste and Enter; null for nothing.</param>
internal sealed record EnteredView(RunView Run, RunSetupView? Setup, string? Type);

/// <summary>The result of a check.</summary>
/// <param name="Passed">Whether the page is done.</param>
/// <param name="Message">For the visitor: the first line that the check printed.</param>
/// <param name="Output">All that it printed.</param>
/// <param name="ExitCode">How it ended; null when it never started.</param>
/// <param name="TimedOut">Whether it was stopped because it did not end.</param>
/// <param name="DurationMs">How long it ran.</param>
/// <param name="Assertions">Its named parts.</param>
/// <param name="Run">The run after it.</param>
internal sealed record CheckView(bool Passed, string Message, string Output, int? ExitCode, bool TimedOut, double DurationMs, IReadOnlyList<AssertionView> Assertions, RunView Run);

/// <summary>The result of a block's test.</summary>
/// <param name="Passed">Whether it passed.</param>
/// <param name="ExitCode">How it ended; null when it never started.</param>
/// <param name="TimedOut">Whether it was stopped because it did not end.</param>
/// <param name="Output">All that it printed.</param>
internal sealed record TestedView(bool Passed, int? ExitCode, bool TimedOut, string Output);

/// <summary>The parts of a check that have run so far.</summary>
internal sealed record CheckTickView(IReadOnlyList<AssertionView> Assertions);

/// <summary>A text for the visitor.</summary>
/// <param name="Html">Sanitised.</param>
internal sealed record RunTextView(string Html);

/// <summary>The result of a solution.</summary>
internal sealed record SolvedView(int? ExitCode, string Output);

/// <summary>Runs as REST and the page show them.</summary>
internal static class RunViews
{
    public static RunView View(OpenRun run)
    {
        var (row, tutorial) = (run.Row, run.Tutorial);
        return new RunView(
            row.Address,
            row.Hash,
            tutorial.Title,
            TutorialViews.Url(row.Address),
            row.Code,
            tutorial.IsGated,
            TutorialLayoutView.From(tutorial.Layout),
            run.Values,
            tutorial.Next,
            tutorial.Reports,
            row.Current,
            [.. tutorial.Steps.Select((step, at) => View(row, step, at + 1))]);
    }

    /// <summary>A page with its text.</summary>
    public static RunPageView Page(OpenRun run, int number, string html)
    {
        var step = run.StepAt(number);
        return new RunPageView(number, step.Title, TutorialViews.Kind(step), html, BlockViews.Of(step.Blocks, run, Runs.AnsweredOf(run.Row, number)));
    }

    /// <summary>The checkpoint at which a page began; null when it begins with the tutorial, or none was saved.</summary>
    public static string? CheckpointOf(TutorialRunRow run, int number) => number == 1 ? null : run.Steps.Find(step => step.Number == number - 1)?.CheckpointHash;

    private static RunStepView View(TutorialRunRow run, Step step, int number)
    {
        var state = Runs.StateOf(run, number);
        return new RunStepView(
            number,
            step.Title,
            TutorialViews.Kind(step),
            state != TutorialRunState.Ahead ? state.ToString().ToLowerInvariant() : number == run.Current ? "current" : "ahead",
            step.Check is not null,
            step.Hint is not null,
            step.Answer is not null || step.Solve is not null,
            step.Solve is not null,
            Runs.IsOpen(run, number) && (number == 1 || CheckpointOf(run, number) is not null));
    }
}
