using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sandbox.Web.LinkArchives;

/// <summary>
/// A link as an OCI artifact: one manifest whose config is the recipe's canonical bytes, so that the digest of the config
/// is the link's hash, and whose layers are a note about it and every blob of its images. The types of the blobs are our own:
/// a tool that copies images then leaves their compression as it is, and with it every digest.
/// https://github.com/opencontainers/image-spec/blob/main/manifest.md#guidelines-for-artifact-usage
/// <code>
/// {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.sandbox.link.v1",
///  "config":{"mediaType":"application/vnd.sandbox.recipe.v1+json","digest":"sha256:LINK","size":812},
///  "layers":[{"mediaType":"application/vnd.sandbox.note.v1+json",…},{"mediaType":"application/vnd.sandbox.blob.v1",…}]}
/// </code>
/// </summary>
internal static class LockArchive
{
    public const string ManifestType = "application/vnd.oci.image.manifest.v1+json";
    public const string IndexType = "application/vnd.oci.image.index.v1+json";
    public const string ArtifactType = "application/vnd.sandbox.link.v1";
    public const string RecipeType = "application/vnd.sandbox.recipe.v1+json";
    public const string NoteType = "application/vnd.sandbox.note.v1+json";
    public const string BlobType = "application/vnd.sandbox.blob.v1";

    public const string IndexName = "index.json";
    public const string BlobPrefix = "blobs/sha256/";

    /// <summary>The most bytes of a manifest, an index or a note.</summary>
    public const int MostDocument = 1024 * 1024;

    /// <summary>The most bytes of a recipe.</summary>
    public const int MostRecipe = 4 * 1024 * 1024;

    /// <summary>Documents of others have members that we do not know.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web) { MaxDepth = 16, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };
}

/// <summary>A blob that a document names.</summary>
internal sealed record BlobDescriptor(string MediaType, string Digest, long Size)
{
    public string? ArtifactType { get; init; }

    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}

/// <summary>An index of a layout.</summary>
internal sealed record BlobIndex(int SchemaVersion, string? MediaType, IReadOnlyList<BlobDescriptor>? Manifests);

/// <summary>A manifest of an image or an artifact.</summary>
internal sealed record BlobManifest(int SchemaVersion, string? MediaType, string? ArtifactType, BlobDescriptor? Config, IReadOnlyList<BlobDescriptor>? Layers);

/// <summary>The note that travels beside a link's recipe. It is no part of the hash.</summary>
/// <param name="Title">For people.</param>
/// <param name="Architecture">The author's processor.</param>
/// <param name="Kernel">The author's kernel.</param>
/// <param name="Isolation">The isolation class that it was run with.</param>
/// <param name="Images">The name of each node's image.</param>
internal sealed record LockNote(string Title, string Architecture, string Kernel, string Isolation, IReadOnlyList<string> Images);
