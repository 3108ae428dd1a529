using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Web.Http;
using Sandbox.Web.People;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Saves;
using Sandbox.Web.Streaming;

namespace Sandbox.Web.TutorialRuns;

/// <summary>The last command of the visitor's terminal.</summary>
/// <param name="Command">The last command.</param>
/// <param name="ExitCode">How it ended.</param>
internal sealed record HintRequest(string? Command = null, int? ExitCode = null);

/// <summary>An answer to a question.</summary>
/// <param name="Choices">The numbers of the choices, from 0.</param>
/// <param name="Text">A typed answer.</param>
internal sealed record AnswerRequest(IReadOnlyList<int>? Choices = null, string? Text = null);

/// <summary>A run's code.</summary>
internal sealed record ResumeRequest(string Code);

/// <summary>A report about a page.</summary>
/// <param name="Text">In the visitor's words.</param>
/// <param name="Command">The last command of their terminal.</param>
internal sealed record ReportRequest(string Text, string? Command = null);

/// <summary>Whether an answer is right.</summary>
internal sealed record AnsweredView(bool Right);

/// <summary>A file that a block wrote.</summary>
internal sealed record WrittenView(string Path);

internal static class RunEndpoints
{
    private const long MaxJson = 64 * 1024;

    public static void MapTutorialRuns(this IEndpointRouteBuilder app)
    {
        var run = app.MapGroup("/api/v1/playgrounds/{id}/tutorial").WithTags("tutorials");
        run.MapGet("", (string id, HttpContext context, RunSteps steps) => steps.FindAsync(context.RequirePerson(), PlaygroundEndpoints.Id(id)))
            .Produces<RunView>().ProducesProblems(404).WithSummary("Get a playground's tutorial run").WithDescription("The run of a tutorial that takes place in a playground.");
        run.MapPut("parameters", async (string id, HttpContext context, RunSteps steps) =>
                await steps.SetAsync(context.RequirePerson(), PlaygroundEndpoints.Id(id), await context.ReadJsonAsync<Dictionary<string, string>>(MaxJson)))
            .Accepts<Dictionary<string, string>>("application/json").Produces<RunView>().ProducesProblems(400, 404, 413, 415)
            .WithSummary("Set a run's parameters").WithDescription("Set values of the tutorial's parameters; the others stay.");
        var tutorials = app.MapGroup("/api/v1/tutorials").WithTags("tutorials");
        tutorials.MapPost("resume", ResumeAsync)
            .Accepts<ResumeRequest>("application/json").Produces<JumpedView>().ProducesProblems(400, 404, 409, 413, 415, 422, 429, 503, 504, 507)
            .WithSummary("Resume a run by code").WithDescription("Continue a run by its code: your own where it is, anybody else's as a copy from its last checkpoint.");
        tutorials.MapGet("{address}/statistics", (string address, HttpContext context, RunReports reports) =>
                reports.FindAsync(context.RequirePerson(), context.User.IsInRole(CallerClaims.OperatorRole), address, context.RequestAborted))
            .Produces<TutorialStatisticsView>().ProducesProblems(404).WithSummary("Get a tutorial's statistics").WithDescription("Where visitors of your tutorial stop, which checks fail, and what they reported.");
        MapSteps(run.MapGroup("steps/{number:int}"));
    }

