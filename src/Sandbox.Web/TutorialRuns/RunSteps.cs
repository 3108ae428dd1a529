using System.Globalization;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Tutorials;
using Sandbox.Tutorials.Blocks;
using Sandbox.Tutorials.Rendering;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Store;

namespace Sandbox.Web.TutorialRuns;

/// <summary>Actions of a visitor on the pages of their run. The right to run commands in the sandbox allows all of them.</summary>
internal sealed class RunSteps(Runs runs, RunScripts scripts, BlockWrites writes, Checkpoints checkpoints, PageTexts texts, Ownership ownership, Presence presence, TimeProvider time)
{
    private const int MaxArgument = 4096;

    private static readonly TimeSpan LongestTest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan BetweenTests = TimeSpan.FromSeconds(1);

    /// <summary>The run of a playground. Code: NotFound.</summary>
    public async Task<RunView> FindAsync(PersonId owner, PlaygroundId playground) => RunViews.View(await runs.FindAsync(owner, playground));

    /// <summary>A page with its text. Codes: NotFound, Conflict (its author opens it only after those before it).</summary>
    public async Task<RunPageView> PageAsync(PersonId owner, PlaygroundId playground, int number, CancellationToken cancellationToken)
    {
        var run = await runs.FindAsync(owner, playground);
        if (run.Tutorial.IsGated)
        {
            run.OpenStepAt(number);
        }

        run.StepAt(number);
        return RunViews.Page(run, number, await texts.RenderAsync(run, number, cancellationToken));
    }

    /// <summary>
    /// Comes to a page: its setup runs once, and the second of two tabs does not wait for it. Codes: NotFound, Conflict,
    /// RuntimeUnavailable.
    /// </summary>
    public async Task<EnteredView> EnterAsync(PersonId owner, PlaygroundId playground, int number, CancellationToken cancellationToken)
    {
        var run = await RequireAsync(owner, playground);
        var step = run.OpenStepAt(number);
        using var visit = presence.Enter(playground);
        var now = time.GetUtcNow();
        var (sets, types) = (false, false);
        run = await runs.ChangeAsync(run, async (db, row) =>
        {
            var entered = Runs.StepOf(row, number);
            (sets, types) = (step.Setup is not null && entered.SetUpAt is null, step.Foreground is not null && entered.SetUpAt is null);
            if (entered.EnteredAt is null)
            {
                await Runs.CountAsync(db, row, number, count => count.Entered++);
            }

            entered.SetUpAt ??= now;
            entered.EnteredAt ??= now;
        });
        ScriptResult? result = null;
        if (sets)
        {
            try
            {
                result = run.Tutorial.Format == TutorialFormat.Sandbox
                    ? await scripts.RunAsync(run.Sandbox, run.Addressed(step.Setup!), run.Values, [], RunScripts.SetupTimeout, cancellationToken)
                    : await scripts.BeginAsync(run.Sandbox, run.Addressed(step.Setup!), run.Values, cancellationToken);
            }
            catch
            {
                // It runs when somebody comes again.
                await runs.ChangeAsync(run, (_, row) =>
                {
                    Runs.StepOf(row, number).SetUpAt = null;
                    return Task.CompletedTask;
                });
                throw;
            }
        }

        return new EnteredView(RunViews.View(run), result is null ? null : new RunSetupView(result.ExitCode, result.Output), types ? ParameterText.Substitute(run.Addressed(step.Foreground!.Text), run.Values).TrimEnd() : null);
    }

