using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Snapshots;
using Sandbox.Web.Catalog;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Links;
using Sandbox.Web.Store;

namespace Sandbox.Web.Saves;

/// <summary>How to keep the state of a playground.</summary>
/// <param name="Title">For people; null is the image's title.</param>
/// <param name="Access">Who may start it.</param>
/// <param name="IsAutomatic">Whether nobody asked for it.</param>
internal sealed record SaveOrder(string? Title, LinkAccess Access, bool IsAutomatic)
{
    /// <summary>The paths and variables that are left out.</summary>
    public SnapshotSpec Spec { get; init; } = SnapshotSpec.All;

    /// <summary>How often it may be started; null leaves that of a link that is there, and is no limit for a new one.</summary>
    public LinkBudgetChange? Budget { get; init; }
}

/// <summary>Makes links of what playgrounds hold now. Each sandbox is frozen while its changes are copied, and goes on.</summary>
internal sealed class PlaygroundSaves(
    SqliteStore store,
    ISandboxRuntime runtime,
    ImageUse use,
    ImageCatalog catalog,
    OwnSurroundings surroundings,
    OwnedLinks links,
    TimeProvider time) : ISavesPlaygrounds
{
    private readonly ConcurrentDictionary<string, bool> _saving = new(StringComparer.Ordinal);

    /// <summary>
    /// Saves a person's playground. The same state gives the same link. Codes: NotFound, Conflict (it does not run, or is being
    /// saved), Quota, TooLarge, DiskFull, Invalid.
    /// </summary>
    public async Task<RecipeHash> SaveAsync(PersonId owner, PlaygroundId id, SaveOrder order, CancellationToken cancellationToken)
    {
        var row = await store.ReadAsync(db => db.Playgrounds.AsNoTracking().Include(row => row.Sandboxes)
            .SingleOrDefaultAsync(row => row.Id == id.Value && row.OwnerId == owner.Value, cancellationToken))
            ?? throw new SandboxException(ErrorCode.NotFound, "You have no such playground.");
        return await SaveAsync(row, order, evenUnchanged: true, cancellationToken) ?? throw new InvalidOperationException("a save has a hash");
    }

    /// <inheritdoc/>
    public async Task SaveAsync(PlaygroundId playground, bool isAsked, CancellationToken cancellationToken)
    {
        var row = await store.ReadAsync(db => db.Playgrounds.AsNoTracking().Include(row => row.Sandboxes)
            .SingleOrDefaultAsync(row => row.Id == playground.Value && row.State == PlaygroundStage.Running, cancellationToken));
        if (row is null)
        {
            return;
        }

        if (await SaveAsync(row, new SaveOrder(null, LinkAccess.Private, IsAutomatic: !isAsked), evenUnchanged: isAsked, cancellationToken) is not { } hash)
        {
            return;
        }

        await store.WriteAsync(async db =>
        {
            // One save for each line of work: what this playground was continued from is in the new one.
            if (row.LinkHash is { } from && from != hash.Value)
            {
                await db.Links.Where(link => link.OwnerId == row.OwnerId && link.Hash == from && link.IsAutomatic).ExecuteDeleteAsync();
                await OwnedLinks.DropLocksAsync(db);
            }

            return await db.Playgrounds.Where(changed => changed.Id == row.Id).ExecuteUpdateAsync(set => set.SetProperty(changed => changed.SavedHash, hash.Value));
        });
    }

    /// <summary>The contents of a save of a person's playground, for each of its sandboxes. Codes: NotFound, Conflict.</summary>
    public async Task<IReadOnlyList<(SandboxRow Sandbox, SnapshotContents Contents, IReadOnlyList<RecipePort> Ports)>> InspectAsync(PersonId owner, PlaygroundId id, CancellationToken cancellationToken)
    {
        var row = await store.ReadAsync(db => db.Playgrounds.AsNoTracking().Include(row => row.Sandboxes)
            .SingleOrDefaultAsync(row => row.Id == id.Value && row.OwnerId == owner.Value, cancellationToken))
            ?? throw new SandboxException(ErrorCode.NotFound, "You have no such playground.");
        RequireRunning(row);
        var secrets = row.Secrets.Split(' ');
        var recipe = await RecipeAsync(row, cancellationToken);
        var all = new List<(SandboxRow, SnapshotContents, IReadOnlyList<RecipePort>)>();
        foreach (var sandbox in Started(row))
        {
            var contents = await runtime.Sandboxes.InspectAsync(SandboxId.Parse(sandbox.Id), cancellationToken);
            all.Add((sandbox, contents with
            {
                Env = contents.Env.Where(variable => !secrets.Contains(variable.Key, StringComparer.Ordinal)).ToDictionary(StringComparer.Ordinal),
            }, recipe.Nodes[sandbox.Node].Ports));
        }

        return all;
    }

    private async Task<RecipeHash?> SaveAsync(PlaygroundRow row, SaveOrder order, bool evenUnchanged, CancellationToken cancellationToken)
    {
        RequireRunning(row);
        if (!_saving.TryAdd(row.Id, true))
        {
            throw new SandboxException(ErrorCode.Conflict, "This playground is being saved already. Try again in a moment.");
        }

        try
        {
            // Until a link holds them, the images of the snapshots are in nobody's use.
            using var storing = await use.StoringAsync(cancellationToken);
            var (draft, isChanged) = await SnapshotAsync(row, order, cancellationToken);
            return isChanged || evenUnchanged
                ? await links.KeepAsync(PersonId.Parse(row.OwnerId), draft, order.Title?.Trim() ?? Title(row), order.Access, order.IsAutomatic, order.Budget, isSaved: true)
                : null;
        }
        finally
        {
            _saving.TryRemove(row.Id, out _);
        }
    }

    private async Task<(LockDraft Draft, bool IsChanged)> SnapshotAsync(PlaygroundRow row, SaveOrder order, CancellationToken cancellationToken)
    {
        var recipe = await RecipeAsync(row, cancellationToken);
        var secrets = row.Secrets.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var spec = order.Spec with { ExcludedVariables = [.. order.Spec.ExcludedVariables.Union(secrets, StringComparer.Ordinal)] };
        var (nodes, images, layers, isChanged) = (new List<RecipeNode>(), new List<ResolvedImage>(), new List<ImageLayer>(), false);
        foreach (var sandbox in Started(row))
        {
            var saved = await runtime.Sandboxes.SnapshotAsync(SandboxId.Parse(sandbox.Id), spec, cancellationToken);
            isChanged |= saved.Image.Digest.Value != sandbox.Digest;
            nodes.Add(Saved(recipe.Nodes[sandbox.Node], saved.Image.Digest));
            images.Add(new ResolvedImage(sandbox.Image, saved.Image.Digest, sandbox.Interactive));
            layers.AddRange(saved.Image.Layers);
        }

        // The next visitor is asked for the secrets again.
        var parameters = secrets.Select(name => new RecipeParameter { Name = name, IsSecret = true, IsRequired = true });
        var terminals = recipe.Terminals.Where(terminal => terminal.Node is null || nodes.Exists(node => node.Name == terminal.Node));
        return (new LockDraft(recipe with { Nodes = nodes, Parameters = [.. parameters], Terminals = [.. terminals] }, images, layers, await surroundings.OfAsync(Started(row).First().Isolation, cancellationToken)), isChanged);
    }

    /// <summary>The sandboxes in the order of their nodes; one that is added at this moment is not there yet.</summary>
    private static IEnumerable<SandboxRow> Started(PlaygroundRow row) =>
        row.Sandboxes.Where(sandbox => sandbox.State != SandboxState.Starting).OrderBy(sandbox => sandbox.Node);

    private async Task<Recipe> RecipeAsync(PlaygroundRow row, CancellationToken cancellationToken) =>
        RecipeJson.Read(await store.ReadAsync(db => db.Recipes.Where(recipe => recipe.Hash == row.RecipeHash).Select(recipe => recipe.Content).SingleOrDefaultAsync(cancellationToken))
            ?? throw new SandboxException(ErrorCode.Conflict, "This playground has ended."));

    /// <summary>A node whose files, variables, directory, user and setup are in its image by now.</summary>
    private static RecipeNode Saved(RecipeNode node, Digest image) => new()
    {
        Name = node.Name,
        Image = image.Value,
        Build = node.Build is { IsPinned: true } build ? build : null,
        Ports = node.Ports,
        Resources = node.Resources,
        Volumes = node.Volumes,
        Network = node.Network,
        Domains = node.Domains,
        Isolation = node.Isolation,
    };

    private string Title(PlaygroundRow row) => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{catalog.Find(row.Image)?.Title ?? row.Image}, {time.GetUtcNow().UtcDateTime:d MMMM yyyy, HH:mm}");

    private static void RequireRunning(PlaygroundRow row)
    {
        if (row.State != PlaygroundStage.Running)
        {
            throw new SandboxException(ErrorCode.Conflict, row.State == PlaygroundStage.Ended ? "This playground has ended." : "This playground has not started yet.");
        }
    }
}
