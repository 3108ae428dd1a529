using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Catalog;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Store;

namespace Sandbox.Web.Leases;

/// <summary>
/// Keeps record and runtime at one. What runs is the runtime's to say: its states are written down, what it lost or
/// ended ends here with its reason. Who owns is ours: what has no owner on record, or has ended, is removed from it.
/// </summary>
internal sealed partial class RuntimeReconciler(
    SqliteStore store,
    ISandboxRuntime runtime,
    Endings endings,
    Launcher launcher,
    LaunchesUnderway underway,
    SandboxStates states,
    ImageCatalog catalog,
    TimeProvider time,
    ILogger<RuntimeReconciler> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        catalog.Settled += Release;
        await FailInterruptedAsync();
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await ReleaseAllAsync();
        var wasThere = true;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ReconcileAsync(stoppingToken);
                wasThere = true;
                using var round = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                round.CancelAfter(Period);
                await WatchAsync(round.Token);
            }
            catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
            {
                // The period is over: compare again, for whatever no event told.
                continue;
            }
            catch (SandboxException fault) when (fault.Code == ErrorCode.RuntimeUnavailable)
            {
                if (wasThere)
                {
                    Log.Gone(logger, fault.Message);
                    wasThere = false;
                }
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                Log.Failed(logger, fault);
            }

            await Task.Delay(Pause, stoppingToken);
        }
    }

    internal async Task ReconcileAsync(CancellationToken cancellationToken)
    {
        // The record first: what is created between the two looks is then on neither list's wrong side.
        var live = await store.ReadAsync(db => db.Playgrounds.AsNoTracking().Include(row => row.Sandboxes)
            .Where(row => row.State == PlaygroundStage.Running).ToListAsync(cancellationToken));
        var there = (await runtime.Sandboxes.ListAsync(cancellationToken)).ToDictionary(info => info.Id.Value, StringComparer.Ordinal);
        foreach (var row in live.Where(row => row.Sandboxes.Any(sandbox => !there.ContainsKey(sandbox.Id))))
        {
            await endings.EndAsync(PlaygroundId.Parse(row.Id), EndReason.HostRestarted);
        }

        foreach (var info in there.Values)
        {
            await HandleAsync(info);
        }

        await catalog.ReconcileAsync(cancellationToken);
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        await foreach (var info in runtime.Sandboxes.WatchAsync(cancellationToken))
        {
            await HandleAsync(info);
        }
    }

    private async Task HandleAsync(SandboxInfo info)
    {
        var found = await store.ReadAsync(db => db.Sandboxes.AsNoTracking()
            .Where(row => row.Id == info.Id.Value)
            .Select(row => new { row.State, row.ExitCode, Stage = row.Playground!.State, row.PlaygroundId }).SingleOrDefaultAsync());
        if (found is null || found.Stage == PlaygroundStage.Ended)
        {
            await endings.RemoveAsync([info.Id]);
            return;
        }

        // A launch says itself how it ends.
        if (found.Stage != PlaygroundStage.Running || underway.Find(PlaygroundId.Parse(found.PlaygroundId)) is not null)
        {
            return;
        }

        if (info.State == SandboxState.Ended)
        {
            await endings.EndAsync(PlaygroundId.Parse(found.PlaygroundId), info.Reason ?? EndReason.HostRestarted);
        }
        else if (info.State != found.State || info.ExitCode != found.ExitCode)
        {
            await states.RefreshAsync(info.Id);
        }
    }

    /// <summary>A launch that this process did not live to finish: nobody waits for it, and half of its setup may have run.</summary>
    private async Task FailInterruptedAsync()
    {
        var interrupted = await store.ReadAsync(db => db.Playgrounds.Where(row => row.State == PlaygroundStage.Starting).Select(row => row.Id).ToListAsync());
        var now = time.GetUtcNow();
        await store.WriteAsync(db => db.Playgrounds.Where(row => interrupted.Contains(row.Id)).ExecuteUpdateAsync(set => set
            .SetProperty(row => row.State, PlaygroundStage.Ended)
            .SetProperty(row => row.EndsAt, now)
            .SetProperty(row => row.Recipe, "")
            .SetProperty(row => row.Reason, EndReason.LaunchFailed)
            .SetProperty(row => row.ErrorCode, ErrorCodes.Text(ErrorCode.Internal))
            .SetProperty(row => row.Message, "The service was restarted while this started. Launch it again.")));
    }

    private async Task ReleaseAllAsync()
    {
        var images = await store.ReadAsync(db => db.Playgrounds.Where(row => row.State == PlaygroundStage.Queued).Select(row => row.Image).Distinct().ToListAsync());
        foreach (var image in images)
        {
            await launcher.ReleaseAsync(image);
        }
    }

    private void Release(string image) => _ = Task.Run(async () =>
    {
        try
        {
            await launcher.ReleaseAsync(image);
        }
        catch (Exception fault)
        {
            Log.Failed(logger, fault);
        }
    });

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The daemon is not there: {Detail}")]
        public static partial void Gone(ILogger logger, string detail);

        [LoggerMessage(Level = LogLevel.Error, Message = "Reconciling with the runtime failed")]
        public static partial void Failed(ILogger logger, Exception fault);
    }
}
