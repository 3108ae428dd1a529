using Sandbox.Web.Http;
using Sandbox.Web.People;

namespace Sandbox.Web.Volumes;

internal static class VolumeEndpoints
{
    private const long MostJson = 16 * 1024;

    public static void MapVolumes(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v1/volumes").WithTags("volumes");
        group.MapGet("", (HttpContext context, OwnedVolumes volumes, CancellationToken cancellationToken) => volumes.ListAsync(context.RequirePerson(), cancellationToken))
            .Produces<IReadOnlyList<VolumeView>>().WithSummary("List your volumes").WithDescription("By name, with what is used of them and where they are attached.");
        group.MapGet("/{name}", (string name, HttpContext context, OwnedVolumes volumes, CancellationToken cancellationToken) => volumes.FindAsync(context.RequirePerson(), name, cancellationToken))
            .Produces<VolumeView>().ProducesProblems(404).WithSummary("One of your volumes");
        group.MapPost("", CreateAsync)
            .Accepts<VolumeRequest>("application/json").Produces<VolumeView>(201).ProducesProblems(400, 409, 413, 415, 429)
            .WithSummary("Make a volume")
            .WithDescription("A directory of a size of its own that outlives playgrounds. A launch attaches it: {\"image\":\"debian\",\"volumes\":[{\"name\":\"data\",\"path\":\"/data\"}]}; one playground at a time writes to it. A guest's volumes go with the guest.");
        group.MapDelete("/{name}", async (string name, HttpContext context, OwnedVolumes volumes, CancellationToken cancellationToken) =>
            {
                await volumes.DeleteAsync(context.RequirePerson(), name, cancellationToken);
                return Results.NoContent();
            })
            .Produces(204).ProducesProblems(404, 409).WithSummary("Delete a volume with its files").WithDescription("409: it is attached to a playground.");
    }

    private static async Task<IResult> CreateAsync(HttpContext context, Guests guests, AddressRates rates, OwnedVolumes volumes)
    {
        var request = await context.ReadJsonAsync<VolumeRequest>(MostJson);
        var person = guests.Ensure(context);
        if (!await guests.IsKnownAsync(person) && !await rates.AllowsGuestAsync(context))
        {
            return Results.Empty;
        }

        var view = await volumes.CreateAsync(person, request);
        return Results.Created($"/api/v1/volumes/{view.Name}", view);
    }
}
