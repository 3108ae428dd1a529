using Microsoft.AspNetCore.Http.Features;
using Microsoft.OpenApi;
using Sandbox.Core.Errors;
using Sandbox.Core.Runtime;
using Sandbox.Web.Http;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.People;

namespace Sandbox.Web.Playgrounds;

/// <summary>What the own command of a sandbox's image printed.</summary>
internal static class LogEndpoint
{
    public static void MapLog(this IEndpointRouteBuilder group) =>
        group.MapGet("log", GetAsync).WithPagePolicy(PagePolicy.Download).ProducesProblems(400, 404, 409, 429, 503)
            .WithSummary("Read the sandbox's log").WithDescription("What the image's own command printed: the last 256 KiB; with ?follow=1 then what it prints, until it has ended.")
            .AnswersLog("A line of dashes begins each further start of the sandbox.");

    /// <summary>Documents an operation that answers with output.</summary>
    internal static RouteHandlerBuilder AnswersLog(this RouteHandlerBuilder endpoint, string more = "") =>
        endpoint.Takes(ParameterLocation.Query, "follow", "1: wait for more, until the command has ended")
            .AddOpenApiOperationTransformer((operation, _, _) =>
            {
                operation.Responses!["200"] = new OpenApiResponse
                {
                    Description = $"The output as the command's terminal got it, with escape sequences; lines end with a line feed alone. {more}".TrimEnd(),
                    Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal) { ["text/plain"] = new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String } } },
                };
                return Task.CompletedTask;
            });

    private static async Task GetAsync(string id, HttpContext context, Ownership ownership, ISandboxRuntime runtime, Presence presence)
    {
        var sandbox = SandboxEndpoints.Id(id);
        presence.Touch(await ownership.RequireAsync(context.RequirePerson(), sandbox));
        await WriteAsync(context, runtime.Sandboxes.ReadLogAsync(sandbox, Follows(context), context.RequestAborted));
    }

    /// <summary>Whether the caller asked for what is still to come.</summary>
    internal static bool Follows(HttpContext context) => context.Request.Query["follow"].ToString() switch
    {
        "" or "0" or "false" => false,
        "1" or "true" => true,
        _ => throw new SandboxException(ErrorCode.Invalid, "follow: 1, or nothing"),
    };

    /// <summary>Answers with output as it comes.</summary>
    internal static async Task WriteAsync(HttpContext context, IAsyncEnumerable<ReadOnlyMemory<byte>> output)
    {
        await using var pieces = output.GetAsyncEnumerator(context.RequestAborted);

        // Read the first piece before the headers go out, so that a fault can still become a problem.
        var more = await pieces.MoveNextAsync();
        var response = context.Response;
        response.ContentType = "text/plain; charset=utf-8";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await response.StartAsync(context.RequestAborted);
        var lines = new LineEnds();
        while (more)
        {
            await response.BodyWriter.WriteAsync(lines.Next(pieces.Current), context.RequestAborted);
            more = await pieces.MoveNextAsync();
        }

        await response.BodyWriter.WriteAsync(lines.Last(), context.RequestAborted);
    }

    /// <summary>A terminal is written a carriage return before each line feed; readers of a text expect none.</summary>
    private sealed class LineEnds
    {
        private bool _isReturn;

        public byte[] Next(ReadOnlyMemory<byte> piece)
        {
            var text = new List<byte>(piece.Length + 1);
            foreach (var letter in piece.Span)
            {
                if (_isReturn && letter != '\n')
                {
                    text.Add((byte)'\r');
                }

                _isReturn = letter == '\r';
                if (!_isReturn)
                {
                    text.Add(letter);
                }
            }

            return [.. text];
        }

        public byte[] Last() => _isReturn ? [(byte)'\r'] : [];
    }
}
