using System.Text.Json;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;

namespace Sandbox.Web.Registry;

/// <summary>
/// The blobs that a manifest of one image names: an OCI image manifest or Docker's schema 2. Only what is needed to find
/// them is read here; the daemon checks the rest.
/// </summary>
/// <param name="MediaType">Of the manifest.</param>
/// <param name="Blobs">Its configuration and layers, each once.</param>
internal sealed record PushedManifest(string MediaType, IReadOnlyList<ImageLayer> Blobs)
{
    /// <summary>The longest manifest that is read, as in the daemon.</summary>
    public const int MaxBytes = 1 << 20;

    /// <summary>The two forms of a manifest of one image.</summary>
    public const string OciType = "application/vnd.oci.image.manifest.v1+json";
    public const string DockerType = "application/vnd.docker.distribution.manifest.v2+json";
    private const int MaxBlobs = 256;

    /// <summary>Code: ImageInvalid.</summary>
    public static PushedManifest Read(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 16 });
            var root = document.RootElement;
            if (root.TryGetProperty("manifests", out _))
            {
                throw Invalid("it is an index of indexes");
            }

            List<ImageLayer> blobs = [Blob(root.GetProperty("config"))];
            foreach (var layer in root.GetProperty("layers").EnumerateArray())
            {
                blobs.Add(Blob(layer));
                if (blobs.Count > MaxBlobs)
                {
                    throw Invalid("it has too many layers");
                }
            }

            var type = root.TryGetProperty("mediaType", out var named) ? named.GetString() : null;
            var sizes = blobs.DistinctBy(blob => blob.Digest).ToList();
            return blobs.All(blob => sizes.Exists(other => other == blob))
                ? new PushedManifest(type ?? OciType, sizes)
                : throw Invalid("it names a blob with two sizes");
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new SandboxException(ErrorCode.ImageInvalid, "The manifest cannot be read: it is not an image manifest of schema 2.", fault);
        }
    }

    /// <summary>
    /// The image for linux/amd64 of an index, the only platform that starts here; null if a manifest is no index. Provenance that
    /// Docker adds has the platform unknown/unknown. Code: ImageInvalid.
    /// <code>{"schemaVersion": 2, "manifests": [{"digest": "sha256:…", "platform": {"os": "linux", "architecture": "amd64"}, …}, …]}</code>
    /// </summary>
    public static Digest? ImageOfIndex(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 16 });
            if (!document.RootElement.TryGetProperty("manifests", out var manifests))
            {
                return null;
            }

            foreach (var entry in manifests.EnumerateArray())
            {
                if (entry.TryGetProperty("platform", out var platform) && platform.GetProperty("os").ValueEquals("linux") && platform.GetProperty("architecture").ValueEquals("amd64"))
                {
                    return Digest.TryParse(entry.GetProperty("digest").GetString(), out var digest) ? digest : throw Invalid("its image for linux/amd64 has no digest of SHA-256");
                }
            }

            throw Invalid("it is an index without an image for linux/amd64, the only platform that starts here");
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new SandboxException(ErrorCode.ImageInvalid, "The manifest cannot be read: it is not an image manifest of schema 2.", fault);
        }
    }

    private static ImageLayer Blob(JsonElement descriptor) =>
        Digest.TryParse(descriptor.GetProperty("digest").GetString(), out var digest) && descriptor.GetProperty("size").GetInt64() is >= 0 and < 1L << 44 and var size
            ? new ImageLayer(digest, size)
            : throw Invalid("a blob of it has no digest of SHA-256, or no size");

    private static SandboxException Invalid(string why) => new(ErrorCode.ImageInvalid, $"The manifest cannot be kept: {why}.");
}
