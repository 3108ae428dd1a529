using System.Text.Json;

namespace Sandbox.Web.Catalog;

/// <summary>An entry of the catalog's first start.</summary>
/// <param name="Name">What recipes call it.</param>
/// <param name="Title">For people; null is the name.</param>
/// <param name="Description">One sentence.</param>
/// <param name="Recipe">The directory in <c>infra/images</c>; null is the name.</param>
internal sealed record CatalogSeed(string Name, string? Title, string? Description, string? Recipe)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { ReadCommentHandling = JsonCommentHandling.Skip };

    /// <summary>Reads <c>[{"name":"debian","title":"Debian 12","description":"…","recipe":"debian"}]</c>. No file is no entry.</summary>
    public static IReadOnlyList<CatalogSeed> Read(string file)
    {
        if (file.Length == 0 || !File.Exists(file))
        {
            return [];
        }

        using var content = File.OpenRead(file);
        var seeds = JsonSerializer.Deserialize<List<CatalogSeed>>(content, Json) ?? [];
        return seeds.All(seed => !string.IsNullOrEmpty(seed.Name)) ? seeds : throw new JsonException("an entry has no name");
    }
}
