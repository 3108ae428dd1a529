using Sandbox.Core.Errors;
using Sandbox.Core.Recipes;
using Sandbox.Recipes.Documents;
using Sandbox.Web.Catalog;
using Sandbox.Web.Http;
using Sandbox.Web.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.Links;

/// <summary>A recipe to make a link of.</summary>
/// <param name="Recipe">The recipe.</param>
/// <param name="Name">An alias to lead to it; null for none.</param>
/// <param name="Title">For people; null is the image's title.</param>
/// <param name="Access">anyone (the default) or private.</param>
/// <param name="Budget">How often it may be started; null is not limited.</param>
internal sealed record NewLink(Recipe Recipe, string? Name = null, string? Title = null, string? Access = null, LinkBudgetChange? Budget = null);

/// <summary>What to change of a link.</summary>
internal sealed record SaveLink(string? Title = null, string? Access = null, LinkBudgetChange? Budget = null);

/// <summary>Where an alias leads.</summary>
/// <param name="Hash">A link of yours.</param>
/// <param name="Text">Markdown for its page; null keeps it.</param>
internal sealed record SaveAlias(string Hash, string? Text = null);

/// <summary>What deleting a link gave back.</summary>
internal sealed record DeletedLink(long FreedBytes);

internal static class LinkEndpoints
{
    private const long MostRecipe = 2 * 1024 * 1024;
    private const long MostJson = 64 * 1024;
    private const int MostProblems = 100;

    public static void MapLinks(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v1/links").WithTags("links");
        group.MapGet("", (HttpContext context, Guests guests, LinkList list, LinkPace pace) =>
            {
                var person = guests.Ensure(context);
                pace.Check(person);
                return list.ListAsync(person, context.RequestAborted);
            })
            .Produces<LinkListView>().ProducesProblems(429).WithSummary("Your links, opened last first");
        group.MapPost("", CreateAsync)
            .Accepts<NewLink>("application/json", "application/yaml", "text/yaml", "application/x-yaml", "text/x-yaml")
            .Produces<LinkView>(201).ProducesProblems(400, 404, 409, 413, 415, 429)
            .WithSummary("Make a link of a recipe")
            .WithDescription("Every image is pinned by its digest. Equal recipes have the same hash, on every server. As application/yaml the body is the recipe as people write it, and name, title and access stand in the query; every mistake has its line and column. name: an alias, which is taken or moved to the new link.");
        group.MapGet("/{address}", async (string address, HttpContext context, LinkEntrance entrance, LinkList list) =>
                await list.ViewAsync(await entrance.FindAsync(context.User.Person(), Address(address)), context.RequestAborted))
            .Produces<LinkView>().ProducesProblems(404).WithSummary("A link by its hash, its alias, or alias@hash");
        group.MapPut("/{hash}", async (string hash, HttpContext context, OwnedLinks links, LinkEntrance entrance, LinkList list) =>
            {
                var change = await context.ReadJsonAsync<SaveLink>(MostJson);
                var person = context.RequirePerson();
                await links.ChangeAsync(person, Hash(hash), new LinkChange(change.Title, Access(change.Access), change.Budget));
                return await list.ViewAsync(await entrance.FindAsync(person, new LinkAddress(null, Hash(hash))), context.RequestAborted);
            })
            .Accepts<SaveLink>("application/json").Produces<LinkView>().ProducesProblems(400, 404, 413, 415)
            .WithSummary("Change a link's title, access or budget; a budget replaces the old one");
        group.MapDelete("/{hash}", async (string hash, HttpContext context, OwnedLinks links) =>
                new DeletedLink(await links.DeleteAsync(context.RequirePerson(), Hash(hash))))
            .Produces<DeletedLink>().ProducesProblems(404).WithSummary("Delete a link; what runs goes on, its aliases stay and say that it is gone");

        var aliases = app.MapGroup("/api/v1/aliases").WithTags("links");
        aliases.MapGet("/{name}", async (string name, Aliases all, LinkList list) => list.View(await all.FindAsync(name)))
            .Produces<AliasView>().ProducesProblems(404).WithSummary("Where an alias leads, and where it led");
        aliases.MapPut("/{name}", async (string name, HttpContext context, Aliases all, LinkList list) =>
            {
                var save = await context.ReadJsonAsync<SaveAlias>(MostJson);
                await all.SetAsync(context.RequirePerson(), name, Hash(save.Hash), save.Text);
                return list.View(await all.FindAsync(name));
            })
            .Accepts<SaveAlias>("application/json").Produces<AliasView>().ProducesProblems(400, 404, 409, 413, 415, 429)
            .WithSummary("Take an alias, or move it to another link of yours");
        aliases.MapDelete("/{name}", async (string name, HttpContext context, Aliases all) =>
            {
                await all.DeleteAsync(context.RequirePerson(), name);
                return Results.NoContent();
            })
            .Produces(204).ProducesProblems(404).WithSummary("Give an alias back; anybody can take it then");
    }

