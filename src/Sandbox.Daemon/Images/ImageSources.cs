using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Images;

/// <summary>Fetches an image into a directory of work.</summary>
/// <param name="incoming">The directory.</param>
/// <param name="report">Receives the progress.</param>
/// <param name="found">Receives the digest of an image that the store has already.</param>
/// <param name="cancellationToken">Ends the work.</param>
/// <returns>Null if the store has the image already.</returns>
internal delegate Task<FetchedImage?> Fetch(string incoming, WorkReport report, Action<Digest> found, CancellationToken cancellationToken);

/// <summary>The sources of images: recipes of the operator, registries, and uploaded archives.</summary>
internal sealed class ImageSources(DaemonOptions options, Tool tool, DiskReserve reserve, ImageTable images)
{
    private readonly ImageRecipes _recipes = new(options.RecipeDirectory);
    private readonly Skopeo _skopeo = new(tool, reserve, options.MaxImageBytes);

    /// <summary>
    /// Checks a request before anything is started. Requests with the same key are for the same image.
    /// Codes: ImageNotFound (no such recipe), Invalid (no reference).
    /// </summary>
    public (string Key, Fetch Fetch) Find(ImageSource source)
    {
        switch (source)
        {
            case ImageSource.Recipe { Name: var name }:
                return _recipes.Has(name)
                    ? ($"recipe {name}", async (incoming, report, _, token) => await _recipes.MakeAsync(name, incoming, report, token))
                    : throw new SandboxException(ErrorCode.ImageNotFound, $"There is no image recipe '{ImageManifest.Shown(name)}'.");
            case ImageSource.Registry { Reference: var text }:
                var reference = ImageReference.TryParse(text)
                    ?? throw new SandboxException(ErrorCode.Invalid, $"'{ImageManifest.Shown(text)}' is not an image reference. Write it as docker pull takes it: debian:12, ghcr.io/owner/image@sha256:…");
                return ($"registry {reference}", (incoming, report, found, token) => FetchAsync(reference, incoming, report, found, token));
            case ImageSource.Archive archive:
                return ($"archive {Core.Ids.IdText.Random()}", async (incoming, report, _, token) => await ReceiveAsync(archive, incoming, report, token));
            default:
                throw new ArgumentOutOfRangeException(nameof(source));
        }
    }

    private async Task<FetchedImage?> FetchAsync(ImageReference reference, string incoming, WorkReport report, Action<Digest> found, CancellationToken cancellationToken)
    {
        report.Say($"asking for {reference}");
        var (pinned, manifest) = await _skopeo.InspectAsync(reference, cancellationToken);
        if (images.Find(manifest.Self.Digest) is not null)
        {
            found(manifest.Self.Digest);
            return null;
        }

        ImageImport.CheckSize(manifest, options.MaxImageBytes);
        reserve.Check(manifest.TotalSize);
        return await _skopeo.FetchAsync(reference, pinned, manifest.TotalSize, incoming, report, cancellationToken);
    }

    private async Task<FetchedImage> ReceiveAsync(ImageSource.Archive source, string incoming, WorkReport report, CancellationToken cancellationToken)
    {
        var archive = Path.Combine(incoming, "archive.tar");
        await Archives.ReceiveAsync(source.Content, archive, options.MaxImageBytes, reserve, report, cancellationToken);
        if (source.Kind == ArchiveKind.Docker)
        {
            _ = await LongWork.RunAsync(() => Archives.Decompress(archive, new UnpackBudget(options.MaxImageBytes, reserve), cancellationToken));
            return await _skopeo.ReadDockerArchiveAsync(archive, incoming, report, cancellationToken);
        }

        report.Percent(50, "reading the archive");
        return await LongWork.RunAsync(() => Archives.ReadLayout(archive, incoming, new UnpackBudget(options.MaxImageBytes, reserve), cancellationToken));
    }
}
