using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Recipes;
using Sandbox.Web.Catalog;
using Sandbox.Web.Http;
using Sandbox.Web.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.Links;

/// <summary>A change of a link's budget. Null members stay as they are.</summary>
internal sealed record LinkChange(string? Title = null, LinkAccess? Access = null, LinkBudgetChange? Budget = null);

/// <summary>A link's whole budget. What is null is not limited.</summary>
/// <param name="Password">A new password; empty removes it, null keeps the one there is.</param>
/// <param name="Origins">The pages elsewhere that may show it in a frame, scheme://host[:port].</param>
internal sealed record LinkBudgetChange(
    int? AtOnce = null,
    int? PerDay = null,
    string? From = null,
    string? Until = null,
    DateTimeOffset? ExpiresAt = null,
    bool Offline = false,
    string? Password = null,
    IReadOnlyList<string>? Origins = null);

/// <summary>A person's links: made, changed and deleted within their storage.</summary>
internal sealed class OwnedLinks(SqliteStore store, Locks locks, ImageUse use, Guests guests, WebOptions options, TimeProvider time)
{
    /// <summary>The most links of one person.</summary>
    public const int MaxLinks = 500;

    /// <summary>Bytes of all recipes of one person's links.</summary>
    public const long MaxRecipeBytes = 16L * 1024 * 1024;

    /// <summary>Characters of a title.</summary>
    public const int MaxTitleLength = 120;

    private const int MaxPasswordLength = 200;
    private const int MaxOrigins = 50;
    private const int MaxOriginLength = 260;

    /// <summary>
    /// Keeps a lock for a person. The same lock kept twice is one link; a share of it opens a private one, and never the
    /// other way. Code: Quota (storage, or the number of links), with nothing stored.
    /// </summary>
    public Task<RecipeHash> KeepAsync(PersonId owner, LockDraft draft, string title, LinkAccess access, bool isAutomatic, LinkBudgetChange? budget, bool isSaved = false) => store.WriteAsync(async db =>
    {
        var person = await PersonAsync(db, owner);
        var hash = await locks.KeepAsync(db, draft);
        var now = time.GetUtcNow();
        if (await db.Links.SingleOrDefaultAsync(row => row.OwnerId == owner.Value && row.Hash == hash.Value) is { } kept)
        {
            kept.LastOpenedAt = now;
            kept.IsAutomatic &= isAutomatic;
            kept.IsSaved |= isSaved;
            if (access == LinkAccess.Anyone)
            {
                (kept.Access, kept.Title) = (access, title);
            }

            Apply(kept, new LinkChange(Budget: budget));

            return hash;
        }

        if (await db.Links.CountAsync(row => row.OwnerId == owner.Value) >= MaxLinks)
        {
            throw new SandboxException(ErrorCode.Quota, $"You've reached your limit of {MaxLinks} links. Delete one first.");
        }

        var link = new LinkRow
        {
            OwnerId = owner.Value,
            Hash = hash.Value,
            Title = title,
            Access = access,
            IsAutomatic = isAutomatic,
            IsSaved = isSaved,
            CreatedAt = now,
            LastOpenedAt = now,
        };
        Apply(link, new LinkChange(Budget: budget));
        db.Links.Add(link);
        await db.SaveChangesAsync();
        if (await RecipeBytesAsync(db, owner.Value) > MaxRecipeBytes)
        {
            throw new SandboxException(ErrorCode.Quota, $"The recipes of your links may have {MaxRecipeBytes >> 20} MiB together. Delete a link with large files first.");
        }

        await MakeRoomAsync(db, person, hash);
        return hash;
    });

    /// <summary>
    /// Makes room for what a person stored beside their links. Part of the caller's transaction. Code: Quota.
    /// </summary>
    public async Task MakeRoomAsync(SandboxDb db, PersonId owner)
    {
        var person = await PersonAsync(db, owner);
        await db.SaveChangesAsync();
        await MakeRoomAsync(db, person, added: null);
    }

    /// <summary>Changes a link. Codes: LinkNotFound, Invalid.</summary>
    public Task ChangeAsync(PersonId owner, RecipeHash hash, LinkChange change) => store.WriteAsync(async db =>
    {
        var row = await db.Links.SingleOrDefaultAsync(row => row.OwnerId == owner.Value && row.Hash == hash.Value) ?? throw NotYours();
        Apply(row, change);
        return true;
    });

