using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Web.Catalog;
using Sandbox.Web.Links;
using Sandbox.Web.Store;

namespace Sandbox.Web.LinkArchives;

/// <summary>How an imported link is kept.</summary>
internal sealed record ImportOrder(string? Title, LinkAccess Access, LinkBudgetChange? Budget = null);

/// <summary>
/// Takes in links that another server wrote. Nothing of an archive is kept unless all of it is good: the images that came
/// with one that is refused are held by nothing, and the collection takes them away.
/// </summary>
internal sealed class LinkImports(ArchiveUploads uploads, ISandboxRuntime runtime, ImageUse use, OwnedLinks links, LinkList list)
{
    /// <summary>Imports an archive. Codes: ImageInvalid, TooLarge, DiskFull, Quota.</summary>
    public async Task<RecipeHash> ImportAsync(PersonId owner, IAsyncEnumerable<ReadOnlyMemory<byte>> content, ImportOrder order, CancellationToken cancellationToken)
    {
        var upload = await uploads.KeepAsync(content, cancellationToken);
        try
        {
            await using var file = uploads.Open(upload);
            var archive = await LockArchiveFile.OpenAsync(file, cancellationToken);
            return await ImportAsync(owner, archive, order, cancellationToken);
        }
        finally
        {
            uploads.Drop(upload);
        }
    }

    private async Task<RecipeHash> ImportAsync(PersonId owner, LockArchiveFile archive, ImportOrder order, CancellationToken cancellationToken)
    {
        var isKept = false;
        using var storing = await use.StoringAsync(cancellationToken);
        try
        {
            var stored = (await runtime.Images.ListAsync(cancellationToken)).ToDictionary(image => image.Digest);
            var wanted = archive.Recipe.Nodes.Select(node => Digest.Parse(node.Image)).ToList();
            var missing = new List<(Digest Image, IReadOnlyList<BlobDescriptor> Blobs)>();
            foreach (var image in wanted.Distinct().Where(image => !stored.ContainsKey(image)))
            {
                missing.Add((image, await archive.BlobsOfAsync(image, cancellationToken)));
            }

            await CheckRoomAsync(owner, missing.SelectMany(each => each.Blobs.Skip(2)), stored.Values);
            foreach (var (image, blobs) in missing)
            {
                stored[image] = await AddAsync(image, archive.WriteImageAsync(blobs), cancellationToken);
            }

            var note = archive.Note;
            var images = wanted.Select((image, node) => new ResolvedImage(Name(note.Images[node]), image, stored[image].Config.IsInteractive)).ToList();
            var draft = new LockDraft(archive.Recipe, images, [.. wanted.Distinct().SelectMany(image => stored[image].Layers)], new Surroundings(note.Architecture, note.Kernel, note.Isolation));
            var hash = await links.KeepAsync(owner, draft, order.Title ?? Title(note.Title), order.Access, isAutomatic: false, order.Budget);
            isKept = true;
            return hash;
        }
        finally
        {
            storing.Dispose();
            if (!isKept)
            {
                _ = use.TryCollectAsync();
            }
        }
    }

    /// <summary>Refuses what the plan could not keep, before it is unpacked. The keeping itself counts exactly.</summary>
    private async Task CheckRoomAsync(PersonId owner, IEnumerable<BlobDescriptor> layers, IEnumerable<StoredImage> stored)
    {
        var here = stored.SelectMany(image => image.Layers).Select(layer => layer.Digest.Value).ToHashSet(StringComparer.Ordinal);
        var bytes = layers.DistinctBy(layer => layer.Digest, StringComparer.Ordinal).Where(layer => !here.Contains(layer.Digest)).Sum(layer => Math.Clamp(layer.Size, 0, 1L << 50));
        var most = (await list.PlanAsync(owner)).StorageBytes;
        if (bytes > most)
        {
            throw new SandboxException(ErrorCode.Quota, $"The archive has {bytes >> 20} MiB that are not on this server yet; your links may keep {most >> 20} MiB.");
        }
    }

    private async Task<StoredImage> AddAsync(Digest image, IAsyncEnumerable<ReadOnlyMemory<byte>> archive, CancellationToken cancellationToken)
    {
        StoredImage? added = null;
        await foreach (var progress in runtime.Images.AddAsync(new ImageSource.Archive(ArchiveKind.Oci, archive), cancellationToken))
        {
            added = progress.Image ?? added;
        }

        return added?.Digest == image ? added : throw new SandboxException(ErrorCode.ImageInvalid, $"The archive's image {image.Value} became another one here.");
    }

    private static string Title(string title)
    {
        var mistakes = new List<string>();
        OwnedLinks.CheckTitle(title, mistakes);
        return mistakes.Count == 0 ? title.Trim() : "A link from another server";
    }

    /// <summary>The name is shown only; the digest decides.</summary>
    private static string Name(string name) =>
        name is { Length: > 0 and <= 64 } && name.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '-' or '.') ? name : "image";
}
