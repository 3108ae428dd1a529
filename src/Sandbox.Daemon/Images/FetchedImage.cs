using Sandbox.Core.Images;

namespace Sandbox.Daemon.Images;

/// <summary>A manifest, and blobs by digest, as a source left them in a directory. Nothing of it is verified yet.</summary>
internal sealed class FetchedImage
{
    private const int MaxNesting = 4;
    private readonly string _blobs;

    private FetchedImage(byte[] manifest, string blobs) => (Manifest, _blobs) = (manifest, blobs);

    public byte[] Manifest { get; }

    /// <summary>Whether this daemon wrote the blobs itself, under the digests of what it wrote: they are moved, not copied and verified.</summary>
    public bool IsOwn { get; private init; }

    /// <summary>The isolation class that the operator's recipe asks for, or that of the image below; null from anywhere else.</summary>
    public string? Isolation { get; init; }

    public string Blob(Digest digest) => Path.Combine(_blobs, digest.Hex);

    /// <summary>From an OCI image layout: its only image, or the one for linux/amd64.</summary>
    public static FetchedImage FromLayout(string directory, string? isolation = null)
    {
        var blobs = Path.Combine(directory, "blobs", "sha256");
        var document = ReadDocument(Path.Combine(directory, "index.json"), "it has no index.json");
        for (var depth = 0; depth < MaxNesting; depth++)
        {
            if (ImageManifest.Choose(document) is not { } chosen)
            {
                return depth > 0 ? new FetchedImage(document, blobs) { Isolation = isolation } : throw ImageManifest.Invalid("its index.json is no index");
            }

            document = ReadDocument(Path.Combine(blobs, chosen.Digest.Hex), $"{chosen.Digest.Value} is missing");
            if (ImageManifest.DigestOf(document) != chosen.Digest)
            {
                throw ImageManifest.Invalid($"the content of {chosen.Digest.Value} does not have that digest");
            }
        }

        throw ImageManifest.Invalid("its indexes are nested too deep");
    }

    /// <summary>From skopeo's <c>dir:</c>, which keeps a manifest as the registry has it.</summary>
    public static FetchedImage FromSkopeo(string directory) =>
        new(ReadDocument(Path.Combine(directory, "manifest.json"), "it has no manifest"), directory);

    /// <summary>From blobs that this daemon wrote.</summary>
    public static FetchedImage FromOwn(byte[] manifest, string blobs, string? isolation) => new(manifest, blobs) { IsOwn = true, Isolation = isolation };

    private static byte[] ReadDocument(string path, string missing)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            throw ImageManifest.Invalid(missing);
        }

        return file.Length <= ImageManifest.MaxDocumentBytes ? File.ReadAllBytes(path) : throw ImageManifest.Invalid("its manifest is larger than 1 MiB");
    }
}
