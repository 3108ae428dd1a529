using Microsoft.EntityFrameworkCore;
using Prometheus;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Queue;
using Sandbox.Web.Store;

namespace Sandbox.Web.Gauges;

/// <summary>
/// Numbers of the launch queue and of paused sandboxes for Prometheus, read from the record when they are asked for. A number
/// that cannot be read is left out, and <c>sandbox_scrape_collector_success</c> is 0 for it.
/// </summary>
internal sealed partial class LoadGauges
{
    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly SqliteStore _store;
    private readonly QueueTotals _totals;
    private readonly TimeProvider _time;
    private readonly ILogger<LoadGauges> _logger;
    private readonly Gauge _success;
    private readonly Gauge _waiting;
    private readonly Gauge _oldest;
    private readonly Gauge _paused;
    private readonly Counter _admitted;
    private readonly Counter _left;

    public LoadGauges(SqliteStore store, QueueTotals totals, TimeProvider time, ILogger<LoadGauges> logger)
    {
        (_store, _totals, _time, _logger) = (store, totals, time, logger);
        var metrics = Metrics.WithCustomRegistry(_registry);
        _success = metrics.CreateGauge("sandbox_scrape_collector_success", "1 if the numbers of this collector could be read, else 0: they are left out then.", "collector");
        _waiting = metrics.CreateGauge("sandbox_queue_waiting", "Launches that wait for room on the host.");
        _oldest = metrics.CreateGauge("sandbox_queue_oldest_wait_seconds", "How long the launch that joined the queue first has waited; 0 if none waits.");
        _paused = metrics.CreateGauge("sandbox_sandboxes_paused", "Sandboxes that are paused, by their owners or for the host's reserve.");
        _admitted = metrics.CreateCounter("sandbox_queue_admitted_total", "Launches that got room after they had waited in the queue, since this process started.");
        _left = metrics.CreateCounter("sandbox_queue_left_total", "Launches that left the queue without a start, mostly because their visitors gave up, since this process started.");
        _registry.AddBeforeCollectCallback(ReadAsync);
    }

    /// <summary>Writes the numbers as Prometheus reads them.</summary>
    public Task WriteAsync(Stream to, CancellationToken cancellationToken) => _registry.CollectAndExportAsTextAsync(to, cancellationToken);

    /// <summary>Reads the numbers of a collector, and publishes whether that succeeded.</summary>
    public async Task<bool> TryAsync(string collector, Func<Task> read)
    {
        try
        {
            await read();
            _success.WithLabels(collector).Set(1);
            return true;
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            LogUnread(_logger, collector, fault);
            _success.WithLabels(collector).Set(0);
            return false;
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        _admitted.IncTo(_totals.Admitted);
        _left.IncTo(_totals.Left);
        await CollectAsync("queue", [_waiting, _oldest], async () =>
        {
            var waiting = await _store.ReadAsync(QueueBoard.WaitingAsync);
            _waiting.Set(waiting.Count);
            _oldest.Set(waiting.Count == 0 ? 0 : Math.Max(0, (_time.GetUtcNow() - waiting.Min(waiter => waiter.JoinedAt)).TotalSeconds));
        });
        await CollectAsync("sandboxes", [_paused], async () => _paused.Set(await _store.ReadAsync(db =>
            db.Sandboxes.CountAsync(row => row.State == SandboxState.Paused && row.Playground!.State == PlaygroundStage.Running, cancellationToken))));
    }

    private async Task CollectAsync(string collector, Gauge[] gauges, Func<Task> read)
    {
        if (!await TryAsync(collector, read))
        {
            Array.ForEach(gauges, gauge => gauge.Unpublish());
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The numbers of the collector {Collector} could not be read and are left out of /metrics")]
    private static partial void LogUnread(ILogger logger, string collector, Exception fault);
}
