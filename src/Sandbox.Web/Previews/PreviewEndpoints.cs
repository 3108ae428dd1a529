using System.Globalization;
using Sandbox.Core.Errors;
using Sandbox.Core.Runtime;
using Sandbox.Web.Http;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.People;
using Sandbox.Web.Playgrounds;

namespace Sandbox.Web.Previews;

/// <summary>A port on which a program listens.</summary>
/// <param name="Port">1 to 65535.</param>
/// <param name="Origin">Where a browser sees it; null when the operator has set no preview domain.</param>
/// <param name="Open">An address on this site that leads its owner there.</param>
internal sealed record PortView(int Port, string? Origin, string? Open);

/// <summary>The ports of a sandbox on which programs listen, in ascending order.</summary>
internal sealed record PortsView(IReadOnlyList<PortView> Ports);

/// <summary>How long a link to a port is good for.</summary>
/// <param name="Minutes">1 to 1440; an hour when left out. It ends with its playground in any case.</param>
internal sealed record PortLinkRequest(int? Minutes = null);

/// <summary>A link that shows a port to anybody who has it.</summary>
/// <param name="Url">For a browser.</param>
/// <param name="ExpiresAt">When it ends.</param>
/// <param name="Pass">For programs, at the port's origin: in the header Sandbox-Pass, which is kept back from the program that listens.</param>
internal sealed record PortLink(string Url, DateTimeOffset ExpiresAt, string Pass);

/// <summary>Which page of a port a frame shows.</summary>
/// <param name="Path">A path with its query; / when left out.</param>
internal sealed record PortFrameRequest(string? Path = null);

/// <summary>An address for a frame in a page of this site; good for one minute.</summary>
internal sealed record PortFrame(string Url);

internal static class PreviewEndpoints
{
    private const long MostJson = 1024;
    private const long MostPathJson = 16 * 1024;
    private const int LongestMinutes = 24 * 60;
    private static readonly TimeSpan Opening = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestVisit = TimeSpan.FromHours(12);

    public static void MapPreviews(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v1/sandboxes/{id}/ports").WithTags("ports");
        group.MapGet("", ListAsync)
            .Produces<PortsView>().ProducesProblems(404, 409, 503).WithSummary("Ports on which programs listen");
        group.MapPost("{port:int}/links", LinkAsync)
            .Accepts<PortLinkRequest>("application/json", "*/*")
            .Produces<PortLink>(201).ProducesProblems(400, 404, 409, 503).WithSummary("Create a port's link").WithDescription("A link that shows a port to others.");
        group.MapPost("{port:int}/frames", FrameAsync)
            .Accepts<PortFrameRequest>("application/json", "*/*")
            .Produces<PortFrame>().ProducesProblems(400, 404, 409, 503).WithSummary("Show a port in a frame").WithDescription("An address for a frame in a page of this site. The cookie that it sets is for such frames alone.");
        app.MapGet("/sandboxes/{id}/ports/{port:int}", OpenAsync).ExcludeFromDescription();
    }

    private static async Task<PortsView> ListAsync(string id, HttpContext context, Ownership ownership, ISandboxRuntime runtime, PreviewDomain domain)
    {
        var sandbox = SandboxEndpoints.Id(id);
        await ownership.RequireAsync(context.RequirePerson(), sandbox);
        var ports = await runtime.Ports.ListAsync(sandbox, context.RequestAborted);
        return new PortsView(
        [
            .. ports.Select(port => domain.Exists
                ? new PortView(port, domain.UrlOf(new SandboxPort(sandbox, port)), string.Create(CultureInfo.InvariantCulture, $"/sandboxes/{sandbox}/ports/{port}"))
                : new PortView(port, null, null)),
        ]);
    }

    private static async Task<IResult> LinkAsync(string id, int port, HttpContext context, Ownership ownership, PreviewDomain domain, PreviewPasses passes, TimeProvider time)
    {
        var asked = HasBody(context.Request) ? await context.ReadJsonAsync<PortLinkRequest>(MostJson) : new PortLinkRequest();
        var minutes = asked.Minutes ?? 60;
        if (minutes is < 1 or > LongestMinutes)
        {
            throw new SandboxException(ErrorCode.Invalid, $"minutes: 1 to {LongestMinutes}");
        }

        var wanted = await RequireAsync(id, port, context, ownership, domain);
        var ends = time.GetUtcNow().AddMinutes(minutes);
        var pass = passes.Issue(wanted, ends, ends);
        return Results.Json(new PortLink($"{domain.UrlOf(wanted)}{PreviewProxy.OpenPath}?pass={pass}", ends, pass), statusCode: 201);
    }

    private static async Task<PortFrame> FrameAsync(string id, int port, HttpContext context, Ownership ownership, PreviewDomain domain, PreviewPasses passes, TimeProvider time)
    {
        var asked = HasBody(context.Request) ? await context.ReadJsonAsync<PortFrameRequest>(MostPathJson) : new PortFrameRequest();
        return new PortFrame(OpenUrl(await RequireAsync(id, port, context, ownership, domain), asked.Path, domain, passes, time) + "&frame=1");
    }

    private static bool HasBody(HttpRequest request) => request.ContentLength is > 0 || request.Headers.ContainsKey("Transfer-Encoding");

    /// <summary>Leads the owner to the port's own origin, with a pass that is good for a minute.</summary>
    private static async Task<IResult> OpenAsync(string id, int port, string? path, HttpContext context, Ownership ownership, PreviewDomain domain, PreviewPasses passes, TimeProvider time)
    {
        var wanted = await RequireAsync(id, port, context, ownership, domain);
        context.Response.Headers.CacheControl = "no-store";
        return Results.Redirect(OpenUrl(wanted, path, domain, passes, time));
    }

    private static string OpenUrl(SandboxPort port, string? path, PreviewDomain domain, PreviewPasses passes, TimeProvider time) =>
        $"{domain.UrlOf(port)}{PreviewProxy.OpenPath}?pass={passes.Issue(port, time.GetUtcNow() + Opening, time.GetUtcNow() + LongestVisit)}&path={Uri.EscapeDataString(path ?? "/")}";

    private static async Task<SandboxPort> RequireAsync(string id, int port, HttpContext context, Ownership ownership, PreviewDomain domain)
    {
        if (port is < 1 or > 65_535)
        {
            throw new SandboxException(ErrorCode.Invalid, "port: 1 to 65535");
        }

        if (!domain.Exists)
        {
            throw new SandboxException(ErrorCode.Conflict, "This server shows no ports: its operator has set no preview domain.");
        }

        var sandbox = SandboxEndpoints.Id(id);
        await ownership.RequireAsync(context.RequirePerson(), sandbox);
        return new SandboxPort(sandbox, port);
    }
}
