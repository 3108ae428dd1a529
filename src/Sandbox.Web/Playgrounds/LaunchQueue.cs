using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Recipes;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Catalog;
using Sandbox.Web.Latency;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Queue;
using Sandbox.Web.Store;

namespace Sandbox.Web.Playgrounds;

/// <summary>
/// Launches that wait. One waits for a place of the link it comes from, then for room on the host, then each of its nodes
/// for its image; a launch leaves the queue once nothing is missing, or ends when an image cannot be made. The queue is in
/// SQLite, so it survives a restart.
/// </summary>
internal sealed partial class LaunchQueue(
    SqliteStore store,
    PlaygroundLife life,
    ImageCatalog catalog,
    Admission admission,
    QueueBoard board,
    Launcher launcher,
    Endings endings,
    PlacesFreed places,
    QueueTotals totals,
    TimeProvider time,
    ILogger<LaunchQueue> logger) : BackgroundService
{
    private const int Idle = 0;
    private const int Looking = 1;
    private const int LooksAgain = 2;

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(10);

    private int _freed;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await life.EndInterruptedAsync();
        catalog.Settled += image => _ = Task.Run(() => ReleaseAllAsync(image), CancellationToken.None);
        places.Freed += OnFreed;
        await base.StartAsync(cancellationToken);
    }

    /// <summary>A launch was queued: it starts at once when nothing is missing any more.</summary>
    public async Task AddedAsync(PlaygroundId id)
    {
        await life.PassAsync(id);
        await TryAsync(EnterAsync); // it has its place; what fails of others is tried again in the next round
        await BeginAsync(id);
    }

    /// <summary>
    /// Gives room to those who wait for it, in their order, and starts them. One transaction, as with admissions, so that no room
    /// is given twice.
    /// </summary>
    private async Task EnterAsync()
    {
        var most = await admission.CommittedMemoryAsync();
        var round = await store.WriteAsync(async db => await QueueOrder.EnterAsync(
            await QueueBoard.WaitingAsync(db),
            time.GetUtcNow(),
            waiter => admission.RoomForAsync(db, waiter, most),
            waiter => db.QueuePlaces.Where(place => place.PlaygroundId == waiter.Playground).ExecuteDeleteAsync()));
        board.Change(round);
        totals.Admit(round.Entered.Count);
        foreach (var (waiter, _) in round.Rooms.Where(each => each.Room == RoomState.TooLarge))
        {
            await endings.EndAsync(PlaygroundId.Parse(waiter.Playground), EndReason.LaunchFailed, "It asks for more memory than this host gives to all sandboxes together.", ErrorCodes.Text(ErrorCode.Capacity));
        }

        foreach (var waiter in round.Entered)
        {
            await TryAsync(() => BeginAsync(PlaygroundId.Parse(waiter.Playground)));
        }
    }

    /// <summary>Starts a launch that waits for no place and whose images are all made, or ends it if one of them never will be; else it goes on waiting.</summary>
    private async Task BeginAsync(PlaygroundId id)
    {
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
            await ReleaseWaitingForPlacesAsync();
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
                .Where(row => row.State == PlaygroundStage.Queued && !row.AwaitsLink && row.Place == null && (image == null || row.Sandboxes.Any(sandbox => sandbox.Image == image && sandbox.Digest == "")))
                .OrderBy(row => row.CreatedAt).Select(row => row.Id).ToListAsync());
            foreach (var id in waiting)
            {
                await TryAsync(() => BeginAsync(PlaygroundId.Parse(id)));
            }
        }
        catch (Exception fault)
        {
            Log.Failed(logger, fault);
        }
    }

    /// <summary>Many may end at one instant: whatever ended during one look is seen by the next.</summary>
    private void OnFreed()
    {
        if (Interlocked.Exchange(ref _freed, LooksAgain) == Idle)
        {
            _ = Task.Run(
                async () =>
                {
                    do
                    {
                        Volatile.Write(ref _freed, Looking);
                        await ReleaseWaitingForPlacesAsync();
                    }
                    while (Interlocked.CompareExchange(ref _freed, Idle, Looking) != Looking);
                },
                CancellationToken.None);
        }
    }

    private async Task ReleaseWaitingForPlacesAsync()
    {
        try
        {
            var waiting = await store.ReadAsync(db => db.Playgrounds.Where(row => row.AwaitsLink && row.State == PlaygroundStage.Queued)
                .OrderBy(row => row.CreatedAt).Select(row => row.Id).ToListAsync());
            foreach (var id in waiting)
            {
                await TryAsync(() => life.PassAsync(PlaygroundId.Parse(id)));
            }

            await EnterAsync();
        }
        catch (Exception fault)
        {
            Log.Failed(logger, fault);
        }
    }

    /// <summary>One launch that cannot be released does not stop those behind it.</summary>
    private async Task TryAsync(Func<Task> release)
    {
        try
        {
            await release();
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
