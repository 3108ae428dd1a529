using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Leases;
using Sandbox.Core.Networks;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Audit;
using Sandbox.Web.Catalog;
using Sandbox.Web.Links;
using Sandbox.Web.Store;

namespace Sandbox.Web.Lifecycle;

/// <summary>
/// The only writer of a playground's state: queued, starting, running, ended. Each method is one transition, and its
/// query contains the guard, so of two that race one changes a row and the other learns that it came too late.
/// </summary>
internal sealed class PlaygroundLife(SqliteStore store, ImageCatalog catalog, IsolationChoice isolation, PlacesFreed places, QueueTotals totals, AuditLog audit, TimeProvider time)
{
    /// <summary>New: starting if the image of every node is made, or is to be built of a Dockerfile, and there is a place for it, else queued. Part of the caller's transaction.</summary>
    public async Task<PlaygroundRow> AddAsync(SandboxDb db, PersonRow owner, LaunchOrder order, bool awaitsLink, bool awaitsRoom)
    {
        var (recipe, images) = (order.Recipe, order.Images);
        var link = order.Link?.Link;
        var now = time.GetUtcNow();
        var plan = owner.Plan!.ToPlan();
        var lease = Lease.Grant(now, plan);
        var id = PlaygroundId.New().Value;
        var hash = await RecipeRow.KeepAsync(db, recipe);
        var row = new PlaygroundRow
        {
            Id = id,
            OwnerId = owner.Id,
            Owner = owner,
            Image = images[0].Name,
            RecipeHash = hash,
            LinkHash = link?.Hash,
            LinkOwnerId = link?.OwnerId,
            AwaitsLink = awaitsLink,
            Place = awaitsRoom ? new QueuePlaceRow { PlaygroundId = id, JoinedAt = now } : null,
            HasTerminals = recipe.Terminals.Count > 0,
            AsksAfterFailure = order.AsksAfterFailure,
            Secrets = string.Join(' ', order.Secrets),
            State = awaitsLink || awaitsRoom || images.Where((image, node) => image.Digest is null && !recipe.Nodes[node].NeedsBuild).Any() ? PlaygroundStage.Queued : PlaygroundStage.Starting,
            CreatedAt = now,
            GrantedAt = lease.GrantedAt,
            EndsAt = lease.EndsAt,
            LastActiveAt = now,
            Sandboxes =
            [
                .. images.Select((image, node) => new SandboxRow
                {
                    Id = SandboxId.New().Value,
                    PlaygroundId = id,
                    Node = node,
                    Name = recipe.Nodes[node].Name,
                    Image = image.Name,
                    Digest = image.Digest?.Value ?? "",
                    Interactive = image.Interactive,
                    MemoryBytes = isolation.LimitsOf(recipe.Nodes[node], image.Name, plan).MemoryBytes,
                    Policy = Policy(recipe.Nodes[node], image.Name, plan),
                    Isolation = isolation.Of(recipe.Nodes[node], image.Name, plan),
                    State = SandboxState.Starting,
                }),
            ],
        };
        db.Playgrounds.Add(row);
        if (link is not null)
        {
            db.LinkStarts.Add(new LinkStartRow { PlaygroundId = id, OwnerId = link.OwnerId, Hash = link.Hash, At = now });
        }

        if (order.Admitted is { } admitted)
        {
            await db.SaveChangesAsync();
            await admitted(db, row);
        }

        return row;
    }

