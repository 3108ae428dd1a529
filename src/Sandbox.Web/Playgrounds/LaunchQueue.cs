using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Recipes;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Catalog;
using Sandbox.Web.Latency;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Store;

namespace Sandbox.Web.Playgrounds;

/// <summary>
/// Launches that wait. One waits for a place of the link it comes from, and each of its nodes for its image; a launch
/// leaves the queue once nothing is missing, or ends when an image cannot be made. The queue is in SQLite, so it survives
/// a restart.
/// </summary>
internal sealed partial class LaunchQueue(
    SqliteStore store,
    PlaygroundLife life,
    ImageCatalog catalog,
    Launcher launcher,
    Endings endings,
    PlacesFreed places,
    ILogger<LaunchQueue> logger) : BackgroundService
{
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(30);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await life.EndInterruptedAsync();
        catalog.Settled += image => _ = Task.Run(() => ReleaseAllAsync(image), CancellationToken.None);
        places.Freed += () => _ = Task.Run(ReleaseWaitingForLinksAsync, CancellationToken.None);
        await base.StartAsync(cancellationToken);
    }

    /// <summary>Starts a launch whose link has a place and whose images are all made, or ends it if one of them never will be; else it goes on waiting.</summary>
    public async Task ReleaseAsync(PlaygroundId id)
    {
        if (!await life.PassAsync(id))
        {
            return;
        }

        var waiting = await store.ReadAsync(db => db.Sandboxes
            .Where(row => row.PlaygroundId == id.Value && row.Digest == "" && row.Playground!.State == PlaygroundStage.Queued)
            .OrderBy(row => row.Node).Select(row => row.Image).Distinct().ToListAsync());
        var images = new Dictionary<string, ResolvedImage>(StringComparer.Ordinal);
        foreach (var image in waiting.Where(image => !RecipeBuild.IsImageName(image)))
        {
            switch (catalog.Find(image))
            {
                case null:
                    await FailAsync(id, $"The image {image} was removed.");
                    return;
                case { Digest: { } digest } entry:
                    images[image] = new ResolvedImage(image, Core.Images.Digest.Parse(digest), entry.Interactive);
                    break;
                case { State: CatalogState.Making }:
                    return;
                case { Error: var error }:
                    await FailAsync(id, $"The image {image} could not be made: {error}");
                    return;
            }
        }

        if (await life.StartAsync(id, images) is (var row, var recipe))
        {
            launcher.Begin(row, recipe, new LaunchTrace(), new LaunchManner(row.AsksAfterFailure), isAnswered: true);
        }
    }

    /// <summary>
    /// At the start images may have been made or removed while this process was down. After that an image that
    /// settles releases its launches; the rounds repeat what a fault interrupted.
    /// </summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var rounds = new PeriodicTimer(Round);
        do
        {
            await ReleaseAllAsync(image: null);
        }
        while (await rounds.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>Looks at every launch that waits for an image, or at all of them, in the order of their requests.</summary>
    private async Task ReleaseAllAsync(string? image)
    {
        try
        {
            var waiting = await store.ReadAsync(db => db.Playgrounds
                .Where(row => row.State == PlaygroundStage.Queued && (image == null || row.Sandboxes.Any(sandbox => sandbox.Image == image && sandbox.Digest == "")))
                .OrderBy(row => row.CreatedAt).Select(row => row.Id).ToListAsync());
            foreach (var id in waiting)
            {
                await TryReleaseAsync(PlaygroundId.Parse(id));
            }
        }
        catch (Exception fault)
        {
            Log.Failed(logger, fault);
        }
    }

    private async Task ReleaseWaitingForLinksAsync()
    {
        try
        {
            var waiting = await store.ReadAsync(db => db.Playgrounds.Where(row => row.AwaitsLink && row.State == PlaygroundStage.Queued)
                .OrderBy(row => row.CreatedAt).Select(row => row.Id).ToListAsync());
            foreach (var id in waiting)
            {
                await TryReleaseAsync(PlaygroundId.Parse(id));
            }
        }
        catch (Exception fault)
        {
            Log.Failed(logger, fault);
        }
    }

    /// <summary>One launch that cannot be released does not stop those behind it.</summary>
    private async Task TryReleaseAsync(PlaygroundId id)
    {
        try
        {
            await ReleaseAsync(id);
        }
        catch (Exception fault)
        {
            Log.Failed(logger, fault);
        }
    }

    private async Task FailAsync(PlaygroundId id, string message) =>
        await endings.EndAsync(id, EndReason.LaunchFailed, message, ErrorCodes.Text(ErrorCode.ImageNotFound));

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Releasing queued launches failed")]
        public static partial void Failed(ILogger logger, Exception fault);
    }
}
