using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Exports;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Snapshots;
using Sandbox.Web.Catalog;
using Sandbox.Web.Store;

namespace Sandbox.Web.Exports;

/// <summary>A sandbox to take home.</summary>
/// <param name="Name">Its own name.</param>
/// <param name="Catalog">The catalog name of the image that it was made from.</param>
/// <param name="Limits">Its limits.</param>
/// <param name="Node">The node of its recipe, with what its image does not carry.</param>
/// <param name="Digest">The image of its state; null while it runs, because that is made when it is asked for.</param>
/// <param name="Running">The sandbox while it runs.</param>
/// <param name="Secrets">Variables that do not leave.</param>
internal sealed record TakenSandbox(string Name, string Catalog, SandboxLimits Limits, RecipeNode Node, Digest? Digest, SandboxId? Running, IReadOnlyList<string> Secrets);

/// <summary>An image, and the one of the catalog that it is built on.</summary>
internal sealed record TakenImage(StoredImage Image, StoredImage? Base)
{
    /// <summary>The image's name for Docker. Its digest is in it, so it never means two things.</summary>
    public string Name => $"playground:{Image.Digest.Hex[..12]}";

    /// <summary>The name of the image below.</summary>
    public static string BaseName(TakenSandbox sandbox, StoredImage below) => $"sandbox-{sandbox.Catalog}:{below.Digest.Hex[..12]}";
}