    /// <summary>Lets a queued playground pass if its link has a place and nobody waits for it longer. It waits for room then. True if it waits for no link.</summary>
    public Task<bool> PassAsync(PlaygroundId id) => store.WriteAsync(async db =>
    {
        var row = await db.Playgrounds.SingleOrDefaultAsync(row => row.Id == id.Value && row.State == PlaygroundStage.Queued);
        if (row is not { AwaitsLink: true })
        {
            return row is not null;
        }

        var link = await db.Links.SingleOrDefaultAsync(link => link.OwnerId == row.LinkOwnerId && link.Hash == row.LinkHash);
        var isFirst = !await db.Playgrounds.AnyAsync(other => other.LinkHash == row.LinkHash && other.LinkOwnerId == row.LinkOwnerId
            && other.AwaitsLink && other.State == PlaygroundStage.Queued && other.CreatedAt < row.CreatedAt);

        // A link that was deleted meanwhile limits nobody; its images are held by the playground.
        row.AwaitsLink = link is not null && !(isFirst && await LinkBudget.HasPlaceAsync(db, link));
        if (!row.AwaitsLink)
        {
            db.QueuePlaces.Add(new QueuePlaceRow { PlaygroundId = row.Id, JoinedAt = time.GetUtcNow() });
        }

        return !row.AwaitsLink;
    });

    /// <summary>
    /// Queued to starting, with the images its nodes waited for. The lease begins now, so waiting costs its owner no
    /// minute. Null if it is no longer queued, waits for a place, or an image is missing.
    /// </summary>
    public Task<(PlaygroundRow Row, Recipe Recipe)?> StartAsync(PlaygroundId id, IReadOnlyDictionary<string, ResolvedImage> images) => store.WriteAsync<(PlaygroundRow, Recipe)?>(async db =>
    {
        var row = await db.Playgrounds.Include(row => row.Sandboxes).Include(row => row.Owner!.Plan)
            .SingleOrDefaultAsync(row => row.Id == id.Value && row.State == PlaygroundStage.Queued && !row.AwaitsLink && row.Place == null);
        var waiting = row?.Sandboxes.Where(sandbox => sandbox.Digest.Length == 0 && !RecipeBuild.IsImageName(sandbox.Image)).ToList() ?? [];
        if (row is null || waiting.Exists(sandbox => images.GetValueOrDefault(sandbox.Image)?.Digest is null))
        {
            return null;
        }

        foreach (var sandbox in waiting)
        {
            sandbox.Digest = images[sandbox.Image].Digest!.Value.Value;
            sandbox.Interactive = images[sandbox.Image].Interactive;
        }

        var plan = row.Owner!.Plan!.ToPlan();
        var lease = Lease.Grant(time.GetUtcNow(), plan);
        row.State = PlaygroundStage.Starting;
        row.GrantedAt = lease.GrantedAt;
        row.EndsAt = lease.EndsAt;
        row.LastActiveAt = lease.GrantedAt;
        var content = await db.Recipes.Where(recipe => recipe.Hash == row.RecipeHash).Select(recipe => recipe.Content).SingleAsync();
        var recipe = RecipeJson.Read(content);
        foreach (var sandbox in row.Sandboxes)
        {
            // An operator may have changed them meanwhile.
            sandbox.Policy = Policy(recipe.Nodes[sandbox.Node], sandbox.Image, plan);
            sandbox.Isolation = isolation.Of(recipe.Nodes[sandbox.Node], sandbox.Image, plan);
            sandbox.MemoryBytes = isolation.LimitsOf(recipe.Nodes[sandbox.Node], sandbox.Image, plan).MemoryBytes;
        }

        return (row, recipe);
    });

    /// <summary>
    /// The image of a node of a starting playground was built. The lease begins now, so the build costs its owner no minute. Null if
    /// it ended meanwhile.
    /// </summary>
    public Task<PlaygroundRow?> BuiltAsync(PlaygroundId id, int node, ResolvedImage image) => store.WriteAsync(async db =>
    {
        var row = await db.Playgrounds.Include(row => row.Sandboxes).Include(row => row.Owner!.Plan).SingleOrDefaultAsync(row => row.Id == id.Value && row.State == PlaygroundStage.Starting);
        if (row is null)
        {
            return null;
        }

        var sandbox = row.Sandboxes.Single(sandbox => sandbox.Node == node);
        (sandbox.Image, sandbox.Digest, sandbox.Interactive) = (image.Name, image.Digest?.Value ?? throw new ArgumentException("It has no digest.", nameof(image)), image.Interactive);
        row.Image = node == 0 ? image.Name : row.Image;
        var plan = row.Owner!.Plan!.ToPlan();
        sandbox.Policy = sandbox.Policy.Within(catalog.PolicyOf(image.Name)).Within(plan.Network);
        sandbox.Isolation = IsolationDemand.Strongest(sandbox.Isolation, plan.Isolation);
        var lease = Lease.Grant(time.GetUtcNow(), plan);
        (row.GrantedAt, row.EndsAt, row.LastActiveAt) = (lease.GrantedAt, lease.EndsAt, lease.GrantedAt);
        return row;
    });

