using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Quotas;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Volumes;
using Sandbox.Web.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.Volumes;

/// <summary>The volumes of people: who owns which is on record here, their files are the runtime's.</summary>
internal sealed class OwnedVolumes(SqliteStore store, ISandboxRuntime runtime, Guests guests, WebOptions options, TimeProvider time)
{
    /// <summary>A person's volumes, by name.</summary>
    public async Task<IReadOnlyList<VolumeView>> ListAsync(PersonId owner, CancellationToken cancellationToken)
    {
        var rows = await store.ReadAsync(db => db.Volumes.AsNoTracking().Where(row => row.OwnerId == owner.Value).OrderBy(row => row.Name).ToListAsync(cancellationToken));
        if (rows.Count == 0)
        {
            return [];
        }

        var there = (await runtime.Volumes.ListAsync(cancellationToken)).Where(info => info.Owner == owner).ToDictionary(info => info.Id.Value, StringComparer.Ordinal);
        var uses = there.Values.SelectMany(info => info.Uses).Select(use => use.Sandbox.Value).ToList();
        var sandboxes = await store.ReadAsync(db => db.Sandboxes.AsNoTracking().Where(row => uses.Contains(row.Id))
            .Select(row => new { row.Id, row.PlaygroundId, row.Playground!.Image, row.Name }).ToDictionaryAsync(row => row.Id, StringComparer.Ordinal, cancellationToken));
        return
        [
            .. rows.Select(row => there.GetValueOrDefault(row.Id) is { } info
                ? new VolumeView(row.Name, info.Bytes, info.UsedBytes, info.Files, row.CreatedAt, [.. info.Uses.Where(use => sandboxes.ContainsKey(use.Sandbox.Value)).Select(use =>
                {
                    var sandbox = sandboxes[use.Sandbox.Value];
                    return new VolumeUseView(sandbox.PlaygroundId, sandbox.Image, sandbox.Id, sandbox.Name, use.Path, use.ReadOnly);
                })])
                : new VolumeView(row.Name, row.Bytes, 0, 0, row.CreatedAt, [])),
        ];
    }

    /// <summary>One volume of a person. Code: NotFound.</summary>
    public async Task<VolumeView> FindAsync(PersonId owner, string name, CancellationToken cancellationToken) =>
        (await ListAsync(owner, cancellationToken)).FirstOrDefault(volume => volume.Name == name) ?? throw NotYours(name);

    /// <summary>Volumes and bytes of them that a person's plan grants.</summary>
    public Task<(int Volumes, long Bytes)> MostAsync(PersonId? owner) => store.ReadAsync(async db =>
    {
        var id = owner is { } person ? person.Value : "";
        var plan = await db.People.Where(row => row.Id == id).Select(row => new { row.Plan!.Volumes, row.Plan.VolumeBytes }).SingleOrDefaultAsync();
        return plan is null ? (Plan.Guest.Volumes, Plan.Guest.VolumeBytes) : (plan.Volumes, plan.VolumeBytes);
    });

    /// <summary>Makes a volume. Codes: Invalid, Conflict (the name is taken), Quota, Capacity.</summary>
    public async Task<VolumeView> CreateAsync(PersonId owner, VolumeRequest request)
    {
        var volume = new RecipeVolume { Name = request.Name, Path = "/volume", SizeMiB = request.SizeMiB };
        if (!RecipeRules.IsName(request.Name))
        {
            throw new SandboxException(ErrorCode.Invalid, "name: 1 to 32 lower-case letters, digits and dashes, no dash at either end");
        }

        if (volume.Bytes is < VolumeRules.MinBytes or > VolumeRules.MaxBytes)
        {
            throw new SandboxException(ErrorCode.Invalid, $"sizeMiB: {VolumeRules.MinBytes >> 20} to {VolumeRules.MaxBytes >> 20}");
        }

        return await store.WriteAsync(async db =>
        {
            if (await db.Volumes.AnyAsync(row => row.OwnerId == owner.Value && row.Name == request.Name))
            {
                throw new SandboxException(ErrorCode.Conflict, $"You have a volume '{request.Name}' already.");
            }

            if (!await db.People.AnyAsync(row => row.Id == owner.Value))
            {
                db.People.Add(guests.Row(owner));
                await db.SaveChangesAsync();
            }

            guests.Saw(owner);
            var row = await AddAsync(db, owner.Value, volume);
            return new VolumeView(row.Name, row.Bytes, 0, 0, row.CreatedAt, []);
        });
    }

    /// <summary>Deletes a volume with its files. Codes: NotFound, Conflict (it is attached).</summary>
    public async Task DeleteAsync(PersonId owner, string name, CancellationToken cancellationToken)
    {
        var row = await store.ReadAsync(db => db.Volumes.AsNoTracking().SingleOrDefaultAsync(row => row.OwnerId == owner.Value && row.Name == name)) ?? throw NotYours(name);
        if ((await FindAsync(owner, name, cancellationToken)).Uses is [var use, ..])
        {
            throw new SandboxException(ErrorCode.Conflict, $"The volume '{name}' is attached to {use.Node} of your {use.Image} playground {use.Playground}. End that playground first.");
        }

        await runtime.Volumes.RemoveAsync(VolumeId.Parse(row.Id), cancellationToken);
        await store.WriteAsync(db => db.Volumes.Where(other => other.Id == row.Id).ExecuteDeleteAsync());
    }