/// <summary>Finds the state of a playground that runs, or of one that ended within a day and was saved.</summary>
internal sealed class PlaygroundExports(SqliteStore store, IsolationChoice isolation, ISandboxRuntime runtime)
{
    /// <summary>One sandbox of a person's playground. Codes: NotFound, Conflict (not started, or ended without being saved).</summary>
    /// <param name="owner">Whose playground it is.</param>
    /// <param name="id">The playground.</param>
    /// <param name="node">The sandbox's name; null is the first one.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<TakenSandbox> FindAsync(PersonId owner, PlaygroundId id, string? node, CancellationToken cancellationToken) => store.ReadAsync(async db =>
    {
        var row = await db.Playgrounds.AsNoTracking().Include(row => row.Sandboxes).Include(row => row.Owner!.Plan)
            .SingleOrDefaultAsync(row => row.Id == id.Value && row.OwnerId == owner.Value, cancellationToken)
            ?? throw new SandboxException(ErrorCode.NotFound, "You have no such playground.");
        var sandbox = row.Sandboxes.OrderBy(sandbox => sandbox.Node).FirstOrDefault(sandbox => node is null || sandbox.Name == node)
            ?? throw new SandboxException(ErrorCode.NotFound, $"This playground has no sandbox '{node}'.");
        var secrets = row.Secrets.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var (hash, digest) = (row.RecipeHash, (Digest?)null);
        switch (row.State)
        {
            case PlaygroundStage.Running:
                break;
            case PlaygroundStage.Ended when row.SavedHash is { } saved:
                hash = saved;
                digest = await db.LockImages.Where(image => image.Hash == saved && image.Node == sandbox.Node).Select(image => image.Digest).SingleOrDefaultAsync(cancellationToken) is { } text
                    ? Digest.Parse(text)
                    : throw new SandboxException(ErrorCode.NotFound, "The state that was saved when this playground ended was deleted.");
                break;
            case PlaygroundStage.Ended:
                throw new SandboxException(ErrorCode.Conflict, "This playground has ended, and its files were not saved.");
            default:
                throw new SandboxException(ErrorCode.Conflict, "This playground has not started yet.");
        }

        var content = await db.Recipes.Where(recipe => recipe.Hash == hash).Select(recipe => recipe.Content).SingleOrDefaultAsync(cancellationToken)
            ?? throw new SandboxException(ErrorCode.Conflict, "This playground has ended, and its files were not saved.");
        var found = RecipeJson.Read(content).Nodes[sandbox.Node];
        var limits = isolation.LimitsOf(found, sandbox.Image, row.Owner!.Plan!.ToPlan());
        return new TakenSandbox(sandbox.Name, sandbox.Image, limits, found, digest, digest is null ? SandboxId.Parse(sandbox.Id) : null, secrets);
    });

    /// <summary>
    /// The image of a sandbox's state; one that runs is saved for it. The caller takes part in the storing of images until the
    /// image is in use. Codes: NotFound, Conflict, TooLarge, DiskFull.
    /// </summary>
    public async Task<TakenImage> TakeAsync(TakenSandbox sandbox, CancellationToken cancellationToken)
    {
        var saved = sandbox.Running is { } running
            ? (await runtime.Sandboxes.SnapshotAsync(running, new SnapshotSpec { ExcludedVariables = sandbox.Secrets }, cancellationToken)).Image.Digest
            : sandbox.Digest!.Value;
        var images = await runtime.Images.ListAsync(cancellationToken);
        var image = images.FirstOrDefault(image => image.Digest == saved)
            ?? throw new SandboxException(ErrorCode.NotFound, "The state of this playground is not on this server any more.");
        var offered = (await store.ReadAsync(db => db.Catalog.Where(row => row.Digest != null).Select(row => row.Digest!)
            .Union(db.CatalogDigests.Select(row => row.Digest)).ToListAsync(cancellationToken))).ToHashSet(StringComparer.Ordinal);
        return new TakenImage(image, offered.Contains(image.Digest.Value) ? image : ImageLineage.FindBase(image, images.Where(below => offered.Contains(below.Digest.Value))));
    }

    /// <summary>The files that an image changed, as a tar.</summary>
    public async Task<IAsyncEnumerable<ReadOnlyMemory<byte>>> ChangesAsync(TakenImage taken, CancellationToken cancellationToken)
    {
        var below = RequireBase(taken);
        var difference = await runtime.Images.CompareAsync(taken.Image.Digest, below.Digest, cancellationToken);
        return difference.Entries > 0 ? runtime.Images.ReadChangesAsync(taken.Image.Digest, below.Digest, cancellationToken) : AsyncEnumerable.Repeat(TarFrame.End, 1);
    }

    /// <summary>A Dockerfile and the files that it adds, as the tar that <c>docker build -</c> takes.</summary>
    public async Task<IAsyncEnumerable<ReadOnlyMemory<byte>>> BuildContextAsync(TakenSandbox sandbox, TakenImage taken, CancellationToken cancellationToken)
    {
        var below = RequireBase(taken);
        var difference = await runtime.Images.CompareAsync(taken.Image.Digest, below.Digest, cancellationToken);
        var text = System.Text.Encoding.UTF8.GetBytes(Dockerfile.Write(new DockerfilePlan
        {
            BaseName = TakenImage.BaseName(sandbox, below),
            Base = below,
            Image = taken.Image,
            Difference = difference,
        }));
        return WriteAsync();

        async IAsyncEnumerable<ReadOnlyMemory<byte>> WriteAsync()
        {
            // The changes are opened before the first piece goes out: from then on the images are in use.
            await using var changes = (difference.Entries > 0 ? runtime.Images.ReadChangesAsync(taken.Image.Digest, below.Digest, cancellationToken) : AsyncEnumerable.Empty<ReadOnlyMemory<byte>>())
                .GetAsyncEnumerator(cancellationToken);
            var more = await changes.MoveNextAsync();
            yield return TarFrame.Header("Dockerfile", text.Length);
            yield return text;
            yield return TarFrame.Padding(text.Length);
            if (more)
            {
                yield return TarFrame.Header(Dockerfile.Changes, difference.TarBytes);
                for (; more; more = await changes.MoveNextAsync())
                {
                    yield return changes.Current;
                }

                yield return TarFrame.Padding(difference.TarBytes);
            }

            yield return TarFrame.End;
        }
    }

    /// <summary>The whole image, as <c>docker load</c> takes it.</summary>
    public IAsyncEnumerable<ReadOnlyMemory<byte>> Image(TakenImage taken, CancellationToken cancellationToken) =>
        runtime.Images.ExportAsync(taken.Image.Digest, ArchiveKind.Docker, taken.Name, cancellationToken);

    /// <summary>The image below, under the name that the Dockerfile has for it.</summary>
    public IAsyncEnumerable<ReadOnlyMemory<byte>> Base(TakenSandbox sandbox, TakenImage taken, CancellationToken cancellationToken) =>
        runtime.Images.ExportAsync(RequireBase(taken).Digest, ArchiveKind.Docker, TakenImage.BaseName(sandbox, RequireBase(taken)), cancellationToken);

    /// <summary>The commands that load the image and run it with the sandbox's limits.</summary>
    public static string Commands(TakenSandbox sandbox, TakenImage taken) =>
        $"docker load -i playground.tar\n{DockerRun.Line(taken.Name, sandbox.Name, sandbox.Limits, new RecipeContent { Network = sandbox.Node.Network })}\n";

    private static StoredImage RequireBase(TakenImage taken) => taken.Base ?? throw new SandboxException(
        ErrorCode.Conflict, "The image of this playground is no longer on this server, so its changes are unknown. Export the whole image instead: as=image.");
}
