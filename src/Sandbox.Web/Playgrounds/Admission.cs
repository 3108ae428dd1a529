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
using Sandbox.Web.Queue;
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
internal sealed class Admission(SqliteStore store, PlaygroundLife life, IsolationChoice isolation, Guests guests, GuestAddresses addresses, AuditLog audit, OwnedVolumes volumes, ISandboxRuntime runtime, WebOptions options, TimeProvider time)
{
    /// <summary>When a place may be free again: playgrounds end at any time, and clients that ask more often learn nothing new.</summary>
    private static readonly TimeSpan AfterOthersEnd = TimeSpan.FromMinutes(1);

    /// <summary>For so long the host is believed to have the room that it had; the runtime itself refuses what has none.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private volatile RuntimeInfo? _host;
    private long _asked;

    /// <summary>Admits a launch. Codes: Quota, Capacity, Conflict (the key), IsolationUnavailable, Suspended.</summary>
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
            CheckIsolation(person, order.Recipe.Nodes.Zip(order.Images, static (node, image) => (node, image.Name)));
            var room = await CheckLaunchAsync(db, person, order, most);
            var awaitsLink = order.Link is not null && await AwaitsAsync(db, order.Link);
            var awaitsRoom = await QueuesAsync(db, person, order, awaitsLink, room, most);
            if (order.Recipe.Nodes.Any(node => node.Volumes.Count > 0))
            {
                await db.SaveChangesAsync(); // a new guest
                await volumes.EnsureAsync(db, person.Id, order.Recipe.Nodes);
            }

            var row = await life.AddAsync(db, person, order, awaitsLink, awaitsRoom);
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
                var order = new LaunchOrder(recipe, [new ResolvedImage("warm-up", null, Interactive: true)]);
                await CheckLaunchAsync(db, person, order, most: long.MaxValue);
                var row = await life.AddAsync(db, person, order, awaitsLink: false, awaitsRoom: false);
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
    /// transaction. Codes: Quota, Capacity, IsolationUnavailable.
    /// </summary>
    public async Task<long> CheckNodeAsync(SandboxDb db, PersonRow person, RecipeNode node, string image, long most)
    {
        CheckIsolation(person, [(node, image)]);
        var memory = isolation.LimitsOf(node, image, person.Plan!.ToPlan()).MemoryBytes;
        var room = await CheckAsync(db, person, memory, most);
        return room == RoomState.Free ? memory : throw NoRoom(room);
    }

    /// <summary>Refuses nodes that cannot have the isolation class that is required. A class that the host has lost is refused here too.</summary>
    private void CheckIsolation(PersonRow person, IEnumerable<(RecipeNode Node, string Image)> nodes)
    {
        var plan = person.Plan!.ToPlan();
        foreach (var (node, image) in nodes)
        {
            isolation.Check(node, image, plan, _host?.Capabilities.IsolationClasses ?? []);
        }
    }

    /// <summary>Whether there is room for one that waits in the queue. Its owner's plan was checked when it joined. Part of the caller's transaction.</summary>
    public async Task<RoomState> RoomForAsync(SandboxDb db, Waiter waiter, long most) =>
        RoomFor(await HeldAsync(db, await db.People.SingleAsync(row => row.Id == waiter.Owner)), waiter.Memory, most);

    /// <summary>
    /// Whether a launch has to wait for room: also for room that is free, if somebody waited for that before. Refuses one that does
    /// not want to wait. Code: Capacity.
    /// </summary>
    private async Task<bool> QueuesAsync(SandboxDb db, PersonRow person, LaunchOrder order, bool awaitsLink, RoomState room, long most)
    {
        if (room == RoomState.TooLarge)
        {
            throw NoRoom(room);
        }

        var awaitsRoom = !awaitsLink && (room != RoomState.Free || (order.Replaces is null && await IsPromisedAsync(db, most)));
        if (!order.MayWait && (awaitsLink || awaitsRoom))
        {
            throw awaitsLink
                ? new SandboxException(ErrorCode.Capacity, "As many playgrounds of this link run as its author allows at once.") { RetryAfter = AfterOthersEnd }
                : NoRoom(room);
        }

        if (awaitsLink || awaitsRoom)
        {
            await QueuePlaces.CheckAsync(db, person.Id, Around(person), options.Limits);
        }

        return awaitsRoom;
    }

    /// <summary>Whether the room that is free goes to somebody who waits.</summary>
    private async Task<bool> IsPromisedAsync(SandboxDb db, long most)
    {
        var round = await QueueOrder.EnterAsync(await QueueBoard.WaitingAsync(db), time.GetUtcNow(), waiter => RoomForAsync(db, waiter, most), static _ => Task.CompletedTask);
        return round.HoldsBack || round.Entered.Count > 0;
    }

    private async Task<RoomState> CheckLaunchAsync(SandboxDb db, PersonRow person, LaunchOrder order, long most)
    {
        var (plan, recipe) = (person.Plan!.ToPlan(), order.Recipe);
        if (recipe.Nodes.Count > plan.Nodes)
        {
            throw TooManyNodes(plan.Nodes);
        }

        var playgrounds = person.MaxPlaygrounds ?? plan.Playgrounds;
        return await CheckAsync(db, person, recipe.Nodes.Zip(order.Images, (node, image) => isolation.LimitsOf(node, image.Name, plan).MemoryBytes).Sum(), most, playgrounds, order.Replaces);
    }

