using System.Collections;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Sandbox.Core.Networks;

namespace Sandbox.Core.Recipes;

/// <summary>
/// The JSON of recipes. Reading is strict, because recipes come from anybody. Writing is canonical, because a recipe is
/// addressed by the hash of its bytes: sorted members, no defaults, UTF-8, see <see cref="CanonicalJson"/>.
/// <code>{"nodes":[{"files":[{"path":"/root/hi","text":"hello\n"}],"image":"debian","setup":[["chmod","600","/root/hi"]]}]}</code>
/// </summary>
public static class RecipeJson
{
    /// <summary>The only version of the format so far. It is the default, so canonical bytes do not contain it.</summary>
    public const int Version = 1;

    /// <summary>Options for every JSON document that contains a recipe.</summary>
    public static JsonSerializerOptions Options { get; } = Create();

    /// <summary>The canonical bytes. Equal recipes have equal bytes.</summary>
    public static byte[] Write(Recipe recipe)
    {
        using var document = JsonSerializer.SerializeToDocument(recipe, Options);
        return CanonicalJson.Write(document.RootElement);
    }

    /// <summary>Reads a recipe.</summary>
    /// <exception cref="JsonException">The bytes are no recipe.</exception>
    public static Recipe Read(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize<Recipe>(json, Options) ?? throw new JsonException("a recipe is an object");

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            MaxDepth = 16,
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            AllowDuplicateProperties = false,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { OmitDefaults } },
        };
        options.MakeReadOnly();
        return options;
    }

    /// <summary>Null, false and empty are defaults everywhere; a node's name, image and network, the version and a parameter's type have one of their own.</summary>
    private static void OmitDefaults(JsonTypeInfo type)
    {
        if (type.Type.Namespace != typeof(Recipe).Namespace)
        {
            return;
        }

        foreach (var property in type.Properties)
        {
            property.ShouldSerialize = (_, value) => value switch
            {
                null or false or RecipeParameterType.Text or ICollection { Count: 0 } => false,
                "" => type.Type != typeof(RecipeNode) || property.Name != "image",
                RecipeNode.DefaultName => type.Type != typeof(RecipeNode) || property.Name != "name",
                NetworkPolicy.Egress => type.Type != typeof(RecipeNode) || property.Name != "network",
                Version => type.Type != typeof(Recipe) || property.Name != "version",
                _ => true,
            };
        }
    }
}
