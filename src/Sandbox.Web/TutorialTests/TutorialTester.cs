using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Recipes;
using Sandbox.Core.Sandboxes;
using Sandbox.Tutorials;
using Sandbox.Tutorials.Blocks;
using Sandbox.Tutorials.Checks;
using Sandbox.Tutorials.Linting;
using Sandbox.Web.Catalog;
using Sandbox.Web.Latency;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Links;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Store;
using Sandbox.Web.TutorialRuns;
using Sandbox.Web.Tutorials;

namespace Sandbox.Web.TutorialTests;

/// <summary>The result of a tutorial's own test.</summary>
/// <param name="Passed">Whether every page's check failed before its solution and passed after it.</param>
/// <param name="Failure">The first page that failed, and how; null when all passed.</param>
/// <param name="TestedAt">When it began.</param>
internal sealed record TutorialTestView(bool Passed, string? Failure, DateTimeOffset TestedAt);

/// <summary>
/// Runs published tutorials from the first page to the last, as a guest of its own, in the image that the catalog has now.
/// Only a test that passed takes visitors to a newer image. One runs at a time.
/// </summary>
internal sealed partial class TutorialTester(
    SqliteStore store,
    TutorialLibrary library,
    TutorialPublishing publishing,
    TutorialLaunches launches,
    OwnedPlaygrounds playgrounds,
    RunSteps steps,
    RunScripts scripts,
    Runs runs,
    Endings endings,
    ImageUse use,
    TimeProvider time,
    ILogger<TutorialTester> logger) : IDisposable
{
    private static readonly TimeSpan LongestStart = TimeSpan.FromMinutes(10);

    private readonly SemaphoreSlim _turn = new(1, 1);

    public void Dispose() => _turn.Dispose();

    /// <summary>Tests a tutorial and records the result. Codes: Conflict (it can only be read here, or another test runs), and those of a launch: then nothing is recorded.</summary>
    public async Task<TutorialTestView> TestAsync(TutorialRow row, CancellationToken cancellationToken)
    {
        if (!await _turn.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            throw new SandboxException(ErrorCode.Conflict, "Another tutorial is being tested just now. Try again in a minute.");
        }

        try
        {
            var began = time.GetUtcNow();
            var tester = PersonId.New();
            var open = await library.OpenAsync(row.SourceHash, row.Path);
            var newer = await publishing.PinAsync(open.Scenario, cancellationToken);
            var order = newer is null ? await launches.FreshAsync(tester, row, open, cancellationToken) : new LaunchOrder(ParameterRules.Fill(newer.Recipe, null), newer.Images);
            string? failure;
            try
            {
                failure = await RunAsync(tester, launches.Begun(order, row, Runs.Tested, "{}"), open.Tutorial, cancellationToken);
            }
            finally
            {
                await ForgetAsync(tester);
            }

            Log.Tested(logger, row.Title, failure ?? "passed");
            await RecordAsync(row, began, failure, failure is null ? newer : null);
            return new TutorialTestView(failure is null, failure, began);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<string?> RunAsync(PersonId tester, LaunchOrder order, Tutorial tutorial, CancellationToken cancellationToken)
    {
        PlaygroundId playground;
        try
        {
            var view = await playgrounds.LaunchOrderAsync(tester, order, null, new LaunchTrace(), cancellationToken);
            playground = PlaygroundId.Parse(view.Id);
            var until = time.GetUtcNow() + LongestStart;
            while (view.State is "queued" or "starting" && time.GetUtcNow() < until)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
                view = await playgrounds.FindAsync(tester, playground, cancellationToken);
            }

            if (view.State != "running")
            {
                return $"it did not start: {view.Error?.Message ?? view.Progress ?? view.State}";
            }
        }
        catch (SandboxException fault) when (fault.Code is ErrorCode.SetupFailed)
        {
            return $"it did not start: {fault.Message}";
        }

        for (var number = 1; number <= tutorial.Steps.Count; number++)
        {
            try
            {
                if (await PageAsync(tester, playground, tutorial.Steps[number - 1], number, cancellationToken) is { } failure)
                {
                    return string.Create(CultureInfo.InvariantCulture, $"page {number} ({tutorial.Steps[number - 1].Title}): {failure}");
                }
            }
            catch (SandboxException fault) when (fault.Code is not ErrorCode.RuntimeUnavailable)
            {
                return string.Create(CultureInfo.InvariantCulture, $"page {number} ({tutorial.Steps[number - 1].Title}): {fault.Message}");
            }
        }

        return null;
    }

    private async Task<string?> PageAsync(PersonId tester, PlaygroundId playground, Step step, int number, CancellationToken cancellationToken)
    {
        if ((await steps.EnterAsync(tester, playground, number, cancellationToken)).Setup is { ExitCode: not 0 } setup)
        {
            return string.Create(CultureInfo.InvariantCulture, $"its setup ended with {setup.ExitCode}");
        }

        if (step.Check is not null && (await steps.CheckAsync(tester, playground, number, null, cancellationToken)).Passed)
        {
            return "the check passes before anything was done";
        }

        await AnswerAsync(tester, playground, step, number);
        if (step.Check is null)
        {
            await BlocksAsync(tester, playground, step, number, cancellationToken);
            await steps.NextAsync(tester, playground, number, cancellationToken);
            return null;
        }

        if (step.Solve is null)
        {
            await BlocksAsync(tester, playground, step, number, cancellationToken);
        }
        else
        {
            await steps.SolveAsync(tester, playground, number, cancellationToken);
        }

        var check = await steps.CheckAsync(tester, playground, number, null, cancellationToken);
        return check.Passed ? null : $"the check fails after its {(step.Solve is null ? "blocks" : "solution")}: {check.Message}";
    }

    private async Task AnswerAsync(PersonId tester, PlaygroundId playground, Step step, int number)
    {
        for (var index = 0; index < step.Blocks.Count; index++)
        {
            if (step.Blocks[index] is QuizBlock quiz)
            {
                await steps.AnswerAsync(
                    tester, playground, number, index,
                    [.. quiz.Choices.Select((choice, at) => (choice.Right, at)).Where(choice => choice.Right).Select(choice => choice.at)],
                    quiz.Choices.FirstOrDefault(choice => choice.Right)?.Text);
            }
        }
    }

    /// <summary>Blocks that follow each other are one script, so that a directory or variable of one is there in the next.</summary>
    private async Task BlocksAsync(PersonId tester, PlaygroundId playground, Step step, int number, CancellationToken cancellationToken)
    {
        var run = await runs.FindAsync(tester, playground);
        var lines = new List<string>();
        for (var index = 0; index < step.Blocks.Count; index++)
        {
            switch (BlockViews.Filled(step.Blocks[index], run))
            {
                case RunBlock { Keys: false, Enter: true } block when Blocking.Reason(block.Command) is null:
                    lines.Add(block.Command);
                    break;
                case WriteFileBlock:
                    await FlushAsync();
                    await steps.WriteAsync(tester, playground, number, index, cancellationToken);
                    break;
            }
        }

        await FlushAsync();

        async Task FlushAsync()
        {
            if (lines.Count > 0)
            {
                await scripts.RunAsync(run.Sandbox, new Script("blocks", string.Join('\n', lines) + "\n"), run.Values, [], RunScripts.SetupTimeout, cancellationToken);
                lines.Clear();
            }
        }
    }

    /// <summary>Ends what a test started and forgets its guest's run and checkpoints.</summary>
    private async Task ForgetAsync(PersonId tester)
    {
        var live = await store.ReadAsync(db => db.Playgrounds.Where(row => row.OwnerId == tester.Value && row.State != PlaygroundStage.Ended).Select(row => row.Id).ToListAsync());
        foreach (var id in live)
        {
            await endings.EndAsync(PlaygroundId.Parse(id), EndReason.Removed);
        }

        await store.WriteAsync(async db =>
        {
            await db.TutorialRuns.Where(row => row.OwnerId == tester.Value).ExecuteDeleteAsync();
            await db.Links.Where(row => row.OwnerId == tester.Value).ExecuteDeleteAsync();
            await db.Playgrounds.Where(row => row.OwnerId == tester.Value && row.State == PlaygroundStage.Ended).ExecuteDeleteAsync();
            await db.People.Where(row => row.Id == tester.Value && !db.Playgrounds.Any(other => other.OwnerId == row.Id)).ExecuteDeleteAsync();
            await OwnedLinks.DropLocksAsync(db);
            return true;
        });
        await use.TryCollectAsync();
    }

    private async Task RecordAsync(TutorialRow row, DateTimeOffset began, string? failure, LockDraft? passed)
    {
        await store.WriteAsync(async db =>
        {
            foreach (var claim in await db.Tutorials.Where(other => other.Hash == row.Hash).ToListAsync())
            {
                (claim.TestedAt, claim.PassedAt, claim.Failure) = (began, failure is null ? began : claim.PassedAt, failure);
            }

            return true;
        });
        if (passed is not null)
        {
            await publishing.MoveLockAsync(row, passed);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The tutorial {Title} was tested: {Result}")]
        public static partial void Tested(ILogger logger, string title, string result);
    }
}
