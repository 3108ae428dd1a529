using System.Text.Json.Serialization;
using Sandbox.Core.Networks;

namespace Sandbox.Core.Recipes;

/// <summary>
/// The fields of a recipe's node that go to the runtime as they are: <see cref="RecipeNode"/> and
/// <c>SandboxSpec</c> are both such a content, and it is one message on the wire. A new field is added
/// here, in <see cref="RecipeRules"/>, in the proto and its map, where the adapter uses it, and in the reader and schema of
/// documents (<c>RecipeFields</c>, <c>recipe.schema.json</c>).
/// </summary>
public record RecipeContent
{
    /// <summary>Variables set over the image's own.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Where commands and terminals start; null is the image's own.</summary>
    public string? Workdir { get; init; }

    /// <summary>Who commands and terminals run as; null is the image's own.</summary>
    public string? User { get; init; }

    /// <summary>Files written before anything runs.</summary>
    public IReadOnlyList<RecipeFile> Files { get; init; } = [];

    /// <summary>What the sandbox's network reaches, see <see cref="NetworkPolicy"/>.</summary>
    public string Network { get; init; } = NetworkPolicy.Egress;

    /// <summary>The only domains that the network reaches; empty is all of the internet. See <see cref="DomainRules"/>.</summary>
    public IReadOnlyList<string> Domains { get; init; } = [];

    /// <summary>The two together.</summary>
    [JsonIgnore]
    public NetworkPolicy Policy => new(Network, Domains);

    /// <summary>The isolation class, one of <c>RuntimeCapabilities.IsolationClasses</c>; null is the runtime's default.</summary>
    public string? Isolation { get; init; }
}
