using Sandbox.Core.Images;

namespace Sandbox.Daemon.Images;

/// <summary>An image in use: until this is disposed neither it nor a layer of it is removed.</summary>
internal sealed class UnpackedImage : IDisposable
{
    private Action? _release;

    public UnpackedImage(StoredImage image, IReadOnlyList<string> layers, IReadOnlyList<Digest> diffIds, Action release) =>
        (Image, Layers, DiffIds, _release) = (image, layers, diffIds, release);

    public StoredImage Image { get; }

    /// <summary>Host directories for overlayfs, the topmost first. Owners are the image's own numbers.</summary>
    public IReadOnlyList<string> Layers { get; }

    /// <summary>The image's own layers, the lowest first: without what the host adds to <see cref="Layers"/>.</summary>
    public IReadOnlyList<Digest> DiffIds { get; }

    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
}
