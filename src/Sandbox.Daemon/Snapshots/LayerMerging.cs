using Sandbox.Core.Images;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Snapshots;

/// <summary>
/// Keeps the number of an image's layers small, however often a sandbox is saved, started from that and saved again:
/// from <see cref="MostLayers"/> on, a new layer and those that were saved before it become one, which is the difference of
/// the whole tree from the image that was not made here. Overlayfs and Docker take some 128 layers.
/// </summary>
internal sealed class LayerMerging(ImageStore images)
{
    /// <summary>The most layers of an image that are not merged.</summary>
    public const int MostLayers = 100;

    /// <summary>Merges a layer with those below it, if there are too many.</summary>
    /// <param name="below">The image that the layer was made on.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="blobs">The directory with the layer's blob under its digest; a merged layer takes its place.</param>
    /// <param name="incoming">The work's directory.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>How many layers of the image stay, and the layer on top of those: null if it would be empty.</returns>
    public async Task<(int Kept, PackedLayer? Layer)> MergeAsync(UnpackedImage below, PackedLayer layer, string blobs, string incoming, CancellationToken cancellationToken)
    {
        var all = below.DiffIds.Count;
        if (all < MostLayers || images.OwnLayers(below) is not (> 0 and var own))
        {
            return (all, layer);
        }

        var kept = all - own;
        var top = Directory.CreateDirectory(Path.Combine(incoming, "top")).FullName;
        Placement.Spread(top);
        var unpacked = Directory.CreateDirectory(Path.Combine(top, "layer"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute).FullName;
        await Task.Factory.StartNew(() => Unpack(layer, blobs, unpacked, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        using var image = await LowerView.OpenAsync([unpacked, .. Stack(below.DiffIds)], incoming);
        using var root = await LowerView.OpenAsync(Stack([.. below.DiffIds.Take(kept)]), incoming, isBelow: true);
        var file = Path.Combine(incoming, "merged.tar");
        var merged = await Task.Factory.StartNew(
            () => LayerPacking.Pack(new TreeDifference(image, root).Changes(), new SandboxOwners(0), () => images.NewLayer(file, cancellationToken)),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        File.Delete(Path.Combine(blobs, layer.DiffId.Hex));
        if (merged is not null)
        {
            File.Move(file, Path.Combine(blobs, merged.DiffId.Hex));
        }

        return (kept, merged);
    }

    private void Unpack(PackedLayer layer, string blobs, string directory, CancellationToken cancellationToken)
    {
        var budget = images.NewBudget();
        using var tar = LayerBlob.Open(Path.Combine(blobs, layer.DiffId.Hex), budget, cancellationToken);
        LayerUnpacking.Unpack(tar, directory, budget, new ImportNotes());
    }

    private IReadOnlyList<string> Stack(IReadOnlyList<Digest> diffIds) => [.. diffIds.Reverse().Distinct().Select(images.Files.Layer)];
}
