using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.Networks;
using Sandbox.Core.People;
using Sandbox.Core.Quotas;
using Sandbox.Core.Recipes;
using Sandbox.Web.Catalog;
using Sandbox.Web.Store;

namespace Sandbox.Web.Links;

/// <summary>A link as one visitor meets it.</summary>
/// <param name="Link">The claim that lets them in, with its lock, images and layers.</param>
/// <param name="Recipe">The lock.</param>
/// <param name="IsOwn">Whether it is the visitor's.</param>
/// <param name="CoversRates">Whether its budget covers visitors whom the rates of their address would stop.</param>
/// <param name="Visitor">The visitor; null for somebody who has not been here.</param>
internal sealed record EnteredLink(LinkRow Link, Recipe Recipe, bool IsOwn, bool CoversRates, PersonId? Visitor)
{
    public RecipeHash Hash { get; } = RecipeHash.TryParse(Link.Hash, out var hash) ? hash : default;

    public IReadOnlyList<ResolvedImage> Images { get; } =
        [.. Link.Lock!.Images.OrderBy(image => image.Node).Select(image => new ResolvedImage(image.Name, image.Digest.Length == 0 ? null : Digest.Parse(image.Digest), image.Interactive))];

    /// <summary>The recipe that is started: the lock, without a network if the link's owner says so.</summary>
    public Recipe Started => Link.IsOffline && !IsOwn
        ? WithVolumes with { Nodes = [.. WithVolumes.Nodes.Select(node => node with { Network = NetworkPolicy.None, Domains = [] })] }
        : WithVolumes;

    /// <summary>
    /// The volumes of a saved playground are its owner's. All others are of the link: those of one author are shared by their
    /// links, and a link that the visitor made of a recipe, which somebody else may have written, has its own.
    /// </summary>
    private Recipe WithVolumes => IsOwn && Link.IsSaved ? Recipe : Recipe.From(RecipeOrigin.Of(IsOwn ? Link.Hash : Link.OwnerId));

    /// <summary>Whether starting it runs, writes or asks for anything beyond what an image does by itself.</summary>
    public bool NeedsConsent => Recipe.Parameters.Count > 0 || Recipe.Terminals.Count > 0 || Recipe.Nodes.Any(node => node.NeedsBuild || node.Setup.Count > 0 || node.Repositories.Count > 0 || node.Files.Count > 0 || node.Env.Count > 0 || node.Volumes.Count > 0);
}

/// <summary>Finds links for visitors, and says how one differs here from what its author ran.</summary>
internal sealed class LinkEntrance(SqliteStore store, OwnSurroundings surroundings, IsolationChoice isolation, TimeProvider time)
{
    /// <summary>
    /// The link of an address that the visitor may see: their own, else one that is for anyone. Somebody else's private link
    /// is not there. Code: LinkNotFound.
    /// </summary>
    public Task<EnteredLink> FindAsync(PersonId? visitor, LinkAddress address) => store.ReadAsync(async db =>
    {
        var hash = address.Hash?.Value;
        if (address.Alias is { } alias)
        {
            var row = await db.Aliases.AsNoTracking().SingleOrDefaultAsync(row => row.Name == alias)
                ?? throw new SandboxException(ErrorCode.LinkNotFound, $"Nothing is called '{alias}' here. Check the spelling, or ask who gave you the link.");
            if (hash is not null && !await db.AliasMoves.AnyAsync(move => move.Name == alias && move.Hash == hash))
            {
                throw new SandboxException(ErrorCode.LinkNotFound, $"'{alias}' never led to {hash[..12]}….");
            }

            hash ??= row.Hash;
        }

        var me = visitor?.Value ?? "";
        var now = time.GetUtcNow();
        var claims = await db.Links.AsNoTracking()
            .Include(row => row.Lock!.Images)
            .Where(row => row.Hash == hash && (row.OwnerId == me || row.Access == LinkAccess.Anyone))
            .OrderBy(row => row.CreatedAt).ToListAsync();
        var link = claims.Find(row => row.OwnerId == me)
            ?? claims.Find(row => LinkBudget.ClosedBecause(row, now) is null)
            ?? claims.FirstOrDefault();
        if (link is null)
        {
            throw new SandboxException(ErrorCode.LinkNotFound, address.Alias is null
                ? "This link does not exist. It was deleted, or it is private to somebody else."
                : $"'{address.Alias}' leads to a link that was deleted or is private. Its owner can move it.");
        }

        var content = await db.Recipes.Where(row => row.Hash == hash).Select(row => row.Content).SingleAsync();
        var places = link.AtOnce is null ? 0 : await db.People.Where(row => row.Id == link.OwnerId).Select(row => row.Plan!.LinkPlaces).SingleAsync();
        return new EnteredLink(link, RecipeJson.Read(content), link.OwnerId == me, CoversRates: places > 0 && link.AtOnce <= places, visitor);
    });