    /// <summary>Checks more memory for a person.</summary>
    /// <param name="db">The transaction.</param>
    /// <param name="person">The person, with their plan.</param>
    /// <param name="memory">What is asked for.</param>
    /// <param name="most">What all sandboxes of the host may have.</param>
    /// <param name="playgrounds">How many playgrounds the person may have once it is granted to one more; without a limit when it is for one that runs.</param>
    /// <param name="replaced">A playground whose room the new one takes.</param>
    private async Task<RoomState> CheckAsync(SandboxDb db, PersonRow person, long memory, long most, int playgrounds = int.MaxValue, PlaygroundId? replaced = null)
    {
        var plan = person.Plan!;
        var held = await HeldAsync(db, person, replaced);
        if (held.Playgrounds >= playgrounds)
        {
            throw TooMany(playgrounds);
        }

        if (held.OwnMemory + memory > plan.TotalMemoryBytes)
        {
            throw TooMuch(plan);
        }

        return RoomFor(held, memory, most);
    }

    /// <summary>
    /// The memory that is promised already. A plan counts launches that wait in a queue. The host and the address do not, because
    /// such launches hold nothing yet.
    /// A plan also counts a playground that is replaced, because both run at once for a moment.
    /// </summary>
    private async Task<Commitment> HeldAsync(SandboxDb db, PersonRow person, PlaygroundId? replaced = null)
    {
        var ended = nameof(PlaygroundStage.Ended);
        var without = replaced?.Value ?? "";
        var beside = JsonSerializer.Serialize(Beside(person));
        return await db.Database.SqlQuery<Commitment>(
            $"""
            SELECT COUNT(DISTINCT CASE WHEN p.OwnerId = {person.Id} THEN p.Id END) AS Playgrounds,
                   COALESCE(SUM(CASE WHEN p.OwnerId = {person.Id} THEN s.MemoryBytes END), 0) AS OwnMemory,
                   COALESCE(SUM(CASE WHEN p.OwnerId = {person.Id} AND p.Id <> {without} AND NOT p.AwaitsLink AND q.Id IS NULL THEN s.MemoryBytes END), 0) AS OwnHeldMemory,
                   COALESCE(SUM(CASE WHEN p.OwnerId IN (SELECT value FROM json_each({beside})) AND p.Id <> {without} AND NOT p.AwaitsLink AND q.Id IS NULL THEN s.MemoryBytes END), 0) AS AddressMemory,
                   COALESCE(SUM(CASE WHEN p.Id <> {without} AND NOT p.AwaitsLink AND q.Id IS NULL THEN s.MemoryBytes END), 0) AS AllMemory
            FROM Playgrounds p LEFT JOIN Sandboxes s ON s.PlaygroundId = p.Id LEFT JOIN QueuePlaces q ON q.PlaygroundId = p.Id
            WHERE p.State <> {ended}
            """).SingleAsync();
    }

    /// <summary>The guests of a guest's address; nobody for other people.</summary>
    private List<string> Beside(PersonRow person) =>
        person.Kind == PersonKind.Guest ? [.. addresses.BesideOf(PersonId.Parse(person.Id)).Select(guest => guest.Value)] : [];

    /// <summary>The guests who share the places of the queue with a guest; nobody for other people.</summary>
    private List<string> Around(PersonRow person) =>
        person.Kind == PersonKind.Guest ? [.. addresses.AroundOf(PersonId.Parse(person.Id)).Select(guest => guest.Value)] : [];

    private RoomState RoomFor(Commitment held, long memory, long most) =>
        memory > most ? RoomState.TooLarge
        : held.AllMemory + memory > most || _host?.Capacity?.Refusal is not null ? RoomState.HostFull

        // A guest alone is bounded by their plan.
        : held.AddressMemory > held.OwnHeldMemory && held.AddressMemory + memory > AddressMemory(most - held.AllMemory - memory) ? RoomState.AddressFull
        : RoomState.Free;

    private static SandboxException NoRoom(RoomState room) => room switch
    {
        RoomState.TooLarge => new(ErrorCode.Capacity, "This asks for more memory than this host gives to all sandboxes together."),
        RoomState.AddressFull => new(ErrorCode.Capacity, "Guests of your network already use their share of this server. End a playground, sign in, or try again in a few minutes.") { RetryAfter = AfterOthersEnd },
        _ => new(ErrorCode.Capacity, "The host is full. Try again in a few minutes.") { RetryAfter = AfterOthersEnd },
    };

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
        var held = await store.ReadAsync(db => db.Sandboxes.Where(row => row.Playground!.State != PlaygroundStage.Ended && !row.Playground.AwaitsLink && row.Playground.Place == null).SumAsync(row => row.MemoryBytes));
        return (held, await CommittedMemoryAsync());
    }

    /// <summary>Memory that may be committed: as configured, else as the runtime promises it, else four fifths of the host's.</summary>
    public async ValueTask<long> CommittedMemoryAsync()
    {
        if (_host is null or { Capacity.Refusal: not null })
        {
            await LookAsync();
        }
        else if (time.GetElapsedTime(_asked) > Fresh)
        {
            _asked = time.GetTimestamp();
            _ = LookAsync().ContinueWith(static look => _ = look.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default); // a launch does not wait for it
        }

        return options.Limits.CommittedMemoryBytes > 0 ? options.Limits.CommittedMemoryBytes : _host!.Capacity?.Memory.Promisable ?? _host.MemoryBytes / 5 * 4;
    }

    private async Task LookAsync()
    {
        _host = await runtime.GetInfoAsync(CancellationToken.None);
        _asked = time.GetTimestamp();
    }

    private sealed record Commitment(int Playgrounds, long OwnMemory, long OwnHeldMemory, long AddressMemory, long AllMemory);
}
