using System.Text;
using Microsoft.Data.Sqlite;
using Sandbox.Core.Recipes;

namespace Sandbox.Web.Store;

/// <summary>SQL functions for migrations that rewrite recipes, because SQLite has no SHA-256.</summary>
internal static class RecipeFunctions
{
    public static void AddTo(SqliteConnection connection)
    {
        connection.CreateFunction("recipe_content", (string json) => RecipeJson.Write(Read(json)), isDeterministic: true);
        connection.CreateFunction("recipe_hash", (string json) => RecipeHash.Of(Read(json)).Value, isDeterministic: true);
    }

    private static Recipe Read(string json) => RecipeJson.Read(Encoding.UTF8.GetBytes(json));
}
