using System.Globalization;
using Microsoft.OpenApi;
using Sandbox.Core.Errors;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Recipes;
using Sandbox.Core.Terminals;
using Sandbox.Web.Http;
using Sandbox.Web.Latency;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Links;
using Sandbox.Web.People;

namespace Sandbox.Web.Playgrounds;

/// <summary>What to launch: a catalog image, a whole recipe, a link or a tutorial, one of them.</summary>
/// <param name="Image">A name in the catalog, or a digest of it.</param>
/// <param name="Recipe">A recipe.</param>
/// <param name="Link">A link's hash, its alias, or alias@hash.</param>
/// <param name="Tutorial">A tutorial's hash, its name, or name@hash.</param>
/// <param name="Parameters">A value for each parameter of the link, the recipe or the tutorial that has no default.</param>
/// <param name="Password">Of a link that asks for one.</param>
/// <param name="Volumes">With image or recipe: volumes of yours that the first node gets beside those of its recipe; a new name makes one.</param>
/// <param name="OnSetupFailure">end (the default): a setup command that fails ends the launch. ask: it waits for POST …/setup, and 202 is answered as soon as the setup begins.</param>
/// <param name="Queue">true (the default): it waits in the queue while there is no room. false: it is refused then, code capacity.</param>
/// <param name="Terminal">The size of the first terminal, if the caller knows it: the image's own command begins with it, and with 80 x 24 otherwise.</param>
internal sealed record LaunchRequest(string? Image = null, Recipe? Recipe = null, string? Link = null, string? Tutorial = null, IReadOnlyDictionary<string, string>? Parameters = null, string? Password = null, string? OnSetupFailure = null, IReadOnlyList<RecipeVolume>? Volumes = null, TerminalSize? Terminal = null, bool Queue = true);

/// <summary>What to do about a setup that failed: retry or enter.</summary>
internal sealed record SetupRequest(string Action);

internal static class PlaygroundEndpoints
{
    private const long MostRecipe = 2 * 1024 * 1024;
    private const long MostJson = 16 * 1024;
    private const int MostWait = 25;

    public static void MapPlaygrounds(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v1/playgrounds").WithTags("playgrounds");
        group.MapGet("", (HttpContext context, Guests guests, OwnedPlaygrounds playgrounds) =>
                playgrounds.ListAsync(guests.Ensure(context), context.RequestAborted))
            .Produces<IReadOnlyList<PlaygroundView>>().WithSummary("List your playgrounds").WithDescription("Your playgrounds, newest first; ended ones for a day.");
        group.MapPost("", LaunchAsync)
            .Accepts<LaunchRequest>("application/json")
            .Produces<PlaygroundView>(201).Produces<PlaygroundView>(202).ProducesProblems(400, 403, 404, 409, 413, 415, 422, 429, 503, 504, 507)
            .Takes(ParameterLocation.Header, "Idempotency-Key", "1 to 255 ASCII characters; free again after a day")
            .WithSummary("Launch a playground")
            .WithDescription("201: its sandboxes run. 202: it takes longer than 30 s, or is queued until its image is made, or until there is room on the host or a place of its link. `queue` has its place and an estimate then; ask for it again, at least once a minute, or the place is given up. It starts by itself. An Idempotency-Key header makes a repeated request the same launch.");
        group.MapGet("/{id}", (string id, HttpContext context, OwnedPlaygrounds playgrounds) =>
                playgrounds.WaitAsync(context.RequirePerson(), Id(id), Whole(context, "wait", MostWait) ?? 0, Whole(context, "place", int.MaxValue), context.RequestAborted))
            .Produces<PlaygroundView>().ProducesProblems(400, 404)
            .Takes(ParameterLocation.Query, "wait", "while it has a place in a queue: answer when that changes, or after so many seconds, at most 25. A connection that is closed before gives the place up within seconds")
            .Takes(ParameterLocation.Query, "place", "with wait: the place that you know")
            .WithSummary("One of your playgrounds");
        group.MapPost("/{id}/extend", (string id, HttpContext context, OwnedPlaygrounds playgrounds) =>
                playgrounds.ExtendAsync(context.RequirePerson(), Id(id), context.RequestAborted))
            .Produces<PlaygroundView>().ProducesProblems(404, 409, 429, 503).WithSummary("Extend a playground").WithDescription("Move its end as far as your plan allows.");
        group.MapPost("/{id}/setup", async (string id, HttpContext context, OwnedPlaygrounds playgrounds) =>
            {
                var request = await context.ReadJsonAsync<SetupRequest>(MostJson);
                return await playgrounds.DecideAsync(context.RequirePerson(), Id(id), request.Action switch
                {
                    "retry" => SetupDecision.Retry,
                    "enter" => SetupDecision.Enter,
                    _ => throw new SandboxException(ErrorCode.Invalid, "action: retry or enter"),
                });
            })
            .Accepts<SetupRequest>("application/json").Produces<PlaygroundView>().ProducesProblems(400, 404, 409, 413, 415)
            .WithSummary("Answer a failed setup").WithDescription("After a setup command failed: run it again, or enter without the rest.");
        group.MapGet("/{id}/terminals", (string id, HttpContext context, OwnedPlaygrounds playgrounds) =>
                playgrounds.TerminalsAsync(context.RequirePerson(), Id(id)))
            .Produces<IReadOnlyList<RecipeTerminalView>>().ProducesProblems(404).WithSummary("The terminals that its recipe opens");
        group.MapDelete("/{id}", async (string id, HttpContext context, OwnedPlaygrounds playgrounds) =>
            {
                var save = context.Request.Query["save"].ToString() switch
                {
                    "" or "0" => false,
                    "1" => true,
                    _ => throw new SandboxException(ErrorCode.Invalid, "save: 1, or left out"),
                };
                await playgrounds.RemoveAsync(context.RequirePerson(), Id(id), save, context.RequestAborted);
                return Results.NoContent();
            })
            .Produces(204).ProducesProblems(400, 404, 409, 413, 429, 507)
            .Takes(ParameterLocation.Query, "save", "1: keep its state as a private link first; when that fails it goes on")
            .WithSummary("End it");
    }

