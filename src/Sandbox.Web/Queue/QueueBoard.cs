using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Store;

namespace Sandbox.Web.Queue;

/// <summary>Both queues at one moment.</summary>
/// <param name="Places">The place of each queued playground, by its id.</param>
/// <param name="Waiting">How many wait for room, beside those whom only the share of their address keeps out.</param>
internal sealed record QueueState(IReadOnlyDictionary<string, QueueView> Places, int Waiting);

/// <summary>
/// Shows everybody who waits their place, read from the rows once a second at most while nothing changes, however many ask;
/// and notes whose page was closed. The rows survive a restart, so all of this can be found again.
/// </summary>
internal sealed class QueueBoard(SqliteStore store, IHostApplicationLifetime lifetime, TimeProvider time) : IWhenPlaygroundEnds
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<PlaygroundId, DateTimeOffset> _left = new();
    private HashSet<string> _ofAddress = [];
    private TaskCompletionSource _changed = NewChange();
    private Task<QueueState>? _latest;
    private long _asked;

    /// <summary>Completes when a place may have changed.</summary>
    public Task Changed
    {
        get
        {
            lock (_gate)
            {
                return _changed.Task;
            }
        }
    }

    /// <summary>Cancelled when this process ends: then nobody waits on.</summary>
    public CancellationToken Stopping => lifetime.ApplicationStopping;

    /// <summary>Somebody joined, left or entered.</summary>
    public void Change(QueueRound round)
    {
        TaskCompletionSource before;
        lock (_gate)
        {
            _ofAddress = round.Rooms.Where(each => each.Room == RoomState.AddressFull).Select(each => each.Waiter.Playground).ToHashSet(StringComparer.Ordinal);
            _latest = null;
            (before, _changed) = (_changed, NewChange());
        }

        before.SetResult();
    }

    /// <summary>Somebody asks about a place.</summary>
    public void Asked(PlaygroundId id) => _left.TryRemove(id, out _);

    /// <summary>A page that waited was closed, or its connection broke.</summary>
    public void Left(PlaygroundId id) => _left[id] = time.GetUtcNow();

    /// <summary>Since when the page of a place is closed; null if nobody knows of that.</summary>
    public DateTimeOffset? LeftAt(PlaygroundId id) => _left.TryGetValue(id, out var at) ? at : null;

    public void Ended(PlaygroundId playground) => Asked(playground);

    /// <summary>Drops closed pages of places that ended meanwhile.</summary>
    public void ForgetLeftBefore(DateTimeOffset moment)
    {
        foreach (var (id, _) in _left.Where(left => left.Value < moment))
        {
            _left.TryRemove(id, out _);
        }
    }

    /// <summary>The queues as they are.</summary>
    /// <param name="commitment">Asks what memory is promised, and the most that may be.</param>
    public Task<QueueState> LookAsync(Func<Task<(long Held, long Most)>> commitment)
    {
        lock (_gate)
        {
            if (_latest is null || (_latest.IsCompleted && (_latest.IsFaulted || time.GetElapsedTime(_asked) > Fresh)))
            {
                _asked = time.GetTimestamp();
                var ofAddress = _ofAddress;
                _latest = Task.Run(() => ReadAsync(commitment, ofAddress));
            }

            return _latest;
        }
    }

    /// <summary>Those who wait for room, in their order.</summary>
    public static Task<List<Waiter>> WaitingAsync(SandboxDb db) => db.QueuePlaces
        .Where(place => place.Playground!.State == PlaygroundStage.Queued).OrderBy(place => place.Id)
        .Select(place => new Waiter(place.PlaygroundId, place.Playground!.OwnerId, place.Playground.Sandboxes.Sum(sandbox => sandbox.MemoryBytes), place.JoinedAt)).ToListAsync();

    private async Task<QueueState> ReadAsync(Func<Task<(long Held, long Most)>> commitment, HashSet<string> ofAddress)
    {
        var now = time.GetUtcNow();
        var (waiting, forLinks) = await store.ReadAsync(async db => (
            await WaitingAsync(db),
            await db.Playgrounds.Where(row => row.AwaitsLink && row.State == PlaygroundStage.Queued).OrderBy(row => row.CreatedAt)
                .Select(row => new { row.Id, row.LinkHash, row.LinkOwnerId, row.CreatedAt }).ToListAsync()));
        var places = new Dictionary<string, QueueView>(StringComparer.Ordinal);
        foreach (var link in forLinks.GroupBy(row => (row.LinkHash, row.LinkOwnerId)))
        {
            var rows = link.ToList();
            for (var at = 0; at < rows.Count; at++)
            {
                places[rows[at].Id] = new QueueView("link", at + 1, rows.Count, null, rows[at].CreatedAt);
            }
        }

        if (waiting.Count > 0)
        {
            var forecast = await ForecastAsync(now, await commitment());
            var before = 0L;
            for (var at = 0; at < waiting.Count; at++)
            {
                var (id, _, memory, since) = waiting[at];
                var isOfAddress = ofAddress.Contains(id);
                places[id] = new QueueView("room", at + 1, waiting.Count, isOfAddress ? null : (int?)forecast.Until(before + memory, now)?.TotalSeconds, since) { IsOfAddress = isOfAddress };
                before += isOfAddress ? 0 : memory;
            }
        }

        return new QueueState(places, waiting.Count(waiter => !ofAddress.Contains(waiter.Playground)));
    }

    private Task<RoomForecast> ForecastAsync(DateTimeOffset now, (long Held, long Most) commitment) => store.ReadAsync(async db =>
    {
        var leases = await db.Playgrounds.Where(row => row.State != PlaygroundStage.Ended && !row.AwaitsLink && row.Place == null)
            .Select(row => new { row.EndsAt, Memory = row.Sandboxes.Sum(sandbox => sandbox.MemoryBytes) }).ToListAsync();

        // Sandboxes that never ran held nothing for long.
        var ends = await db.Playgrounds.Where(row => row.State == PlaygroundStage.Ended && row.EndsAt > now - RoomForecast.Window && row.Sandboxes.Any(sandbox => sandbox.State != SandboxState.Starting))
            .Select(row => new { row.EndsAt, Memory = row.Sandboxes.Sum(sandbox => sandbox.MemoryBytes) }).ToListAsync();
        return new RoomForecast(commitment.Most - commitment.Held, [.. leases.Select(lease => (lease.EndsAt, lease.Memory))], [.. ends.Select(end => (end.EndsAt, end.Memory))]);
    });

    private static TaskCompletionSource NewChange() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
