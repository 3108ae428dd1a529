using System.Text;
using System.Text.Unicode;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Recipes.Compose;
using Sandbox.Recipes.Documents;
using Sandbox.Web.Catalog;
using Sandbox.Web.Errands;
using Sandbox.Web.Exports;
using Sandbox.Web.Http;
using Sandbox.Web.LinkArchives;
using Sandbox.Web.Links;
using Sandbox.Web.People;
using Sandbox.Web.Repositories;
using Sandbox.Web.Store;

namespace Sandbox.Web.NewLinks;

/// <summary>A recipe, a git repository or an artifact of a registry to make a link of, one of these.</summary>
/// <param name="Recipe">The recipe.</param>
/// <param name="Name">An alias to lead to it; null for none.</param>
/// <param name="Title">For people; null is the image's title.</param>
/// <param name="Access">anyone (the default) or private.</param>
/// <param name="Budget">How often it may be started; null is not limited.</param>
/// <param name="Repository">An https URL of a git repository.</param>
/// <param name="Ref">Its branch, tag or commit; null is its HEAD.</param>
/// <param name="Path">The folder in which the visitor starts.</param>
/// <param name="Registry">A registry reference of a link that another server wrote: <c>ghcr.io/owner/link:tag</c>.</param>
internal sealed record NewLink(Recipe? Recipe = null, string? Name = null, string? Title = null, string? Access = null, LinkBudgetChange? Budget = null, string? Repository = null, string? Ref = null, string? Path = null, string? Registry = null);

internal static class NewLinkEndpoints
{
    private const long MostRecipe = 2 * 1024 * 1024;
    private const int MostProblems = 100;

    private static readonly string[] Archives = ["application/x-tar", "application/tar", "application/vnd.oci.image.layout.v1+tar", "application/vnd.oci.image.layout.v1.tar"];

    public static void MapNewLinks(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/v1/links", CreateAsync).WithTags("links")
            .Accepts<NewLink>("application/json", "application/yaml", "text/yaml", "application/x-yaml", "text/x-yaml", "application/x-tar", "application/vnd.oci.image.layout.v1+tar")
            .Produces<LinkView>(201).Produces<ReadingView>(202).ProducesProblems(400, 404, 409, 413, 415, 422, 429, 502, 504, 507)
            .WithSummary("Create a link")
            .WithDescription("repository: git reads it in a sandbox of yours, and the link checks out the commit where ref is now. 202: that takes longer than 30 s and goes on; ask for the reading. Every image is pinned by its digest. Equal recipes have the same hash, on every server. As application/yaml the body is the recipe as people write it, or a compose file, and name, title and access stand in the query; every mistake has its line and column. name: an alias, which is taken or moved to the new link.");
    }

    private static async Task<IResult> CreateAsync(HttpContext context, Guests guests, AddressRates rates, ImageCatalog catalog, Locks locks, OwnedLinks links, RepositoryLinks repositories, LinkImports imports, ExportPlaces places, ISandboxRuntime runtime, WebOptions options, Aliases aliases, LinkEntrance entrance, LinkList list)
    {
        if (Archives.Contains(MediaType(context.Request), StringComparer.OrdinalIgnoreCase))
        {
            var (order, name) = ReadArchiveOrder(context);
            return await ImportAsync(context, context.ReadBodyAsync(options.Limits.LinkArchiveBytes), order, name, guests, rates, imports, places, aliases, entrance, list);
        }

        var request = IsYaml(context.Request) ? await ReadDocumentAsync(context, catalog) : await context.ReadJsonAsync<NewLink>(MostRecipe);
        if (request is not ({ Recipe: not null, Repository: null, Ref: null, Path: null, Registry: null }
            or { Recipe: null, Repository: not null, Registry: null }
            or { Recipe: null, Repository: null, Ref: null, Path: null, Registry: not null }))
        {
            throw new SandboxException(ErrorCode.Invalid, "Send one of recipe, repository and registry; ref and path belong to a repository.");
        }

        var mistakes = request.Recipe is { } given ? RecipeRules.Validate(given).Select(mistake => $"recipe.{mistake}").ToList() : [];
        if (request.Title is { } named)
        {
            OwnedLinks.CheckTitle(named, mistakes);
        }

        CheckName(request.Name, mistakes);
        OwnedLinks.CheckBudget(request.Budget, mistakes);
        Refuse(mistakes);
        var access = LinkEndpoints.Access(request.Access) ?? LinkAccess.Anyone;
        if (request.Registry is { } reference)
        {
            var fetched = runtime.Images.FetchArtifactAsync(reference, options.Limits.LinkArchiveBytes, context.RequestAborted);
            return await ImportAsync(context, fetched, new ImportOrder(request.Title?.Trim(), access, request.Budget), request.Name, guests, rates, imports, places, aliases, entrance, list);
        }

        if (request.Repository is { } url)
        {
            var address = RepositoryEndpoints.Address(options, url, request.Ref, request.Path);
            return await ErrandCallers.AdmitAsync(context) is { } reader
                ? await ReadAsync(repositories.Begin(reader, address, new RepositoryLinkOrder(request.Title?.Trim(), access, request.Name, request.Budget)))
                : Results.Empty;
        }

        if (!await rates.AllowsLaunchAsync(context))
        {
            return Results.Empty;
        }

        var person = guests.Ensure(context);
        if (!await guests.IsKnownAsync(person) && !await rates.AllowsGuestAsync(context))
        {
            return Results.Empty;
        }

        var draft = await locks.PinAsync(person, request.Recipe!, context.RequestAborted);
        var title = request.Title?.Trim() ?? catalog.Find(draft.Images[0].Name)?.Title ?? draft.Images[0].Name;
        var hash = await links.KeepAsync(person, draft, title, access, isAutomatic: false, request.Budget);
        if (request.Name is not null)
        {
            await aliases.SetAsync(person, request.Name, hash, null);
        }

        return await CreatedAsync(person, hash);

        async Task<IResult> ReadAsync(Reading reading)
        {
            var wait = TimeSpan.FromSeconds(options.Limits.LaunchWaitSeconds);
            if (await Task.WhenAny(reading.Outcome, Task.Delay(wait, context.RequestAborted)) != reading.Outcome)
            {
                context.RequestAborted.ThrowIfCancellationRequested();
                return Results.Accepted($"/api/v1/readings/{reading.Id}", ReadingView.Of(reading));
            }

            return await CreatedAsync(reading.Owner, RecipeHash.TryParse((await reading.Outcome).Hash, out var made) ? made : default);
        }

        async Task<IResult> CreatedAsync(PersonId owner, RecipeHash hash) =>
            Results.Created($"/api/v1/links/{hash}", await list.ViewAsync(await entrance.FindAsync(owner, new LinkAddress(null, hash)), context.RequestAborted));
    }