    private static async Task<IResult> LaunchAsync(HttpContext context, Guests guests, GuestAddresses addresses, AddressRates rates, LinkEntrance entrance, IOrdersTutorials tutorials, OwnedPlaygrounds playgrounds)
    {
        var trace = new LaunchTrace();
        var request = await context.ReadJsonAsync<LaunchRequest>(MostRecipe);
        var recipe = request switch
        {
            { Image: { } image, Recipe: null, Link: null, Tutorial: null } => Recipe.FromImage(image),
            { Image: null, Recipe: { } given, Link: null, Tutorial: null } => given,
            { Image: null, Recipe: null, Link: not null, Tutorial: null } or { Image: null, Recipe: null, Link: null, Tutorial: not null } => null,
            _ => throw new SandboxException(ErrorCode.Invalid, "Send one of image, recipe, link and tutorial."),
        };
        if (request.Volumes is { Count: > 0 } volumes)
        {
            recipe = recipe?.Nodes is { Count: > 0 } nodes && nodes[0] is { } node
                ? recipe with { Nodes = [node with { Volumes = [.. node.Volumes ?? [], .. volumes] }, .. nodes.Skip(1)] }
                : throw new SandboxException(ErrorCode.Invalid, "volumes: with image or recipe only. A link and a tutorial name their own.");
        }

        var manner = Manner(request);
        // A class behind one router opens one link: its budget, which the link's owner answers for, covers them.
        var link = request.Link is null ? null : await entrance.FindAsync(context.User.Person(), LinkEndpoints.Address(request.Link));
        if (request.Password is not null && !await rates.AllowsPasswordAsync(context))
        {
            return Results.Empty;
        }

        var letsIn = link is not null && entrance.LetsIn(link, request.Password);
        if (link is not null && !letsIn && request.Password is not null && entrance.Refusal(link, request.Password).Code == ErrorCode.LinkPassword)
        {
            rates.CountWrongPassword(context, $"the link {link.Link.Hash}");
        }

        var isEntered = letsIn && link!.CoversRates;
        if (!isEntered && !await rates.AllowsLaunchAsync(context))
        {
            return Results.Empty;
        }

        if (link is not null && !letsIn)
        {
            throw entrance.Refusal(link, request.Password);
        }

        var person = guests.Ensure(context);
        if (!isEntered && !await guests.IsKnownAsync(person) && !await rates.AllowsGuestAsync(context))
        {
            return Results.Empty;
        }

        if (!isEntered)
        {
            addresses.Saw(person, AddressRates.Address(context.Connection.RemoteIpAddress));
        }

        var key = context.Request.Headers.TryGetValue("Idempotency-Key", out var keys) ? keys.ToString() : null;
        var view = request.Tutorial is { } address
            ? await playgrounds.LaunchOrderAsync(person, await tutorials.OrderAsync(person, address, request.Parameters, context.RequestAborted) with { AsksAfterFailure = manner.AsksAfterFailure, Terminal = manner.Terminal, MayWait = manner.MayWait }, key, trace, context.RequestAborted)
            : link is null
            ? await playgrounds.LaunchAsync(person, recipe!, request.Parameters, manner, key, trace, context.RequestAborted)
            : await playgrounds.LaunchAsync(person, link, request.Parameters, manner, key, trace, context.RequestAborted);
        context.Response.Headers["Server-Timing"] = trace.ToString();
        if (view.Queue is not null)
        {
            context.Response.Headers.RetryAfter = "5";
        }

        return view.State is "queued" or "starting"
            ? Results.Accepted(view.Urls.Api, view)
            : Results.Created(view.Urls.Api, view);
    }

    private static LaunchManner Manner(LaunchRequest request)
    {
        if (request.Terminal is { } size && TerminalRules.Validate(size, "terminal.") is { Count: > 0 } mistakes)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }

        return new(
            request.OnSetupFailure switch
            {
                null or "end" => false,
                "ask" => true,
                _ => throw new SandboxException(ErrorCode.Invalid, "onSetupFailure: end or ask"),
            },
            request.Terminal,
            request.Queue);
    }

    private static int? Whole(HttpContext context, string name, int most) =>
        context.Request.Query[name].ToString() is not { Length: > 0 } text ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= most ? number
        : throw new SandboxException(ErrorCode.Invalid, string.Create(CultureInfo.InvariantCulture, $"{name}: a whole number, at most {most}"));

    /// <summary>What is no id names nothing.</summary>
    internal static PlaygroundId Id(string text) =>
        PlaygroundId.TryParse(text, out var id) ? id : throw new SandboxException(ErrorCode.NotFound, "You have no such playground.");
}
