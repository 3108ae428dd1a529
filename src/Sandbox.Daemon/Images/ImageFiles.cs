using System.Text.Json;
using Sandbox.Core.Errors;
using Sandbox.Core.Ids;
using Sandbox.Core.Images;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Images;

/// <summary>
/// Where the store is on disk: an OCI image layout in <c>images</c>, the unpacked layers by diff id in <c>layers</c>,
/// and <c>incoming</c>, where everything is made before it is renamed into place. The first two contain only complete
/// files.
/// https://github.com/opencontainers/image-spec/blob/main/image-layout.md
/// </summary>
internal sealed class ImageFiles(string dataDirectory, Tool tool)
{
    /// <summary>On a manifest in the index: the isolation class of the image's sandboxes. Read from our own index only.</summary>
    private const string IsolationAnnotation = "sandbox.isolation";

    private string Images => Path.Combine(dataDirectory, "images");

    private string Blobs => Path.Combine(Images, "blobs", "sha256");

    private string Layers => Path.Combine(dataDirectory, "layers");

    private string Incoming => Path.Combine(dataDirectory, "incoming");

    private string Index => Path.Combine(Images, "index.json");

    public string Blob(Digest digest) => Path.Combine(Blobs, digest.Hex);

    /// <summary>The unpacked layer of a diff id.</summary>
    public string Layer(Digest diffId) => Path.Combine(Layers, diffId.Hex);

    /// <summary>A layer that this daemon made for one image; the image does not list it.</summary>
    public string Layer(string name) => Path.Combine(Layers, name);

    /// <summary>Makes the directories, for root alone, and removes unfinished work of an earlier daemon.</summary>
    public async Task OpenAsync()
    {
        foreach (var path in (ReadOnlySpan<string>)[dataDirectory, Images, Path.Combine(Images, "blobs"), Blobs, Layers, Incoming])
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        File.SetUnixFileMode(Layers, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var left in Directory.GetDirectories(Incoming))
        {
            Mounting.Unmount(ExtraCertificates.MountPoint(left));
            foreach (var mount in LowerView.MountPoints(left))
            {
                Mounting.Unmount(mount);
            }

            await RemoveAsync(left);
        }

        await File.WriteAllTextAsync(Path.Combine(Images, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""");
    }

    /// <summary>An empty directory on the same file system, for work that may fail.</summary>
    public string MakeIncoming()
    {
        var path = Path.Combine(Incoming, IdText.Random());
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    /// <summary>Removes a tree whose names may be any bytes.</summary>
    public async Task RemoveAsync(string path, CancellationToken cancellationToken = default) =>
        await tool.RunOrThrowAsync("rm", ["-rf", "--one-file-system", "--", path], cancellationToken: cancellationToken);

    /// <summary>Flushes everything below to the disk: after a power cut, no rename may be there without its content.</summary>
    public async Task SyncAsync() => await tool.RunOrThrowAsync("sync", ["-f", Incoming]);

    /// <summary>The manifests in the index; none when there is no index yet.</summary>
    public IReadOnlyList<(Descriptor Manifest, string? Isolation)> ReadIndex()
    {
        if (!File.Exists(Index))
        {
            return [];
        }

        var index = JsonSerializer.Deserialize(File.ReadAllBytes(Index), OciJson.Default.OciManifest);
        return [.. (index?.Manifests ?? []).OfType<OciDescriptor>()
            .Select(entry => (new Descriptor(entry.MediaType ?? "", Digest.Parse(entry.Digest ?? ""), entry.Size), entry.Annotations?.GetValueOrDefault(IsolationAnnotation)))];
    }

    /// <summary>Replaces the index: from here on the store holds just these images.</summary>
    public void WriteIndex(IEnumerable<ImageEntry> images)
    {
        var index = new OciManifest
        {
            SchemaVersion = 2,
            Manifests = [.. images.Select(Describe)],
        };
        var fresh = Index + ".new";
        using (var file = new FileStream(fresh, FileMode.Create, FileAccess.Write))
        {
            JsonSerializer.Serialize(file, index, OciJson.Default.OciManifest);
            file.Flush(flushToDisk: true);
        }

        File.Move(fresh, Index, overwrite: true);
    }

    private static OciDescriptor Describe(ImageEntry image) => new()
    {
        MediaType = image.Manifest.Self.MediaType,
        Digest = image.Manifest.Self.Digest.Value,
        Size = image.Manifest.Self.Size,
        Annotations = image.Image.Isolation is { } isolation ? new Dictionary<string, string>(StringComparer.Ordinal) { [IsolationAnnotation] = isolation } : null,
    };

    /// <summary>Reads a document of the store.</summary>
    public byte[] ReadBlob(Digest digest) => File.ReadAllBytes(Blob(digest));

    /// <summary>An image of the index; null if its files are incomplete or unreadable.</summary>
    public ImageEntry? Load(Descriptor descriptor, string? isolation)
    {
        try
        {
            var manifest = ImageManifest.Read(ReadBlob(descriptor.Digest));
            var (config, diffIds) = manifest.ReadConfig(ReadBlob(manifest.Config.Digest));
            var complete = manifest.Self.Digest == descriptor.Digest
                && manifest.Layers.All(layer => File.Exists(Blob(layer.Digest)))
                && diffIds.All(diffId => Directory.Exists(Layer(diffId)));
            return complete ? new ImageEntry(ImageImport.Describe(manifest, config, isolation), manifest, diffIds) : null;
        }
        catch (Exception exception) when (exception is IOException or SandboxException)
        {
            return null;
        }
    }

    /// <summary>
    /// Removes all blobs and layers that none of these images has. Layers are only renamed, so that each is there as a
    /// whole or not at all; the result is where they are now, to be removed.
    /// </summary>
    public IReadOnlyList<string> KeepOnly(IReadOnlyList<ImageEntry> images)
    {
        var blobs = images.SelectMany(image => image.Manifest.Layers.Append(image.Manifest.Config).Append(image.Manifest.Self)).Select(blob => blob.Digest.Hex).ToHashSet(StringComparer.Ordinal);
        var layers = images.SelectMany(image => image.DiffIds).Select(diffId => diffId.Hex).ToHashSet(StringComparer.Ordinal);
        foreach (var blob in Directory.GetFiles(Blobs).Where(path => !blobs.Contains(Path.GetFileName(path))))
        {
            File.Delete(blob);
        }

        var gone = new List<string>();
        foreach (var layer in Directory.GetDirectories(Layers).Where(path => !IsKept(Path.GetFileName(path))))
        {
            var away = Path.Combine(Incoming, IdText.Random());
            Directory.Move(layer, away);
            gone.Add(away);
        }

        return gone;

        bool IsKept(string layer) => layers.Contains(layer) || images.Any(image => ExtraCertificates.IsOf(layer, image.Image.Digest));
    }

    /// <summary>
    /// Translates a fault into an error for the person who asked for the image. A full disk is ENOSPC or EDQUOT, in any call.
    /// </summary>
    public static Exception Translate(Exception exception) => exception switch
    {
        IOException { HResult: Errno.NoSpace or Errno.Quota } => DiskReserve.Full(exception),
        InvalidDataException => ImageManifest.Invalid(exception.Message.TrimEnd('.'), exception),
        SandboxException or OperationCanceledException => exception,
        _ => new SandboxException(ErrorCode.Internal, "The image could not be added. The daemon's log has the error.", exception),
    };
}
