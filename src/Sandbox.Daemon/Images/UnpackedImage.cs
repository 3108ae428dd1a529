using Sandbox.Core.Images;

namespace Sandbox.Daemon.Images;

/// <summary>An image in use: until this is disposed neither it nor a layer of it is removed.</summary>
internal sealed class UnpackedImage : IDisposable
{
    private Action? _release;

    public UnpackedImage(StoredImage image, IReadOnlyList<string> layers, Action release) => (Image, Layers, _release) = (image, layers, release);

    public StoredImage Image { get; }

    /// <summary>Host directories for overlayfs, the topmost first. Owners are the image's own numbers.</summary>
    public IReadOnlyList<string> Layers { get; }

    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
}
