using System.Globalization;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Http;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.People;
using Sandbox.Web.Streaming;

namespace Sandbox.Web.Playgrounds;

/// <summary>A command to run: to completion, or detached, which takes neither <c>stdin</c> nor <c>timeoutSeconds</c>.</summary>
internal sealed record ExecRequest(IReadOnlyList<string> Command, string? Stdin = null, double? TimeoutSeconds = null, bool Detach = false);

/// <summary>Result of a command. Output that is not UTF-8 has replacement characters.</summary>
internal sealed record ExecView(int ExitCode, string Stdout, string Stderr, bool Truncated, double DurationMs, string? Notice);

/// <summary>Output of a command that is streamed.</summary>
/// <param name="Stream">stdout or stderr.</param>
/// <param name="Text">What was printed.</param>
internal sealed record ExecOutputView(string Stream, string Text);

/// <summary>The end of a command that is streamed.</summary>
internal sealed record ExecEndView(int ExitCode, bool Truncated, double DurationMs, string? Notice);

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

        group.MapPost("exec", ExecAsync)
            .Accepts<ExecRequest>("application/json")
            .Produces<ExecView>().Produces<DetachedView>(202).ProducesProblems(400, 404, 409, 413, 415, 422, 429, 503, 504).WithSummary("Run a command")
            .WithDescription("To completion, or with `detach` in the background: 202 with an id, under which `exec/{command}` has its state and `exec/{command}/log` what it prints. With Accept: application/x-ndjson the output comes as it is printed: lines like {\"stream\":\"stdout\",\"text\":\"…\"}, and last {\"exitCode\":0,\"truncated\":false,\"durationMs\":12} or {\"problem\":{…}}.");
        group.MapDetached();
        group.MapLog();
    }

    internal static SandboxId Id(string text) =>
        SandboxId.TryParse(text, out var id) ? id : throw new SandboxException(ErrorCode.NotFound, "You have no such sandbox.");

    private static async Task<IResult> ExecAsync(string id, HttpContext context, Ownership ownership, ISandboxRuntime runtime, Presence presence, CommandPace pace)
    {
        var sandbox = Id(id);
        var person = context.RequirePerson();
        pace.Check(person);
        var playground = await ownership.RequireAsync(person, sandbox);
        var request = await context.ReadJsonAsync<ExecRequest>(MostExec);
        if (request.Detach)
        {
            return await DetachedEndpoints.StartAsync(context, runtime, sandbox, request);
        }

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

        // A running command counts as presence.
        using var visit = presence.Enter(playground);
        if (JsonLines.AreAsked(context.Request))
        {
            var lines = new JsonLines(context);
            return await lines.RunAsync(() => StreamAsync(runtime.Sandboxes.ExecStreamAsync(sandbox, spec, context.RequestAborted), lines, seconds));
        }

        var result = await runtime.Sandboxes.ExecAsync(sandbox, spec, context.RequestAborted);
        var stdout = Encoding.UTF8.GetString(result.Stdout.Span);
        var stderr = Encoding.UTF8.GetString(result.Stderr.Span);
        if (result.IsTimedOut)
        {
            var detail = string.Create(CultureInfo.InvariantCulture, $"The command did not end within {seconds:0.###} s. It and everything it started were killed.");
            await context.WriteProblemAsync(504, ErrorCodes.Text(ErrorCode.Timeout), detail, new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["stdout"] = stdout,
                ["stderr"] = stderr,
                ["truncated"] = result.Truncated,
            });
            return Results.Empty;
        }

        return Results.Ok(new ExecView(result.ExitCode, stdout, stderr, result.Truncated, Math.Round(result.Duration.TotalMilliseconds, 2), result.Notice));
    }

    /// <summary>Passes the output of a command on as lines. Characters that come in two pieces stay whole.</summary>
    private static async Task StreamAsync(IAsyncEnumerable<ExecOutput> output, JsonLines lines, double seconds)
    {
        var (stdout, stderr) = (Encoding.UTF8.GetDecoder(), Encoding.UTF8.GetDecoder());
        await foreach (var part in output)
        {
            if (part.Result is not { } result)
            {
                await PrintAsync(part.IsError, part.Data, flush: false);
                continue;
            }

            await PrintAsync(isError: false, ReadOnlyMemory<byte>.Empty, flush: true);
            await PrintAsync(isError: true, ReadOnlyMemory<byte>.Empty, flush: true);
            if (result.IsTimedOut)
            {
                throw new SandboxException(ErrorCode.Timeout, string.Create(CultureInfo.InvariantCulture, $"The command did not end within {seconds:0.###} s. It and everything it started were killed."));
            }

            await lines.WriteAsync(new ExecEndView(result.ExitCode, result.Truncated, Math.Round(result.Duration.TotalMilliseconds, 2), result.Notice));
        }

        async Task PrintAsync(bool isError, ReadOnlyMemory<byte> data, bool flush)
        {
            var decoder = isError ? stderr : stdout;
            var letters = new char[decoder.GetCharCount(data.Span, flush)];
            if (decoder.GetChars(data.Span, letters, flush) is var count and > 0)
            {
                await lines.WriteAsync(new ExecOutputView(isError ? "stderr" : "stdout", new string(letters, 0, count)));
            }
        }
    }
}
