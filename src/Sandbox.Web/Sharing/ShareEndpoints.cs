using Sandbox.Core.Errors;
using Sandbox.Web.Http;
using Sandbox.Web.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.Sharing;

/// <summary>A link to make: <c>watch</c> or <c>type</c>; without minutes it is good as long as the terminal.</summary>
internal sealed record ShareRequest(string Access, int? Minutes = null);

/// <summary>A new link. Its address is in this response only.</summary>
internal sealed record NewShareView(string Id, string Url, string Access, DateTimeOffset? ExpiresAt);

/// <summary>A link with the number of its viewers.</summary>
internal sealed record ShareView(string Id, string Access, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, int Viewers);

internal static class ShareEndpoints
{
    private const long MostRequest = 4 * 1024;
    private const int MostMinutes = 7 * 24 * 60;

    public static void MapShares(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v1/terminals/{terminalId}/shares").WithTags("sharing");
        group.MapGet("", ListAsync)
            .Produces<IReadOnlyList<ShareView>>().ProducesProblems(404, 503).WithSummary("A terminal's links, oldest first");
        group.MapPost("", CreateAsync)
            .Accepts<ShareRequest>("application/json")
            .Produces<NewShareView>(201).ProducesProblems(400, 404, 413, 415, 429, 503)
            .WithSummary("Share a terminal by a link")
            .WithDescription("access: watch or type. minutes: how long it is good, 1 to 10080; without, as long as the terminal. The url is in this answer only. "
                + "What follows its # is a token for the hub /hubs/terminal, good on this terminal for Attach, Follow, Ack, Resize (a wish), Viewers, Introduce and Shared, with type also for Input and Type, and for nothing else.");
        group.MapDelete("/{shareId}", async (string terminalId, string shareId, HttpContext context, ShareLinks links) =>
            {
                await links.RevokeAsync(context.RequirePerson(), terminalId, shareId);
                return Results.NoContent();
            })
            .Produces(204).ProducesProblems(404).WithSummary("Revoke a terminal's link").WithDescription("Revoke a link; its viewers are cut off at once.");
    }

    public static string Text(this ShareAccess access) => access == ShareAccess.Type ? "type" : "watch";

    private static async Task<IReadOnlyList<ShareView>> ListAsync(string terminalId, HttpContext context, ShareLinks links, ShareVisits visits)
    {
        var rows = await links.ListAsync(context.RequirePerson(), terminalId, context.RequestAborted);
        return [.. rows.Select(row => new ShareView(row.Id, row.Access.Text(), row.CreatedAt, row.ExpiresAt, visits.Count(row.Id)))];
    }

    private static async Task<IResult> CreateAsync(string terminalId, HttpContext context, ShareLinks links, Origins origins)
    {
        var person = context.RequirePerson();
        var request = await context.ReadJsonAsync<ShareRequest>(MostRequest);
        var access = request.Access switch
        {
            "watch" => ShareAccess.Watch,
            "type" => ShareAccess.Type,
            _ => throw new SandboxException(ErrorCode.Invalid, "access: watch or type"),
        };
        if (request.Minutes is < 1 or > MostMinutes)
        {
            throw new SandboxException(ErrorCode.Invalid, $"minutes: 1 to {MostMinutes}");
        }

        var life = request.Minutes is { } minutes ? TimeSpan.FromMinutes(minutes) : (TimeSpan?)null;
        var (row, token) = await links.CreateAsync(person, terminalId, access, life, context.RequestAborted);
        return Results.Created((string?)null, new NewShareView(row.Id, $"{origins.PublicUrl}/t#{token}", access.Text(), row.ExpiresAt));
    }
}