    /// <summary>What a node's sandbox reaches: the strictest of three.</summary>
    public NetworkPolicy Policy(RecipeNode node, string image, Plan plan) => node.Policy.Within(catalog.PolicyOf(image)).Within(plan.Network);

    /// <summary>Starting to running. False if it ended meanwhile.</summary>
    public Task<bool> RunAsync(PlaygroundId id) => store.WriteAsync(db => RunAsync(db, id));

    /// <inheritdoc cref="RunAsync(PlaygroundId)"/>
    public static async Task<bool> RunAsync(SandboxDb db, PlaygroundId id)
    {
        var changed = await db.Playgrounds.Where(row => row.Id == id.Value && row.State == PlaygroundStage.Starting)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.State, PlaygroundStage.Running));
        if (changed == 0)
        {
            return false;
        }

        await db.Sandboxes.Where(row => row.PlaygroundId == id.Value && row.State == SandboxState.Starting)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.State, SandboxState.Running));
        return true;
    }

    /// <summary>Starting to nothing: a launch that failed while its caller waited leaves no row. One that ended meanwhile keeps its reason.</summary>
    public async Task<bool> DropAsync(PlaygroundId id)
    {
        var isDropped = await store.WriteAsync(async db =>
        {
            var dropped = await db.Playgrounds.Where(row => row.Id == id.Value && row.State == PlaygroundStage.Starting).ExecuteDeleteAsync();
            await RecipeRow.DropAsync(db);
            return dropped == 1;
        });
        places.Free();
        return isDropped;
    }

    /// <summary>Anything to ended. Returns whose it was, and its sandboxes, which are to be removed; null if it had ended before.</summary>
    public Task<(PersonId Owner, IReadOnlyList<SandboxId> Sandboxes)?> EndAsync(PlaygroundId id, EndReason reason, string message, string? errorCode) => store.WriteAsync<(PersonId, IReadOnlyList<SandboxId>)?>(async db =>
    {
        if (await EndAsync(db, db.Playgrounds.Where(row => row.Id == id.Value && row.State != PlaygroundStage.Ended), reason, message, errorCode) == 0)
        {
            return null;
        }

        var sandboxes = await db.Sandboxes.Where(row => row.PlaygroundId == id.Value).Select(row => row.Id).ToListAsync();
        var owner = await db.Playgrounds.Where(row => row.Id == id.Value).Select(row => row.OwnerId).SingleAsync();
        return (PersonId.Parse(owner), [.. sandboxes.Select(SandboxId.Parse)]);
    });

    /// <summary>Starting to ended, for every launch that the last process did not finish: half of its setup may have run.</summary>
    public Task<int> EndInterruptedAsync() => store.WriteAsync(async db =>
    {
        const string message = "The service was restarted while this started. Launch it again.";
        var rows = db.Playgrounds.Where(row => row.State == PlaygroundStage.Starting);
        foreach (var row in await rows.AsNoTracking().ToListAsync())
        {
            audit.Add(new AuditEvent(AuditKind.End, message) { Person = PersonId.Parse(row.OwnerId), Playground = PlaygroundId.Parse(row.Id), Code = EndReason.LaunchFailed.Text() });
        }

        return await EndAsync(db, rows, EndReason.LaunchFailed, message, ErrorCodes.Text(ErrorCode.Internal));
    });

    /// <summary>Moves the end of a running playground. False if it ended or was extended meanwhile: two requests at once get one extension together.</summary>
    public Task<bool> ExtendAsync(PlaygroundId id, DateTimeOffset from, DateTimeOffset to) => store.WriteAsync(async db =>
        await db.Playgrounds.Where(row => row.Id == id.Value && row.State == PlaygroundStage.Running && row.EndsAt == from)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.EndsAt, to).SetProperty(row => row.WasExtended, true)) == 1);

    /// <summary>
    /// From one owner to another, with nothing that the first gave away or could repeat: its shares, its idempotency keys. False
    /// if it ended meanwhile, or belongs to neither. Part of the caller's transaction.
    /// </summary>
    public static async Task<bool> HandOverAsync(SandboxDb db, PlaygroundId id, PersonId from, PersonId to)
    {
        if (await db.Playgrounds.Where(row => row.Id == id.Value && row.OwnerId == from.Value && row.State == PlaygroundStage.Running)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.OwnerId, to.Value)) == 0)
        {
            return false;
        }

        await db.Shares.Where(row => row.PlaygroundId == id.Value).ExecuteDeleteAsync();
        await db.IdempotencyKeys.Where(row => row.PlaygroundId == id.Value).ExecuteDeleteAsync();
        return true;
    }

    /// <summary>Writes what the runtime says of one sandbox.</summary>
    public Task<int> RecordAsync(SandboxInfo info) => store.WriteAsync(db => db.Sandboxes
        .Where(row => row.Id == info.Id.Value && (row.State != info.State || row.ExitCode != info.ExitCode))
        .ExecuteUpdateAsync(set => set.SetProperty(row => row.State, info.State).SetProperty(row => row.ExitCode, info.ExitCode)));

    /// <summary>Writes when somebody was present last in each running playground. Part of the caller's transaction.</summary>
    public static async Task RecordAsync(SandboxDb db, Presence presence)
    {
        foreach (var row in await db.Playgrounds.Where(row => row.State == PlaygroundStage.Running).ToListAsync())
        {
            if (presence.LastSeen(PlaygroundId.Parse(row.Id)) is { } last && last > row.LastActiveAt)
            {
                row.LastActiveAt = last;
            }
        }
    }

    /// <summary>Ended to nothing, for one that nobody will ask about.</summary>
    public Task<int> ForgetAsync(PlaygroundId id) => store.WriteAsync(db => db.Playgrounds.Where(row => row.Id == id.Value && row.State == PlaygroundStage.Ended).ExecuteDeleteAsync());

    /// <summary>Ended to nothing, for all that ended before a time. Part of the caller's transaction.</summary>
    public static Task<int> ForgetAsync(SandboxDb db, DateTimeOffset before) =>
        db.Playgrounds.Where(row => row.State == PlaygroundStage.Ended && row.EndsAt < before).ExecuteDeleteAsync();

    private async Task<int> EndAsync(SandboxDb db, IQueryable<PlaygroundRow> rows, EndReason reason, string message, string? errorCode)
    {
        var now = time.GetUtcNow();
        totals.Leave(await db.QueuePlaces.Where(place => rows.Any(row => row.Id == place.PlaygroundId)).ExecuteDeleteAsync());
        await db.LinkStarts.Where(start => rows.Any(row => row.Id == start.PlaygroundId))
            .ExecuteUpdateAsync(set => set.SetProperty(start => start.Reason, reason));
        var ended = await rows.ExecuteUpdateAsync(set => set
            .SetProperty(row => row.State, PlaygroundStage.Ended)
            .SetProperty(row => row.EndsAt, now)
            .SetProperty(row => row.RecipeHash, (string?)null)
            .SetProperty(row => row.Reason, reason)
            .SetProperty(row => row.Message, message)
            .SetProperty(row => row.ErrorCode, errorCode));
        await RecipeRow.DropAsync(db);
        return ended;
    }
}
