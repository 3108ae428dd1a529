using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Web.Store;
using Sandbox.Web.Tutorials;

namespace Sandbox.Web.TutorialRuns;

/// <summary>How visitors did at one page.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Title">Its title.</param>
/// <param name="Entered">Runs that came to it.</param>
/// <param name="Passed">Runs that passed it.</param>
/// <param name="Skipped">Runs that skipped it.</param>
/// <param name="FailedChecks">Checks that failed.</param>
/// <param name="FailedParts">The named parts of the check that failed first, the most frequent first.</param>
internal sealed record PageStatisticsView(int Number, string Title, int Entered, int Passed, int Skipped, int FailedChecks, IReadOnlyList<FailedPartView> FailedParts);

/// <summary>A named part of a check, and how often it failed.</summary>
internal sealed record FailedPartView(string Name, int Count);

/// <summary>A visitor's report.</summary>
/// <param name="Number">The page.</param>
/// <param name="At">When.</param>
/// <param name="Text">In the visitor's words.</param>
/// <param name="Command">The last command of their terminal.</param>
/// <param name="Digest">The image that their sandbox ran.</param>
internal sealed record PageReportView(int Number, DateTimeOffset At, string Text, string? Command, string Digest);

/// <summary>A tutorial as its author sees it.</summary>
internal sealed record TutorialStatisticsView(IReadOnlyList<PageStatisticsView> Pages, IReadOnlyList<PageReportView> Reports);

/// <summary>Tells authors where visitors stop, and what these reported.</summary>
internal sealed class RunReports(SqliteStore store, Runs runs, TutorialLibrary library, TimeProvider time)
{
    private const int MaxText = 2000;
    private const int MaxCommand = 1000;
    private const int MaxReports = 500;

    /// <summary>The parts of a page that are shown.</summary>
    private const int MaxParts = 20;

    /// <summary>Reports a page to its author. Codes: NotFound, Invalid, Quota (there are too many of this tutorial).</summary>
    public async Task ReportAsync(PersonId owner, PlaygroundId playground, int number, string text, string? command)
    {
        var run = await runs.FindAsync(owner, playground);
        run.StepAt(number);
        var words = text.Trim();
        if (words.Length is 0 or > MaxText || command is { Length: > MaxCommand })
        {
            throw new SandboxException(ErrorCode.Invalid, $"text: 1 to {MaxText} characters; command: at most {MaxCommand}");
        }

        await store.WriteAsync(async db =>
        {
            if (await db.TutorialReports.CountAsync(row => row.Hash == run.Row.Hash) >= MaxReports)
            {
                throw new SandboxException(ErrorCode.Quota, "This version of the tutorial has very many reports already. Its author will see them.");
            }

            db.TutorialReports.Add(new TutorialReportRow
            {
                Id = Guid.NewGuid().ToString("n"),
                Hash = run.Row.Hash,
                Number = number,
                At = time.GetUtcNow(),
                Text = words,
                Command = command,
                Digest = await db.Sandboxes.Where(row => row.Id == run.Sandbox.Value).Select(row => row.Digest).SingleOrDefaultAsync() ?? "",
            });
            return true;
        });
    }

    /// <summary>The statistics of a tutorial, for its owner; for operators those of the shipped ones, too. Code: NotFound.</summary>
    public async Task<TutorialStatisticsView> FindAsync(PersonId person, bool isOperator, string address, CancellationToken cancellationToken)
    {
        var row = await library.FindAsync(person, address);
        if (row.OwnerId != person.Value && !(isOperator && row.OwnerId == TutorialRow.Shipped))
        {
            throw new SandboxException(ErrorCode.NotFound, "You have no such tutorial.");
        }

        var tutorial = (await library.OpenAsync(row.SourceHash, row.Path)).Tutorial;
        var (counts, failures, reports) = await store.ReadAsync(async db => (
            await db.TutorialCounts.AsNoTracking().Where(count => count.Hash == row.Hash).ToDictionaryAsync(count => count.Number, cancellationToken),
            (await db.TutorialFailures.AsNoTracking().Where(failure => failure.Hash == row.Hash && failure.Part != "").ToListAsync(cancellationToken)).ToLookup(failure => failure.Number),
            await db.TutorialReports.AsNoTracking().Where(report => report.Hash == row.Hash).OrderByDescending(report => report.At).ToListAsync(cancellationToken)));
        return new TutorialStatisticsView(
            [
                .. tutorial.Steps.Select((step, at) => counts.GetValueOrDefault(at + 1) is { } count
                    ? new PageStatisticsView(at + 1, step.Title, count.Entered, count.Passed, count.Skipped, count.Failed, Parts(failures[at + 1]))
                    : new PageStatisticsView(at + 1, step.Title, 0, 0, 0, 0, [])),
            ],
            [.. reports.Select(report => new PageReportView(report.Number, report.At, report.Text, report.Command, report.Digest))]);
    }

    private static IReadOnlyList<FailedPartView> Parts(IEnumerable<TutorialFailureRow> failures) =>
        [.. failures.OrderByDescending(failure => failure.Count).ThenBy(failure => failure.Part, StringComparer.Ordinal).Take(MaxParts).Select(failure => new FailedPartView(failure.Part, failure.Count))];
}
