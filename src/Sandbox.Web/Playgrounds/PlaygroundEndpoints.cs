using Microsoft.OpenApi;
using Sandbox.Core.Errors;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Recipes;
using Sandbox.Web.Http;
using Sandbox.Web.Latency;
using Sandbox.Web.People;

namespace Sandbox.Web.Playgrounds;

/// <summary>What to launch: a catalog image or a whole recipe, one of both.</summary>
internal sealed record LaunchRequest(string? Image = null, Recipe? Recipe = null);

internal static class PlaygroundEndpoints
{
    private const long MostRecipe = 2 * 1024 * 1024;

    public static void MapPlaygrounds(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v1/playgrounds").WithTags("playgrounds");
        group.MapGet("", (HttpContext context, Guests guests, OwnedPlaygrounds playgrounds) =>
                playgrounds.ListAsync(guests.Ensure(context), context.RequestAborted))
            .Produces<IReadOnlyList<PlaygroundView>>().WithSummary("Your playgrounds, newest first; ended ones for a day");
        group.MapPost("", LaunchAsync)
            .Accepts<LaunchRequest>("application/json")
            .Produces<PlaygroundView>(201).Produces<PlaygroundView>(202).ProducesProblems(400, 404, 409, 413, 415, 422, 429, 503, 504, 507)
            .Takes(ParameterLocation.Header, "Idempotency-Key", "1 to 255 ASCII characters; free again after a day")
            .WithSummary("Launch an image or a recipe")
            .WithDescription("201: its sandboxes run. 202: it is queued until its image is made, or takes longer than 30 s; ask for it again. An Idempotency-Key header makes a repeated request the same launch.");
        group.MapGet("/{id}", (string id, HttpContext context, OwnedPlaygrounds playgrounds) =>
                playgrounds.FindAsync(context.RequirePerson(), Id(id), context.RequestAborted))
            .Produces<PlaygroundView>().ProducesProblems(404).WithSummary("One of your playgrounds");
        group.MapPost("/{id}/extend", (string id, HttpContext context, OwnedPlaygrounds playgrounds) =>
                playgrounds.ExtendAsync(context.RequirePerson(), Id(id), context.RequestAborted))
            .Produces<PlaygroundView>().ProducesProblems(404, 409, 429, 503).WithSummary("Move its end as far as your plan allows");
        group.MapDelete("/{id}", async (string id, HttpContext context, OwnedPlaygrounds playgrounds) =>
            {
                await playgrounds.RemoveAsync(context.RequirePerson(), Id(id), context.RequestAborted);
                return Results.NoContent();
            })
            .Produces(204).ProducesProblems(404).WithSummary("End it");
    }

    private static async Task<IResult> LaunchAsync(HttpContext context, Guests guests, GuestAddresses addresses, AddressRates rates, OwnedPlaygrounds playgrounds)
    {
        var trace = new LaunchTrace();
        var request = await context.ReadJsonAsync<LaunchRequest>(MostRecipe);
        var recipe = request switch
        {
            { Image: { } image, Recipe: null } => Recipe.FromImage(image),
            { Image: null, Recipe: { } given } => given,
            _ => throw new SandboxException(ErrorCode.Invalid, "Send either image or recipe."),
        };
        if (!await rates.AllowsLaunchAsync(context))
        {
            return Results.Empty;
        }

        var person = guests.Ensure(context);
        if (!await guests.IsKnownAsync(person) && !await rates.AllowsGuestAsync(context))
        {
            return Results.Empty;
        }

        addresses.Saw(person, AddressRates.Address(context.Connection.RemoteIpAddress));
        var key = context.Request.Headers.TryGetValue("Idempotency-Key", out var keys) ? keys.ToString() : null;
        var view = await playgrounds.LaunchAsync(person, recipe, key, trace, context.RequestAborted);
        context.Response.Headers["Server-Timing"] = trace.ToString();
        return view.State is "queued" or "starting"
            ? Results.Accepted(view.Urls.Api, view)
            : Results.Created(view.Urls.Api, view);
    }

    /// <summary>What is no id names nothing.</summary>
    private static PlaygroundId Id(string text) =>
        PlaygroundId.TryParse(text, out var id) ? id : throw new SandboxException(ErrorCode.NotFound, "You have no such playground.");
}
