using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Catalog;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Store;
using Sandbox.Web.Volumes;

namespace Sandbox.Web.Leases;

/// <summary>
/// Keeps the record and the runtime consistent. The runtime knows what runs: its states are recorded, and playgrounds
/// whose sandboxes it lost or ended are ended here. The record knows who owns what: sandboxes without a playground on
/// record, or of an ended one, are removed from the runtime.
/// </summary>
internal sealed partial class RuntimeReconciler(
    SqliteStore store,
    ISandboxRuntime runtime,
    Endings endings,
    LaunchesUnderway underway,
    SandboxStates states,
    ImageCatalog catalog,
    ImageUse use,
    OwnedVolumes volumes,
    ILogger<RuntimeReconciler> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
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
                // The period is over: compare again, in case an event was missed.
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
        // Read the record first, so that a sandbox created between the two reads does not look lost.
        var live = await store.ReadAsync(db => db.Playgrounds.AsNoTracking().Include(row => row.Sandboxes)
            .Where(row => row.State == PlaygroundStage.Running).ToListAsync(cancellationToken));
        var there = (await runtime.Sandboxes.ListAsync(cancellationToken)).ToDictionary(info => info.Id.Value, StringComparer.Ordinal);
        foreach (var row in live.Where(row => row.Sandboxes.Any(sandbox => sandbox.State != SandboxState.Starting && !there.ContainsKey(sandbox.Id))))
        {
            await endings.EndAsync(PlaygroundId.Parse(row.Id), EndReason.HostRestarted);
        }

        foreach (var info in there.Values)
        {
            await HandleAsync(info);
        }

        await volumes.CollectAsync(cancellationToken);
        if (await catalog.ReconcileAsync(cancellationToken))
        {
            await use.CollectAsync(cancellationToken);
        }
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

        // A launch under way reports its own end, and so does a node that is being added.
        if (found.Stage != PlaygroundStage.Running || found.State == SandboxState.Starting || underway.Find(PlaygroundId.Parse(found.PlaygroundId)) is not null)
        {
            return;
        }

        if (info.State == SandboxState.Ended)
        {
            await endings.EndAsync(PlaygroundId.Parse(found.PlaygroundId), info.Reason ?? EndReason.HostRestarted);
        }
        else if (info.State != found.State || info.ExitCode != found.ExitCode || info.Notice != states.NoticeOf(info.Id))
        {
            await states.RefreshAsync(info.Id);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The daemon does not answer: {Detail}")]
        public static partial void Gone(ILogger logger, string detail);

        [LoggerMessage(Level = LogLevel.Error, Message = "Reconciling with the runtime failed")]
        public static partial void Failed(ILogger logger, Exception fault);
    }
}
