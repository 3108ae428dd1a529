using Microsoft.EntityFrameworkCore;
using Prometheus;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Queue;
using Sandbox.Web.Store;

namespace Sandbox.Web.Gauges;

/// <summary>Numbers of the launch queue and of paused sandboxes for Prometheus, read from the record when they are asked for.</summary>
internal sealed class LoadGauges
{
    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly SqliteStore _store;
    private readonly QueueTotals _totals;
    private readonly TimeProvider _time;
    private readonly Gauge _waiting;
    private readonly Gauge _oldest;
    private readonly Gauge _paused;
    private readonly Counter _admitted;
    private readonly Counter _left;

    public LoadGauges(SqliteStore store, QueueTotals totals, TimeProvider time)
    {
        (_store, _totals, _time) = (store, totals, time);
        var metrics = Metrics.WithCustomRegistry(_registry);
        _waiting = metrics.CreateGauge("sandbox_queue_waiting", "Launches that wait for room on the host.");
        _oldest = metrics.CreateGauge("sandbox_queue_oldest_wait_seconds", "How long the launch that joined the queue first has waited; 0 if none waits.");
        _paused = metrics.CreateGauge("sandbox_sandboxes_paused", "Sandboxes that are paused, by their owners or for the host's reserve.");
        _admitted = metrics.CreateCounter("sandbox_queue_admitted_total", "Launches that got room after they had waited in the queue, since this process started.");
        _left = metrics.CreateCounter("sandbox_queue_left_total", "Launches that left the queue without a start, mostly because their visitors gave up, since this process started.");
        _registry.AddBeforeCollectCallback(ReadAsync);
    }

    /// <summary>Writes the numbers as Prometheus reads them.</summary>
    public Task WriteAsync(Stream to, CancellationToken cancellationToken) => _registry.CollectAndExportAsTextAsync(to, cancellationToken);

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var (waiting, paused) = await _store.ReadAsync(async db => (
            await QueueBoard.WaitingAsync(db),
            await db.Sandboxes.CountAsync(row => row.State == SandboxState.Paused && row.Playground!.State == PlaygroundStage.Running, cancellationToken)));
        _waiting.Set(waiting.Count);
        _oldest.Set(waiting.Count == 0 ? 0 : Math.Max(0, (_time.GetUtcNow() - waiting.Min(waiter => waiter.JoinedAt)).TotalSeconds));
        _paused.Set(paused);
        _admitted.IncTo(_totals.Admitted);
        _left.IncTo(_totals.Left);
    }
}
