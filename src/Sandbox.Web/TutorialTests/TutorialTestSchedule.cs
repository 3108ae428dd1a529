using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Web.Store;

namespace Sandbox.Web.TutorialTests;

/// <summary>Tests the tutorials of everybody's list again and again, one at a time, so that their badges say since when they work.</summary>
internal sealed partial class TutorialTestSchedule(SqliteStore store, TutorialTester tester, WebOptions options, TimeProvider time, ILogger<TutorialTestSchedule> logger) : BackgroundService
{
    private static readonly TimeSpan Round = TimeSpan.FromMinutes(10);

    /// <summary>A server that was started just now has better things to do.</summary>
    private static readonly TimeSpan First = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.TutorialTestHours == 0)
        {
            return;
        }

        await Task.Delay(First, stoppingToken);
        using var rounds = new PeriodicTimer(Round);
        do
        {
            try
            {
                var before = time.GetUtcNow().AddHours(-options.TutorialTestHours);
                var due = await store.ReadAsync(db => db.Tutorials.AsNoTracking()
                    .Where(row => row.IsPublic && row.Refusal == null && (row.TestedAt == null || row.TestedAt < before) && db.TutorialNames.Any(name => name.Hash == row.Hash))
                    .OrderBy(row => row.TestedAt).FirstOrDefaultAsync(stoppingToken));
                if (due is not null)
                {
                    await tester.TestAsync(due, stoppingToken);
                }
            }
            catch (SandboxException fault)
            {
                // The host is full, say: the next round tries again.
                Log.Waits(logger, fault);
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                Log.Failed(logger, fault);
            }
        }
        while (await rounds.WaitForNextTickAsync(stoppingToken));
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The test of a tutorial waits")]
        public static partial void Waits(ILogger logger, Exception fault);

        [LoggerMessage(Level = LogLevel.Error, Message = "The test of a tutorial broke off")]
        public static partial void Failed(ILogger logger, Exception fault);
    }
}
