using Sandbox.Core.Errors;
using Sandbox.Core.Images;

namespace Sandbox.Daemon.Images;

/// <summary>The images that the store has, and how many users each has.</summary>
internal sealed class ImageTable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Digest, Held> _images = [];

    /// <summary>All images, in no order.</summary>
    public IReadOnlyList<ImageEntry> Entries()
    {
        lock (_gate)
        {
            return [.. _images.Values.Select(held => held.Entry)];
        }
    }

    public StoredImage? Find(Digest digest)
    {
        lock (_gate)
        {
            return _images.TryGetValue(digest, out var held) ? held.Entry.Image : null;
        }
    }

    public void Add(ImageEntry entry)
    {
        lock (_gate)
        {
            _images.Add(entry.Image.Digest, new Held(entry));
        }
    }

    /// <summary>Counts one more user. Code: ImageNotFound.</summary>
    public (ImageEntry Entry, Action Release) Use(Digest digest)
    {
        lock (_gate)
        {
            if (!_images.TryGetValue(digest, out var held))
            {
                throw new SandboxException(ErrorCode.ImageNotFound, "There is no such image on this host.");
            }

            held.Users++;
            return (held.Entry, () => Release(held));
        }
    }

    /// <summary>Counts one more user of each image that has one of an image's blobs, until the result is disposed.</summary>
    public SharingImages UseSharing(ImageManifest manifest)
    {
        var blobs = manifest.Layers.Append(manifest.Config).Select(blob => blob.Digest).ToHashSet();
        lock (_gate)
        {
            var sharing = _images.Values.Where(held => held.Entry.Manifest.Layers.Append(held.Entry.Manifest.Config).Any(blob => blobs.Contains(blob.Digest))).ToList();
            sharing.ForEach(held => held.Users++);
            return new SharingImages([.. sharing.Select(held => held.Entry)], () => sharing.ForEach(Release));
        }
    }

    /// <summary>Gives an image another isolation class.</summary>
    public StoredImage Isolate(Digest digest, string isolation)
    {
        lock (_gate)
        {
            var held = _images[digest];
            held.Entry = held.Entry with { Image = held.Entry.Image with { Isolation = isolation } };
            return held.Entry.Image;
        }
    }

    /// <summary>Removes an image that nobody uses; null if there is none. Code: ImageInUse.</summary>
    public ImageEntry? Remove(Digest digest)
    {
        lock (_gate)
        {
            if (!_images.TryGetValue(digest, out var held))
            {
                return null;
            }

            if (held.Users > 0)
            {
                throw new SandboxException(ErrorCode.ImageInUse, "The image is used by a sandbox, or is being exported or saved on top of. End that, then remove the image.");
            }

            _images.Remove(digest);
            return held.Entry;
        }
    }

    /// <summary>Removes an image that could not be stored after all.</summary>
    public void Undo(ImageEntry entry)
    {
        lock (_gate)
        {
            _images.Remove(entry.Image.Digest);
        }
    }

    private void Release(Held held)
    {
        lock (_gate)
        {
            held.Users--;
        }
    }

    private sealed class Held(ImageEntry entry)
    {
        public ImageEntry Entry { get; set; } = entry;

        public int Users { get; set; }
    }
}