    /// <summary>Why a visitor may not start a link now. Codes: LinkClosed (expired, or not at this hour), LinkPassword.</summary>
    public SandboxException Refusal(EnteredLink entered, string? password) =>
        LinkBudget.ClosedBecause(entered.Link, time.GetUtcNow()) is { } reason ? new SandboxException(ErrorCode.LinkClosed, reason)
        : new SandboxException(ErrorCode.LinkPassword, password is null ? "This link asks for a password. Its author has it." : "That is not the link's password.");

    /// <summary>Whether a visitor may start a link now.</summary>
    public bool LetsIn(EnteredLink entered, string? password) =>
        entered.IsOwn
        || (LinkBudget.ClosedBecause(entered.Link, time.GetUtcNow()) is null && (entered.Link.Password is not { } stored || LinkPasswords.Matches(stored, password)));

    /// <summary>How what starts here differs from what the author ran.</summary>
    /// <param name="entered">The link.</param>
    /// <param name="stored">The images that are here, by digest: the isolation class that each is made for.</param>
    /// <param name="plan">The visitor's plan.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<LinkComparisonView> CompareAsync(EnteredLink entered, IReadOnlyDictionary<string, string?> stored, Plan plan, CancellationToken cancellationToken)
    {
        var link = entered.Link.Lock!;
        var info = await surroundings.InfoAsync(cancellationToken);
        var here = await surroundings.OfAsync(isolation.Of(entered.Recipe.Nodes[0], entered.Images[0].Name, plan), cancellationToken);
        var differences = new List<string>();
        var isStartable = true;
        foreach (var image in link.Images.Where(image => image.Digest.Length > 0 && !stored.ContainsKey(image.Digest)))
        {
            differences.Add($"The image {image.Name} is no longer on this server, so it cannot start.");
            isStartable = false;
        }

        foreach (var node in entered.Recipe.Nodes.Where(node => node.NeedsBuild))
        {
            differences.Add($"The image of {node.Name} is built in a sandbox of yours, of {node.Build!.Source}. It may differ from the author's by what its build fetches.");
        }

        if (link.Architecture != here.Architecture)
        {
            differences.Add($"The author ran it on {link.Architecture}; this server is {here.Architecture}.");
            isStartable = false;
        }

        var refusals = entered.Recipe.Nodes.Zip(link.Images.OrderBy(image => image.Node), (node, image) =>
            isolation.Refusal(node, image.Name, plan, stored.GetValueOrDefault(image.Digest), info.Capabilities.IsolationClasses)).OfType<string>().ToList();
        if (refusals.Count > 0)
        {
            differences.AddRange(refusals);
            isStartable = false;
        }
        else if (!info.Capabilities.IsolationClasses.Contains(here.Isolation, StringComparer.Ordinal))
        {
            differences.Add($"It asks for the isolation class {here.Isolation}, which this server does not have.");
            isStartable = false;
        }
        else if (link.Isolation != here.Isolation)
        {
            differences.Add($"The author ran it with the isolation class {link.Isolation}; here it is {here.Isolation}.");
        }

        if (link.Kernel != here.Kernel)
        {
            differences.Add($"Another kernel: {link.Kernel} at the author's, {here.Kernel} here. Every file is the same.");
        }

        return new LinkComparisonView(differences.Count == 0, isStartable, differences);
    }
}
