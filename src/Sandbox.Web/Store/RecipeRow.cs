using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Recipes;

namespace Sandbox.Web.Store;

/// <summary>A recipe that live playgrounds were started from, or that is a lock. Equal recipes share one row.</summary>
internal sealed class RecipeRow
{
    /// <summary>The SHA-256 of <see cref="Content"/>, see <see cref="Core.Recipes.RecipeHash"/>.</summary>
    public required string Hash { get; init; }

    /// <summary>The canonical bytes, see <see cref="Core.Recipes.RecipeJson"/>.</summary>
    public required byte[] Content { get; init; }

    /// <summary>Stores a recipe, unless it is there, and returns its hash. Part of the caller's transaction.</summary>
    public static async Task<string> KeepAsync(SandboxDb db, Recipe recipe)
    {
        var content = RecipeJson.Write(recipe);
        var hash = RecipeHash.Of(content).Value;
        await db.Database.ExecuteSqlAsync($"INSERT INTO Recipes (Hash, Content) VALUES ({hash}, {content}) ON CONFLICT DO NOTHING");
        return hash;
    }

    /// <summary>Deletes the recipes that nothing refers to: each is up to two megabytes of anybody's bytes. Part of the caller's transaction.</summary>
    public static Task<int> DropAsync(SandboxDb db) => db.Recipes
        .Where(recipe => !db.Playgrounds.Any(row => row.RecipeHash == recipe.Hash) && !db.Locks.Any(row => row.Hash == recipe.Hash))
        .ExecuteDeleteAsync();
}
