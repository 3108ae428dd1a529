using System.Text.Json.Serialization;
using Sandbox.Core.Errors;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Terminals.Marks;
using Sandbox.Web.Files;
using Sandbox.Web.Http;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.People;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Terminals;

namespace Sandbox.Web.Hub;

/// <summary>An open terminal.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Command">Its argv.</param>
/// <param name="CreatedAt">When it was opened.</param>
/// <param name="Own">Whether the image's own command runs in it, which started with the sandbox.</param>
/// <param name="Seen">Whether anybody has looked at it; true for every terminal that somebody opened.</param>
/// <param name="Recording">Whether its output is being recorded.</param>
/// <param name="Cwd">Working directory of the foreground program; absent if it is outside the sandbox's files.</param>
/// <param name="CwdBytes">That path's bytes in base64, when it is not UTF-8.</param>
/// <param name="Home">Home directory of its user.</param>
/// <param name="Integration">Which events its shell reports: <c>commands</c>, start and end of each command; <c>prompts</c>, only the end; absent for none.</param>
/// <param name="Running">The running command, as reported by the shell. Programs in the sandbox can forge it.</param>
/// <param name="LastCommand">The command that ended last.</param>
internal sealed record TerminalView(
    string Id,
    IReadOnlyList<string> Command,
    DateTimeOffset CreatedAt,
    bool Own,
    bool Service,
    bool Seen,
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
            terminal.IsOwn,
            terminal.IsService,
            terminal.IsSeen,
            recording,
            cwd,
            bytes,
            terminal.Home?.ToString(),
            state is null ? null : ShellView.Word(state.Integration),
            CommandView.From(state?.Running),
            CommandView.From(state?.Last));
    }
}

internal static class TerminalEndpoints
{
    public static void MapTerminals(this IEndpointRouteBuilder app) =>
        app.MapGet("/api/v1/sandboxes/{id}/terminals", ListAsync).WithTags("sandboxes")
            .Produces<IReadOnlyList<TerminalView>>().ProducesProblems(404, 409, 503).WithSummary("Its open terminals, oldest first");

    private static async Task<IReadOnlyList<TerminalView>> ListAsync(string id, HttpContext context, Ownership ownership, ISandboxRuntime runtime, TerminalFollowers followers)
    {
        var sandbox = SandboxEndpoints.Id(id);
        await ownership.RequireAsync(context.RequirePerson(), sandbox);
        var terminals = await runtime.Terminals.ListAsync(sandbox, context.RequestAborted);
        var states = await Task.WhenAll(terminals.Select(terminal =>
            terminal.IsMarked ? StateAsync(runtime.Terminals, sandbox, terminal.Id, context.RequestAborted) : Task.FromResult<TtyState?>(null)));
        return [.. terminals.Zip(states, (terminal, state) => TerminalView.From(terminal, followers.Find(terminal.Id) is not null, state))];
    }

    private static async Task<TtyState?> StateAsync(ITerminals terminals, SandboxId sandbox, TerminalId terminal, CancellationToken cancellationToken)
    {
        try
        {
            return await TtyConnection.AskStateAsync(token => terminals.ConnectAsync(sandbox, terminal, token), cancellationToken);
        }
        catch (SandboxException)
        {
            return null; // it has just ended
        }
    }
}
