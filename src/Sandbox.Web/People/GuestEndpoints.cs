using Sandbox.Web.Http;

namespace Sandbox.Web.People;

/// <summary>A guest's bearer token. It is shown once.</summary>
internal sealed record GuestToken(string Token);

internal static class GuestEndpoints
{
    public static void MapGuests(this IEndpointRouteBuilder app) =>
        app.MapPost("/api/v1/guests", async (HttpContext context, Guests guests, AddressRates rates) =>
                await rates.AllowsGuestAsync(context)
                    ? Results.Json(new GuestToken(await guests.NewTokenAsync()), statusCode: 201)
                    : Results.Empty)
            .Produces<GuestToken>(201).ProducesProblems(429).WithTags("guests")
            .WithSummary("Create a guest").WithDescription("A token for a client that keeps no cookies, sent as Authorization: Bearer.");
}