    /// <summary>
    /// Deletes a link, and the bytes that nothing else holds. Its aliases stay and say that it is gone. Returns the bytes
    /// that it gives back to its owner's storage. Code: LinkNotFound.
    /// </summary>
    public async Task<long> DeleteAsync(PersonId owner, RecipeHash hash)
    {
        var freed = await store.WriteAsync(async db =>
        {
            var before = await UsedAsync(db, owner.Value);
            if (await db.Links.Where(row => row.OwnerId == owner.Value && row.Hash == hash.Value).ExecuteDeleteAsync() == 0)
            {
                throw NotYours();
            }

            await DropLocksAsync(db);
            return before - await UsedAsync(db, owner.Value);
        });
        await use.TryCollectAsync();
        return freed;
    }

    /// <summary>Bytes of a person's storage in use. Part of the caller's transaction.</summary>
    public static Task<long> UsedAsync(SandboxDb db, string owner) => SumAsync(db, owner, db.Links.Where(link => link.OwnerId == owner), image: null);

    /// <summary>The same without what gives way to a new image: saves that nobody asked for, and the image that has its name. Part of the caller's transaction.</summary>
    public static Task<long> FixedAsync(SandboxDb db, string owner, string image) => SumAsync(db, owner, db.Links.Where(link => link.OwnerId == owner && !link.IsAutomatic), image);

    private static async Task<long> SumAsync(SandboxDb db, string owner, IQueryable<LinkRow> links, string? image)
    {
        var layers = await db.LockLayers.Where(layer => links.Any(link => link.Hash == layer.Hash))
            .Select(layer => new { layer.Digest, layer.Size })
            .Union(db.OwnImageLayers.Where(layer => layer.OwnerId == owner && (image == null || layer.Name != image)).Select(layer => new { layer.Digest, layer.Size }))
            .SumAsync(layer => layer.Size);
        var tutorials = await db.TutorialSources.Where(source => db.Tutorials.Any(tutorial => tutorial.OwnerId == owner && tutorial.SourceHash == source.Hash)).SumAsync(source => source.Size);
        return layers + tutorials + await RecipeBytesAsync(db, owner);
    }

    private static Task<long> RecipeBytesAsync(SandboxDb db, string owner) =>
        db.Recipes.Where(recipe => db.Links.Any(link => link.OwnerId == owner && link.Hash == recipe.Hash)).SumAsync(recipe => (long)recipe.Content.Length);

    /// <summary>Bytes that only this link of its owner needs. Part of the caller's transaction.</summary>
    public static Task<long> OnlyHereAsync(SandboxDb db, LinkRow link) => db.LockLayers
        .Where(layer => layer.Hash == link.Hash && !db.LockLayers.Any(other => other.Digest == layer.Digest && other.Hash != link.Hash
            && db.Links.Any(row => row.OwnerId == link.OwnerId && row.Hash == other.Hash))
            && !db.OwnImageLayers.Any(own => own.OwnerId == link.OwnerId && own.Digest == layer.Digest))
        .SumAsync(layer => layer.Size);

    /// <summary>Deletes the locks that neither a link nor a tutorial claims. Part of the caller's transaction.</summary>
    public static async Task DropLocksAsync(SandboxDb db)
    {
        await db.Locks.Where(row => !db.Links.Any(link => link.Hash == row.Hash) && !db.Tutorials.Any(tutorial => tutorial.LockHash == row.Hash)).ExecuteDeleteAsync();
        await RecipeRow.DropAsync(db);
    }

    /// <summary>Writes a change into a row. Code: Invalid, naming every mistake.</summary>
    internal static void Apply(LinkRow row, LinkChange change)
    {
        var mistakes = new List<string>();
        if (change.Title is { } title)
        {
            CheckTitle(title, mistakes);
            row.Title = title.Trim();
        }

        row.Access = change.Access ?? row.Access;
        CheckBudget(change.Budget, mistakes);
        if (mistakes.Count > 0)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }

