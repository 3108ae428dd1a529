using Microsoft.EntityFrameworkCore;
using Sandbox.Web.Links;
using Sandbox.Web.Store;
using Sandbox.Web.Tutorials;

namespace Sandbox.Web.TutorialRuns;

/// <summary>Forgets runs that nobody continued for 30 days, with their checkpoints, and launches of tutorials that came to nothing.</summary>
internal sealed partial class RunSweeper(SqliteStore store, TutorialSources sources, TimeProvider time, ILogger<RunSweeper> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromHours(1);
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);
    private static readonly TimeSpan KeptFailed = TimeSpan.FromDays(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var rounds = new PeriodicTimer(Period);
        while (await rounds.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await SweepAsync();
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                // A full disk, say: the next round tries again.
                Log.Failed(logger, fault);
            }
        }
    }

    internal async Task SweepAsync()
    {
        var now = time.GetUtcNow();
        var (old, failed) = (now - Kept, now - KeptFailed);
        await store.WriteAsync(async db =>
        {
            var gone = await db.TutorialRuns.Include(run => run.Steps)
                .Where(run => (run.UsedAt < old && !db.Playgrounds.Any(row => row.Id == run.PlaygroundId && row.State != PlaygroundStage.Ended))
                    || (run.PlaygroundId == null && run.StartedAt < failed && run.Steps.Count == 0))
                .Take(1000).ToListAsync();
            foreach (var run in gone)
            {
                foreach (var hash in run.Steps.Select(step => step.CheckpointHash).OfType<string>().Distinct(StringComparer.Ordinal))
                {
                    await db.Links.Where(link => link.OwnerId == run.OwnerId && link.Hash == hash && link.IsAutomatic).ExecuteDeleteAsync();
                }
            }

            db.TutorialRuns.RemoveRange(gone);
            await db.SaveChangesAsync();
            await OwnedLinks.DropLocksAsync(db);
            return true;
        });
        await sources.SweepAsync();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Old runs of tutorials could not be forgotten yet")]
        public static partial void Failed(ILogger logger, Exception fault);
    }
}