    /// <summary>Runs the check of a page. A check that fails, hangs or cannot be started is a result. Codes: NotFound, Conflict (no check, not open, or the sandbox does not run).</summary>
    /// <param name="owner">Whose run it is.</param>
    /// <param name="playground">Where it takes place.</param>
    /// <param name="number">The page.</param>
    /// <param name="ticked">Called with the check's named parts each time that there is one more; null for nobody.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    public async Task<CheckView> CheckAsync(PersonId owner, PlaygroundId playground, int number, Func<IReadOnlyList<AssertionView>, Task>? ticked, CancellationToken cancellationToken)
    {
        var run = await RequireAsync(owner, playground);
        var step = run.OpenStepAt(number);
        if (step.Check is not { } check)
        {
            throw new SandboxException(ErrorCode.Conflict, "This page has no check. Go on with next.");
        }

        using var visit = presence.Enter(playground);
        ScriptResult result;
        try
        {
            result = ticked is null
                ? await scripts.RunAsync(run.Sandbox, run.Addressed(check.Script), run.Values, [], RunScripts.CheckTimeout, cancellationToken)
                : await scripts.FollowAsync(run.Sandbox, run.Addressed(check.Script), run.Values, RunScripts.CheckTimeout, CheckResults.Ticks(ticked), cancellationToken);
        }
        catch (SandboxException fault) when (fault.Code is ErrorCode.Conflict or ErrorCode.NotFound)
        {
            throw new SandboxException(ErrorCode.Conflict, "The sandbox does not run, so nothing could be checked. Start it again, or reset this step.", fault);
        }

        var assertions = CheckResults.Assertions(result.Output);
        var passed = CheckResults.Passes(check, result, assertions);
        var message = CheckResults.Message(result, passed, assertions);
        if (passed && Unanswered(run, number))
        {
            (passed, message) = (false, "Answer the question of this page, too.");
        }

        run = passed ? await SettleAsync(run, number, TutorialRunState.Passed, cancellationToken) : await runs.ChangeAsync(run, (db, row) => Runs.CountFailureAsync(db, row, number, CheckResults.FailedPart(check, assertions)));
        return new CheckView(passed, message, result.Output, result.ExitCode, result.IsTimedOut, Math.Round(result.Duration.TotalMilliseconds, 2), assertions, RunViews.View(run));
    }

    /// <summary>Goes on from a page without a check. Codes: NotFound, Conflict (a check or a question says when).</summary>
    public async Task<RunView> NextAsync(PersonId owner, PlaygroundId playground, int number, CancellationToken cancellationToken)
    {
        var run = await RequireAsync(owner, playground);
        var step = run.OpenStepAt(number);
        if (Runs.StateOf(run.Row, number) != TutorialRunState.Ahead)
        {
            return RunViews.View(run);
        }

        if (step.Check is not null || Unanswered(run, number))
        {
            throw new SandboxException(ErrorCode.Conflict, step.Check is null ? "Answer the question of this page first, or skip the page." : "A check decides when this page is done. Run it, or skip the page.");
        }

        return RunViews.View(await SettleAsync(run, number, TutorialRunState.Passed, cancellationToken));
    }

    /// <summary>Goes on from a page that is not done. Codes: NotFound, Conflict (its author allows no skipping).</summary>
    public async Task<RunView> SkipAsync(PersonId owner, PlaygroundId playground, int number, CancellationToken cancellationToken)
    {
        var run = await RequireAsync(owner, playground);
        run.OpenStepAt(number);
        return run.Tutorial.IsGated
            ? throw new SandboxException(ErrorCode.Conflict, "The author of this tutorial lets no page be skipped.")
            : RunViews.View(await SettleAsync(run, number, TutorialRunState.Skipped, cancellationToken));
    }

    /// <summary>A hint for somebody who is at a page. Codes: NotFound (no hint), Conflict.</summary>
    public async Task<RunTextView> HintAsync(PersonId owner, PlaygroundId playground, int number, string? command, int? exitCode, CancellationToken cancellationToken)
    {
        var run = await RequireAsync(owner, playground);
        if (run.OpenStepAt(number).Hint is not { } hint)
        {
            throw new SandboxException(ErrorCode.NotFound, "This page has no hint.");
        }

        var since = run.Row.Steps.Find(step => step.Number == number)?.EnteredAt ?? run.Row.StartedAt;
        var seconds = (long)Math.Max(0, (time.GetUtcNow() - since).TotalSeconds);
        var last = (command ?? "").Replace("\0", "", StringComparison.Ordinal);
        string[] arguments = [seconds.ToString(CultureInfo.InvariantCulture), exitCode?.ToString(CultureInfo.InvariantCulture) ?? "", last.Length > MaxArgument ? last[..MaxArgument] : last];
        using var visit = presence.Enter(playground);
        var result = await scripts.RunAsync(run.Sandbox, run.Addressed(hint), run.Values, arguments, RunScripts.CheckTimeout, cancellationToken);
        return new RunTextView(MarkdownText.ToHtml(result.IsTimedOut ? "The script of this hint did not end, so there is none." : result.Stdout.Trim() is { Length: > 0 } text ? text : "There is no hint for this moment."));
    }

