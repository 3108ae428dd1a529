namespace Sandbox.Web.Sharing;

/// <summary>Cuts off who follows a link whose time is over, and forgets links that were over a day ago.</summary>
internal sealed partial class ShareSweeper(ShareVisits visits, ShareLinks links, ILogger<ShareSweeper> logger) : BackgroundService
{
    private const int RoundsBetweenSweeps = 600;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(0.5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period);
        for (var round = 1; await timer.WaitForNextTickAsync(stoppingToken); round++)
        {
            visits.DropExpired();
            if (round % RoundsBetweenSweeps != 0)
            {
                continue;
            }

            try
            {
                await links.SweepAsync();
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                // A full disk, say: the next round tries again.
                Log.Failed(logger, fault);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Forgetting old links failed")]
        public static partial void Failed(ILogger logger, Exception fault);
    }
}
