using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Links;
using Sandbox.Web.People;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Queue;
using Sandbox.Web.Store;

namespace Sandbox.Web.Leases;

/// <summary>Ends playgrounds whose lease is due or that are idle, and deletes those that ended a day ago.</summary>
internal sealed partial class LeaseSweeper(
    SqliteStore store,
    Endings endings,
    Presence presence,
    QueueBoard queue,
    Guests guests,
    TimeProvider time,
    ILogger<LeaseSweeper> logger) : BackgroundService
{
    private const int RoundsBetweenRecords = 15;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan KeptEnded = TimeSpan.FromDays(1);
    private static readonly TimeSpan KeptGuest = TimeSpan.FromDays(30);

    /// <summary>
    /// How long a place in a queue is kept for somebody who asks no more. Timers of a tab in the background run once a minute, and
    /// such a tab comes back after a restart of the server, too.
    /// </summary>
    private static readonly TimeSpan KeptPlace = TimeSpan.FromSeconds(75);

    /// <summary>The same for a page that was closed, or is being loaded again.</summary>
    private static readonly TimeSpan KeptClosed = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan KeptStarts = TimeSpan.FromDays(30);

    private readonly ConcurrentDictionary<PlaygroundId, bool> _ending = new();
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private DateTimeOffset _recordedAt;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period);
        for (var round = 1; await timer.WaitForNextTickAsync(stoppingToken); round++)
        {
            try
            {
                await SweepAsync();
                if (round % RoundsBetweenRecords == 0)
                {
                    await RecordAsync();
                }
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                // A full disk, say: the next round tries again.
                Log.Failed(logger, fault);
            }
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await RecordAsync();
    }

    internal async Task SweepAsync()
    {
        var now = time.GetUtcNow();
        var live = await store.ReadAsync(db => db.Playgrounds.AsNoTracking().Include(row => row.Owner!.Plan)
            .Where(row => row.State == PlaygroundStage.Running || row.State == PlaygroundStage.Starting).ToListAsync());
        foreach (var row in live)
        {
            var id = PlaygroundId.Parse(row.Id);

            // Nobody could be present while this process was down, so that time does not count as idle.
            var recorded = row.LastActiveAt > _startedAt ? row.LastActiveAt : _startedAt;
            if (row.Lease.DueAt(now, presence.UnattendedSince(id, recorded), row.Owner!.Plan!.ToPlan()) is { } reason)
            {
                End(id, row.State, reason);
            }
        }

        await EndLeftQueueAsync(now);
    }

    /// <summary>A save takes seconds, so one playground that ends holds up no other.</summary>
    private void End(PlaygroundId id, PlaygroundStage stage, EndReason reason)
    {
        if (_ending.TryAdd(id, true))
        {
            _ = Task.Run(async () =>
            {
                try
                {
                    await (stage == PlaygroundStage.Running ? endings.EndAfterSaveAsync(id, reason) : endings.EndAsync(id, reason));
                }
                catch (Exception fault)
                {
                    // The next round tries again.
                    Log.Failed(logger, fault);
                }
                finally
                {
                    _ending.TryRemove(id, out _);
                }
            });
        }
    }

    /// <summary>A place in a queue is given up when nobody asks about it: the page that waited was closed.</summary>
    private async Task EndLeftQueueAsync(DateTimeOffset now)
    {
        var waiting = await store.ReadAsync(db => db.Playgrounds.AsNoTracking().Where(row => row.State == PlaygroundStage.Queued && (row.AwaitsLink || row.Place != null)).ToListAsync());
        foreach (var row in waiting)
        {
            var id = PlaygroundId.Parse(row.Id);
            var recorded = row.CreatedAt > _startedAt ? row.CreatedAt : _startedAt;
            if (presence.UnattendedSince(id, recorded) is { } since && (now - since > KeptPlace || now - queue.LeftAt(id) > KeptClosed))
            {
                await endings.EndAsync(id, EndReason.Idle, "Nobody asked about it any more, so its place in the queue was given up.");
            }
        }

        queue.ForgetLeftBefore(now - KeptPlace);
    }

    /// <summary>Persists presence, so that a restart makes nobody idle, and deletes rows that are no longer needed.</summary>
    private async Task RecordAsync()
    {
        var now = time.GetUtcNow();
        var since = _recordedAt;
        _recordedAt = now;
        await store.WriteAsync(async db =>
        {
            await PlaygroundLife.RecordAsync(db, presence);
            foreach (var (person, at) in guests.TakeSeen(since))
            {
                await db.People.Where(row => row.Id == person.Value).ExecuteUpdateAsync(set => set.SetProperty(row => row.LastSeenAt, at));
            }

            var forgotten = now - KeptEnded;
            await PlaygroundLife.ForgetAsync(db, forgotten);

            // Keys go with their playground, and after a day at the latest.
            await db.IdempotencyKeys.Where(row => row.CreatedAt < forgotten).ExecuteDeleteAsync();
            await db.LinkStarts.Where(row => row.At < now - KeptStarts).ExecuteDeleteAsync();

            // A guest's private links go with the guest; a guest with a shared link stays.
            var gone = now - KeptGuest;
            if (await db.Links.Where(link => link.Access == LinkAccess.Private
                && db.People.Any(row => row.Id == link.OwnerId && row.Kind == PersonKind.Guest && row.LastSeenAt < gone)
                && !db.Playgrounds.Any(row => row.OwnerId == link.OwnerId)).ExecuteDeleteAsync() > 0)
            {
                await OwnedLinks.DropLocksAsync(db);
            }

            // So do the images that the guest built, which no link of theirs shares.
            await db.OwnImages.Where(image => db.People.Any(row => row.Id == image.OwnerId && row.Kind == PersonKind.Guest && row.LastSeenAt < gone)
                && !db.Playgrounds.Any(row => row.OwnerId == image.OwnerId)).ExecuteDeleteAsync();

            // Their volumes go too; the reconciler removes the files. A guest who stays for a shared link loses them as well.
            await db.Volumes.Where(volume => db.People.Any(row => row.Id == volume.OwnerId && row.Kind == PersonKind.Guest && row.LastSeenAt < gone)
                && !db.Playgrounds.Any(row => row.OwnerId == volume.OwnerId)).ExecuteDeleteAsync();

            await db.Tokens.Where(token => db.People.Any(row => row.Id == token.PersonId && row.Kind == PersonKind.Guest && row.LastSeenAt < gone)
                && !db.Playgrounds.Any(row => row.OwnerId == token.PersonId) && !db.Links.Any(row => row.OwnerId == token.PersonId)).ExecuteDeleteAsync();
            await db.People.Where(row => row.Kind == PersonKind.Guest && row.LastSeenAt < gone && row.MaxPlaygrounds == null && row.SuspendedAt == null
                && !db.Playgrounds.Any(playground => playground.OwnerId == row.Id) && !db.Links.Any(link => link.OwnerId == row.Id)).ExecuteDeleteAsync();
            await db.Aliases.Where(alias => !db.People.Any(row => row.Id == alias.OwnerId)).ExecuteDeleteAsync();
            return true;
        });
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "A round of ending leases failed")]
        public static partial void Failed(ILogger logger, Exception fault);
    }
}
