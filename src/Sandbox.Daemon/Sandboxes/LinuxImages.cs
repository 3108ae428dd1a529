using Sandbox.Core.Images;
using Sandbox.Core.Runtime;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Registry;
using Sandbox.Daemon.Snapshots;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>The images of one Linux host.</summary>
internal sealed class LinuxImages(ImageStore images, ImageExport export, ArtifactFetch artifacts, ImageChanges changes, OfferedImages offered) : IImages
{
    public IAsyncEnumerable<ImageProgress> AddAsync(ImageSource source, CancellationToken cancellationToken) => images.AddAsync(source, cancellationToken);

    public Task<IReadOnlyList<StoredImage>> ListAsync(CancellationToken cancellationToken) => Task.FromResult(images.List());

    public Task RemoveAsync(Digest digest, CancellationToken cancellationToken) => images.RemoveAsync(digest, cancellationToken);

    public IAsyncEnumerable<ReadOnlyMemory<byte>> ExportAsync(Digest digest, ArchiveKind form, string? name, CancellationToken cancellationToken) =>
        export.RunAsync(digest, form, name, cancellationToken);

    public IAsyncEnumerable<ReadOnlyMemory<byte>> FetchArtifactAsync(string reference, long most, CancellationToken cancellationToken) => artifacts.RunAsync(reference, most, cancellationToken);

    public Task<ImageDifference> CompareAsync(Digest image, Digest below, CancellationToken cancellationToken) => changes.CompareAsync(image, below, cancellationToken);

    public IAsyncEnumerable<ReadOnlyMemory<byte>> ReadChangesAsync(Digest image, Digest below, CancellationToken cancellationToken) =>
        changes.ReadAsync(image, below, cancellationToken);

    public Task OfferAsync(ImageAudience audience, IReadOnlyDictionary<string, Digest> names, CancellationToken cancellationToken) => offered.SetAsync(audience, names, cancellationToken);
}
