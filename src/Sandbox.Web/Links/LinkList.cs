using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.People;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Http;
using Sandbox.Web.Store;

namespace Sandbox.Web.Links;

/// <summary>Links as REST and the pages show them.</summary>
internal sealed class LinkList(SqliteStore store, ISandboxRuntime runtime, LinkEntrance entrance, AliasCovers covers, Origins origins, TimeProvider time)
{
    /// <summary>The median is that of the latest so many.</summary>
    private const int MostPrompts = 1001;

    private static readonly TimeSpan Counted = TimeSpan.FromDays(30);

    /// <summary>One link as its visitor sees it.</summary>
    public async Task<LinkView> ViewAsync(EnteredLink entered, CancellationToken cancellationToken) =>
        await ViewAsync(entered, await StoredAsync(cancellationToken), await PlanAsync(entered.Visitor), cancellationToken);

    private async Task<LinkView> ViewAsync(EnteredLink entered, IReadOnlyDictionary<string, string?> stored, Core.Quotas.Plan plan, CancellationToken cancellationToken)
    {
        var comparison = await entrance.CompareAsync(entered, stored, plan, cancellationToken);
        var (link, recipe) = (entered.Link, entered.Recipe);
        var author = await AuthorAsync(entered);
        var own = entered.IsOwn ? await store.ReadAsync(db => OwnAsync(db, link)) : null;
        return new LinkView(
            link.Hash,
            $"{origins.PublicUrl}/x/{link.Hash}",
            link.Title,
            JsonNode.Parse(RecipeJson.Write(recipe))!,
            [.. link.Lock!.Images.OrderBy(image => image.Node).Select(image => new LinkImageView(recipe.Nodes[image.Node].Name, image.Name, image.Digest))],
            comparison,
            entered.NeedsConsent,
            author,
            link.CreatedAt,
            new LinkBudgetView(
                link.AtOnce,
                link.PerDay,
                link.FromMinute is { } from ? LinkBudget.Clock(from) : null,
                link.UntilMinute is { } until ? LinkBudget.Clock(until) : null,
                link.ExpiresAt,
                link.IsOffline,
                link.Password is not null,
                link.PageOrigins?.Split(' ')),
            own);
    }

    /// <summary>The author of a link: you, guest or operator.</summary>
    public async Task<string> AuthorAsync(EnteredLink entered) =>
        entered.IsOwn ? "you"
        : await store.ReadAsync(db => db.People.AnyAsync(row => row.Id == entered.Link.OwnerId && row.Kind == PersonKind.Guest)) ? "guest"
        : "operator";

    /// <summary>A person's links, opened last first, without their locks.</summary>
    public async Task<LinkListView> ListAsync(PersonId owner, CancellationToken cancellationToken)
    {
        var (links, recipes, used, storage) = await store.ReadAsync(async db =>
        {
            var rows = await db.Links.AsNoTracking().Include(row => row.Lock!.Images)
                .Where(row => row.OwnerId == owner.Value).OrderByDescending(row => row.LastOpenedAt).ToListAsync(cancellationToken);
            var contents = await db.Recipes.Where(recipe => db.Links.Any(row => row.OwnerId == owner.Value && row.Hash == recipe.Hash))
                .ToDictionaryAsync(recipe => recipe.Hash, recipe => recipe.Content, StringComparer.Ordinal, cancellationToken);
            var most = await db.People.Where(row => row.Id == owner.Value).Select(row => (long?)row.Plan!.StorageBytes).SingleOrDefaultAsync(cancellationToken)
                ?? Core.Quotas.Plan.Guest.StorageBytes;
            return (rows, contents, await OwnedLinks.UsedAsync(db, owner.Value), most);
        });
        var stored = await StoredAsync(cancellationToken);
        var plan = await PlanAsync(owner);
        var views = new List<LinkView>();
        foreach (var link in links)
        {
            views.Add(await ViewAsync(new EnteredLink(link, RecipeJson.Read(recipes[link.Hash]), IsOwn: true, CoversRates: false, owner), stored, plan, cancellationToken) with { Lock = null });
        }

        return new LinkListView(storage, used, views);
    }

