using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Playgrounds;
using Sandbox.Web.People;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Store;

namespace Sandbox.Web.Leases;

/// <summary>Ends playgrounds whose lease is due or that are idle, and deletes those that ended a day ago.</summary>
internal sealed partial class LeaseSweeper(
    SqliteStore store,
    Endings endings,
    Presence presence,
    Guests guests,
    TimeProvider time,
    ILogger<LeaseSweeper> logger) : BackgroundService
{
    private const int RoundsBetweenRecords = 15;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan KeptEnded = TimeSpan.FromDays(1);
    private static readonly TimeSpan KeptGuest = TimeSpan.FromDays(30);

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
                await endings.EndAsync(id, reason);
            }
        }
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
            var gone = now - KeptGuest;
            await db.Tokens.Where(token => db.People.Any(row => row.Id == token.PersonId && row.Kind == PersonKind.Guest && row.LastSeenAt < gone)
                && !db.Playgrounds.Any(row => row.OwnerId == token.PersonId)).ExecuteDeleteAsync();
            await db.People.Where(row => row.Kind == PersonKind.Guest && row.LastSeenAt < gone && row.MaxPlaygrounds == null
                && !db.Playgrounds.Any(playground => playground.OwnerId == row.Id)).ExecuteDeleteAsync();
            return true;
        });
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "A round of ending leases failed")]
        public static partial void Failed(ILogger logger, Exception fault);
    }
}
