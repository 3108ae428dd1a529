using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Web.Builds;
using Sandbox.Web.Catalog;
using Sandbox.Web.Exports;
using Sandbox.Web.Links;
using Sandbox.Web.Store;

namespace Sandbox.Web.Registry;

/// <summary>Keeps a pushed image once its manifest comes: in the daemon's store, and among its owner's images.</summary>
internal sealed class PushedImages(RegistryStores stores, LooseManifests loose, PushAllowance allowance, OwnImages own, OwnImageOffer offer, ImageUse use, SqliteStore store, ISandboxRuntime runtime)
{
    /// <summary>
    /// Keeps an image under a repository's name and a tag, in place of the one that had it; it can be pulled as soon as
    /// this returns. Of an index it is the image for linux/amd64, whose manifest was pushed before. Codes: ImageInvalid, NotFound (a blob), Quota, and those of adding an image. Nothing is kept then.
    /// </summary>
    public async Task<Digest> KeepAsync(PersonId person, RegistryRequest request, ReadOnlyMemory<byte> manifest, CancellationToken cancellationToken)
    {
        if (RecipeBuild.IsImageName(request.Name))
        {
            throw new SandboxException(ErrorCode.ImageInvalid, "Push it with a name of your own.");
        }

        var sent = Digest.Parse("sha256:" + Convert.ToHexStringLower(SHA256.HashData(manifest.Span)));
        if (Digest.TryParse(request.Reference, out var said))
        {
            if (said != sent)
            {
                throw new SandboxException(ErrorCode.ImageInvalid, $"The manifest has the digest {sent}, not {said}.");
            }

            // Without a tag, nothing holds it: it waits for its index. An index without a tag waits for nothing.
            if (PushedManifest.ImageOfIndex(manifest) is null)
            {
                PushedManifest.Read(manifest);
                loose.Add(person, request.Name, sent, manifest);
            }

            return sent;
        }

        var digest = PushedManifest.ImageOfIndex(manifest) ?? sent;
        if (digest != sent)
        {
            manifest = loose.Find(person, request.Name, digest) ?? await stores.ManifestAsync($"{person.Value}/{request.Name}", digest, cancellationToken)
                ?? throw new SandboxException(ErrorCode.NotFound, $"The index names the manifest {digest}, which is not in this repository. Push it first.");
        }

        var name = PersonImages.Plain($"{request.Name}:{request.Reference}");
        var pushed = PushedManifest.Read(manifest);
        var places = await FindAsync($"{person.Value}/{request.Name}", pushed, cancellationToken);
        await CheckRoomAsync(person, name, pushed);
        await ImportAsync(person, name, digest, Pack($"{person.Value}/{request.Name}", digest, manifest, pushed, places, cancellationToken), cancellationToken);
        allowance.Return(person, pushed.Blobs.Where(blob => places[blob.Digest] == RegistryStores.Uploads).Sum(blob => blob.Size));

        // From here on it is kept, whatever becomes of the caller.
        await offer.OfferAsync(CancellationToken.None);
        return sent;
    }

    /// <summary>The registry that has each blob.</summary>
    private async Task<Dictionary<Digest, string>> FindAsync(string repository, PushedManifest pushed, CancellationToken cancellationToken)
    {
        var places = new Dictionary<Digest, string>();
        foreach (var blob in pushed.Blobs)
        {
            var (place, size) = (RegistryStores.Kept, await stores.SizeAsync(RegistryStores.Kept, repository, blob.Digest, cancellationToken));
            if (size is null)
            {
                (place, size) = (RegistryStores.Uploads, await stores.SizeAsync(RegistryStores.Uploads, repository, blob.Digest, cancellationToken));
            }

            if (size != blob.Size)
            {
                throw size is null
                    ? new SandboxException(ErrorCode.NotFound, $"The manifest names the blob {blob.Digest}, which is not in this repository. Push it first.")
                    : new SandboxException(ErrorCode.ImageInvalid, $"The manifest says that the blob {blob.Digest} has {blob.Size} bytes; it has {size}.");
            }

            places[blob.Digest] = place;
        }

        return places;
    }

    /// <summary>Refuses what has no room before the daemon unpacks it.</summary>
    private async Task CheckRoomAsync(PersonId person, string name, PushedManifest pushed)
    {
        var layers = await store.ReadAsync(db => Locks.PersonalAsync(db, [.. pushed.Blobs.Skip(1)]));
        var (room, most) = await own.RoomAsync(person, name);
        if (layers.Sum(layer => layer.Size) is var bytes && bytes > room)
        {
            throw new SandboxException(ErrorCode.Quota, $"The image has {bytes >> 20} MiB of its own, and would exceed the {most >> 20} MiB that your links, images and tutorials may keep. Delete one first.");
        }
    }

    private async Task ImportAsync(PersonId person, string name, Digest digest, IAsyncEnumerable<ReadOnlyMemory<byte>> archive, CancellationToken cancellationToken)
    {
        var isKept = false;
        using var storing = await use.StoringAsync(cancellationToken);
        try
        {
            StoredImage? image = null;
            await foreach (var progress in runtime.Images.AddAsync(new ImageSource.Archive(ArchiveKind.Oci, archive), cancellationToken))
            {
                image = progress.Image ?? image;
            }

            if (image?.Digest != digest)
            {
                throw new SandboxException(ErrorCode.Internal, "The runtime did not keep the image as it was pushed.");
            }

            await own.KeepAsync(person, name, image);
            isKept = true;
        }
        finally
        {
            storing.Dispose();
            if (!isKept)
            {
                _ = use.TryCollectAsync();
            }
        }
    }

    /// <summary>The image as the tar of an OCI image layout.</summary>
    private async IAsyncEnumerable<ReadOnlyMemory<byte>> Pack(
        string repository, Digest digest, ReadOnlyMemory<byte> manifest, PushedManifest pushed, Dictionary<Digest, string> places, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var index = JsonSerializer.SerializeToUtf8Bytes(new { schemaVersion = 2, manifests = new[] { new { mediaType = pushed.MediaType, digest = digest.Value, size = manifest.Length } } });
        foreach (var (name, content) in new[] { ("index.json", index), ($"blobs/sha256/{digest.Hex}", manifest) })
        {
            yield return TarFrame.Header(name, content.Length);
            yield return content;
            yield return TarFrame.Padding(content.Length);
        }

        foreach (var blob in pushed.Blobs)
        {
            yield return TarFrame.Header($"blobs/sha256/{blob.Digest.Hex}", blob.Size);
            await foreach (var piece in stores.ReadAsync(places[blob.Digest], repository, blob.Digest, blob.Size, cancellationToken))
            {
                yield return piece;
            }

            yield return TarFrame.Padding(blob.Size);
        }

        yield return TarFrame.End;
    }
}