    /// <summary>The solution of a page. Code: NotFound.</summary>
    public async Task<RunTextView> SolutionAsync(PersonId owner, PlaygroundId playground, int number)
    {
        var run = await runs.FindAsync(owner, playground);
        return run.OpenStepAt(number) switch
        {
            { Answer: { } answer } => new RunTextView(MarkdownText.ToHtml(ParameterText.Substitute(answer, run.Values))),
            { Solve: { } solve } => new RunTextView($"<pre><code class=\"language-bash\">{System.Net.WebUtility.HtmlEncode(solve.Text)}</code></pre>"),
            _ => throw new SandboxException(ErrorCode.NotFound, "This page has no solution."),
        };
    }

    /// <summary>Does what a page asks for. Codes: NotFound (no such script), Conflict.</summary>
    public async Task<SolvedView> SolveAsync(PersonId owner, PlaygroundId playground, int number, CancellationToken cancellationToken)
    {
        var run = await RequireAsync(owner, playground);
        if (run.OpenStepAt(number).Solve is not { } solve)
        {
            throw new SandboxException(ErrorCode.NotFound, "This page has no script that solves it.");
        }

        using var visit = presence.Enter(playground);
        var result = await scripts.RunAsync(run.Sandbox, run.Addressed(solve), run.Values, [], RunScripts.CheckTimeout, cancellationToken);
        return new SolvedView(result.ExitCode, result.IsTimedOut ? result.Output + "\nIt did not end in time and was stopped." : result.Output);
    }

    /// <summary>Does what a block that writes a file says, and returns the path. Codes: as of <see cref="BlockWrites.WriteAsync"/>, and NotFound (no such block).</summary>
    public async Task<string> WriteAsync(PersonId owner, PlaygroundId playground, int number, int index, CancellationToken cancellationToken)
    {
        var run = await RequireAsync(owner, playground);
        presence.Touch(playground);
        return BlockAt<WriteFileBlock>(run, number, index, "writes a file") is var block
            ? await writes.WriteAsync(run.Sandbox, (WriteFileBlock)BlockViews.Filled(block, run), run.Tutorial.Layout.EditorPath, cancellationToken)
            : "";
    }

    /// <summary>
    /// Runs the test of a block, again after a failure as often as its author says, for at most a minute. Codes: NotFound (no
    /// such block), Conflict.
    /// </summary>
    public async Task<TestedView> TestAsync(PersonId owner, PlaygroundId playground, int number, int index, CancellationToken cancellationToken)
    {
        var run = await RequireAsync(owner, playground);
        var test = (TestBlock)BlockViews.Filled(BlockAt<TestBlock>(run, number, index, "runs a test"), run);
        if (test.Script is not { } script)
        {
            throw new SandboxException(ErrorCode.NotFound, $"The test {test.Name} is not among the files of this tutorial.");
        }

        using var visit = presence.Enter(playground);
        var began = time.GetTimestamp();
        var timeout = TimeSpan.FromSeconds(Math.Clamp(test.TimeoutSeconds ?? LongestTest.TotalSeconds, 1, LongestTest.TotalSeconds));
        for (var retry = 0; ; retry++)
        {
            var result = await scripts.RunAsync(run.Sandbox, run.Addressed(script), run.Values, test.Arguments, timeout, cancellationToken);
            var passed = result is { ExitCode: 0, IsTimedOut: false };
            if (passed || retry >= test.Retries || time.GetElapsedTime(began) + BetweenTests >= LongestTest)
            {
                return new TestedView(passed, result.ExitCode, result.IsTimedOut, result.Output);
            }

            await Task.Delay(BetweenTests, time, cancellationToken);
        }
    }

