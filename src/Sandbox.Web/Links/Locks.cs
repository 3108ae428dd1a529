using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Recipes;
using Sandbox.Web.Catalog;
using Sandbox.Web.Store;

namespace Sandbox.Web.Links;

/// <summary>A lock that is not stored yet.</summary>
/// <param name="Recipe">The recipe, every image a digest or a build that never moves.</param>
/// <param name="Images">The image of each node.</param>
/// <param name="Layers">The layers of all images.</param>
/// <param name="Surroundings">Where its author ran it.</param>
internal sealed record LockDraft(Recipe Recipe, IReadOnlyList<ResolvedImage> Images, IReadOnlyList<ImageLayer> Layers, Surroundings Surroundings);

/// <summary>Makes locks of recipes, and stores them.</summary>
internal sealed class Locks(PersonImages images, OwnSurroundings surroundings, IsolationChoice isolation, TimeProvider time)
{
    /// <summary>Pins every image of a recipe, which may be the person's own. Codes: ImageNotFound, Conflict (an image is still being made), Invalid.</summary>
    public async Task<LockDraft> PinAsync(PersonId? person, Recipe recipe, CancellationToken cancellationToken)
    {
        if (recipe.Nodes.SelectMany(node => node.Repositories).FirstOrDefault(repository => !IsCommit(repository.Ref)) is { } floating)
        {
            throw new SandboxException(ErrorCode.Invalid, $"repositories: {floating.Url} needs a ref that never moves: a commit of 40 or 64 hexadecimal digits. Or start it once, and make a link of its state.");
        }

        if (recipe.Nodes.FirstOrDefault(node => node is { NeedsBuild: true, Build.IsPinned: false }) is { } moving)
        {
            throw new SandboxException(ErrorCode.Invalid, $"build: {moving.Build!.Url} needs a ref that never moves: a commit of 40 or 64 hexadecimal digits. Or start it once, and make a link of its state.");
        }

        var resolved = await images.ResolveAsync(person, recipe, cancellationToken);
        if (resolved.Where((image, at) => image.Digest is null && !recipe.Nodes[at].NeedsBuild).FirstOrDefault() is { } missing)
        {
            throw new SandboxException(ErrorCode.Conflict, $"The image {missing.Name} is still being made. Try again when the catalog shows it as ready.");
        }

        var pinned = recipe with { Nodes = [.. recipe.Nodes.Zip(resolved, (node, image) => node with { Image = image.Digest?.Value ?? "" })] };
        return new LockDraft(pinned, resolved, await images.LayersAsync(person, resolved, cancellationToken), await surroundings.OfAsync(isolation.Of(recipe.Nodes[0], resolved[0].Name), cancellationToken));
    }

    /// <summary>Stores a lock, unless it is there, and returns its hash. Part of the caller's transaction.</summary>
    public async Task<RecipeHash> KeepAsync(SandboxDb db, LockDraft draft)
    {
        var hash = await RecipeRow.KeepAsync(db, draft.Recipe);
        if (!await db.Locks.AnyAsync(row => row.Hash == hash))
        {
            var layers = await PersonalAsync(db, draft.Layers);
            db.Locks.Add(new LockRow
            {
                Hash = hash,
                CreatedAt = time.GetUtcNow(),
                Architecture = draft.Surroundings.Architecture,
                Kernel = draft.Surroundings.Kernel,
                Isolation = draft.Surroundings.Isolation,
                Images = [.. draft.Images.Select((image, node) => new LockImageRow { Hash = hash, Node = node, Digest = image.Digest?.Value ?? "", Name = image.Name, Interactive = image.Interactive })],
                Layers = [.. layers.Select(layer => new LockLayerRow { Hash = hash, Digest = layer.Digest.Value, Size = layer.Size })],
            });
            await db.SaveChangesAsync();
        }

        return RecipeHash.TryParse(hash, out var parsed) ? parsed : throw new InvalidOperationException("a stored hash is none");
    }

    /// <summary>Whether a ref is a commit, which never moves.</summary>
    public static bool IsCommit(string? text) => text is { Length: 40 or 64 } && text.All(char.IsAsciiHexDigitLower);

    /// <summary>The layers that no image of the catalog ever had: the keeper of a link or an image pays for these. Part of the caller's transaction.</summary>
    public static async Task<IReadOnlyList<ImageLayer>> PersonalAsync(SandboxDb db, IReadOnlyList<ImageLayer> layers)
    {
        if (layers.Count == 0)
        {
            return [];
        }

        var offered = (await db.CatalogDigests.Select(row => row.Layers).ToListAsync()).SelectMany(list => list.Split(' ')).ToHashSet(StringComparer.Ordinal);
        return [.. layers.DistinctBy(layer => layer.Digest).Where(layer => !offered.Contains(layer.Digest.Value))];
    }
}
