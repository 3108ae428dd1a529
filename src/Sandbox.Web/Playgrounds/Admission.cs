using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Leases;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Catalog;
using Sandbox.Web.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.Playgrounds;

/// <summary>What admission granted.</summary>
/// <param name="Row">The playground with its sandboxes and its owner's plan.</param>
/// <param name="IsRepeat">It was granted before, under the same idempotency key.</param>
internal sealed record Admitted(PlaygroundRow Row, bool IsRepeat);

/// <summary>
/// Decides who gets a playground. Everything it reads and writes is one transaction that began as a writer, so
/// launches at one instant are decided one after the other and cannot pass a limit together.
/// Memory is promised, so its sums are bounded here; CPU and pids are shared, and bounded by the person's parent cgroup.
/// </summary>
internal sealed class Admission(SqliteStore store, Guests guests, ISandboxRuntime runtime, WebOptions options, TimeProvider time)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private long _hostMemory;

    public async Task<Admitted> AdmitAsync(PersonId owner, Recipe recipe, IReadOnlyList<ResolvedImage> images, string? idempotencyKey)
    {
        var asked = JsonSerializer.Serialize(recipe, Json);
        var hash = idempotencyKey is null ? "" : Convert.ToHexString(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(asked)));
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
            await CheckAsync(db, person, images.Count, most);
            var row = Row(person, recipe, asked, images);
            db.Playgrounds.Add(row);
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
    /// Goes the way of a launch once and takes it back, so that the first visitor does not wait for code to be compiled
    /// and queries to be built. Nothing of it is ever seen by anybody else: the transaction is not committed.
    /// </summary>
    public async Task WarmUpAsync()
    {
        var recipe = Recipe.FromImage("warm-up");
        try
        {
            await store.WriteAsync<int>(async db =>
            {
                var person = await PersonAsync(db, PersonId.New());
                await CheckAsync(db, person, sandboxes: 1, most: long.MaxValue);
                var row = Row(person, recipe, JsonSerializer.Serialize(recipe, Json), [new ResolvedImage("warm-up", null, Interactive: true)]);
                db.Playgrounds.Add(row);
                await db.SaveChangesAsync();
                await db.Playgrounds.Where(found => found.Id == row.Id && found.State == PlaygroundStage.Starting)
                    .ExecuteUpdateAsync(set => set.SetProperty(found => found.State, PlaygroundStage.Running));
                await db.Sandboxes.Where(found => found.PlaygroundId == row.Id && found.State == SandboxState.Starting)
                    .ExecuteUpdateAsync(set => set.SetProperty(found => found.State, SandboxState.Running));
                throw new OperationCanceledException("it was only a rehearsal");
            });
        }
        catch (OperationCanceledException)
        {
            // Taken back.
        }
    }

    public static Recipe ReadRecipe(PlaygroundRow row) => JsonSerializer.Deserialize<Recipe>(row.Recipe, Json)!;

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

    private static async Task CheckAsync(SandboxDb db, PersonRow person, int sandboxes, long most)
    {
        var plan = person.Plan!;
        var ended = nameof(PlaygroundStage.Ended);
        var held = await db.Database.SqlQuery<Commitment>(
            $"""
            SELECT COUNT(DISTINCT CASE WHEN p.OwnerId = {person.Id} THEN p.Id END) AS Playgrounds,
                   COALESCE(SUM(CASE WHEN p.OwnerId = {person.Id} THEN s.MemoryBytes END), 0) AS OwnMemory,
                   COALESCE(SUM(s.MemoryBytes), 0) AS AllMemory
            FROM Playgrounds p LEFT JOIN Sandboxes s ON s.PlaygroundId = p.Id
            WHERE p.State <> {ended}
            """).SingleAsync();
        var memory = plan.MemoryBytes * sandboxes;
        var playgrounds = person.MaxPlaygrounds ?? plan.Playgrounds;
        if (held.Playgrounds >= playgrounds)
        {
            throw new SandboxException(ErrorCode.Quota, $"You have {held.Playgrounds} of the {playgrounds} playgrounds your plan grants at once. End one first.");
        }

        if (held.OwnMemory + memory > plan.TotalMemoryBytes)
        {
            throw new SandboxException(ErrorCode.Quota, $"Your playgrounds hold all of the {plan.TotalMemoryBytes >> 20} MiB of memory your plan grants. End one first.");
        }

        if (held.AllMemory + memory > most)
        {
            throw new SandboxException(ErrorCode.Capacity, "The host is full. Try again in a few minutes.");
        }
    }

    /// <summary>Memory promised to all sandboxes, and how much may be.</summary>
    public async Task<(long Held, long Most)> CommitmentAsync()
    {
        var held = await store.ReadAsync(db => db.Sandboxes.Where(row => row.Playground!.State != PlaygroundStage.Ended).SumAsync(row => row.MemoryBytes));
        return (held, await CommittedMemoryAsync());
    }

    private PlaygroundRow Row(PersonRow person, Recipe recipe, string asked, IReadOnlyList<ResolvedImage> images)
    {
        var now = time.GetUtcNow();
        var lease = Lease.Grant(now, person.Plan!.ToPlan());
        var id = PlaygroundId.New().Value;
        return new PlaygroundRow
        {
            Id = id,
            OwnerId = person.Id,
            Owner = person,
            Image = images[0].Name,
            Recipe = asked,
            State = images.Any(image => image.Digest is null) ? PlaygroundStage.Queued : PlaygroundStage.Starting,
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
                    MemoryBytes = person.Plan.MemoryBytes,
                    State = SandboxState.Starting,
                }),
            ],
        };
    }

    /// <summary>What may be promised in all: as configured, else four fifths of the host's memory.</summary>
    private async ValueTask<long> CommittedMemoryAsync()
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

    private sealed record Commitment(int Playgrounds, long OwnMemory, long AllMemory);
}
