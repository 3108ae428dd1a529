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
                throw Invalid("it is an index of several images. Push the image of one platform: docker buildx build --platform linux/amd64 --provenance=false, or skopeo copy without --all");
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

    private static ImageLayer Blob(JsonElement descriptor) =>
        Digest.TryParse(descriptor.GetProperty("digest").GetString(), out var digest) && descriptor.GetProperty("size").GetInt64() is >= 0 and < 1L << 44 and var size
            ? new ImageLayer(digest, size)
            : throw Invalid("a blob of it has no digest of SHA-256, or no size");

    private static SandboxException Invalid(string why) => new(ErrorCode.ImageInvalid, $"The manifest cannot be kept: {why}.");
}