    /// <summary>The name, title and access of an archive stand in the query.</summary>
    private static (ImportOrder Order, string? Name) ReadArchiveOrder(HttpContext context)
    {
        var (name, title) = (Of(context, "name"), Of(context, "title")?.Trim());
        var mistakes = new List<string>();
        CheckName(name, mistakes);
        if (title is not null)
        {
            OwnedLinks.CheckTitle(title, mistakes);
        }

        Refuse(mistakes);
        return (new ImportOrder(title, LinkEndpoints.Access(Of(context, "access")) ?? LinkAccess.Anyone), name);
    }

    /// <summary>A link that another server wrote.</summary>
    private static async Task<IResult> ImportAsync(HttpContext context, IAsyncEnumerable<ReadOnlyMemory<byte>> archive, ImportOrder order, string? name, Guests guests, AddressRates rates, LinkImports imports, ExportPlaces places, Aliases aliases, LinkEntrance entrance, LinkList list)
    {
        if (!await rates.AllowsLaunchAsync(context))
        {
            return Results.Empty;
        }

        var person = guests.Ensure(context);
        if (!await guests.IsKnownAsync(person) && !await rates.AllowsGuestAsync(context))
        {
            return Results.Empty;
        }

        RecipeHash hash;
        using (places.Enter(person, context))
        {
            hash = await imports.ImportAsync(person, archive, order, context.RequestAborted);
        }

        if (name is not null)
        {
            await aliases.SetAsync(person, name, hash, null);
        }

        return Results.Created($"/api/v1/links/{hash}", await list.ViewAsync(await entrance.FindAsync(person, new LinkAddress(null, hash)), context.RequestAborted));
    }

    private static string? MediaType(HttpRequest request) => request.ContentType?.Split(';')[0].Trim();

    private static bool IsYaml(HttpRequest request) =>
        MediaType(request) is "application/yaml" or "application/x-yaml" or "text/yaml" or "text/x-yaml";

    /// <summary>A document as people write it, with what else a link takes in the query.</summary>
    private static async Task<NewLink> ReadDocumentAsync(HttpContext context, ImageCatalog catalog)
    {
        using var body = new MemoryStream();
        await foreach (var bytes in context.ReadBodyAsync(MostRecipe))
        {
            body.Write(bytes.Span);
        }

        var (recipe, problems) = ReadRecipe(body.GetBuffer().AsSpan(0, (int)body.Length), catalog);
        if (recipe is null)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", problems.Take(MostProblems)));
        }

        return new NewLink(recipe, Of(context, "name"), Of(context, "title"), Of(context, "access"));
    }

    private static RecipeReading ReadRecipe(ReadOnlySpan<byte> bytes, ImageCatalog catalog)
    {
        var text = Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : "";
        return ComposeFile.IsOne(text) && ComposeFile.ReadAlone(bytes, catalog.Offered) is var compose ? new RecipeReading(compose.Recipe, compose.Problems) : RecipeDocument.Read(bytes, "recipe.yaml");
    }

    private static string? Of(HttpContext context, string name) => context.Request.Query.TryGetValue(name, out var value) ? value.ToString() : null;

    private static void CheckName(string? name, List<string> mistakes)
    {
        if (name is not null && !LinkAddress.IsAlias(name))
        {
            mistakes.Add($"name: 3 to {LinkAddress.MaxAliasLength} lower-case letters, digits and dashes, a letter or digit at both ends");
        }
    }

    private static void Refuse(List<string> mistakes)
    {
        if (mistakes.Count > 0)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }
    }
}
