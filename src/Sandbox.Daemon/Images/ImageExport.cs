using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;

namespace Sandbox.Daemon.Images;

/// <summary>
/// Writes an image of the store as one tar: an OCI image layout, or the form of <c>docker save</c>. Both hold the
/// store's own blobs, so that a reader gets the same digests; the same image gives the same bytes.
/// https://github.com/opencontainers/image-spec/blob/main/image-layout.md and
/// https://docs.docker.com/reference/api/engine/version/v1.47/#tag/Image/operation/ImageGet
/// </summary>
internal sealed class ImageExport(ImageStore images)
{
    private const int ChunkLength = 64 * 1024;

    /// <summary>The archive, in pieces. The image is held until the last one. Codes: ImageNotFound, Invalid (the name).</summary>
    /// <param name="digest">The image.</param>
    /// <param name="form">Which of the two.</param>
    /// <param name="name">The name it gets when it is loaded, as <c>name:tag</c>; null is no name.</param>
    /// <param name="cancellationToken">Ends the export.</param>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> RunAsync(Digest digest, ArchiveKind form, string? name, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (name is not null && !ImageNames.IsValid(name))
        {
            throw new SandboxException(ErrorCode.Invalid, $"'{ImageManifest.Shown(name)}' is no name of an image with a tag, as playground:latest.");
        }

        using var held = images.Acquire(digest);
        var manifest = ImageManifest.Read(images.Files.ReadBlob(digest));
        using var headers = new MemoryStream();
        var tar = new TarWriting(headers);
        var chunk = new byte[ChunkLength];
        foreach (var (path, source) in form == ArchiveKind.Oci ? Layout(manifest, name) : Save(manifest, name))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (source.Bytes is { } bytes)
            {
                tar.WriteFile(path, bytes);
                yield return Take(headers);
                continue;
            }

            await using var file = Open(source.File!, form, out var length);
            tar.Write(TarWriting.File(path, length));
            yield return Take(headers);
            for (int read; (read = await file.ReadAsync(chunk, cancellationToken)) > 0;)
            {
                yield return chunk.AsSpan(0, read).ToArray();
            }
        }

        tar.Finish();
        yield return Take(headers);
    }

    private static ReadOnlyMemory<byte> Take(MemoryStream headers)
    {
        var bytes = headers.ToArray();
        headers.SetLength(0);
        return bytes;
    }

    // Docker 20 knows gzip in such an archive, but no zstd: of that it gets the plain tar.
    private static Stream Open(string path, ArchiveKind form, out long length)
    {
        length = new FileInfo(path).Length;
        if (form == ArchiveKind.Docker)
        {
            using (var start = File.OpenHandle(path))
            {
                Span<byte> magic = stackalloc byte[4];
                if (RandomAccess.Read(start, magic, 0) < 4 || !magic.SequenceEqual((ReadOnlySpan<byte>)[0x28, 0xb5, 0x2f, 0xfd]))
                {
                    return OpenFile(path);
                }
            }

            using var counted = Decompression.Open(OpenFile(path));
            var buffer = new byte[ChunkLength];
            length = 0;
            for (int read; (read = counted.Read(buffer)) > 0; length += read)
            {
            }

            return Decompression.Open(OpenFile(path));
        }

        return OpenFile(path);
    }

    private static FileStream OpenFile(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.Read, ChunkLength);

    private IEnumerable<(string Path, Content Content)> Layout(ImageManifest manifest, string? name)
    {
        yield return ("oci-layout", new Content("""{"imageLayoutVersion":"1.0.0"}"""u8.ToArray(), null));
        var entry = new JsonObject { ["mediaType"] = manifest.Self.MediaType, ["digest"] = manifest.Self.Digest.Value, ["size"] = manifest.Self.Size };
        if (name is not null)
        {
            // The name for containerd and Docker, and the tag alone, which is the layout's own key.
            entry["annotations"] = new JsonObject { ["io.containerd.image.name"] = "docker.io/library/" + name, ["org.opencontainers.image.ref.name"] = name[(name.LastIndexOf(':') + 1)..] };
        }

        var index = new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = "application/vnd.oci.image.index.v1+json", ["manifests"] = new JsonArray(entry) };
        yield return ("index.json", new Content(Encoding.UTF8.GetBytes(index.ToJsonString()), null));
        foreach (var blob in manifest.Layers.Append(manifest.Config).Append(manifest.Self).DistinctBy(blob => blob.Digest).OrderBy(blob => blob.Digest.Hex, StringComparer.Ordinal))
        {
            yield return ($"blobs/sha256/{blob.Digest.Hex}", new Content(null, images.Files.Blob(blob.Digest)));
        }
    }

    private IEnumerable<(string Path, Content Content)> Save(ImageManifest manifest, string? name)
    {
        var image = new JsonObject
        {
            ["Config"] = manifest.Config.Digest.Hex + ".json",
            ["RepoTags"] = name is null ? null : new JsonArray(name),
            ["Layers"] = new JsonArray([.. manifest.Layers.Select(layer => JsonValue.Create(layer.Digest.Hex + "/layer.tar"))]),
        };
        yield return ("manifest.json", new Content(Encoding.UTF8.GetBytes(new JsonArray(image).ToJsonString()), null));
        yield return (manifest.Config.Digest.Hex + ".json", new Content(null, images.Files.Blob(manifest.Config.Digest)));
        foreach (var layer in manifest.Layers.DistinctBy(layer => layer.Digest))
        {
            yield return (layer.Digest.Hex + "/layer.tar", new Content(null, images.Files.Blob(layer.Digest)));
        }
    }

    /// <summary>The content of a file of the archive: bytes, or a file of the store.</summary>
    private readonly record struct Content(byte[]? Bytes, string? File);
}