    /// <summary>The hashes of a person's links.</summary>
    public async Task<IReadOnlySet<string>> HashesAsync(PersonId owner, CancellationToken cancellationToken) =>
        (await store.ReadAsync(db => db.Links.Where(row => row.OwnerId == owner.Value).Select(row => row.Hash).ToListAsync(cancellationToken))).ToHashSet(StringComparer.Ordinal);

    /// <summary>The plan that bounds what a visitor starts; that of guests for somebody who has not been here.</summary>
    public async Task<Core.Quotas.Plan> PlanAsync(PersonId? visitor)
    {
        var own = visitor is { } person ? await store.ReadAsync(db => db.People.Where(row => row.Id == person.Value).Select(row => row.Plan).SingleOrDefaultAsync()) : null;
        return (own ?? await store.ReadAsync(db => db.Plans.AsNoTracking().SingleOrDefaultAsync(row => row.Name == Core.Quotas.Plan.Guest.Name)))?.ToPlan() ?? Core.Quotas.Plan.Guest;
    }

    /// <summary>An alias as REST shows it.</summary>
    public AliasView View(AliasRow row) => new(
        row.Name,
        $"{origins.PublicUrl}/x/{row.Name}",
        row.Hash,
        row.Text,
        covers.AddressOf(row) is { } cover ? origins.PublicUrl + cover : null,
        row.MovedAt,
        [.. row.Moves.OrderByDescending(move => move.At).Select(move => new AliasMoveView(move.At, move.Hash))]);

    private async Task<IReadOnlyDictionary<string, string?>> StoredAsync(CancellationToken cancellationToken) =>
        (await runtime.Images.ListAsync(cancellationToken)).ToDictionary(image => image.Digest.Value, image => image.Isolation, StringComparer.Ordinal);

    private async Task<OwnLinkView> OwnAsync(SandboxDb db, LinkRow link)
    {
        var aliases = await db.Aliases.AsNoTracking().Include(row => row.Moves).Where(row => row.OwnerId == link.OwnerId && row.Hash == link.Hash).ToListAsync();
        return new OwnLinkView(
            link.Access == LinkAccess.Anyone ? "anyone" : "private",
            link.IsAutomatic,
            await OwnedLinks.OnlyHereAsync(db, link),
            link.LastOpenedAt,
            [.. aliases.Select(View)],
            await StatisticsAsync(db, link));
    }

    /// <summary>Counted by the database: a link may have had a hundred thousand starts a day.</summary>
    private async Task<LinkStatisticsView> StatisticsAsync(SandboxDb db, LinkRow link)
    {
        var now = time.GetUtcNow();
        var since = now - Counted;
        var yesterday = now.AddDays(-1);
        var starts = db.LinkStarts.Where(row => row.OwnerId == link.OwnerId && row.Hash == link.Hash && row.At > since);
        var ends = await starts.GroupBy(row => row.Reason).Select(group => new { group.Key, Count = group.Count() }).ToListAsync();
        var live = await db.Playgrounds.Where(row => row.LinkHash == link.Hash && row.LinkOwnerId == link.OwnerId && row.State != PlaygroundStage.Ended)
            .GroupBy(row => row.AwaitsLink).Select(group => new { group.Key, Count = group.Count() }).ToListAsync();
        var prompts = await starts.Where(row => row.PromptMs != null).OrderByDescending(row => row.At).Take(MostPrompts).Select(row => row.PromptMs!.Value).ToListAsync();
        prompts.Sort();
        return new LinkStatisticsView(
            ends.Sum(group => group.Count),
            await starts.CountAsync(row => row.At > yesterday),
            live.Find(group => !group.Key)?.Count ?? 0,
            live.Find(group => group.Key)?.Count ?? 0,
            prompts.Count == 0 ? null : prompts[prompts.Count / 2],
            ends.Where(group => group.Key is not null).ToDictionary(group => group.Key!.Value.Text(), group => group.Count, StringComparer.Ordinal));
    }
}
