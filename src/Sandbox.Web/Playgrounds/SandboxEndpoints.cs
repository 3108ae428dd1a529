using System.Text;
using System.Text.Json.Serialization;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Terminals.Marks;
using Sandbox.Web.Files;
using Sandbox.Web.Http;
using Sandbox.Web.Leases;
using Sandbox.Web.People;
using Sandbox.Web.Recordings;
using Sandbox.Web.Terminals;

namespace Sandbox.Web.Playgrounds;

/// <summary>A command to run to its end.</summary>
internal sealed record ExecRequest(IReadOnlyList<string> Command, string? Stdin = null, double? TimeoutSeconds = null);

/// <summary>How it ended; what is not UTF-8 in its output shows replacement characters.</summary>
internal sealed record ExecView(int ExitCode, string Stdout, string Stderr, bool Truncated, double DurationMs);

/// <summary>An open terminal.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Command">What runs in it.</param>
/// <param name="CreatedAt">When it was opened.</param>
/// <param name="Recording">Whether what it prints is recorded now.</param>
/// <param name="Cwd">Where the program in front works; absent when that is not among the sandbox's files.</param>
/// <param name="CwdBytes">That path's bytes in base64, when it is not UTF-8.</param>
/// <param name="Home">The home directory of who runs in it.</param>
/// <param name="Integration">What its shell tells of its commands: <c>commands</c>, each one when it begins and when it is over; <c>prompts</c>, only when it is over; absent for nothing.</param>
/// <param name="Running">The command that runs. Like the last one it is the shell's word, and what runs in the sandbox can speak for its shell.</param>
/// <param name="LastCommand">The command that was over last.</param>
internal sealed record TerminalView(
    string Id,
    IReadOnlyList<string> Command,
    DateTimeOffset CreatedAt,
    bool Recording,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Cwd,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? CwdBytes,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Home,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Integration,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] CommandView? Running,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] CommandView? LastCommand)
{
    public static TerminalView From(TerminalInfo terminal, bool recording, TtyState? state)
    {
        var (cwd, bytes) = terminal.Cwd is { } path ? ByteText.Of(path.Bytes) : (null, null);
        return new TerminalView(
            terminal.Id.Value,
            terminal.Command,
            terminal.CreatedAt,
            recording,
            cwd,
            bytes,
            terminal.Home?.ToString(),
            state is null ? null : ShellView.Word(state.Integration),
            CommandView.From(state?.Running),
            CommandView.From(state?.Last));
    }
}

internal static class SandboxEndpoints
{
    private const long MostExec = 1024 * 1024;
    private const int DefaultTimeoutSeconds = 60;

    public static void MapSandboxes(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v1/sandboxes/{id}").WithTags("sandboxes");
        foreach (var action in Enum.GetValues<SandboxAction>())
        {
            var name = action.ToString().ToLowerInvariant();
            group.MapPost(name, (string id, HttpContext context, OwnedPlaygrounds playgrounds, CommandPace pace) =>
                {
                    pace.Check(context.RequirePerson());
                    return playgrounds.ActAsync(context.RequirePerson(), Id(id), action, context.RequestAborted);
                })
                .Produces<SandboxView>().ProducesProblems(404, 409, 429, 503).WithSummary($"{action} a sandbox");
        }

        group.MapGet("terminals", TerminalsAsync)
            .Produces<IReadOnlyList<TerminalView>>().ProducesProblems(404, 409, 503).WithSummary("Its open terminals, oldest first");
        group.MapPost("exec", ExecAsync)
            .Accepts<ExecRequest>("application/json")
            .Produces<ExecView>().ProducesProblems(400, 404, 409, 413, 415, 422, 429, 503, 504).WithSummary("Run a command to its end");
    }

    internal static SandboxId Id(string text) =>
        SandboxId.TryParse(text, out var id) ? id : throw new SandboxException(ErrorCode.NotFound, "You have no such sandbox.");

    private static async Task<IReadOnlyList<TerminalView>> TerminalsAsync(string id, HttpContext context, OwnedPlaygrounds playgrounds, ISandboxRuntime runtime, RunningRecordings recordings)
    {
        var sandbox = Id(id);
        await playgrounds.RowAsync(context.RequirePerson(), sandbox);
        var terminals = await runtime.Terminals.ListAsync(sandbox, context.RequestAborted);
        var states = await Task.WhenAll(terminals.Select(terminal =>
            terminal.IsMarked ? TtyConnection.AskStateAsync(terminal.Socket, context.RequestAborted) : Task.FromResult<TtyState?>(null)));
        return [.. terminals.Zip(states, (terminal, state) => TerminalView.From(terminal, recordings.Of(terminal.Id) is not null, state))];
    }

    private static async Task<ExecView> ExecAsync(string id, HttpContext context, OwnedPlaygrounds playgrounds, ISandboxRuntime runtime, Presence presence, CommandPace pace)
    {
        var sandbox = Id(id);
        var person = context.RequirePerson();
        pace.Check(person);
        var row = await playgrounds.RowAsync(person, sandbox);
        var request = await context.ReadJsonAsync<ExecRequest>(MostExec);
        var seconds = request.TimeoutSeconds ?? DefaultTimeoutSeconds;
        if (!(seconds > 0 && seconds <= CommandRules.MaxTimeout.TotalSeconds))
        {
            throw new SandboxException(ErrorCode.Invalid, $"timeoutSeconds: more than 0, at most {CommandRules.MaxTimeout.TotalSeconds}");
        }

        var spec = new ExecSpec
        {
            Command = request.Command,
            Stdin = Encoding.UTF8.GetBytes(request.Stdin ?? ""),
            Timeout = TimeSpan.FromSeconds(seconds),
        };
        var mistakes = CommandRules.Validate(spec);
        if (mistakes.Count > 0)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }

        // A long command is somebody being there.
        using var here = presence.Enter(PlaygroundId.Parse(row.Id));
        var result = await runtime.Sandboxes.ExecAsync(sandbox, spec, context.RequestAborted);
        return new ExecView(
            result.ExitCode,
            Encoding.UTF8.GetString(result.Stdout.Span),
            Encoding.UTF8.GetString(result.Stderr.Span),
            result.Truncated,
            Math.Round(result.Duration.TotalMilliseconds, 2));
    }
}
