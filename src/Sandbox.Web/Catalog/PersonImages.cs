using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Recipes;
using Sandbox.Web.Store;

namespace Sandbox.Web.Catalog;

/// <summary>The images that a person may start: those of the catalog, and those that they built. A name of the catalog wins.</summary>
internal sealed class PersonImages(ImageCatalog catalog, SqliteStore store)
{
    /// <summary>The tag that a name without one has.</summary>
    private const string Latest = ":latest";

    /// <summary>The image of each node of a recipe; one that is not built yet has no digest. Code: ImageNotFound.</summary>
    public async Task<IReadOnlyList<ResolvedImage>> ResolveAsync(PersonId? person, Recipe recipe, CancellationToken cancellationToken)
    {
        var images = new List<ResolvedImage>();
        foreach (var node in recipe.Nodes)
        {
            images.Add(node.NeedsBuild
                ? await FindBuiltAsync(person, node.Build!, cancellationToken) ?? new ResolvedImage(node.Build!.ImageName, null, Interactive: true)
                : await FindOwnAsync(person, node.Image, cancellationToken) ?? catalog.Resolve(node.Image));
        }

        return images;
    }

    /// <summary>An image by name or digest; null if the person may start no such image.</summary>
    public async Task<ResolvedImage?> FindAsync(PersonId? person, string image, CancellationToken cancellationToken)
    {
        if (await FindOwnAsync(person, image, cancellationToken) is { } own)
        {
            return own;
        }

        try
        {
            return catalog.Resolve(image);
        }
        catch (SandboxException fault) when (fault.Code == ErrorCode.ImageNotFound)
        {
            return null;
        }
    }

    /// <summary>The image that a person built of a recipe's Dockerfile; null if there is none, or its source moves.</summary>
    public async Task<ResolvedImage?> FindBuiltAsync(PersonId? person, RecipeBuild build, CancellationToken cancellationToken) =>
        build.IsPinned ? await FindOwnAsync(person, build.ImageName, cancellationToken) : null;

    /// <summary>The layers for which a person's images are charged, of those among some images.</summary>
    public async Task<IReadOnlyList<ImageLayer>> LayersAsync(PersonId? person, IReadOnlyList<ResolvedImage> images, CancellationToken cancellationToken)
    {
        if (person is not { } owner)
        {
            return [];
        }

        var digests = images.Where(image => image.Digest is not null).Select(image => image.Digest!.Value.Value).ToList();
        var rows = await store.ReadAsync(db => db.OwnImages.Where(row => row.OwnerId == owner.Value && digests.Contains(row.Digest))
            .SelectMany(row => row.Layers).Select(layer => new { layer.Digest, layer.Size }).Distinct().ToListAsync(cancellationToken));
        return [.. rows.Select(row => new ImageLayer(Digest.Parse(row.Digest), row.Size))];
    }

    /// <summary>A name as it is stored: the tag <c>latest</c> is left out.</summary>
    public static string Plain(string name) => name.EndsWith(Latest, StringComparison.Ordinal) ? name[..^Latest.Length] : name;

    private async Task<ResolvedImage?> FindOwnAsync(PersonId? person, string image, CancellationToken cancellationToken)
    {
        // Most launches are of the catalog, and ask the store nothing.
        if (person is not { } owner || catalog.Knows(image))
        {
            return null;
        }

        var name = Plain(image);
        var row = await store.ReadAsync(db => db.OwnImages.AsNoTracking()
            .Where(row => row.OwnerId == owner.Value && (row.Name == name || row.Digest == image)).OrderBy(row => row.Name).FirstOrDefaultAsync(cancellationToken));
        return row is null ? null : new ResolvedImage(row.Name, Digest.Parse(row.Digest), row.Interactive);
    }
}
