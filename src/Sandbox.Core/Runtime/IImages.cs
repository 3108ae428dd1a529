using Sandbox.Core.Images;

namespace Sandbox.Core.Runtime;

/// <summary>The images of a runtime: brought in, listed, removed. A facet of <see cref="ISandboxRuntime"/>.</summary>
public interface IImages
{
    /// <summary>
    /// Brings an image into the store and unpacks it. The last report carries it. Asking twice at once shares the work.
    /// Codes: RegistryUnreachable, ImageInvalid, ImageNotFound (no such recipe or reference), DiskFull, TooLarge.
    /// </summary>
    IAsyncEnumerable<ImageProgress> AddAsync(ImageSource source, CancellationToken cancellationToken);

    /// <summary>All images in the store.</summary>
    Task<IReadOnlyList<StoredImage>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Removes an image, and the layers that no other image uses. Unknown is no fault. Code: ImageInUse.</summary>
    Task RemoveAsync(Digest digest, CancellationToken cancellationToken);
}