    /// <summary>What is no address leads nowhere.</summary>
    internal static LinkAddress Address(string text) =>
        LinkAddress.TryParse(text, out var address) ? address : throw new SandboxException(ErrorCode.LinkNotFound, "There is no such link here: an address is a hash of 64 digits, a name, or name@hash.");

    private static async Task<IResult> CreateAsync(HttpContext context, Guests guests, AddressRates rates, ImageCatalog catalog, Locks locks, OwnedLinks links, Aliases aliases, LinkEntrance entrance, LinkList list)
    {
        var request = IsYaml(context.Request) ? await ReadDocumentAsync(context) : await context.ReadJsonAsync<NewLink>(MostRecipe);
        var mistakes = RecipeRules.Validate(request.Recipe).Select(mistake => $"recipe.{mistake}").ToList();
        if (request.Title is { } given)
        {
            OwnedLinks.CheckTitle(given, mistakes);
        }

        if (request.Name is not null && !LinkAddress.IsAlias(request.Name))
        {
            mistakes.Add($"name: 3 to {LinkAddress.MaxAliasLength} lower-case letters, digits and dashes, a letter or digit at both ends");
        }

        OwnedLinks.CheckBudget(request.Budget, mistakes);
        if (mistakes.Count > 0)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }

        var access = Access(request.Access) ?? LinkAccess.Anyone;
        if (!await rates.AllowsLaunchAsync(context))
        {
            return Results.Empty;
        }

        var person = guests.Ensure(context);
        if (!await guests.IsKnownAsync(person) && !await rates.AllowsGuestAsync(context))
        {
            return Results.Empty;
        }

        var draft = await locks.PinAsync(request.Recipe, context.RequestAborted);
        var title = request.Title?.Trim() ?? catalog.Find(draft.Images[0].Name)?.Title ?? draft.Images[0].Name;
        var hash = await links.KeepAsync(person, draft, title, access, isAutomatic: false, request.Budget);
        if (request.Name is not null)
        {
            await aliases.SetAsync(person, request.Name, hash, null);
        }

        var view = await list.ViewAsync(await entrance.FindAsync(person, new LinkAddress(null, hash)), context.RequestAborted);
        return Results.Created($"/api/v1/links/{hash}", view);
    }

    private static bool IsYaml(HttpRequest request) =>
        request.ContentType?.Split(';')[0].Trim() is "application/yaml" or "application/x-yaml" or "text/yaml" or "text/x-yaml";

    /// <summary>A document as people write it, with what else a link takes in the query.</summary>
    private static async Task<NewLink> ReadDocumentAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await foreach (var bytes in context.ReadBodyAsync(MostRecipe))
        {
            body.Write(bytes.Span);
        }

        var (recipe, problems) = RecipeDocument.Read(body.GetBuffer().AsSpan(0, (int)body.Length), "recipe.yaml");
        if (recipe is null)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", problems.Take(MostProblems)));
        }

        var query = context.Request.Query;
        return new NewLink(recipe, Of("name"), Of("title"), Of("access"));

        string? Of(string name) => query.TryGetValue(name, out var value) ? value.ToString() : null;
    }

    private static RecipeHash Hash(string text) =>
        RecipeHash.TryParse(text, out var hash) ? hash : throw new SandboxException(ErrorCode.LinkNotFound, "You have no such link: a hash is 64 hexadecimal digits.");

    internal static LinkAccess? Access(string? text) => text switch
    {
        null => null,
        "anyone" => LinkAccess.Anyone,
        "private" => LinkAccess.Private,
        _ => throw new SandboxException(ErrorCode.Invalid, "access: anyone or private"),
    };
}
