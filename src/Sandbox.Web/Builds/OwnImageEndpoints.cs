using Sandbox.Web.Http;
using Sandbox.Web.People;

namespace Sandbox.Web.Builds;

internal static class OwnImageEndpoints
{
    public static void MapOwnImages(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v1/images/own").WithTags("images");
        group.MapGet("", (HttpContext context, OwnImages images, CancellationToken cancellationToken) => images.ListAsync(context.RequirePerson(), cancellationToken))
            .Produces<IReadOnlyList<OwnImageView>>().WithSummary("The images that you built");
        group.MapDelete("/{**name}", async (string name, HttpContext context, OwnImages images) =>
            {
                await images.DeleteAsync(context.RequirePerson(), Uri.UnescapeDataString(name));
                return Results.NoContent();
            })
            .Produces(204).ProducesProblems(404).WithSummary("Delete an own image").WithDescription("One that you built; links and playgrounds of it stay.");
    }
}
