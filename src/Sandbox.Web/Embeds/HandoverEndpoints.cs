using Sandbox.Core.Errors;
using Sandbox.Web.Http;
using Sandbox.Web.People;
using Sandbox.Web.Playgrounds;

namespace Sandbox.Web.Embeds;

/// <summary>Where a playground began.</summary>
/// <param name="ReturnTo">An address of http or https, to which a page of ours links afterwards.</param>
internal sealed record HandoverRequest(string? ReturnTo = null);

/// <summary>An offered playground.</summary>
/// <param name="Url">Opened in a tab, it asks whether to continue there. It works once.</param>
/// <param name="ExpiresAt">Until then.</param>
internal sealed record HandoverView(string Url, DateTimeOffset ExpiresAt);

/// <summary>The code of an address that a handover gave.</summary>
internal sealed record TakeRequest(string Code);

/// <summary>A playground that is the caller's now.</summary>
/// <param name="Url">Its page.</param>
/// <param name="Playground">Its id.</param>
/// <param name="ReturnTo">The page where it began, or null.</param>
internal sealed record TakenView(string Url, string Playground, string? ReturnTo);

internal static class HandoverEndpoints
{
    private const long MostJson = 8 * 1024;
    private const int MaxAddress = 2000;

    public static void MapHandovers(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/v1/playgrounds/{id}/handover", async (string id, HttpContext context, Handovers handovers, Origins origins) =>
            {
                var request = await context.ReadJsonAsync<HandoverRequest>(MostJson);
                if (request.ReturnTo is { } address && !IsPage(address))
                {
                    throw new SandboxException(ErrorCode.Invalid, $"returnTo: an address of http or https, at most {MaxAddress} characters");
                }

                var (code, offer) = await handovers.OfferAsync(context.RequirePerson(), PlaygroundEndpoints.Id(id), request.ReturnTo);
                return Results.Created((string?)null, new HandoverView($"{origins.PublicUrl}/embed/open?code={code}", offer.ExpiresAt));
            })
            .Accepts<HandoverRequest>("application/json").Produces<HandoverView>(201).ProducesProblems(400, 404, 409, 413, 415)
            .WithTags("playgrounds").WithSummary("Hand over a playground")
            .WithDescription("The url asks in the other browser whether to continue there. Then the playground belongs to the person there and no longer to the caller. It works once, within two minutes.");

        app.MapPost("/api/v1/playgrounds/{id}/leave", async (string id, HttpContext context, OwnedPlaygrounds playgrounds, Departures departures) =>
            {
                var playground = PlaygroundEndpoints.Id(id);
                await playgrounds.FindAsync(context.RequirePerson(), playground, context.RequestAborted);
                departures.Leave(playground);
                return Results.NoContent();
            })
            .Produces(204).ProducesProblems(404).WithTags("playgrounds").WithSummary("Leave a playground").WithDescription("The page that shows it was closed. It ends in two minutes, unless the page is opened again.");

        app.MapPost("/api/v1/handovers", async (HttpContext context, Handovers handovers, Guests guests, GuestAddresses addresses, AddressRates rates) =>
            {
                var request = await context.ReadJsonAsync<TakeRequest>(MostJson);
                var person = guests.Ensure(context);
                if (!await guests.IsKnownAsync(person) && !await rates.AllowsGuestAsync(context))
                {
                    return Results.Empty;
                }

                var taken = await handovers.TakeAsync(request.Code, person);
                addresses.Saw(person, AddressRates.Address(context.Connection.RemoteIpAddress));
                return Results.Json(new TakenView($"/p/{taken.Playground}", taken.Playground.Value, taken.ReturnTo));
            })
            .Accepts<TakeRequest>("application/json").Produces<TakenView>().ProducesProblems(400, 404, 409, 413, 415, 429)
            .WithTags("playgrounds").WithSummary("Take an offered playground");
    }

    /// <summary>Whether a text is the address of a page of the web that can be shown to a person: it names its host and no user.</summary>
    internal static bool IsPage(string text) =>
        text.Length <= MaxAddress && !text.Any(char.IsControl) && Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && uri.Scheme is "http" or "https" && uri.Host.Length > 0 && uri.UserInfo.Length == 0;
}
