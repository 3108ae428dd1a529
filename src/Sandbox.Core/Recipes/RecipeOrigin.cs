using System.Security.Cryptography;
using System.Text;

namespace Sandbox.Core.Recipes;

/// <summary>
/// Keeps the volumes of a person apart from those that the recipes of others name. A recipe of somebody else runs commands of
/// theirs; one that names the volume <c>data</c> must not find the visitor's own <c>data</c>, so it gets <c>data.ORIGIN</c>.
/// </summary>
public static class RecipeOrigin
{
    /// <summary>The origin of tutorials that start from no link.</summary>
    public const string Tutorial = "tutorial";

    private const int Length = 8;

    /// <summary>A short name of a source: the same for the same text.</summary>
    public static string Of(string source) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(source)))[..Length];

    /// <summary>The recipe with the volumes of an origin.</summary>
    public static Recipe From(this Recipe recipe, string origin) => recipe.Nodes.All(node => node.Volumes.Count == 0)
        ? recipe
        : recipe with { Nodes = [.. recipe.Nodes.Select(node => node with { Volumes = [.. node.Volumes.Select(volume => volume with { Name = $"{volume.Name.Split('.')[0]}.{origin}" })] })] };
}
