using Sandbox.Core.Errors;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Web.Http;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.People;

namespace Sandbox.Web.Playgrounds;

/// <summary>A command in the background. <c>exitCode</c> is null while it runs.</summary>
internal sealed record DetachedView(string Id, IReadOnlyList<string> Command, string State, int? ExitCode, DateTimeOffset StartedAt, DateTimeOffset? EndedAt);

/// <summary>Commands that go on after the request that started them. Each has a terminal of its own.</summary>
internal static class DetachedEndpoints
{
    // Wide enough for lines of a log; nobody looks at it yet.
    private const int Cols = 120;
    private const int Rows = 30;

    public static void MapDetached(this IEndpointRouteBuilder group)
    {
        group.MapGet("exec", async (string id, HttpContext context, Ownership ownership, ISandboxRuntime runtime) =>
                (await ListAsync(id, context, ownership, runtime)).Select(View))
            .Produces<DetachedView[]>().ProducesProblems(404, 503).WithSummary("List detached commands")
            .WithDescription("Those that run, and the last 16 that have ended since the sandbox was started.");
        group.MapGet("exec/{command}", async (string id, string command, HttpContext context, Ownership ownership, ISandboxRuntime runtime) =>
                View((await ListAsync(id, context, ownership, runtime)).FirstOrDefault(known => known.Id == Id(command)) ?? throw Unknown()))
            .Produces<DetachedView>().ProducesProblems(404, 503).WithSummary("Get a detached command");
        group.MapGet("exec/{command}/log", ReadAsync).WithPagePolicy(PagePolicy.Download).ProducesProblems(400, 404, 429, 503)
            .WithSummary("Read a detached command's log")
            .WithDescription("What it printed, stdout and stderr together: the last 256 KiB; with `?follow=1` then what it prints, until it has ended.")
            .AnswersLog();
        group.MapDelete("exec/{command}", async (string id, string command, HttpContext context, Ownership ownership, ISandboxRuntime runtime) =>
            {
                var sandbox = await RequireAsync(id, context, ownership);
                await runtime.Terminals.KillDetachedAsync(sandbox, Id(command), context.RequestAborted);
                return Results.NoContent();
            })
            .Produces(204).ProducesProblems(404, 503).WithSummary("Kill a detached command")
            .WithDescription("With everything it started. Its log and exit code (137) stay; nothing happens if it has ended.");
    }

    /// <summary>Starts a command and answers 202.</summary>
    public static async Task<IResult> StartAsync(HttpContext context, ISandboxRuntime runtime, SandboxId sandbox, ExecRequest request)
    {
        var spec = new TerminalSpec { Id = TerminalId.New(), Cols = Cols, Rows = Rows, Command = request.Command, IsDetached = true };
        List<string> mistakes =
        [
            .. request.Stdin is null ? [] : (string[])["stdin: none with detach"],
            .. request.TimeoutSeconds is null ? [] : (string[])["timeoutSeconds: none with detach; DELETE ends the command"],
            .. TerminalRules.Validate(spec),
        ];
        if (mistakes.Count > 0)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }

        var opened = await runtime.Terminals.OpenAsync(sandbox, spec, context.RequestAborted);
        return Results.Accepted($"/api/v1/sandboxes/{sandbox.Value}/exec/{opened.Id.Value}", View(new DetachedCommand(opened.Id, opened.Command, opened.CreatedAt)));
    }

    private static async Task ReadAsync(string id, string command, HttpContext context, Ownership ownership, ISandboxRuntime runtime, Presence presence)
    {
        var sandbox = SandboxEndpoints.Id(id);
        presence.Touch(await ownership.RequireAsync(context.RequirePerson(), sandbox));
        await LogEndpoint.WriteAsync(context, runtime.Terminals.ReadDetachedAsync(sandbox, Id(command), LogEndpoint.Follows(context), context.RequestAborted));
    }

    private static async Task<IReadOnlyList<DetachedCommand>> ListAsync(string id, HttpContext context, Ownership ownership, ISandboxRuntime runtime) =>
        await runtime.Terminals.ListDetachedAsync(await RequireAsync(id, context, ownership), context.RequestAborted);

    private static async Task<SandboxId> RequireAsync(string id, HttpContext context, Ownership ownership)
    {
        var sandbox = SandboxEndpoints.Id(id);
        _ = await ownership.RequireAsync(context.RequirePerson(), sandbox);
        return sandbox;
    }

    private static TerminalId Id(string text) => TerminalId.TryParse(text, out var id) ? id : throw Unknown();

    private static SandboxException Unknown() => new(ErrorCode.NotFound, "The sandbox has no such detached command since it was last started.");

    private static DetachedView View(DetachedCommand command) =>
        new(command.Id.Value, command.Command, command.EndedAt is null ? "running" : "ended", command.ExitCode, command.StartedAt, command.EndedAt);
}
