using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Web.Catalog;
using Sandbox.Web.Http;
using Sandbox.Web.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.Registry;

/// <summary>
/// Images that their owners share: <c>shared/CODE/app:1</c> is pulled by everybody who has the code, until its owner takes it
/// back or deletes the image. The code is of a name, as a tag is: what is built again under it is shared again.
/// </summary>
internal sealed class SharedImages(SqliteStore store, RegistryStores stores, Suspensions suspensions, TimeProvider time)
{
    /// <summary>How much longer a repository's name is with <c>shared/</c> and a code than the image's.</summary>
    public const int PrefixLength = 34;

    /// <summary>Requests that read one image, from one address, and all images at once: nobody of them has a plan. Docker reads three layers at once.</summary>
    private const int MostOfOne = 12;
    private const int MostOfAddress = 6;
    private const int MostAtOnce = 60;

    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";
    private const int CodeLength = 26;

    private readonly OpenCounts<string> _readingOne = new();
    private readonly OpenCounts<string> _readingFrom = new();
    private readonly OpenCounts<string> _readingAny = new();

    /// <summary>What a person shares.</summary>
    public async Task<IReadOnlyList<(string Code, string Name, DateTimeOffset SharedAt)>> ListAsync(PersonId owner, CancellationToken cancellationToken)
    {
        var rows = await store.ReadAsync(db => db.SharedImages.AsNoTracking()
            .Where(row => row.OwnerId == owner.Value && db.OwnImages.Any(image => image.OwnerId == row.OwnerId && image.Name == row.Name)).OrderBy(row => row.Name).ToListAsync(cancellationToken));
        return [.. rows.Select(row => (row.Code, row.Name, row.SharedAt))];
    }

    /// <summary>Shares an own image; one that is shared keeps its code. Code: ImageNotFound.</summary>
    public Task<(string Code, string Name, DateTimeOffset SharedAt)> ShareAsync(PersonId owner, string image)
    {
        var name = PersonImages.Plain(image);
        return store.WriteAsync(async db =>
        {
            if (!await db.OwnImages.AnyAsync(row => row.OwnerId == owner.Value && row.Name == name))
            {
                throw new SandboxException(ErrorCode.ImageNotFound, "You have no such image.");
            }

            var row = await db.SharedImages.SingleOrDefaultAsync(row => row.OwnerId == owner.Value && row.Name == name);
            if (row is null)
            {
                row = new SharedImageRow { Code = RandomNumberGenerator.GetString(Alphabet, CodeLength), OwnerId = owner.Value, Name = name, SharedAt = time.GetUtcNow() };
                db.SharedImages.Add(row);
                await db.SaveChangesAsync();
            }

            return (row.Code, row.Name, row.SharedAt);
        });
    }

    /// <summary>Takes a code back. Pulls that have begun finish; later ones get 404. Code: NotFound.</summary>
    public async Task RevokeAsync(PersonId owner, string code)
    {
        if (await store.WriteAsync(db => db.SharedImages.Where(row => row.OwnerId == owner.Value && row.Code == code).ExecuteDeleteAsync()) == 0)
        {
            throw new SandboxException(ErrorCode.NotFound, "You share no image with this code.");
        }
    }

    /// <summary>Lets one request read what its code shares, and nothing else of the owner's. Codes: ImageNotFound, Rate, RegistryUnreachable.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="address">Who asks, as <see cref="AddressRates.Address"/>.</param>
    /// <param name="cancellationToken">The request has ended.</param>
    public async Task<Pull> OpenAsync(RegistryRequest request, string address, CancellationToken cancellationToken)
    {
        var (code, name) = request.SharedParts;
        var found = code.Length != CodeLength ? null : await store.ReadAsync(db => db.SharedImages.Where(row => row.Code == code)
            .Join(db.OwnImages, row => new { row.OwnerId, row.Name }, image => new { image.OwnerId, image.Name }, (_, image) => new { image.OwnerId, image.Name, image.Digest })
            .SingleOrDefaultAsync(cancellationToken));
        var parts = found?.Name.Split(':', 2);
        if (found is null || parts![0] != name || !PersonId.TryParse(found.OwnerId, out var owner) || suspensions.RefusalOf(owner) is not null)
        {
            throw new SandboxException(ErrorCode.ImageNotFound, "There is no such image, or it is not shared any more.");
        }

        var pull = new Pull(this, code, address, owner, parts is [_, var tag] ? tag : "latest");
        try
        {
            if (_readingOne.Enter(code) > MostOfOne | _readingFrom.Enter(address) > MostOfAddress | _readingAny.Enter("") > MostAtOnce)
            {
                throw new SandboxException(ErrorCode.Rate, "Too many pulls of shared images right now. Try again in a moment.") { RetryAfter = TimeSpan.FromSeconds(5) };
            }

            return await HasAsync(request, pull, $"{owner.Value}/{name}", Digest.Parse(found.Digest), cancellationToken)
                ? pull
                : throw new SandboxException(ErrorCode.ImageNotFound, "The shared image has no such tag or layer.");
        }
        catch
        {
            pull.Dispose();
            throw;
        }
    }

    /// <summary>The repository behind may have other tags of the owner's, with other blobs.</summary>
    private async Task<bool> HasAsync(RegistryRequest request, Pull pull, string repository, Digest image, CancellationToken cancellationToken) => request.Target switch
    {
        RegistryTarget.Tags => true,
        RegistryTarget.Manifest => request.Reference == pull.Tag || request.Reference == image.Value,
        RegistryTarget.Blob => await stores.ManifestAsync(repository, image, cancellationToken) is { } manifest
            && PushedManifest.Read(manifest).Blobs.Any(blob => blob.Digest.Value == request.Reference),
        _ => false,
    };

    /// <summary>One request that reads a shared image.</summary>
    internal sealed class Pull(SharedImages images, string code, string address, PersonId owner, string tag) : IDisposable
    {
        public PersonId Owner => owner;

        public string Tag => tag;

        public void Dispose()
        {
            images._readingOne.Leave(code);
            images._readingFrom.Leave(address);
            images._readingAny.Leave("");
        }
    }
}