    private static void MapSteps(RouteGroupBuilder step)
    {
        step.MapGet("", (string id, int number, HttpContext context, RunSteps steps) => steps.PageAsync(context.RequirePerson(), PlaygroundEndpoints.Id(id), number, context.RequestAborted))
            .Produces<RunPageView>().ProducesProblems(404, 409).WithSummary("Get a page").WithDescription("A page of the tutorial, with its blocks.");
        step.MapPost("enter", (string id, int number, HttpContext context, RunSteps steps, CommandPace pace) =>
            {
                var (person, playground) = Caller(id, context, pace);
                return steps.EnterAsync(person, playground, number, context.RequestAborted);
            })
            .Produces<EnteredView>().ProducesProblems(404, 409, 429, 503).WithSummary("Enter a page").WithDescription("Come to a page: its setup runs, once.");
        step.MapPost("check", CheckAsync)
            .Produces<CheckView>().ProducesProblems(404, 409, 429, 503).WithSummary("Check a page")
            .WithDescription("One that does not end within 60 s has timedOut. With Accept: application/x-ndjson the named parts come as the check prints them: lines like {\"assertions\":[{\"name\":\"…\",\"passed\":true}]}, and the result last.");
        step.MapPost("hint", async (string id, int number, HttpContext context, RunSteps steps, CommandPace pace) =>
            {
                var (person, playground) = Caller(id, context, pace);
                var request = context.Request.ContentLength is null or 0 && context.Request.ContentType is null ? new HintRequest() : await context.ReadJsonAsync<HintRequest>(MaxJson);
                return await steps.HintAsync(person, playground, number, request.Command, request.ExitCode, context.RequestAborted);
            })
            .Accepts<HintRequest>("application/json", "*/*").Produces<RunTextView>().ProducesProblems(400, 404, 409, 413, 415, 429, 503).WithSummary("A hint for a page");
        step.MapGet("solution", (string id, int number, HttpContext context, RunSteps steps) => steps.SolutionAsync(context.RequirePerson(), PlaygroundEndpoints.Id(id), number))
            .Produces<RunTextView>().ProducesProblems(404, 409).WithSummary("The solution of a page");
        step.MapPost("solve", (string id, int number, HttpContext context, RunSteps steps, CommandPace pace) =>
            {
                var (person, playground) = Caller(id, context, pace);
                return steps.SolveAsync(person, playground, number, context.RequestAborted);
            })
            .Produces<SolvedView>().ProducesProblems(404, 409, 429, 503).WithSummary("Do what a page asks for");
        step.MapPost("skip", (string id, int number, HttpContext context, RunSteps steps, CommandPace pace) =>
            {
                var (person, playground) = Caller(id, context, pace);
                return steps.SkipAsync(person, playground, number, context.RequestAborted);
            })
            .Produces<RunView>().ProducesProblems(404, 409, 429, 503).WithSummary("Skip a page").WithDescription("Go on without having done a page.");
        step.MapPost("next", (string id, int number, HttpContext context, RunSteps steps, CommandPace pace) =>
            {
                var (person, playground) = Caller(id, context, pace);
                return steps.NextAsync(person, playground, number, context.RequestAborted);
            })
            .Produces<RunView>().ProducesProblems(404, 409, 429, 503).WithSummary("Finish a page").WithDescription("Go on from a page without a check.");
        step.MapPost("reset", (string id, int number, HttpContext context, AddressRates rates, SavePace pace, RunJumps jumps) => JumpAsync(id, number, isReset: true, context, rates, pace, jumps))
            .Produces<JumpedView>().ProducesProblems(404, 409, 422, 429, 503, 504, 507).WithSummary("Begin a page again")
            .WithDescription("The old playground ends once the new one runs. Without room for both at once it ends first, and the new one waits in the queue while its state is queued. GET …/terminals of the new one says how to bring terminals where they were.");
        step.MapPost("jump", (string id, int number, HttpContext context, AddressRates rates, SavePace pace, RunJumps jumps) => JumpAsync(id, number, isReset: false, context, rates, pace, jumps))
            .Produces<JumpedView>().ProducesProblems(404, 409, 422, 429, 503, 504, 507).WithSummary("Jump to a page").WithDescription("Go to a page as it was begun, in a new playground, as for reset; pages that were done stay done.");
        step.MapPost("report", async (string id, int number, HttpContext context, CommandPace pace, RunReports reports) =>
            {
                var (person, playground) = Caller(id, context, pace);
                var request = await context.ReadJsonAsync<ReportRequest>(MaxJson);
                await reports.ReportAsync(person, playground, number, request.Text ?? "", request.Command);
                return Results.NoContent();
            })
            .Accepts<ReportRequest>("application/json").Produces(204).ProducesProblems(400, 404, 413, 415, 429).WithSummary("Report a page to its author");
        step.MapPost("blocks/{index:int}/write", async (string id, int number, int index, HttpContext context, RunSteps steps, CommandPace pace) =>
            {
                var (person, playground) = Caller(id, context, pace);
                return new WrittenView(await steps.WriteAsync(person, playground, number, index, context.RequestAborted));
            })
            .Produces<WrittenView>().ProducesProblems(400, 404, 409, 413, 429, 503, 507).WithSummary("Write the file of a block");
        step.MapPost("blocks/{index:int}/test", (string id, int number, int index, HttpContext context, RunSteps steps, CommandPace pace) =>
            {
                var (person, playground) = Caller(id, context, pace);
                return steps.TestAsync(person, playground, number, index, context.RequestAborted);
            })
            .Produces<TestedView>().ProducesProblems(404, 409, 429, 503).WithSummary("Run the test of a block");
        step.MapPost("blocks/{index:int}/answer", async (string id, int number, int index, HttpContext context, RunSteps steps) =>
            {
                var answer = await context.ReadJsonAsync<AnswerRequest>(MaxJson);
                return new AnsweredView(await steps.AnswerAsync(context.RequirePerson(), PlaygroundEndpoints.Id(id), number, index, answer.Choices, answer.Text));
            })
            .Accepts<AnswerRequest>("application/json").Produces<AnsweredView>().ProducesProblems(400, 404, 409, 413, 415).WithSummary("Answer the question of a block");
    }

