using System.Formats.Tar;
using System.Runtime.CompilerServices;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Images;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Snapshots;

namespace Sandbox.Testing;

/// <summary>The images of a <see cref="FakeRuntime"/>.</summary>
internal sealed class FakeImages(FakeRuntime runtime, FakeHost host) : IImages
{
    /// <inheritdoc/>
    public async IAsyncEnumerable<ImageProgress> AddAsync(ImageSource source, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await host.BeginAsync("AddImage", cancellationToken);
        yield return new ImageProgress(0, "fetching");
        string name;
        switch (source)
        {
            case ImageSource.Recipe recipe:
                name = runtime.RecipeNames.Contains(recipe.Name)
                    ? recipe.Name
                    : throw new SandboxException(ErrorCode.ImageNotFound, $"There is no image recipe {recipe.Name}.");
                break;
            case ImageSource.Registry registry:
                name = registry.Reference;
                break;
            case ImageSource.Archive archive:
                name = await ReadArchiveAsync(archive, cancellationToken);
                break;
            default:
                throw new ArgumentException("an image source of another kind", nameof(source));
        }

        yield return new ImageProgress(50, "unpacking");
        await host.BeginAsync("UnpackImage", cancellationToken);
        yield return new ImageProgress(100, "ready", runtime.Store(name))
        {
            Notes = source is ImageSource.Archive { Kind: ArchiveKind.Docker } ? ["Skipped a device node: 'disk'."] : [],
        };
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StoredImage>> ListAsync(CancellationToken cancellationToken)
    {
        await host.BeginAsync("ListImages", cancellationToken);
        lock (host.Gate)
        {
            return [.. host.Images.Values];
        }
    }

    /// <inheritdoc/>
    public async Task RemoveAsync(Digest digest, CancellationToken cancellationToken)
    {
        await host.BeginAsync("RemoveImage", cancellationToken);
        lock (host.Gate)
        {
            if (host.Sandboxes.Values.Any(sandbox => sandbox.Spec.Image == digest && sandbox.Info.State != SandboxState.Ended))
            {
                throw new SandboxException(ErrorCode.ImageInUse, "A sandbox still uses this image.");
            }

            host.Images.Remove(digest);
            host.Snapshots.Remove(digest);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ExportAsync(
        Digest digest, ArchiveKind form, string? name, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await host.BeginAsync("ExportImage", cancellationToken);
        lock (host.Gate)
        {
            if (!host.Images.ContainsKey(digest))
            {
                throw new SandboxException(ErrorCode.ImageNotFound, "There is no such image.");
            }
        }

        if (name is not null && !ImageNames.IsValid(name))
        {
            throw new SandboxException(ErrorCode.Invalid, "The name is no name of an image with a tag.");
        }

        yield return FakeSnapshots.Archive(digest, form);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> FetchArtifactAsync(string reference, long most, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await host.BeginAsync("FetchArtifact", cancellationToken);
        if (!string.IsNullOrEmpty(reference))
        {
            throw new SandboxException(ErrorCode.Invalid, "This server takes no links from registries. Send the archive itself.");
        }

        yield break;
    }

    /// <inheritdoc/>
    public async Task<ImageDifference> CompareAsync(Digest image, Digest below, CancellationToken cancellationToken)
    {
        await host.BeginAsync("CompareImages", cancellationToken);
        var changes = Changes(image, below);
        return new ImageDifference
        {
            Deleted = [.. changes.Where(change => change.Kind == ChangeKind.Deleted).Select(change => change.Path)],
            Entries = changes.Count(change => change.Kind != ChangeKind.Deleted),
            TarBytes = FakeSnapshots.Tar(changes).Length,
        };
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadChangesAsync(Digest image, Digest below, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await host.BeginAsync("ReadImageChanges", cancellationToken);
        yield return FakeSnapshots.Tar(Changes(image, below));
    }

    /// <inheritdoc/>
    public async Task OfferAsync(ImageAudience audience, IReadOnlyDictionary<string, Digest> names, CancellationToken cancellationToken)
    {
        await host.BeginAsync("OfferImages", cancellationToken);
        if (names.Keys.FirstOrDefault(name => !ImageNames.IsTagged(name)) is { } wrong)
        {
            throw new SandboxException(ErrorCode.Invalid, $"'{wrong}' is no repository with a tag.");
        }

        lock (host.Gate)
        {
            var offered = names.Where(entry => host.Images.ContainsKey(entry.Value)).ToDictionary(StringComparer.Ordinal);
            if (audience == ImageAudience.Owners)
            {
                runtime.OfferedToOwners = offered;
            }
            else
            {
                runtime.Offered = offered;
            }
        }
    }

    private IReadOnlyList<(SandboxPath Path, ChangeKind Kind, byte[]? Content, int Mode)> Changes(Digest image, Digest below)
    {
        lock (host.Gate)
        {
            if (!host.Images.TryGetValue(image, out var one) || !host.Images.TryGetValue(below, out var other))
            {
                throw new SandboxException(ErrorCode.ImageNotFound, "There is no such image.");
            }

            if (!ImageLineage.IsBuiltOn(one, other))
            {
                throw new SandboxException(ErrorCode.Invalid, "The image is not built on the other one.");
            }

            return one.Digest != other.Digest && host.Snapshots.TryGetValue(image, out var files) ? files.Changes() : [];
        }
    }

    private static async Task<string> ReadArchiveAsync(ImageSource.Archive archive, CancellationToken cancellationToken)
    {
        var bytes = await FakeHost.CollectAsync(archive.Content, 64 << 20, new SandboxException(ErrorCode.TooLarge, "The archive is too large."), cancellationToken);
        var index = archive.Kind == ArchiveKind.Oci ? "index.json" : "manifest.json";
        try
        {
            using var tar = new TarReader(new MemoryStream(bytes));
            while (await tar.GetNextEntryAsync(cancellationToken: cancellationToken) is { } entry)
            {
                if (entry.Name.TrimStart('.', '/') == index)
                {
                    return FakeHost.DigestOf(bytes).Value;
                }
            }
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException or FormatException)
        {
            throw new SandboxException(ErrorCode.ImageInvalid, "The archive is no tar.", error);
        }

        throw new SandboxException(ErrorCode.ImageInvalid, $"The archive holds no {index}.");
    }
}
