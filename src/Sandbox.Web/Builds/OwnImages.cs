using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Web.Catalog;
using Sandbox.Web.Links;
using Sandbox.Web.Store;

namespace Sandbox.Web.Builds;

/// <summary>The images that people built, each in its owner's list and storage. Links to one hold its digest, and outlive it.</summary>
internal sealed class OwnImages(SqliteStore store, OwnedLinks links, ImageUse use, TimeProvider time)
{
    /// <summary>The most images of one person.</summary>
    public const int MaxImages = 100;

#pragma warning disable MA0046 // Handlers need no sender.
    /// <summary>Raised after somebody's images changed; handlers return quickly.</summary>
    public event Action? Changed;
#pragma warning restore MA0046

    /// <summary>A person's images, by name.</summary>
    public async Task<IReadOnlyList<OwnImageView>> ListAsync(PersonId owner, CancellationToken cancellationToken)
    {
        var rows = await store.ReadAsync(db => db.OwnImages.AsNoTracking().Include(row => row.Layers).Where(row => row.OwnerId == owner.Value).OrderBy(row => row.Name).ToListAsync(cancellationToken));
        return [.. rows.Select(View)];
    }

    /// <summary>Bytes of a person's storage in use, and the most that their plan grants.</summary>
    public Task<(long Used, long Most)> StorageAsync(PersonId owner) => store.ReadAsync(async db =>
        (await OwnedLinks.UsedAsync(db, owner.Value), await db.People.Where(row => row.Id == owner.Value).Select(row => (long?)row.Plan!.StorageBytes).SingleOrDefaultAsync() ?? Core.Quotas.Plan.Guest.StorageBytes));

    /// <summary>Bytes that an image of a name may have at most, once what gives way to it is gone; and the most that the plan grants for everything.</summary>
    public Task<(long Room, long Most)> RoomAsync(PersonId owner, string name) => store.ReadAsync(async db =>
    {
        var most = await db.People.Where(row => row.Id == owner.Value).Select(row => (long?)row.Plan!.StorageBytes).SingleOrDefaultAsync() ?? Core.Quotas.Plan.Guest.StorageBytes;
        return (most - await OwnedLinks.FixedAsync(db, owner.Value, name), most);
    });

    /// <summary>
    /// Keeps an image under a name, in place of the one that had it. The caller takes part in the storing of images. Code: Quota
    /// (storage, or the number of images), with nothing stored.
    /// </summary>
    public async Task<OwnImageView> KeepAsync(PersonId owner, string name, StoredImage image)
    {
        var kept = await store.WriteAsync(db => KeepAsync(db, owner, name, image));
        Changed?.Invoke();
        return kept;
    }

    /// <summary>Deletes an image, and the bytes that nothing else holds. Code: ImageNotFound.</summary>
    public async Task DeleteAsync(PersonId owner, string name)
    {
        var plain = PersonImages.Plain(name);
        var deleted = await store.WriteAsync(async db =>
        {
            await db.SharedImages.Where(row => row.OwnerId == owner.Value && row.Name == plain).ExecuteDeleteAsync();
            return await db.OwnImages.Where(row => row.OwnerId == owner.Value && row.Name == plain).ExecuteDeleteAsync();
        });
        if (deleted == 0)
        {
            throw new SandboxException(ErrorCode.ImageNotFound, "You have no such image.");
        }

        Changed?.Invoke();
        await use.TryCollectAsync();
    }

    private async Task<OwnImageView> KeepAsync(SandboxDb db, PersonId owner, string name, StoredImage image)
    {
        await db.OwnImages.Where(row => row.OwnerId == owner.Value && row.Name == name).ExecuteDeleteAsync();
        if (await db.OwnImages.CountAsync(row => row.OwnerId == owner.Value) >= MaxImages)
        {
            throw new SandboxException(ErrorCode.Quota, $"You've reached your limit of {MaxImages} images. Delete one first.");
        }

        var layers = await Locks.PersonalAsync(db, image.Layers);
        var row = new OwnImageRow
        {
            OwnerId = owner.Value,
            Name = name,
            Digest = image.Digest.Value,
            Size = image.Size,
            Runs = string.Join(' ', image.Config.Entrypoint.Concat(image.Config.Command)),
            Interactive = image.Config.IsInteractive,
            BuiltAt = time.GetUtcNow(),
            Layers = [.. layers.Select(layer => new OwnImageLayerRow { OwnerId = owner.Value, Name = name, Digest = layer.Digest.Value, Size = layer.Size })],
        };
        db.OwnImages.Add(row);
        await links.MakeRoomAsync(db, owner);
        return View(row);
    }

    private static OwnImageView View(OwnImageRow row) =>
        new(row.Name, $"{row.Name}@{row.Digest}", row.Digest, row.Size, row.Layers.Sum(layer => layer.Size), row.Runs, row.Interactive, row.BuiltAt);
}
