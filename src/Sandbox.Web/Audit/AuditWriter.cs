using Microsoft.EntityFrameworkCore;
using Sandbox.Web.Store;

namespace Sandbox.Web.Audit;

/// <summary>Writes the audit log behind the events, in transactions so small that a launch hardly waits for one, and deletes what is too old or too much.</summary>
internal sealed partial class AuditWriter(AuditLog log, SqliteStore store, WebOptions options, TimeProvider time, ILogger<AuditWriter> logger) : BackgroundService
{
    private const int MostAtOnce = 100;
    private const int RowsBetweenPrunes = 1000;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PruneAfter = TimeSpan.FromHours(1);
    private static readonly TimeSpan Same = TimeSpan.FromDays(1);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private int _writtenSince = RowsBetweenPrunes;
    private DateTimeOffset _prunedAt;

    /// <summary>Writes what waits.</summary>
    public async Task FlushAsync()
    {
        await _turn.WaitAsync();
        try
        {
            while (log.Take(MostAtOnce) is { Count: > 0 } taken)
            {
                try
                {
                    await WriteAsync(taken);
                }
                catch
                {
                    log.Return(taken.Select(each => each.Entry));
                    throw;
                }
            }

            var now = time.GetUtcNow();
            if (_writtenSince >= RowsBetweenPrunes || now - _prunedAt > PruneAfter)
            {
                await PruneAsync(now);
                (_writtenSince, _prunedAt) = (0, now);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await TryFlushAsync();
    }

    public override void Dispose()
    {
        _turn.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await TryFlushAsync();
        }
    }

    private async Task TryFlushAsync()
    {
        try
        {
            await FlushAsync();
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            // A full disk, say: the next round tries again.
            Log.Failed(logger, fault);
        }
    }

    private async Task WriteAsync(IReadOnlyList<(AuditEntry Entry, AuditRow Row)> taken)
    {
        var fresh = taken.Where(each => each.Entry.Id == 0).ToList();
        await store.WriteAsync(async db =>
        {
            foreach (var (entry, row) in taken.Where(each => each.Entry.Id != 0))
            {
                await db.Audit.Where(found => found.Id == entry.Id)
                    .ExecuteUpdateAsync(set => set.SetProperty(found => found.Count, row.Count).SetProperty(found => found.LastAt, row.LastAt));
            }

            var isKept = new List<AuditRow>();
            foreach (var (_, row) in fresh)
            {
                if (!await IsOnRecordAsync(db, row))
                {
                    isKept.Add(row);
                }
            }

            db.Audit.AddRange(isKept);
            await db.SaveChangesAsync();
            return true;
        });
        foreach (var (entry, row) in fresh)
        {
            entry.Id = row.Id;
        }

        _writtenSince += fresh.Count;
    }

    /// <summary>The runtime says its notices again when this process was restarted.</summary>
    private static async Task<bool> IsOnRecordAsync(SandboxDb db, AuditRow row)
    {
        var since = row.At - Same;
        return row.Kind == AuditKind.Limit
            && await db.Audit.AnyAsync(found => found.Kind == AuditKind.Limit && found.PersonId == row.PersonId && found.PlaygroundId == row.PlaygroundId && found.Text == row.Text && found.At > since);
    }

    private Task<bool> PruneAsync(DateTimeOffset now) => store.WriteAsync(async db =>
    {
        // Ids are in the order of time, so the first that is young enough ends the search.
        var oldest = now.AddDays(-options.Audit.Days);
        var first = await db.Audit.Where(row => row.At >= oldest).OrderBy(row => row.Id).Select(row => (long?)row.Id).FirstOrDefaultAsync() ?? long.MaxValue;
        await db.Audit.Where(row => row.Id < first).ExecuteDeleteAsync();
        foreach (var kind in Enum.GetValues<AuditKind>())
        {
            var last = await db.Audit.Where(row => row.Kind == kind).OrderByDescending(row => row.Id).Skip(options.Audit.RowsOfKind).Select(row => row.Id).FirstOrDefaultAsync();
            await db.Audit.Where(row => row.Kind == kind && row.Id <= last).ExecuteDeleteAsync();
        }

        return true;
    });

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The audit log could not be written")]
        public static partial void Failed(ILogger logger, Exception fault);
    }
}