        if (change.Budget is { } budget)
        {
            Apply(row, budget);
        }
    }

    /// <summary>Adds what is wrong with a title.</summary>
    internal static void CheckTitle(string title, List<string> mistakes)
    {
        if (title.Trim().Length is 0 or > MaxTitleLength || title.Any(char.IsControl))
        {
            mistakes.Add($"title: 1 to {MaxTitleLength} characters on one line");
        }
    }

    /// <summary>Adds what is wrong with a budget.</summary>
    internal static void CheckBudget(LinkBudgetChange? budget, List<string> mistakes)
    {
        if (budget is null)
        {
            return;
        }

        if (budget.AtOnce is < 1 or > LinkBudget.MaxAtOnce)
        {
            mistakes.Add($"budget.atOnce: 1 to {LinkBudget.MaxAtOnce}");
        }

        if (budget.PerDay is < 1 or > LinkBudget.MaxPerDay)
        {
            mistakes.Add($"budget.perDay: 1 to {LinkBudget.MaxPerDay}");
        }

        if (!AreHours(budget, out _, out _))
        {
            mistakes.Add("budget.from, budget.until: two different times of the day like 08:00, or neither");
        }

        if (budget.Password is { Length: > MaxPasswordLength })
        {
            mistakes.Add($"budget.password: at most {MaxPasswordLength} characters");
        }

        if (budget.Origins is { } origins && (origins.Count is 0 or > MaxOrigins || origins.Any(origin => origin is null || origin.Length > MaxOriginLength || !PagePolicy.IsOrigin(origin))))
        {
            mistakes.Add($"budget.origins: 1 to {MaxOrigins} origins like https://docs.example.org, without a path, or null");
        }
    }

    private static bool AreHours(LinkBudgetChange budget, out int from, out int until)
    {
        (from, until) = (0, 0);
        return budget.From is null
            ? budget.Until is null
            : budget.Until is not null && LinkBudget.TryReadClock(budget.From, out from) && LinkBudget.TryReadClock(budget.Until, out until) && from != until;
    }

    private static void Apply(LinkRow row, LinkBudgetChange budget)
    {
        _ = AreHours(budget, out var from, out var until);
        row.AtOnce = budget.AtOnce;
        row.PerDay = budget.PerDay;
        row.FromMinute = budget.From is null ? null : from;
        row.UntilMinute = budget.From is null ? null : until;
        row.ExpiresAt = budget.ExpiresAt;
        row.IsOffline = budget.Offline;
        row.PageOrigins = budget.Origins is { } origins ? string.Join(' ', origins.Distinct(StringComparer.Ordinal)) : null;
        row.Password = budget.Password switch
        {
            null => row.Password,
            "" => null,
            var password => LinkPasswords.Hash(password),
        };
    }

    /// <summary>Saves that nobody asked for give way, the oldest first; if that is not enough, the new link is refused.</summary>
    private async Task MakeRoomAsync(SandboxDb db, PersonRow person, RecipeHash? added)
    {
        while (true)
        {
            var isOver = await UsedAsync(db, person.Id) > person.Plan!.StorageBytes;
            var isGuestsOver = !isOver && person.Kind == PersonKind.Guest && await GuestsUseAsync(db) > options.Limits.GuestStorageBytes;
            if (!isOver && !isGuestsOver)
            {
                return;
            }

            var spared = added?.Value;
            var oldest = await db.Links.Where(row => row.IsAutomatic && row.Hash != spared && (isOver ? row.OwnerId == person.Id : db.People.Any(owner => owner.Id == row.OwnerId && owner.Kind == PersonKind.Guest)))
                .OrderBy(row => row.LastOpenedAt).FirstOrDefaultAsync();
            if (oldest is null)
            {
                throw new SandboxException(ErrorCode.Quota, isOver
                    ? $"This would exceed the {person.Plan.StorageBytes >> 20} MiB that your links, images and tutorials may keep. Delete one first, or leave large files out."
                    : "This server has no room for more links and images of guests. Try again later, or take your files home.");
            }

            db.Links.Remove(oldest);
            await db.SaveChangesAsync();
            await DropLocksAsync(db);
        }
    }

    private static async Task<long> GuestsUseAsync(SandboxDb db)
    {
        var guests = db.People.Where(person => person.Kind == PersonKind.Guest).Select(person => person.Id);
        var layers = await db.LockLayers.Where(layer => db.Links.Any(link => link.Hash == layer.Hash && guests.Contains(link.OwnerId)))
            .Select(layer => new { layer.Digest, layer.Size })
            .Union(db.OwnImageLayers.Where(layer => guests.Contains(layer.OwnerId)).Select(layer => new { layer.Digest, layer.Size }))
            .SumAsync(layer => layer.Size);
        return layers + await db.TutorialSources.Where(source => db.Tutorials.Any(tutorial => tutorial.SourceHash == source.Hash && guests.Contains(tutorial.OwnerId))).SumAsync(source => source.Size);
    }

    private async Task<PersonRow> PersonAsync(SandboxDb db, PersonId owner)
    {
        if (await db.People.Include(row => row.Plan).SingleOrDefaultAsync(row => row.Id == owner.Value) is { } known)
        {
            return known;
        }

        var person = guests.Row(owner);
        db.People.Add(person);
        await db.Entry(person).Reference(row => row.Plan).LoadAsync();
        return person;
    }

    private static SandboxException NotYours() => new(ErrorCode.LinkNotFound, "You have no such link.");
}
