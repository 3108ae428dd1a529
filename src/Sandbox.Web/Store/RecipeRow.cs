namespace Sandbox.Web.Store;

/// <summary>A recipe that live playgrounds were started from. Playgrounds of equal recipes share one row.</summary>
internal sealed class RecipeRow
{
    /// <summary>The SHA-256 of <see cref="Content"/>, see <see cref="Core.Recipes.RecipeHash"/>.</summary>
    public required string Hash { get; init; }

    /// <summary>The canonical bytes, see <see cref="Core.Recipes.RecipeJson"/>.</summary>
    public required byte[] Content { get; init; }
}
