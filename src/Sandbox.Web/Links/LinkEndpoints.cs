using Microsoft.OpenApi;
using Sandbox.Core.Errors;
using Sandbox.Core.Recipes;
using Sandbox.Web.Http;
using Sandbox.Web.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.Links;

/// <summary>A change of a link. Null members stay as they are.</summary>
internal sealed record SaveLink(string? Title = null, string? Access = null, LinkBudgetChange? Budget = null);

/// <summary>Where an alias leads.</summary>
/// <param name="Hash">A link of yours.</param>
/// <param name="Text">Markdown for its page; null keeps it.</param>
internal sealed record SaveAlias(string Hash, string? Text = null);

/// <summary>The storage that deleting a link freed.</summary>
internal sealed record DeletedLink(long FreedBytes);

internal static class LinkEndpoints
{
    private const long MostJson = 64 * 1024;

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
        group.MapGet("/{address}", async (string address, HttpContext context, LinkEntrance entrance, LinkList list) =>
                await list.ViewAsync(await entrance.FindAsync(context.User.Person(), Address(address)), context.RequestAborted))
            .Produces<LinkView>().ProducesProblems(404).WithSummary("Get a link").WithDescription("A link by its hash, its alias, or alias@hash.");
        group.MapPut("/{hash}", async (string hash, HttpContext context, OwnedLinks links, LinkEntrance entrance, LinkList list) =>
            {
                var change = await context.ReadJsonAsync<SaveLink>(MostJson);
                var person = context.RequirePerson();
                await links.ChangeAsync(person, Hash(hash), new LinkChange(change.Title, Access(change.Access), change.Budget));
                return await list.ViewAsync(await entrance.FindAsync(person, new LinkAddress(null, Hash(hash))), context.RequestAborted);
            })
            .Accepts<SaveLink>("application/json").Produces<LinkView>().ProducesProblems(400, 404, 413, 415)
            .WithSummary("Change a link").WithDescription("Change a link's title, access or budget; a budget replaces the old one.");
        group.MapDelete("/{hash}", async (string hash, HttpContext context, OwnedLinks links) =>
                new DeletedLink(await links.DeleteAsync(context.RequirePerson(), Hash(hash))))
            .Produces<DeletedLink>().ProducesProblems(404).WithSummary("Delete a link").WithDescription("Delete a link; what runs goes on, its aliases stay and say that it is gone.");

        var aliases = app.MapGroup("/api/v1/aliases").WithTags("links");
        aliases.MapGet("/{name}", async (string name, Aliases all, LinkList list) => list.View(await all.FindAsync(name)))
            .Produces<AliasView>().ProducesProblems(404).WithSummary("Get an alias").WithDescription("Where an alias leads, and where it led.");
        aliases.MapPut("/{name}", async (string name, HttpContext context, Aliases all, LinkList list) =>
            {
                var save = await context.ReadJsonAsync<SaveAlias>(MostJson);
                await all.SetAsync(context.RequirePerson(), name, Hash(save.Hash), save.Text);
                return list.View(await all.FindAsync(name));
            })
            .Accepts<SaveAlias>("application/json").Produces<AliasView>().ProducesProblems(400, 404, 409, 413, 415, 429)
            .WithSummary("Set an alias").WithDescription("Take an alias, or move it to another link of yours.");
        aliases.MapPut("/{name}/cover", async (string name, HttpContext context, Aliases all, AliasCovers covers, LinkList list, LinkPace pace) =>
            {
                var person = context.RequirePerson();
                pace.Check(person);
                await covers.SetAsync(person, name, context.ReadBodyAsync(AliasCovers.MaxBytes), context.RequestAborted);
                return list.View(await all.FindAsync(name));
            })
            .Produces<AliasView>().ProducesProblems(400, 404, 413, 429)
            .WithSummary("Set an alias's picture").WithDescription("Set the picture of an alias's page: PNG, JPEG or WebP, at most 1 MiB. Previews of other sites show it.")
            .AddOpenApiOperationTransformer((operation, _, _) =>
            {
                operation.RequestBody = new OpenApiRequestBody
                {
                    Required = true,
                    Content = AliasCovers.Types.ToDictionary(type => type, _ => new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } }, StringComparer.Ordinal),
                };
                return Task.CompletedTask;
            });
        aliases.MapDelete("/{name}/cover", async (string name, HttpContext context, AliasCovers covers) =>
            {
                await covers.RemoveAsync(context.RequirePerson(), name);
                return Results.NoContent();
            })
            .Produces(204).ProducesProblems(404).WithSummary("Delete an alias's picture").WithDescription("Remove the picture of an alias's page.");
        aliases.MapDelete("/{name}", async (string name, HttpContext context, Aliases all, AliasCovers covers) =>
            {
                await covers.RemoveAsync(context.RequirePerson(), name);
                await all.DeleteAsync(context.RequirePerson(), name);
                return Results.NoContent();
            })
            .Produces(204).ProducesProblems(404).WithSummary("Delete an alias").WithDescription("Give an alias back; anybody can take it then.");
    }

    /// <summary>Reads an address. Code: LinkNotFound (a text that is no address).</summary>
    internal static LinkAddress Address(string text) =>
        LinkAddress.TryParse(text, out var address) ? address : throw new SandboxException(ErrorCode.LinkNotFound, "There is no such link here: an address is a hash of 64 digits, a name, or name@hash.");

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
