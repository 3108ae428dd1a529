using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Recipes;
using Sandbox.Recipes.Problems;
using Sandbox.Tutorials;
using Sandbox.Tutorials.Imports;
using Sandbox.Tutorials.Sources;
using Sandbox.Web.Audit;
using Sandbox.Web.Catalog;
using Sandbox.Web.Links;
using Sandbox.Web.Store;

namespace Sandbox.Web.Tutorials;

/// <summary>How to publish the tutorials of a source.</summary>
/// <param name="Name">A name that leads to the tutorial; only for a source of one.</param>
/// <param name="IsPublic">Whether the list shows them to everybody.</param>
/// <param name="Path">Only the tutorial of this folder or file of the source; null for all of them.</param>
/// <param name="IsLive">Whether runs that were begun by the name go on with this version.</param>
internal sealed record PublishOrder(string? Name = null, bool IsPublic = false, string? Path = null, bool IsLive = false);

/// <summary>The result of publishing a folder.</summary>
/// <param name="Tutorials">The tutorials, in the order of their paths.</param>
/// <param name="Problems">What is to be said about them, and about the source.</param>
internal sealed record PublishedTutorials(IReadOnlyList<TutorialRow> Tutorials, IReadOnlyList<Problem> Problems);

/// <summary>Publishes tutorials, and deletes them, within their owner's storage.</summary>
internal sealed class TutorialPublishing(
    SqliteStore store,
    TutorialSources sources,
    TutorialPlaces places,
    ImageCatalog catalog,
    Locks locks,
    OwnedLinks links,
    ImageUse use,
    AuditLog audit,
    TimeProvider time) : IDisposable
{
    /// <summary>The most tutorials of one source.</summary>
    public const int MaxTutorials = 1000;

    /// <summary>The most tutorials of one person.</summary>
    public const int MaxOwned = 2000;

    private static readonly string[] SharedFolders = ["assets", "images", "img"];

    private readonly SemaphoreSlim _reading = new(1, 1);

    public void Dispose() => _reading.Dispose();

    /// <summary>
    /// Publishes every tutorial of a source. One with mistakes is published too: it can be read, and its problems say why it
    /// cannot be run. Equal files twice are one tutorial. Nothing is stored when the call fails.
    /// Codes: Invalid (no tutorial, the name), Conflict (somebody else's name), Quota, TooLarge, DiskFull.
    /// </summary>
    public Task<PublishedTutorials> PublishAsync(PersonId owner, TutorialSource source, PublishOrder order, CancellationToken cancellationToken) =>
        PublishAsync(owner.Value, source, order, cancellationToken);

    /// <inheritdoc cref="PublishAsync(PersonId, TutorialSource, PublishOrder, CancellationToken)"/>
    /// <param name="owner">A person's id, or <see cref="TutorialRow.Shipped"/>, whose tutorials are in nobody's storage.</param>
    /// <param name="source">The files.</param>
    /// <param name="order">How.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    internal async Task<PublishedTutorials> PublishAsync(string owner, TutorialSource source, PublishOrder order, CancellationToken cancellationToken)
    {
        if (order.Name is not null)
        {
            TutorialNames.Check(order.Name);
        }

        var (scenarios, problems) = await ReadInTurnAsync(source, order.Path, cancellationToken);
        if (order.Name is not null && scenarios.Count > 1)
        {
            throw new SandboxException(ErrorCode.Invalid, $"name: for one tutorial, and {source.Name} holds {scenarios.Count}");
        }

        var drafts = new Dictionary<string, LockDraft>(StringComparer.Ordinal);
        foreach (var scenario in scenarios)
        {
            if (await PinAsync(scenario, cancellationToken) is { } draft)
            {
                drafts[scenario.Tutorial.Path] = draft;
            }
        }

        using var staged = await Task.Run(() => sources.Stage(source, Keeps(order.Path)), cancellationToken);
        var rows = await sources.KeepAsync(staged, async db =>
        {
            var published = new List<TutorialRow>();
            foreach (var scenario in scenarios)
            {
                published.Add(await ClaimAsync(db, owner, staged.Hash, scenario, order.IsPublic, drafts.GetValueOrDefault(scenario.Tutorial.Path)));
            }

            await db.SaveChangesAsync();
            if (await db.Tutorials.CountAsync(row => row.OwnerId == owner) > MaxOwned)
            {
                throw new SandboxException(ErrorCode.Quota, $"You've reached your limit of {MaxOwned} tutorials. Delete some first.");
            }

            if (owner != TutorialRow.Shipped)
            {
                await links.MakeRoomAsync(db, PersonId.Parse(owner));
            }

            if (order.Name is not null)
            {
                await TutorialNames.SetAsync(db, owner, order.Name, published[0].Hash, time.GetUtcNow());
            }

            if (order is { Name: { } name, IsLive: true })
            {
                var (row, pages) = (published[0], Math.Max(1, scenarios[0].Tutorial.Steps.Count));
                await db.TutorialRuns.Where(run => run.Address == name).ExecuteUpdateAsync(set => set
                    .SetProperty(run => run.Hash, row.Hash).SetProperty(run => run.SourceHash, row.SourceHash).SetProperty(run => run.Path, row.Path)
                    .SetProperty(run => run.Current, run => run.Current > pages ? pages : run.Current));
            }

            return published;
        });
        if (owner != TutorialRow.Shipped)
        {
            audit.Add(new AuditEvent(AuditKind.Tutorial, Words(rows, order)) { Person = PersonId.Parse(owner), Code = order.IsPublic ? "public" : "unlisted" });
        }

        return new PublishedTutorials(rows, problems);
    }

    /// <summary>
    /// Deletes a tutorial of a person, or gives a name of theirs back. Runs go on; names that led to it stay and say that it is
    /// gone. Code: NotFound.
    /// </summary>
    public async Task DeleteAsync(PersonId owner, string address)
    {
        await store.WriteAsync(async db =>
        {
            var deleted = RecipeHash.TryParse(address, out var hash)
                ? await db.Tutorials.Where(row => row.OwnerId == owner.Value && row.Hash == hash.Value).ExecuteDeleteAsync()
                : await db.TutorialNames.Where(row => row.OwnerId == owner.Value && row.Name == address).ExecuteDeleteAsync();
            if (deleted == 0)
            {
                throw new SandboxException(ErrorCode.NotFound, "You have no such tutorial.");
            }

            await DropAsync(db);
            return true;
        });
        audit.Add(new AuditEvent(AuditKind.Tutorial, $"Deleted the tutorial {address}") { Person = owner, Code = "deleted" });
        await sources.SweepAsync();
        await use.TryCollectAsync();
    }

    /// <summary>Deletes the shipped tutorials that do not ship any more.</summary>
    internal async Task RetainShippedAsync(IReadOnlySet<string> hashes)
    {
        var gone = (await store.ReadAsync(db => db.Tutorials.Where(row => row.OwnerId == TutorialRow.Shipped).Select(row => row.Hash).ToListAsync())).Where(hash => !hashes.Contains(hash)).ToList();
        if (gone.Count > 0)
        {
            await store.WriteAsync(async db =>
            {
                await db.Tutorials.Where(row => row.OwnerId == TutorialRow.Shipped && gone.Contains(row.Hash)).ExecuteDeleteAsync();
                await DropAsync(db);
                return true;
            });
        }

        await sources.SweepAsync();
    }

    /// <summary>The lock of a tutorial that can run here; null while its image is being made, and where a link says what to start.</summary>
    public async Task<LockDraft?> PinAsync(Scenario scenario, CancellationToken cancellationToken)
    {
        var tutorial = scenario.Tutorial;
        if (!scenario.IsRunnable || tutorial.Link is not null || places.Find(TutorialPlaces.ImageOf(tutorial)).Image is null)
        {
            return null;
        }

        var recipe = places.RecipeOf(tutorial);
        return RecipeRules.Validate(recipe).Count == 0 && recipe.Nodes.All(node => catalog.Find(node.Image)?.Digest is not null && node.Repositories.Count == 0)
            ? await locks.PinAsync(null, recipe, cancellationToken)
            : null;
    }

    /// <summary>Keeps the lock of a tutorial whose image was not ready when it was published.</summary>
    public Task KeepLockAsync(TutorialRow row, LockDraft draft) => store.WriteAsync(async db =>
    {
        var hash = (await locks.KeepAsync(db, draft)).Value;
        await db.Tutorials.Where(other => other.Hash == row.Hash && other.LockHash == null).ExecuteUpdateAsync(set => set.SetProperty(other => other.LockHash, hash));
        return true;
    });

    /// <summary>Takes a tutorial to another lock, whose test passed.</summary>
    public Task MoveLockAsync(TutorialRow row, LockDraft draft) => store.WriteAsync(async db =>
    {
        var hash = (await locks.KeepAsync(db, draft)).Value;
        await db.Tutorials.Where(other => other.Hash == row.Hash && other.LockHash != hash).ExecuteUpdateAsync(set => set.SetProperty(other => other.LockHash, hash));
        await OwnedLinks.DropLocksAsync(db);
        return true;
    });

    private static string Words(List<TutorialRow> rows, PublishOrder order) =>
        $"Published {(rows.Count == 1 ? "the tutorial" : $"{rows.Count} tutorials, the first")} {rows[0].Title}{(order.Name is null ? "" : $" as {order.Name}")}, {rows[0].Hash}";

    private static async Task DropAsync(SandboxDb db)
    {
        await db.TutorialFailures.Where(row => !db.Tutorials.Any(tutorial => tutorial.Hash == row.Hash)).ExecuteDeleteAsync();
        await db.TutorialCounts.Where(row => !db.Tutorials.Any(tutorial => tutorial.Hash == row.Hash)).ExecuteDeleteAsync();
        await db.TutorialReports.Where(row => !db.Tutorials.Any(tutorial => tutorial.Hash == row.Hash)).ExecuteDeleteAsync();
        await OwnedLinks.DropLocksAsync(db);
    }

    /// <summary>A hostile source may take minutes of a processor: one at a time, and not on the thread of a request.</summary>
    private async Task<(IReadOnlyList<Scenario> Scenarios, IReadOnlyList<Problem> Problems)> ReadInTurnAsync(TutorialSource source, string? path, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(() => Read(source, path), cancellationToken);
        }
        finally
        {
            _reading.Release();
        }
    }

    private static (IReadOnlyList<Scenario> Scenarios, IReadOnlyList<Problem> Problems) Read(TutorialSource source, string? path)
    {
        if (path is not null)
        {
            return TutorialImport.ReadOne(source, path) is { } one
                ? ([one], [.. one.Problems])
                : throw new SandboxException(ErrorCode.NotFound, $"{source.Name} holds no tutorial at '{path}'.");
        }

        var result = TutorialImport.Read(source);
        if (result.Scenarios.Count == 0)
        {
            var first = result.Problems is [var problem, ..] ? $" ({problem})" : "";
            throw new SandboxException(ErrorCode.Invalid, $"{source.Name} holds no tutorial: no tutorial.yaml, no index.json of Katacoda, nor any other form that is read{first}.");
        }

        return result.Scenarios.Count <= MaxTutorials
            ? (result.Scenarios, [.. result.Problems, .. result.Scenarios.SelectMany(scenario => scenario.Problems)])
            : throw new SandboxException(ErrorCode.TooLarge, $"{source.Name} holds {result.Scenarios.Count} tutorials; at most {MaxTutorials} are published at once.");
    }

    /// <summary>Of one tutorial its own folder, and the folders beside it and above it in which authors share pictures.</summary>
    private static Func<string, bool> Keeps(string? path)
    {
        if (path is null or "")
        {
            return _ => true;
        }

        var prefixes = new List<string> { path + "/" };
        for (var folder = TutorialSource.FolderOf(path); ; folder = TutorialSource.FolderOf(folder))
        {
            prefixes.AddRange(SharedFolders.Select(shared => TutorialSource.Join(folder, shared) + "/"));
            if (folder.Length == 0)
            {
                return file => file == path || prefixes.Exists(prefix => file.StartsWith(prefix, StringComparison.Ordinal));
            }
        }
    }

    private async Task<TutorialRow> ClaimAsync(SandboxDb db, string owner, string source, Scenario scenario, bool isPublic, LockDraft? draft)
    {
        var tutorial = scenario.Tutorial;
        var hash = TutorialArchive.HashOf(source, tutorial.Path);
        if (await db.Tutorials.SingleOrDefaultAsync(row => row.OwnerId == owner && row.Hash == hash) is { } known)
        {
            // Publishing is asked for: what was unlisted may become public, never the other way unasked.
            known.IsPublic |= isPublic;
            return known;
        }

        var row = new TutorialRow
        {
            OwnerId = owner,
            Hash = hash,
            SourceHash = source,
            Path = tutorial.Path,
            Title = tutorial.Title,
            Summary = tutorial.Summary,
            Difficulty = tutorial.Difficulty,
            Time = tutorial.Time,
            Cover = tutorial.Cover,
            Steps = tutorial.Steps.Count(step => step.Kind == StepKind.Step),
            Image = TutorialPlaces.ImageOf(tutorial),
            Refusal = scenario.Reason ?? (tutorial.Steps.Count == 0 ? "it has no pages" : null),
            IsPublic = isPublic,
            LockHash = draft is null ? null : (await locks.KeepAsync(db, draft)).Value,
            CreatedAt = time.GetUtcNow(),
        };
        db.Tutorials.Add(row);
        return row;
    }
}
