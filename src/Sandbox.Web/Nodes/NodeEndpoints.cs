using Microsoft.OpenApi;
using Sandbox.Core.Recipes;
using Sandbox.Web.Http;
using Sandbox.Web.People;
using Sandbox.Web.Playgrounds;

namespace Sandbox.Web.Nodes;

/// <summary>A node to add to a playground that runs.</summary>
/// <param name="Image">A name in the catalog, or a digest of it.</param>
/// <param name="Name">How the other nodes find it; left out, the next free one.</param>
/// <param name="Env">Variables set over the image's own.</param>
/// <param name="Resources">Limits below those of the plan.</param>
/// <param name="Volumes">Volumes of yours; a new name makes one.</param>
internal sealed record NodeRequest(string Image, string? Name = null, IReadOnlyDictionary<string, string>? Env = null, RecipeResources? Resources = null, IReadOnlyList<RecipeVolume>? Volumes = null);

internal static class NodeEndpoints
{
    private const long MostNode = 128 * 1024;

    public static void MapNodes(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/v1/playgrounds/{id}/sandboxes", AddAsync)
            .WithTags("sandboxes").Accepts<NodeRequest>("application/json")
            .Produces<SandboxView>(201).ProducesProblems(400, 404, 409, 413, 415, 422, 429, 503, 507)
            .Takes(ParameterLocation.Header, "Idempotency-Key", "1 to 255 ASCII characters; free again after a day")
            .WithSummary("Add a node")
            .WithDescription("The new sandbox is on the playground's network when this answers: the other nodes reach it by its name, a DNS label that no other node has. A node of postgres, redis or mariadb without a password gets one, which no save has; new terminals and commands in the other nodes have its address and credentials in their environment, for a node db in DB_URL, and for the first of a kind also in the variables that its clients read (PGHOST, PGPASSWORD, REDIS_URL, MYSQL_HOST, DATABASE_URL). Its memory counts in the plan, which also says how many nodes a playground may have. An Idempotency-Key header makes a repeated request the same node.");
        app.MapDelete("/api/v1/sandboxes/{id}", async (string id, HttpContext context, OwnedNodes nodes, CommandPace pace) =>
            {
                pace.Check(context.RequirePerson());
                await nodes.RemoveAsync(context.RequirePerson(), SandboxEndpoints.Id(id));
                return Results.NoContent();
            })
            .WithTags("sandboxes").Produces(204).ProducesProblems(404, 409, 429)
            .WithSummary("Remove a node from its playground")
            .WithDescription("Its programs end and its files are gone. 409: it is the last one, or that of the playground's tutorial.");
    }

    private static async Task<IResult> AddAsync(string id, HttpContext context, OwnedNodes nodes, CommandPace pace)
    {
        var person = context.RequirePerson();
        pace.Check(person);
        var playground = PlaygroundEndpoints.Id(id);
        var request = await context.ReadJsonAsync<NodeRequest>(MostNode);
        var node = new RecipeNode
        {
            Name = request.Name ?? "",
            Image = request.Image,
            Env = request.Env ?? new Dictionary<string, string>(StringComparer.Ordinal),
            Resources = request.Resources,
            Volumes = request.Volumes ?? [],
        };
        var key = context.Request.Headers.TryGetValue("Idempotency-Key", out var keys) ? keys.ToString() : null;
        var view = await nodes.AddAsync(person, playground, node, key, context.RequestAborted);
        return Results.Created($"/api/v1/sandboxes/{view.Id}", view);
    }
}
