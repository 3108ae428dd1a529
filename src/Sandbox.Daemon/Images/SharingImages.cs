using Sandbox.Core.Images;

namespace Sandbox.Daemon.Images;

/// <summary>Images of the store that share blobs with one that is imported. They are in use until this is disposed.</summary>
internal sealed class SharingImages(IReadOnlyList<ImageEntry> entries, Action release) : IDisposable
{
    private readonly HashSet<Digest> _blobs = [.. entries.SelectMany(entry => entry.Manifest.Layers.Append(entry.Manifest.Config)).Select(blob => blob.Digest)];

    // Each was verified when its image was imported.
    private readonly Dictionary<Digest, Digest> _diffIds = entries
        .SelectMany(entry => entry.Manifest.Layers.Zip(entry.DiffIds, (layer, diffId) => (layer.Digest, diffId)))
        .DistinctBy(pair => pair.Digest)
        .ToDictionary(pair => pair.Digest, pair => pair.diffId);

    /// <summary>Whether the store has a blob, and keeps it meanwhile.</summary>
    public bool HasBlob(Digest blob) => _blobs.Contains(blob);

    /// <summary>The diff id of a layer that the store has by its blob; null if it does not have it.</summary>
    public Digest? DiffIdOf(Digest layer) => _diffIds.TryGetValue(layer, out var diffId) ? diffId : null;

    /// <summary>Whether the store has a layer unpacked, and keeps it meanwhile.</summary>
    public bool HasLayer(Digest diffId) => _diffIds.ContainsValue(diffId);

    public void Dispose() => release();
}