    /// <summary>Puts those volumes of nodes on record that their owner has not yet. Part of the caller's transaction. Codes: Quota, Capacity.</summary>
    public async Task EnsureAsync(SandboxDb db, string owner, IEnumerable<RecipeNode> nodes)
    {
        foreach (var volume in nodes.SelectMany(node => node.Volumes))
        {
            if (!await db.Volumes.AnyAsync(row => row.OwnerId == owner && row.Name == volume.Name))
            {
                await AddAsync(db, owner, volume);
            }
        }
    }

    /// <summary>
    /// The volumes of a node as its sandbox attaches them. Codes: NotFound (deleted meanwhile), Conflict (another playground writes to
    /// one; the runtime decides it again).
    /// </summary>
    public async Task<IReadOnlyList<SandboxVolume>> ForAsync(string owner, RecipeNode node, CancellationToken cancellationToken)
    {
        if (node.Volumes.Count == 0)
        {
            return [];
        }

        var mine = await ListAsync(PersonId.Parse(owner), cancellationToken);
        foreach (var volume in node.Volumes.Where(volume => !volume.ReadOnly))
        {
            if (mine.FirstOrDefault(view => view.Name == volume.Name)?.Uses.FirstOrDefault(use => !use.ReadOnly) is { } writer)
            {
                throw new SandboxException(
                    ErrorCode.Conflict,
                    $"The volume '{volume.Name}' is in use: {writer.Node} of your {writer.Image} playground {writer.Playground} writes to it at {writer.Path}. End that playground first, or attach the volume read-only.");
            }
        }

        var rows = await store.ReadAsync(db => db.Volumes.AsNoTracking().Where(row => row.OwnerId == owner).ToDictionaryAsync(row => row.Name, StringComparer.Ordinal, cancellationToken));
        return
        [
            .. node.Volumes.Select(volume => rows.GetValueOrDefault(volume.Name) is { } row
                ? new SandboxVolume { Id = VolumeId.Parse(row.Id), Name = row.Name, Path = volume.Path, Bytes = row.Bytes, ReadOnly = volume.ReadOnly }
                : throw NotYours(volume.Name)),
        ];
    }

    /// <summary>Removes the volumes from the runtime that are on no record: those of guests that are gone, and one whose deletion was cut off.</summary>
    public async Task CollectAsync(CancellationToken cancellationToken)
    {
        // The runtime first: a volume is on record before the runtime has it.
        var there = await runtime.Volumes.ListAsync(cancellationToken);
        if (there.Count == 0)
        {
            return;
        }

        var known = await store.ReadAsync(db => db.Volumes.Select(row => row.Id).ToListAsync(cancellationToken));
        foreach (var info in there.Where(info => !known.Contains(info.Id.Value, StringComparer.Ordinal) && info.Uses.Count == 0))
        {
            await runtime.Volumes.RemoveAsync(info.Id, cancellationToken);
        }
    }

    private async Task<VolumeRow> AddAsync(SandboxDb db, string owner, RecipeVolume volume)
    {
        var person = await db.People.Include(row => row.Plan).SingleAsync(row => row.Id == owner);
        var held = await db.Volumes.Where(row => row.OwnerId == owner).Select(row => row.Bytes).ToListAsync();
        if (held.Count >= person.Plan!.Volumes)
        {
            throw new SandboxException(ErrorCode.Quota, person.Plan.Volumes == 0
                ? "Your plan has no volumes."
                : $"You've reached your limit of {person.Plan.Volumes} {(person.Plan.Volumes == 1 ? "volume" : "volumes")}. Delete one first.");
        }

        if (held.Sum() + volume.Bytes > person.Plan.VolumeBytes)
        {
            throw new SandboxException(ErrorCode.Quota, $"The volume '{volume.Name}' of {volume.Bytes >> 20} MiB would exceed the {person.Plan.VolumeBytes >> 20} MiB of your plan: {held.Sum() >> 20} MiB are taken. Make it smaller, or delete another.");
        }

        if (person.Kind == PersonKind.Guest
            && await db.Volumes.Where(row => db.People.Any(other => other.Id == row.OwnerId && other.Kind == PersonKind.Guest)).SumAsync(row => row.Bytes) + volume.Bytes > options.Limits.GuestVolumeBytes)
        {
            throw new SandboxException(ErrorCode.Capacity, "The volumes of all guests together have no room for another one. Sign in, or try again later.");
        }

        var row = new VolumeRow { Id = VolumeId.New().Value, OwnerId = owner, Name = volume.Name, Bytes = volume.Bytes, CreatedAt = time.GetUtcNow() };
        db.Volumes.Add(row);
        await db.SaveChangesAsync();
        return row;
    }

    private static SandboxException NotYours(string name) => new(ErrorCode.NotFound, $"You have no volume '{name}'.");
}
