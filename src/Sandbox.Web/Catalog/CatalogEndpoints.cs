using Microsoft.OpenApi;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.Networks;
using Sandbox.Web.Audit;
using Sandbox.Web.Http;
using Sandbox.Web.People;

namespace Sandbox.Web.Catalog;

/// <summary>An image to add: from a recipe of <c>infra/images</c> or from a registry reference, one of both.</summary>
internal sealed record AddImage(string Name, string? Title = null, string? Description = null, string? Recipe = null, string? Reference = null);

/// <summary>What sandboxes of an image reach at most: egress, playground or none, and with egress the only domains.</summary>
internal sealed record LimitImage(string Network, IReadOnlyList<string>? Domains = null);

/// <summary>The isolation class that sandboxes of an image have at least: gvisor, or default, which leaves it to the image, the recipe and the plan.</summary>
internal sealed record IsolateImage(string Isolation);

internal static class CatalogEndpoints
{
    private const long MostJson = 16 * 1024;

    public static void MapCatalog(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v1/images", (ImageCatalog catalog, CancellationToken cancellationToken) => catalog.ListAsync(includeHidden: false, cancellationToken))
            .WithSummary("The images on offer").WithTags("images");

        var admin = app.MapGroup("/api/v1/admin/images").RequireAuthorization(CallerClaims.OperatorPolicy).WithTags("operator").ProducesProblems(403);
        admin.MapGet("", (ImageCatalog catalog, CancellationToken cancellationToken) => catalog.ListAsync(includeHidden: true, cancellationToken))
            .WithSummary("The images, hidden ones too");
        admin.MapPost("", AddAsync)
            .Accepts<AddImage>("application/json", "*/*")
            .Produces(202).ProducesProblems(400, 409, 413, 507)
            .Takes(ParameterLocation.Query, "archive", "oci or docker: the body is the archive")
            .Takes(ParameterLocation.Query, "name", "Of an archive: its name in the catalog")
            .Takes(ParameterLocation.Query, "title", "Of an archive: for people")
            .Takes(ParameterLocation.Query, "description", "Of an archive: one sentence")
            .WithSummary("Add an image").WithDescription("Add an image: JSON, or with ?archive=oci|docker&name=… the archive itself as the body.");
        admin.MapPost("/{name}/update", async (string name, HttpContext context, ImageCatalog catalog, AuditLog audit) =>
        {
            await catalog.UpdateAsync(name, context.RequestAborted);
            audit.Act(context.User.Person(), $"Began to make the image {name} again");
            return Results.Accepted();
        }).Produces(202).ProducesProblems(404, 409).WithSummary("Update an image").WithDescription("Make an image again from its source.");
        admin.MapPost("/{name}/hide", async (string name, HttpContext context, ImageCatalog catalog, AuditLog audit) =>
        {
            await catalog.HideAsync(name, hidden: true, context.RequestAborted);
            audit.Act(context.User.Person(), $"Hid the image {name}");
            return Results.NoContent();
        }).Produces(204).ProducesProblems(404).WithSummary("Hide an image from visitors");
        admin.MapPost("/{name}/show", async (string name, HttpContext context, ImageCatalog catalog, AuditLog audit) =>
        {
            await catalog.HideAsync(name, hidden: false, context.RequestAborted);
            audit.Act(context.User.Person(), $"Showed the image {name}");
            return Results.NoContent();
        }).Produces(204).ProducesProblems(404).WithSummary("Show a hidden image again");
        admin.MapPut("/{name}/network", async (string name, HttpContext context, ImageCatalog catalog, AuditLog audit) =>
        {
            var limit = await context.ReadJsonAsync<LimitImage>(MostJson);
            var policy = new NetworkPolicy(limit.Network, limit.Domains ?? []);
            await catalog.LimitAsync(name, policy, context.RequestAborted);
            audit.Act(context.User.Person(), $"Limited the image {name} to {policy.Words}");
            return Results.NoContent();
        }).Accepts<LimitImage>("application/json").Produces(204).ProducesProblems(400, 404)
            .WithSummary("Limit the network of an image").WithDescription("Sets what sandboxes of an image reach at most, from the next launch on.");
        admin.MapPut("/{name}/isolation", async (string name, HttpContext context, ImageCatalog catalog, AuditLog audit) =>
        {
            var request = await context.ReadJsonAsync<IsolateImage>(MostJson);
            await catalog.IsolateAsync(name, request.Isolation, context.RequestAborted);
            audit.Act(context.User.Person(), $"Set the isolation class of the image {name} to {request.Isolation}");
            return Results.NoContent();
        }).Accepts<IsolateImage>("application/json").Produces(204).ProducesProblems(400, 404, 409, 503)
            .WithSummary("Set the isolation class of an image").WithDescription("Sets the class that its sandboxes have at least, from the next launch on. The plan and the recipe may require a stronger one. isolation_unavailable (409): this host cannot start the class, or the image cannot run in it.");
        admin.MapDelete("/{name}", async (string name, HttpContext context, ImageCatalog catalog, AuditLog audit) =>
        {
            await catalog.RemoveAsync(name, context.RequestAborted);
            audit.Act(context.User.Person(), $"Removed the image {name}");
            return Results.NoContent();
        }).Produces(204).ProducesProblems(404, 409).WithSummary("Remove an image");
    }

    private static async Task<IResult> AddAsync(HttpContext context, ImageCatalog catalog, AuditLog audit, WebOptions options)
    {
        var query = context.Request.Query;
        AddImage add;
        ImageSource source;
        if (query.ContainsKey("archive"))
        {
            var kind = query["archive"].ToString() switch
            {
                "oci" => ArchiveKind.Oci,
                "docker" => ArchiveKind.Docker,
                _ => throw new SandboxException(ErrorCode.Invalid, "archive: oci or docker"),
            };
            add = new AddImage(query["name"].ToString(), query["title"].ToString(), query["description"].ToString());
            source = new ImageSource.Archive(kind, context.ReadBodyAsync(options.Limits.ArchiveBytes));
        }
        else
        {
            add = await context.ReadJsonAsync<AddImage>(MostJson);
            source = add switch
            {
                { Recipe: { } recipe, Reference: null } => new ImageSource.Recipe(recipe),
                { Recipe: null, Reference: { } reference } => new ImageSource.Registry(reference),
                _ => throw new SandboxException(ErrorCode.Invalid, "Send either recipe or reference."),
            };
        }

        await catalog.AddAsync(add.Name, add.Title ?? "", add.Description ?? "", source, context.RequestAborted);
        audit.Act(context.User.Person(), $"Added the image {add.Name}");
        return Results.Accepted("/api/v1/admin/images");
    }
}
