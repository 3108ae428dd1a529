using Sandbox.Recipes.Documents;

namespace Sandbox.Web.Http;

/// <summary>JSON Schemas of what people write, for their editors: <c># yaml-language-server: $schema=https://…/schemas/recipe.json</c>.</summary>
internal static class Schemas
{
    public static void MapSchemas(this WebApplication app) => app.MapGet("/schemas/recipe.json", (HttpResponse response) =>
    {
        // Editors on the web ask from other origins.
        response.Headers.AccessControlAllowOrigin = "*";
        response.Headers.CacheControl = "public, max-age=3600";
        return Results.Content(RecipeDocument.Schema, "application/schema+json");
    }).ExcludeFromDescription();
}
