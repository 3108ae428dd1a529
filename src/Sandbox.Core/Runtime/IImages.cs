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

    /// <summary>
    /// An image as one archive, which <c>docker load</c> and <c>skopeo</c> take; added to another store, the OCI form has
    /// the same digest. The image is in use until the last piece was read. Codes: ImageNotFound, Invalid (the name).
    /// </summary>
    /// <param name="digest">The image.</param>
    /// <param name="form">Which archive.</param>
    /// <param name="name">What the image is called where it is loaded, as <c>playground:latest</c>; null is no name.</param>
    /// <param name="cancellationToken">Ends the export.</param>
    IAsyncEnumerable<ReadOnlyMemory<byte>> ExportAsync(Digest digest, ArchiveKind form, string? name, CancellationToken cancellationToken);

    /// <summary>
    /// An artifact of a registry, as the tar of an OCI image layout. Nothing of it is kept, and only registries that the operator
    /// allows are asked. Codes: Invalid (no reference, another registry), ImageNotFound, RegistryUnreachable, TooLarge, Timeout,
    /// DiskFull.
    /// </summary>
    /// <param name="reference">In Docker's form: <c>ghcr.io/owner/link:tag</c>.</param>
    /// <param name="most">The most bytes of the tar.</param>
    /// <param name="cancellationToken">Ends the fetch.</param>
    IAsyncEnumerable<ReadOnlyMemory<byte>> FetchArtifactAsync(string reference, long most, CancellationToken cancellationToken);

    /// <summary>
    /// The difference between the trees of an image and of the image below it: how it came about does
    /// not matter. Codes: ImageNotFound, Invalid (the image is not built on the other one).
    /// </summary>
    Task<ImageDifference> CompareAsync(Digest image, Digest below, CancellationToken cancellationToken);

    /// <summary>
    /// The new and changed files of <see cref="CompareAsync"/> as one tar, with the directories on the way to them and to
    /// what was deleted; what was deleted is not in it. Owners, modes, times in whole seconds, extended attributes and
    /// hard links are kept. Both images are in use until the last piece was read. Codes: as <see cref="CompareAsync"/>.
    /// </summary>
    IAsyncEnumerable<ReadOnlyMemory<byte>> ReadChangesAsync(Digest image, Digest below, CancellationToken cancellationToken);

    /// <summary>
    /// Sets the images that an audience pulls from a registry of the host: these and no others, without a copy of their
    /// layers. An image that the store lacks is left out. Codes: Invalid (a name), DiskFull.
    /// </summary>
    /// <param name="audience">Who pulls them.</param>
    /// <param name="names">Repositories with their tags, as <c>library/debian:latest</c>.</param>
    /// <param name="cancellationToken">Ends the work; the next call completes it.</param>
    Task OfferAsync(ImageAudience audience, IReadOnlyDictionary<string, Digest> names, CancellationToken cancellationToken);
}
