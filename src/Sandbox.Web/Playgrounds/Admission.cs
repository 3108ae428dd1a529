using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Web.Audit;
using Sandbox.Web.Catalog;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Links;
using Sandbox.Web.People;
using Sandbox.Web.Store;
using Sandbox.Web.Volumes;

namespace Sandbox.Web.Playgrounds;

/// <summary>An admitted launch.</summary>
/// <param name="Row">The playground with its sandboxes and its owner's plan.</param>
/// <param name="IsRepeat">Whether an earlier request with the same idempotency key was admitted already.</param>
internal sealed record Admitted(PlaygroundRow Row, bool IsRepeat);

/// <summary>
/// Decides whether a launch is within the limits of its owner and of the host. One write transaction covers all reads
/// and writes, so simultaneous launches are decided one after the other and cannot exceed a limit together.
/// Memory is committed, so its sums are bounded here; CPU and pids are shared, and bounded by the person's parent cgroup.
/// Guests are free to make, so those of one address have a share of the host together, which leaves room for others.
/// </summary>
internal sealed class Admission(SqliteStore store, PlaygroundLife life, Guests guests, GuestAddresses addresses, AuditLog audit, OwnedVolumes volumes, ISandboxRuntime runtime, WebOptions options, TimeProvider time)
{
    /// <summary>When a place may be free again: playgrounds end at any time, and clients that ask more often learn nothing new.</summary>
    private static readonly TimeSpan AfterOthersEnd = TimeSpan.FromMinutes(1);

    private long _hostMemory;

    /// <summary>Admits a launch. Codes: Quota, Capacity, Conflict (the key), Suspended.</summary>
    public async Task<Admitted> AdmitAsync(PersonId owner, LaunchOrder order, string? idempotencyKey)
    {
        var admitted = await DecideAsync(owner, order, idempotencyKey);
        if (!admitted.IsRepeat)
        {
            audit.Add(new AuditEvent(AuditKind.Launch, Words(order, admitted.Row)) { Person = owner, Playground = PlaygroundId.Parse(admitted.Row.Id) });
        }

        return admitted;
    }

    /// <summary>Its images, and where it came from.</summary>
    private static string Words(LaunchOrder order, PlaygroundRow row) =>
        string.Join(", ", order.Images.Take(3).Select(image => image.Name)) + (order.Images.Count > 3 ? $" and {order.Images.Count - 3} more" : "")
        + (order.Link is { } link ? $", from the link {link.Link.Hash[..12]}" : "") + (row.State == PlaygroundStage.Queued ? ", queued" : "");

    private async Task<Admitted> DecideAsync(PersonId owner, LaunchOrder order, string? idempotencyKey)
    {
        var hash = idempotencyKey is null ? "" : RecipeHash.Of(order.Recipe).Value + order.Subject;
        var most = await CommittedMemoryAsync();
        return await store.WriteAsync(async db =>
        {
            if (idempotencyKey is not null && await db.IdempotencyKeys.AsNoTracking().SingleOrDefaultAsync(row => row.OwnerId == owner.Value && row.Key == idempotencyKey) is { } used)
            {
                return used.RequestHash == hash
                    ? new Admitted(await db.Playgrounds.WithAll().SingleAsync(row => row.Id == used.PlaygroundId), IsRepeat: true)
                    : throw new SandboxException(ErrorCode.Conflict, "This idempotency key was used for another recipe.");
            }

            var person = await PersonAsync(db, owner);
            await CheckLaunchAsync(db, person, order.Recipe, most);
            var awaitsLink = order.Link is not null && await AwaitsAsync(db, order.Link);
            if (order.Recipe.Nodes.Any(node => node.Volumes.Count > 0))
            {
                await db.SaveChangesAsync(); // a new guest
                await volumes.EnsureAsync(db, person.Id, order.Recipe.Nodes);
            }

            var row = await life.AddAsync(db, person, order, awaitsLink);
            if (idempotencyKey is not null)
            {
                db.IdempotencyKeys.Add(new IdempotencyRow
                {
                    OwnerId = owner.Value,
                    Key = idempotencyKey,
                    RequestHash = hash,
                    PlaygroundId = row.Id,
                    CreatedAt = row.CreatedAt,
                });
            }

            guests.Saw(owner);
            return new Admitted(row, IsRepeat: false);
        });
    }