    /// <summary>Whether an answer to a question is right. Codes: NotFound (no such question), Invalid.</summary>
    public async Task<bool> AnswerAsync(PersonId owner, PlaygroundId playground, int number, int index, IReadOnlyList<int>? choices, string? text)
    {
        var run = await runs.FindAsync(owner, playground);
        var quiz = BlockAt<QuizBlock>(run, number, index, "asks a question");
        var isRight = IsRight(quiz, choices, text);
        if (isRight)
        {
            await runs.ChangeAsync(run, (_, row) =>
            {
                Runs.StepOf(row, number).Answered = string.Join(' ', Runs.AnsweredOf(row, number).Append(index).Order());
                return Task.CompletedTask;
            });
        }

        return isRight;
    }

    /// <summary>Sets values of parameters; the others stay. Codes: NotFound, Invalid.</summary>
    public async Task<RunView> SetAsync(PersonId owner, PlaygroundId playground, IReadOnlyDictionary<string, string> values)
    {
        var run = await runs.FindAsync(owner, playground);
        return RunViews.View(await runs.ChangeAsync(run, (_, row) =>
        {
            row.Parameters = Runs.Checked(run.Tutorial, System.Text.Json.JsonSerializer.Deserialize<Dictionary<string, string>>(row.Parameters), values);
            return Task.CompletedTask;
        }));
    }

    private static bool IsRight(QuizBlock quiz, IReadOnlyList<int>? choices, string? text)
    {
        if (quiz.Answer is QuizKind.One or QuizKind.Several)
        {
            var right = quiz.Choices.Select((choice, at) => (choice.Right, at)).Where(choice => choice.Right).Select(choice => choice.at);
            return choices is null
                ? throw new SandboxException(ErrorCode.Invalid, "choices: the numbers of the choices, from 0")
                : right.ToHashSet().SetEquals(choices);
        }

        var given = (text ?? throw new SandboxException(ErrorCode.Invalid, "text: the answer")).Trim();
        return quiz.Choices.Any(choice => choice.Right && (quiz.Answer == QuizKind.Exact
            ? string.Equals(choice.Text.Trim(), given, StringComparison.Ordinal)
            : given.Contains(choice.Text.Trim(), StringComparison.OrdinalIgnoreCase)));
    }

    private static T BlockAt<T>(OpenRun run, int number, int index, string what)
        where T : Block
    {
        var blocks = run.OpenStepAt(number).Blocks;
        return index >= 0 && index < blocks.Count && blocks[index] is T block ? block : throw new SandboxException(ErrorCode.NotFound, $"No block {index} of this page {what}.");
    }

    private static bool Unanswered(OpenRun run, int number)
    {
        var answered = Runs.AnsweredOf(run.Row, number);
        return run.StepAt(number).Blocks.Where((block, index) => block is QuizBlock && !answered.Contains(index)).Any();
    }

    /// <summary>The run of a playground whose sandbox is there.</summary>
    private async Task<OpenRun> RequireAsync(PersonId owner, PlaygroundId playground)
    {
        var run = await runs.FindAsync(owner, playground);
        await ownership.RequireAsync(owner, run.Sandbox);
        return run;
    }

    private async Task<OpenRun> SettleAsync(OpenRun run, int number, TutorialRunState state, CancellationToken cancellationToken)
    {
        var checkpoint = await checkpoints.TakeAsync(run, number, cancellationToken);
        return await runs.ChangeAsync(run, async (db, row) =>
        {
            if (Runs.Settle(row, number, state, run.Tutorial.Steps.Count))
            {
                await Runs.CountAsync(db, row, number, count => _ = state == TutorialRunState.Passed ? count.Passed++ : count.Skipped++);
            }

            if (checkpoint is not null)
            {
                var step = Runs.StepOf(row, number);
                (step.CheckpointHash, step.Terminals) = (checkpoint.Hash, checkpoint.Terminals);
            }
        });
    }
}
