using Sandbox.Core.Errors;
using Sandbox.Web.Embeds;
using Sandbox.Web.Http;

namespace Sandbox.Web.Snippets;

/// <summary>How code ended, as codapi's pages read it.</summary>
/// <param name="Id">Of this run, for people who compare logs.</param>
/// <param name="Ok">Whether it ended with 0, in time.</param>
/// <param name="Duration">In milliseconds.</param>
/// <param name="Stdout">At most 64 KiB.</param>
/// <param name="Stderr">At most 64 KiB.</param>
internal sealed record SnippetResult(string Id, bool Ok, long Duration, string Stdout, string Stderr);

/// <summary>An answer at all is what its pages look for.</summary>
internal sealed record SnippetHealth(bool Ok);

/// <summary>
/// The contract of codapi, so that its pages work with this server unchanged. Pages of other sites call it, without
/// credentials: nothing here looks at a cookie or a token.
/// </summary>
internal static class SnippetEndpoints
{
    private const long MostRequest = 256 * 1024;

    public static void MapSnippets(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/v1").WithTags("snippets").WithMetadata(OpenToPages.Metadata);
        group.AddEndpointFilter(AllowAsync);
        group.MapPost("exec", RunAsync)
            .Accepts<SnippetRequest>("application/json")
            .Produces<SnippetResult>().ProducesProblems(400, 403, 404, 413, 429, 503)
            .WithSummary("Run code once")
            .WithDescription("sandbox: python, node, bash, sh, postgres, or an image of the catalog whose shell runs it. files: the code under the name \"\". It runs in a sandbox of its own without a network, for at most 10 s.");
        group.MapMethods("exec", [HttpMethods.Options], Preflight).ExcludeFromDescription();
        group.MapMethods("health", [HttpMethods.Get, HttpMethods.Head], () => new SnippetHealth(true)).WithSummary("Whether code can be run here").Produces<SnippetHealth>();
        group.MapMethods("health", [HttpMethods.Options], Preflight).ExcludeFromDescription();
    }

    private static async Task<IResult> RunAsync(HttpContext context, AddressRates rates, SnippetRuns runs)
    {
        var request = await context.ReadJsonAsync<SnippetRequest>(MostRequest);
        if (request.Sandbox is not { Length: > 0 } name)
        {
            throw new SandboxException(ErrorCode.Invalid, "sandbox: a language, or an image of the catalog");
        }

        var language = SnippetLanguage.Of(name);
        var files = request.FilesOf(language);
        return await rates.AllowsLaunchAsync(context)
            ? Results.Ok(await runs.RunAsync(AddressRates.Address(context.Connection.RemoteIpAddress), language, files, context.RequestAborted))
            : Results.Empty;
    }

    private static IResult Preflight(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.AccessControlAllowMethods = "GET, HEAD, POST";
        headers.AccessControlAllowHeaders = "content-type, accept";
        headers.AccessControlMaxAge = "600";
        return Results.NoContent();
    }

    /// <summary>Every page may read the answers, unless the operator has a list. A browser adds nothing that could be misused: credentials are not allowed.</summary>
    private static async ValueTask<object?> AllowAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        var access = context.RequestServices.GetRequiredService<EmbedAccess>();
        context.Response.OnStarting(static state =>
        {
            ((HttpContext)state).Response.Headers.AccessControlAllowOrigin = "*";
            return Task.CompletedTask;
        }, context);
        if (!access.LetsRun(context.Request.Headers.Origin.FirstOrDefault()))
        {
            await context.WriteProblemAsync(403, "page_not_allowed", "This server does not run code for this page. Its operator decides which pages may run code.");
            return Results.Empty;
        }

        return await next(invocation);
    }
}