    /// <summary>
    /// Admits a running playground of somebody else to a person's plan. Part of the caller's transaction. Code: Quota. The host's
    /// memory is not asked: the playground has its share of it already.
    /// </summary>
    public async Task AdmitAsync(SandboxDb db, PersonId owner, PlaygroundRow playground)
    {
        var person = await PersonAsync(db, owner);
        await db.SaveChangesAsync();
        var plan = person.Plan!;
        var live = db.Playgrounds.Where(row => row.OwnerId == owner.Value && row.State != PlaygroundStage.Ended);
        var most = person.MaxPlaygrounds ?? plan.Playgrounds;
        if (await live.CountAsync() >= most)
        {
            throw TooMany(most);
        }

        var held = await live.SelectMany(row => row.Sandboxes).SumAsync(sandbox => sandbox.MemoryBytes);
        if (held + playground.Sandboxes.Sum(sandbox => sandbox.MemoryBytes) > plan.TotalMemoryBytes)
        {
            throw TooMuch(plan);
        }

        guests.Saw(owner);
    }

    /// <summary>
    /// Runs the queries of a launch once and rolls them back, so that the first visitor does not wait for code to be
    /// compiled and queries to be built.
    /// </summary>
    public async Task WarmUpAsync()
    {
        var recipe = Recipe.FromImage("warm-up");
        try
        {
            await store.WriteAsync<int>(async db =>
            {
                var person = await PersonAsync(db, PersonId.New());
                await CheckLaunchAsync(db, person, recipe, most: long.MaxValue);
                var row = await life.AddAsync(db, person, new LaunchOrder(recipe, [new ResolvedImage("warm-up", null, Interactive: true)]), awaitsLink: false);
                await db.SaveChangesAsync();
                await PlaygroundLife.RunAsync(db, PlaygroundId.Parse(row.Id));
                throw new OperationCanceledException("roll back");
            });
        }
        catch (OperationCanceledException)
        {
            // Rolled back.
        }
    }

    private async Task<PersonRow> PersonAsync(SandboxDb db, PersonId owner)
    {
        if (await db.People.Include(row => row.Plan).SingleOrDefaultAsync(row => row.Id == owner.Value) is { } known)
        {
            Suspensions.Check(known);
            return known;
        }

        var person = guests.Row(owner);
        db.People.Add(person);
        await db.Entry(person).Reference(row => row.Plan).LoadAsync();
        return person;
    }

