using System.Collections.Concurrent;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Recipes;
using Sandbox.Web.Errands;
using Sandbox.Web.Volumes;

namespace Sandbox.Web.Builds;

/// <summary>
/// The layers of a person's builds, on a volume of theirs. One build at a time uses it; the others, and those whose plan has no
/// room for it, go on without. Builds of recipes never use it: their Dockerfiles are other people's.
/// </summary>
internal sealed class LayerCache(ErrandSandboxes sandboxes, OwnedVolumes volumes)
{
    /// <summary>The volume's name: people choose names without a dot.</summary>
    public const string VolumeName = "build.layers";

    /// <summary>Where it is mounted in the builder.</summary>
    public const string Path = "/layers";

    private const long Most = 4L << 30;

    private readonly ConcurrentDictionary<PersonId, bool> _building = new();

    /// <summary>Opens the sandbox of a build, with the person's layers if they can be had. Codes: those of opening an errand's sandbox.</summary>
    public async Task<Builder> OpenAsync(PersonId owner, Errand errand, CancellationToken cancellationToken)
    {
        if (!_building.TryAdd(owner, true))
        {
            return new Builder(await sandboxes.OpenAsync(owner, errand, cancellationToken), null, "Another build of yours uses the build cache. This build runs without it.");
        }

        try
        {
            var (_, bytes) = await volumes.MostAsync(owner);
            var volume = new RecipeVolume { Name = VolumeName, Path = Path, SizeMiB = (int)(Math.Min(bytes / 2, Most) >> 20) };
            return new Builder(await sandboxes.OpenAsync(owner, errand with { Volumes = [volume] }, cancellationToken), () => _building.TryRemove(owner, out _), null);
        }
        catch (SandboxException fault)
        {
            _building.TryRemove(owner, out _);
            // If that was not the volume, this fails in the same way.
            return new Builder(await sandboxes.OpenAsync(owner, errand, cancellationToken), null, $"This build runs without the cache: {fault.Message}");
        }
        catch
        {
            _building.TryRemove(owner, out _);
            throw;
        }
    }

    /// <summary>Forgets the layers. Code: Conflict (a build uses them).</summary>
    public async Task ClearAsync(PersonId owner, CancellationToken cancellationToken)
    {
        try
        {
            await volumes.DeleteAsync(owner, VolumeName, cancellationToken);
        }
        catch (SandboxException fault) when (fault.Code == ErrorCode.NotFound)
        {
            // There are none.
        }
        catch (SandboxException fault) when (fault.Code == ErrorCode.Conflict)
        {
            throw new SandboxException(ErrorCode.Conflict, "A build of yours uses the layers now. Wait for its end, or cancel it.", fault);
        }
    }

    /// <summary>The sandbox of a build.</summary>
    /// <param name="Sandbox">Where it runs.</param>
    /// <param name="Leave">Lets the next build have the layers; null if this one has not.</param>
    /// <param name="Note">Why it has not; null for no reason that its person wants to know.</param>
    internal sealed record Builder(ErrandSandbox Sandbox, Action? Leave, string? Note);
}