    private static async Task<IResult> CheckAsync(string id, int number, HttpContext context, RunSteps steps, CommandPace pace)
    {
        var (person, playground) = Caller(id, context, pace);
        if (!JsonLines.AreAsked(context.Request))
        {
            return Results.Ok(await steps.CheckAsync(person, playground, number, null, context.RequestAborted));
        }

        var lines = new JsonLines(context);
        return await lines.RunAsync(async () =>
            await lines.WriteAsync(await steps.CheckAsync(person, playground, number, assertions => lines.WriteAsync(new CheckTickView(assertions)), context.RequestAborted)));
    }

    private static async Task<IResult> JumpAsync(string id, int number, bool isReset, HttpContext context, AddressRates rates, SavePace pace, RunJumps jumps)
    {
        var person = context.RequirePerson();
        pace.Check(person);
        return await rates.AllowsLaunchAsync(context)
            ? Results.Ok(await jumps.JumpAsync(person, PlaygroundEndpoints.Id(id), number, isReset, context.RequestAborted))
            : Results.Empty;
    }

    private static async Task<IResult> ResumeAsync(HttpContext context, Guests guests, AddressRates rates, RunJumps jumps)
    {
        var request = await context.ReadJsonAsync<ResumeRequest>(MaxJson);

        // A code is a secret like a password, and is guessed as slowly.
        if (!await rates.AllowsPasswordAsync(context) || !await rates.AllowsLaunchAsync(context))
        {
            return Results.Empty;
        }

        var person = guests.Ensure(context);
        if (!await guests.IsKnownAsync(person) && !await rates.AllowsGuestAsync(context))
        {
            return Results.Empty;
        }

        try
        {
            return Results.Ok(await jumps.ResumeAsync(person, request.Code ?? "", context.RequestAborted));
        }
        catch (SandboxException fault) when (fault.Code == ErrorCode.NotFound)
        {
            rates.CountWrongPassword(context, "a run of a tutorial");
            throw;
        }
    }

    private static (PersonId Person, PlaygroundId Playground) Caller(string id, HttpContext context, CommandPace pace)
    {
        var person = context.RequirePerson();
        pace.Check(person);
        return (person, PlaygroundEndpoints.Id(id));
    }
}