    /// <summary>Whether a link's visitor has to wait for a place. Refuses a start beyond the link's day.</summary>
    private async Task<bool> AwaitsAsync(SandboxDb db, EnteredLink link)
    {
        await db.Links.Where(row => row.OwnerId == link.Link.OwnerId && row.Hash == link.Link.Hash)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.LastOpenedAt, time.GetUtcNow()));
        if (link.IsOwn)
        {
            return false;
        }

        await LinkBudget.CheckDayAsync(db, link.Link, time.GetUtcNow());
        return !await LinkBudget.HasPlaceAsync(db, link.Link)
            || await db.Playgrounds.AnyAsync(row => row.LinkHash == link.Link.Hash && row.LinkOwnerId == link.Link.OwnerId && row.AwaitsLink && row.State == PlaygroundStage.Queued);
    }

    /// <summary>
    /// Checks a node that is added to a running playground, and answers with the memory that it is granted. Part of the caller's
    /// transaction. Codes: Quota, Capacity.
    /// </summary>
    public async Task<long> CheckNodeAsync(SandboxDb db, PersonRow person, RecipeNode node, long most)
    {
        var memory = node.LimitsWithin(person.Plan!.ToPlan().PerSandbox).MemoryBytes;
        await CheckAsync(db, person, memory, most);
        return memory;
    }

    private async Task CheckLaunchAsync(SandboxDb db, PersonRow person, Recipe recipe, long most)
    {
        var plan = person.Plan!.ToPlan();
        if (recipe.Nodes.Count > plan.Nodes)
        {
            throw TooManyNodes(plan.Nodes);
        }

        var playgrounds = person.MaxPlaygrounds ?? plan.Playgrounds;
        await CheckAsync(db, person, recipe.Nodes.Sum(node => node.LimitsWithin(plan.PerSandbox).MemoryBytes), most, playgrounds);
    }

    /// <summary>Checks more memory for a person.</summary>
    /// <param name="db">The transaction.</param>
    /// <param name="person">The person, with their plan.</param>
    /// <param name="memory">What is asked for.</param>
    /// <param name="most">What all sandboxes of the host may have.</param>
    /// <param name="playgrounds">How many playgrounds the person may have once it is granted to one more; without a limit when it is for one that runs.</param>
    private async Task CheckAsync(SandboxDb db, PersonRow person, long memory, long most, int playgrounds = int.MaxValue)
    {
        var plan = person.Plan!;
        var ended = nameof(PlaygroundStage.Ended);
        var beside = person.Kind == PersonKind.Guest ? JsonSerializer.Serialize(addresses.BesideOf(PersonId.Parse(person.Id)).Select(guest => guest.Value)) : "[]";
        var held = await db.Database.SqlQuery<Commitment>(
            $"""
            SELECT COUNT(DISTINCT CASE WHEN p.OwnerId = {person.Id} THEN p.Id END) AS Playgrounds,
                   COALESCE(SUM(CASE WHEN p.OwnerId = {person.Id} THEN s.MemoryBytes END), 0) AS OwnMemory,
                   COALESCE(SUM(CASE WHEN p.OwnerId IN (SELECT value FROM json_each({beside})) THEN s.MemoryBytes END), 0) AS AddressMemory,
                   COALESCE(SUM(s.MemoryBytes), 0) AS AllMemory
            FROM Playgrounds p LEFT JOIN Sandboxes s ON s.PlaygroundId = p.Id
            WHERE p.State <> {ended}
            """).SingleAsync();
        if (held.Playgrounds >= playgrounds)
        {
            throw TooMany(playgrounds);
        }

        if (held.OwnMemory + memory > plan.TotalMemoryBytes)
        {
            throw TooMuch(plan);
        }

        if (held.AllMemory + memory > most)
        {
            throw new SandboxException(ErrorCode.Capacity, "The host is full. Try again in a few minutes.") { RetryAfter = AfterOthersEnd };
        }

        // A guest alone is bounded by their plan.
        if (held.AddressMemory > held.OwnMemory && held.AddressMemory + memory > AddressMemory(most - held.AllMemory - memory))
        {
            throw new SandboxException(ErrorCode.Capacity, "Guests of your network use their whole share of this host. End a playground, sign in, or try again in a few minutes.") { RetryAfter = AfterOthersEnd };
        }
    }

    private static SandboxException TooMany(int most) =>
        new(ErrorCode.Quota, $"You've reached your limit of {most} {(most == 1 ? "playground" : "playgrounds")}. End one first.");

    /// <summary>A playground would have more nodes than the plan allows.</summary>
    public static SandboxException TooManyNodes(int most) =>
        new(ErrorCode.Quota, $"Your plan allows {most} {(most == 1 ? "node" : "nodes")} in a playground.");

    private static SandboxException TooMuch(PlanRow plan) =>
        new(ErrorCode.Quota, $"This would exceed the {plan.TotalMemoryBytes >> 20} MiB of memory in your plan. End a playground or remove a node first.");

    /// <summary>
    /// Memory for the guests of one address: as configured, else twice what is still free. Alone they get two thirds of
    /// the host, and room is left for the next address, however many there are.
    /// </summary>
    private long AddressMemory(long free) => options.Limits.AddressMemoryBytes > 0 ? options.Limits.AddressMemoryBytes : 2 * free;

    /// <summary>Memory committed to all sandboxes, and the most that may be.</summary>
    public async Task<(long Held, long Most)> CommitmentAsync()
    {
        var held = await store.ReadAsync(db => db.Sandboxes.Where(row => row.Playground!.State != PlaygroundStage.Ended).SumAsync(row => row.MemoryBytes));
        return (held, await CommittedMemoryAsync());
    }

    /// <summary>Memory that may be committed: as configured, else four fifths of the host's.</summary>
    public async ValueTask<long> CommittedMemoryAsync()
    {
        if (options.Limits.CommittedMemoryBytes > 0)
        {
            return options.Limits.CommittedMemoryBytes;
        }

        if (_hostMemory == 0)
        {
            _hostMemory = (await runtime.GetInfoAsync(CancellationToken.None)).MemoryBytes;
        }

        return _hostMemory / 5 * 4;
    }

    private sealed record Commitment(int Playgrounds, long OwnMemory, long AddressMemory, long AllMemory);
}
