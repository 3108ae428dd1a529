using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Daemon.Images;

namespace Sandbox.Daemon.Registry;

/// <summary>
/// The images of the store that are pulled from the registries of this host. Each audience has a registry, a process of its
/// own that reads a <see cref="RegistryTree"/>; the trees outlive this daemon.
/// </summary>
internal sealed partial class OfferedImages(DaemonOptions options, ImageStore images, ILogger<OfferedImages> logger) : IDisposable
{
    private readonly RegistryTree _everyone = new(options.RegistryDirectory);
    private readonly RegistryTree _owners = new(options.OwnRegistryDirectory);
    private readonly SemaphoreSlim _setting = new(1, 1);

    public void Dispose() => _setting.Dispose();

    /// <inheritdoc cref="Core.Runtime.IImages.OfferAsync"/>
    public async Task SetAsync(ImageAudience audience, IReadOnlyDictionary<string, Digest> names, CancellationToken cancellationToken)
    {
        if (names.Keys.FirstOrDefault(name => !ImageNames.IsTagged(name)) is { } wrong)
        {
            throw new SandboxException(ErrorCode.Invalid, $"'{ImageManifest.Shown(wrong)}' is no repository with a tag, as library/debian:latest.");
        }

        await _setting.WaitAsync(cancellationToken);
        try
        {
            // On a thread of its own: a copy to another disk takes its time.
            await Task.Run(() => Set(audience == ImageAudience.Owners ? _owners : _everyone, names, cancellationToken), cancellationToken);
        }
        catch (IOException exception)
        {
            LogFailed(logger, exception);
            throw ImageFiles.Translate(exception);
        }
        finally
        {
            _setting.Release();
        }
    }

    private void Set(RegistryTree tree, IReadOnlyDictionary<string, Digest> names, CancellationToken cancellationToken)
    {
        var offered = new List<(string Repository, string Tag, Digest Manifest, IReadOnlyList<Digest> Blobs)>();
        foreach (var (name, digest) in names)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Find(digest) is not { } held)
            {
                LogUnknown(logger, name, digest);
                continue;
            }

            using (held)
            {
                var colon = name.LastIndexOf(':');
                var (repository, tag) = (name[..colon], name[(colon + 1)..]);
                var manifest = ImageManifest.Read(images.Files.ReadBlob(digest));
                IReadOnlyList<Digest> blobs = [.. manifest.Layers.Append(manifest.Config).Select(blob => blob.Digest).Distinct()];
                foreach (var blob in blobs.Append(digest))
                {
                    tree.AddBlob(blob, images.Files.Blob(blob));
                }

                tree.AddImage(repository, digest, blobs);
                tree.Tag(repository, tag, digest);
                offered.Add((repository, tag, digest, blobs));
            }
        }

        tree.KeepOnly(offered);
    }

    private UnpackedImage? Find(Digest digest)
    {
        try
        {
            return images.Acquire(digest);
        }
        catch (SandboxException fault) when (fault.Code == ErrorCode.ImageNotFound)
        {
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Name} is not offered by the registry: the store has no image {Digest}.")]
    private static partial void LogUnknown(ILogger logger, string name, Digest digest);

    [LoggerMessage(Level = LogLevel.Error, Message = "The images of the registry could not be changed.")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
