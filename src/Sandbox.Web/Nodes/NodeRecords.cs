using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Recipes;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Catalog;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Store;
using Sandbox.Web.Volumes;

namespace Sandbox.Web.Nodes;

/// <summary>A node on record.</summary>
/// <param name="Playground">Its playground, as it is with the node.</param>
/// <param name="Sandbox">Its sandbox.</param>
/// <param name="Node">Its part of the recipe.</param>
/// <param name="IsRepeat">Whether an earlier request with the same idempotency key added it.</param>
internal sealed record NodeRecord(PlaygroundRow Playground, SandboxRow Sandbox, RecipeNode Node, bool IsRepeat);

/// <summary>
/// Adds and removes the nodes of running playgrounds on record. The playground's recipe changes with them, so that a save
/// holds what runs; each change is one transaction.
/// </summary>
internal sealed class NodeRecords(SqliteStore store, Admission admission, ImageCatalog catalog, IsolationChoice isolation, PersonImages images, OwnedVolumes volumes, TimeProvider time)
{
    /// <summary>
    /// Adds a node whose sandbox is starting. Codes: NotFound, Invalid, ImageNotFound, Conflict (it does not run, its image is not
    /// made, the key), IsolationUnavailable, Quota, Capacity.
    /// </summary>
    public async Task<NodeRecord> AddAsync(PersonId owner, PlaygroundId id, RecipeNode wanted, string? idempotencyKey)
    {
        var most = await admission.CommittedMemoryAsync();
        var own = string.IsNullOrEmpty(wanted.Image) ? null : await images.FindAsync(owner, wanted.Image, CancellationToken.None);
        return await store.WriteAsync(async db =>
        {
            var playground = await RequireAsync(db, owner, id);
            var hash = $"node {id.Value} {RecipeHash.Of(new Recipe { Nodes = [wanted] }).Value} ";
            if (idempotencyKey is not null && await db.IdempotencyKeys.AsNoTracking().SingleOrDefaultAsync(row => row.OwnerId == owner.Value && row.Key == idempotencyKey) is { } used)
            {
                return await RepeatAsync(db, playground, hash, used);
            }

            RequireRunning(playground);
            var recipe = await RecipeAsync(db, playground);
            var node = wanted.Name.Length > 0 ? wanted : wanted with { Name = FreeName(recipe) };
            var changed = recipe with { Nodes = [.. recipe.Nodes, node] };
            var plan = playground.Owner!.Plan!;
            if (changed.Nodes.Count > plan.Nodes)
            {
                throw Admission.TooManyNodes(plan.Nodes);
            }

            if (RecipeRules.Validate(changed) is { Count: > 0 } mistakes)
            {
                var place = $"nodes[{recipe.Nodes.Count}].";
                throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes.Select(mistake => mistake.Replace(place, "", StringComparison.Ordinal))));
            }

            var image = own ?? catalog.Resolve(node.Image);
            if (image.Digest is not { } digest)
            {
                throw new SandboxException(ErrorCode.Conflict, $"The image {image.Name} is still being made{(catalog.StepOf(image.Name) is { } step ? $": {step}" : "")}. Try again when the catalog shows it as ready.");
            }

            var memory = await admission.CheckNodeAsync(db, playground.Owner, node, image.Name, most);
            await volumes.EnsureAsync(db, owner.Value, [node]);
            var sandbox = new SandboxRow
            {
                Id = SandboxId.New().Value,
                PlaygroundId = id.Value,
                Node = recipe.Nodes.Count,
                Name = node.Name,
                Image = image.Name,
                Digest = digest.Value,
                Interactive = image.Interactive,
                MemoryBytes = memory,
                Policy = node.Policy.Within(catalog.PolicyOf(image.Name)).Within(plan.ToPlan().Network),
                Isolation = isolation.Of(node, image.Name, plan.ToPlan()),
                State = SandboxState.Starting,
            };
            db.Sandboxes.Add(sandbox);
            if (idempotencyKey is not null)
            {
                db.IdempotencyKeys.Add(new IdempotencyRow { OwnerId = owner.Value, Key = idempotencyKey, RequestHash = hash + sandbox.Id, PlaygroundId = id.Value, CreatedAt = time.GetUtcNow() });
            }

            await db.SaveChangesAsync();
            await ChangeAsync(db, id, changed);
            return new NodeRecord(playground, sandbox, node, IsRepeat: false);
        });
    }

    /// <summary>The sandbox runs. Null if the playground ended, or the node was removed, meanwhile; else when the playground ends by now.</summary>
    public Task<DateTimeOffset?> RunAsync(SandboxId id) => store.WriteAsync(async db =>
    {
        await db.Sandboxes.Where(row => row.Id == id.Value && row.State == SandboxState.Starting && row.Playground!.State == PlaygroundStage.Running)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.State, SandboxState.Running));
        var ends = await db.Sandboxes.Where(row => row.Id == id.Value && row.Playground!.State == PlaygroundStage.Running).Select(row => row.Playground!.EndsAt).ToListAsync();
        return ends.Count == 0 ? (DateTimeOffset?)null : ends[0];
    });

    /// <summary>Removes a node that its owner does not want any more. Codes: NotFound, Conflict (the last one, the tutorial's, or it does not run).</summary>
    public Task RemoveAsync(PersonId owner, SandboxId id) => store.WriteAsync(async db =>
    {
        var of = await db.Sandboxes.Where(row => row.Id == id.Value && row.Playground!.OwnerId == owner.Value && row.Playground.State != PlaygroundStage.Ended).Select(row => row.PlaygroundId).SingleOrDefaultAsync()
            ?? throw new SandboxException(ErrorCode.NotFound, "You have no such sandbox.");
        var playground = await RequireAsync(db, owner, PlaygroundId.Parse(of));
        RequireRunning(playground);
        var sandbox = playground.Sandboxes.Single(row => row.Id == id.Value);
        if (playground.Sandboxes.Count == 1)
        {
            throw new SandboxException(ErrorCode.Conflict, "A playground keeps its last node. End the playground instead.");
        }

        if (sandbox.Node == 0 && playground.Run is not null)
        {
            throw new SandboxException(ErrorCode.Conflict, "The tutorial of this playground runs in this node. End the playground instead.");
        }

        await DropAsync(db, playground, sandbox);
        return true;
    });

    /// <summary>Removes a node that could not be started. One that is gone already is fine.</summary>
    public Task DropAsync(PlaygroundId id, SandboxId sandbox) => store.WriteAsync(async db =>
    {
        var playground = await db.Playgrounds.WithAll().SingleOrDefaultAsync(row => row.Id == id.Value && row.State == PlaygroundStage.Running);
        if (playground?.Sandboxes.Find(row => row.Id == sandbox.Value) is { } found && playground.Sandboxes.Count > 1)
        {
            await DropAsync(db, playground, found);
        }

        return true;
    });

    /// <summary>The nodes that the last process did not finish to start.</summary>
    public Task<List<(PlaygroundId Playground, SandboxId Sandbox)>> InterruptedAsync() => store.ReadAsync(async db =>
        (await db.Sandboxes.Where(row => row.State == SandboxState.Starting && row.Playground!.State == PlaygroundStage.Running).Select(row => new { row.PlaygroundId, row.Id }).ToListAsync())
            .ConvertAll(row => (PlaygroundId.Parse(row.PlaygroundId), SandboxId.Parse(row.Id))));

    private static async Task<NodeRecord> RepeatAsync(SandboxDb db, PlaygroundRow playground, string hash, IdempotencyRow used)
    {
        if (!used.RequestHash.StartsWith(hash, StringComparison.Ordinal))
        {
            throw new SandboxException(ErrorCode.Conflict, "This idempotency key was used for something else.");
        }

        var sandbox = playground.Sandboxes.Find(row => row.Id == used.RequestHash[hash.Length..])
            ?? throw new SandboxException(ErrorCode.Conflict, "The node that this idempotency key added is not there any more.");
        return new NodeRecord(playground, sandbox, (await RecipeAsync(db, playground)).Nodes[sandbox.Node], IsRepeat: true);
    }

    private static async Task<PlaygroundRow> RequireAsync(SandboxDb db, PersonId owner, PlaygroundId id) =>
        await db.Playgrounds.WithAll().SingleOrDefaultAsync(row => row.Id == id.Value && row.OwnerId == owner.Value)
        ?? throw new SandboxException(ErrorCode.NotFound, "You have no such playground.");

    private static void RequireRunning(PlaygroundRow playground)
    {
        if (playground.State != PlaygroundStage.Running)
        {
            throw new SandboxException(ErrorCode.Conflict, playground.State == PlaygroundStage.Ended ? $"This playground has ended: {playground.Message}" : "This playground has not started yet.");
        }
    }

    private static async Task<Recipe> RecipeAsync(SandboxDb db, PlaygroundRow playground) =>
        RecipeJson.Read(await db.Recipes.Where(recipe => recipe.Hash == playground.RecipeHash).Select(recipe => recipe.Content).SingleAsync());

    /// <summary>Takes a node out of the record and the recipe; the nodes behind it move up.</summary>
    private static async Task DropAsync(SandboxDb db, PlaygroundRow playground, SandboxRow sandbox)
    {
        var recipe = await RecipeAsync(db, playground);
        await db.Shares.Where(row => row.SandboxId == sandbox.Id).ExecuteDeleteAsync();
        await db.Sandboxes.Where(row => row.Id == sandbox.Id).ExecuteDeleteAsync();
        await db.Sandboxes.Where(row => row.PlaygroundId == playground.Id && row.Node > sandbox.Node)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.Node, row => row.Node - 1));
        await ChangeAsync(db, PlaygroundId.Parse(playground.Id), recipe with
        {
            Nodes = [.. recipe.Nodes.Where((_, at) => at != sandbox.Node)],
            Terminals = [.. recipe.Terminals.Where(terminal => (terminal.Node ?? recipe.Nodes[0].Name) != sandbox.Name)],
        });
    }

    private static async Task ChangeAsync(SandboxDb db, PlaygroundId id, Recipe recipe)
    {
        var hash = await RecipeRow.KeepAsync(db, recipe);
        await db.Playgrounds.Where(row => row.Id == id.Value).ExecuteUpdateAsync(set => set
            .SetProperty(row => row.RecipeHash, hash)
            .SetProperty(row => row.HasTerminals, recipe.Terminals.Count > 0));
        await RecipeRow.DropAsync(db);
    }

    private static string FreeName(Recipe recipe)
    {
        for (var number = recipe.Nodes.Count + 1; ; number++)
        {
            var name = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"node{number}");
            if (!recipe.Nodes.Any(node => node.Name == name))
            {
                return name;
            }
        }
    }
}
