namespace Sandbox.Core.Images;

/// <summary>Which image another one is built on, seen by their layers.</summary>
public static class ImageLineage
{
    /// <summary>How many layers two images have in common, from the first one on.</summary>
    public static int SharedLayers(StoredImage one, StoredImage other) =>
        one.Layers.Zip(other.Layers).TakeWhile(pair => pair.First.Digest == pair.Second.Digest).Count();

    /// <summary>Whether an image begins with all layers of another one. An image is built on itself.</summary>
    public static bool IsBuiltOn(StoredImage image, StoredImage below) => SharedLayers(image, below) == below.Layers.Count;

    /// <summary>The image with the most layers among those that an image is built on, or null.</summary>
    public static StoredImage? FindBase(StoredImage image, IEnumerable<StoredImage> candidates) =>
        candidates.Where(below => below.Digest != image.Digest && IsBuiltOn(image, below)).OrderByDescending(below => below.Layers.Count).ThenBy(below => below.Digest.Value, StringComparer.Ordinal).FirstOrDefault();
}
