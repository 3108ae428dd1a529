using Sandbox.Core.Images;

namespace Sandbox.Daemon.Images;

/// <summary>The layer with the operator's certificates on top of each image. Without certificates there is none.</summary>
internal sealed class CertificateLayers(ImageFiles files)
{
    private byte[]? _certificates;

    /// <summary>Reads the operator's PEM file; null is no certificates.</summary>
    public async Task OpenAsync(string? file, CancellationToken cancellationToken) =>
        _certificates = file is null ? null : await File.ReadAllBytesAsync(file, cancellationToken);

    /// <summary>An image's layers for overlayfs, the topmost first.</summary>
    public IReadOnlyList<string> Stack(ImageEntry entry) =>
        [.. PathFor(entry.Image.Digest) is { } own ? [own] : (string[])[], .. entry.Stack.Select(files.Layer)];

    /// <summary>Makes the layer of an image, in a directory of work.</summary>
    /// <param name="image">The image.</param>
    /// <param name="layers">The image's own layers, the topmost first.</param>
    /// <param name="incoming">The directory of work.</param>
    /// <returns>Where it is and where it belongs in the store; null if there are no certificates.</returns>
    public async Task<(string From, string To)?> MakeAsync(Digest image, IReadOnlyList<string> layers, string incoming) =>
        _certificates is null ? null : (await ExtraCertificates.MakeAsync(layers, _certificates, incoming), PathFor(image)!);

    /// <summary>Adds the layer of an image that is in the store already, unless it has it.</summary>
    public async Task AddAsync(ImageEntry entry)
    {
        if (PathFor(entry.Image.Digest) is not { } path || Directory.Exists(path))
        {
            return;
        }

        var incoming = files.MakeIncoming();
        try
        {
            if (await MakeAsync(entry.Image.Digest, [.. entry.Stack.Select(files.Layer)], incoming) is var (from, to))
            {
                Directory.Move(from, to);
            }
        }
        finally
        {
            await files.RemoveAsync(incoming);
        }
    }

    private string? PathFor(Digest image) => _certificates is null ? null : files.Layer(ExtraCertificates.Name(image, _certificates));
}
