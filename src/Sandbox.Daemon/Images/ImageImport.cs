using System.Buffers;
using System.Security.Cryptography;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Images;

/// <summary>An image as the store knows it.</summary>
internal sealed record ImageEntry(StoredImage Image, ImageManifest Manifest, IReadOnlyList<Digest> DiffIds)
{
    /// <summary>
    /// Its unpacked layers, the topmost first. A layer that occurs twice is listed once, at its highest place: there it
    /// hides the lower one, and overlay refuses a directory named twice.
    /// </summary>
    public IReadOnlyList<Digest> Stack => [.. DiffIds.Reverse().Distinct()];
}

/// <summary>
/// Imports one fetched image: checks everything, then copies the blobs and unpacks the layers that the store does not
/// have, all in the directory of the work. The store renames the results into place.
/// </summary>
internal sealed class ImageImport(ImageFiles files, DiskReserve reserve, long maxBytes, SharingImages shared)
{
    /// <summary>How much larger than its blobs an image may be.</summary>
    public const int UnpackFactor = 4;

    /// <summary>Blobs to be moved into the store: from, to.</summary>
    public List<(string From, string To)> Blobs { get; } = [];

    /// <summary>Layers to be moved into the store: from, to.</summary>
    public List<(string From, string To)> Layers { get; } = [];

    /// <summary>Where a layer is now: in the store, or made by this import.</summary>
    public string WhereIs(Digest diffId) => Layers.Find(move => move.To == files.Layer(diffId)).From ?? files.Layer(diffId);

    /// <summary>Checks, copies and unpacks. Runs for minutes; for a thread of its own.</summary>
    public ImageEntry Run(FetchedImage fetched, ImageManifest manifest, string incoming, WorkReport report, CancellationToken cancellationToken)
    {
        CheckSize(manifest, maxBytes);
        var missing = manifest.Layers.Append(manifest.Config).Where(blob => !shared.HasBlob(blob.Digest)).DistinctBy(blob => blob.Digest).ToList();
        reserve.Check(missing.Sum(blob => blob.Size));

        report.Stage(60, 70, "verifying");
        var blobs = Directory.CreateDirectory(Path.Combine(incoming, "blobs")).FullName;
        var manifestCopy = Path.Combine(blobs, manifest.Self.Digest.Hex);
        File.WriteAllBytes(manifestCopy, fetched.Manifest);
        Blobs.Add((manifestCopy, files.Blob(manifest.Self.Digest)));
        long copied = 0;
        foreach (var blob in missing)
        {
            var copy = Path.Combine(blobs, blob.Digest.Hex);
            if (fetched.IsOwn)
            {
                File.Move(fetched.Blob(blob.Digest), copy);
            }
            else
            {
                CopyVerified(fetched.Blob(blob.Digest), copy, blob, cancellationToken);
            }

            Blobs.Add((copy, files.Blob(blob.Digest)));
            copied += blob.Size;
            report.Fraction(copied, manifest.TotalSize, "verifying");
        }

        foreach (var blob in manifest.Layers.Append(manifest.Config).Where(blob => !missing.Exists(other => other.Digest == blob.Digest)))
        {
            CheckLength(new FileInfo(files.Blob(blob.Digest)).Length, blob);
        }

        var (config, diffIds) = manifest.ReadConfig(File.ReadAllBytes(BlobNow(manifest.Config.Digest, blobs)), report.Notes);
        report.Stage(70, 98, "unpacking");
        var budget = new UnpackBudget(maxBytes * UnpackFactor, reserve);
        var layers = Directory.CreateDirectory(Path.Combine(incoming, "layers")).FullName;
        Placement.Spread(layers);
        long done = 0;
        for (var i = 0; i < diffIds.Count; i++)
        {
            UnpackOne(manifest.Layers[i], diffIds[i], blobs, layers, budget, report.Notes, cancellationToken);
            done += manifest.Layers[i].Size;
            report.Fraction(done, manifest.TotalSize, $"unpacking layer {i + 1} of {diffIds.Count}");
        }

        return new ImageEntry(Describe(manifest, config, fetched.Isolation), manifest, diffIds);
    }

    /// <summary>Refuses an image whose own documents declare it too large.</summary>
    public static void CheckSize(ImageManifest manifest, long maxBytes)
    {
        // Each on its own first, so that the sum cannot overflow.
        if (manifest.Layers.Any(layer => layer.Size > maxBytes) || manifest.TotalSize > maxBytes)
        {
            throw new SandboxException(ErrorCode.TooLarge, $"The image is larger than {maxBytes >> 20} MiB, the most this host takes in.");
        }
    }

    public static StoredImage Describe(ImageManifest manifest, ImageConfig config, string? isolation) => new()
    {
        Digest = manifest.Self.Digest,
        Layers = [.. manifest.Layers.Select(layer => new ImageLayer(layer.Digest, layer.Size))],
        Config = config,
        Isolation = isolation,
    };

    private void UnpackOne(Descriptor layer, Digest diffId, string blobs, string layers, UnpackBudget budget, ImportNotes notes, CancellationToken cancellationToken)
    {
        if (shared.DiffIdOf(layer.Digest) is { } known)
        {
            if (known != diffId)
            {
                throw WrongDiffId(layer);
            }

            return;
        }

        using var tar = LayerBlob.Open(BlobNow(layer.Digest, blobs), budget, cancellationToken);
        var fresh = Path.Combine(layers, diffId.Hex);
        if (!shared.HasLayer(diffId) && !Directory.Exists(fresh))
        {
            Directory.CreateDirectory(fresh, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
            LayerUnpacking.Unpack(tar, fresh, budget, notes);
            Layers.Add((fresh, files.Layer(diffId)));
        }

        // Also if the store has a layer of the claimed name: an image that lacks the layer's content must not get it.
        if (tar.Finish() != diffId)
        {
            throw WrongDiffId(layer);
        }
    }

    private static SandboxException WrongDiffId(Descriptor layer) =>
        ImageManifest.Invalid($"the layer {layer.Digest.Value} does not hold what the configuration says");

    private string BlobNow(Digest digest, string blobs)
    {
        var copied = Path.Combine(blobs, digest.Hex);
        return File.Exists(copied) ? copied : files.Blob(digest);
    }

    private static void CheckLength(long length, Descriptor blob)
    {
        if (length != blob.Size)
        {
            throw ImageManifest.Invalid($"{blob.Digest.Value} has {length} bytes where the manifest says {blob.Size}");
        }
    }

    private static void CopyVerified(string from, string to, Descriptor blob, CancellationToken cancellationToken)
    {
        if (!File.Exists(from))
        {
            throw ImageManifest.Invalid($"{blob.Digest.Value} is missing");
        }

        using var source = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        CheckLength(source.Length, blob);
        using var target = new FileStream(to, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(256 * 1024);
        try
        {
            for (int count; (count = source.Read(buffer)) > 0;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                hash.AppendData(buffer, 0, count);
                target.Write(buffer, 0, count);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (Convert.ToHexStringLower(hash.GetHashAndReset()) != blob.Digest.Hex)
        {
            throw ImageManifest.Invalid($"the content of {blob.Digest.Value} does not have that digest");
        }
    }
}
