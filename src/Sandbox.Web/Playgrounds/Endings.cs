using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Store;

namespace Sandbox.Web.Playgrounds;

/// <summary>
/// Ends playgrounds: first on record, with a reason its owner reads, which frees the quota; then in the runtime. What
/// the runtime cannot do now, because it is down, the reconciler does later: it removes what has ended on record.
/// </summary>
internal sealed partial class Endings(
    SqliteStore store,
    ISandboxRuntime runtime,
    LaunchesUnderway underway,
    IEnumerable<IWhenPlaygroundEnds> listeners,
    TimeProvider time,
    ILogger<Endings> logger)
{
    /// <summary>Ends it; false when it had ended before.</summary>
    public async Task<bool> EndAsync(PlaygroundId id, EndReason reason, string? message = null, string? errorCode = null)
    {
        var now = time.GetUtcNow();
        var words = message ?? Words(reason);
        var sandboxes = await store.WriteAsync(async db =>
        {
            var changed = await db.Playgrounds
                .Where(row => row.Id == id.Value && row.State != PlaygroundStage.Ended)
                .ExecuteUpdateAsync(set => set
                    .SetProperty(row => row.State, PlaygroundStage.Ended)
                    .SetProperty(row => row.EndsAt, now)
                    .SetProperty(row => row.Recipe, "")
                    .SetProperty(row => row.Reason, reason)
                    .SetProperty(row => row.Message, words)
                    .SetProperty(row => row.ErrorCode, errorCode));
            return changed == 0
                ? null
                : await db.Sandboxes.Where(row => row.PlaygroundId == id.Value).Select(row => row.Id).ToListAsync();
        });
        if (sandboxes is null)
        {
            return false;
        }

        Log.Ended(logger, id.Value, reason);
        await underway.StopAsync(id);
        foreach (var listener in listeners)
        {
            listener.Ended(id);
        }

        await RemoveAsync(sandboxes.Select(SandboxId.Parse));
        return true;
    }

    /// <summary>Removes sandboxes from the runtime, now or when it is back.</summary>
    public async Task RemoveAsync(IEnumerable<SandboxId> sandboxes)
    {
        foreach (var sandbox in sandboxes)
        {
            try
            {
                await runtime.Sandboxes.RemoveAsync(sandbox, CancellationToken.None);
            }
            catch (SandboxException fault)
            {
                Log.RemovalWaits(logger, fault, sandbox.Value);
            }
        }
    }

    private static string Words(EndReason reason) => reason switch
    {
        EndReason.Removed => "You ended it.",
        EndReason.Expired => "Its time was up.",
        EndReason.Idle => "Nobody was there for as long as your plan allows.",
        EndReason.Operator => "An operator ended it.",
        EndReason.HostRestarted => "The host was restarted.",
        EndReason.LaunchFailed => "It could not be started.",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "no such reason"),
    };

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Playground {Playground} ended: {Reason}")]
        public static partial void Ended(ILogger logger, string playground, EndReason reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Sandbox {Sandbox} could not be removed yet")]
        public static partial void RemovalWaits(ILogger logger, Exception fault, string sandbox);
    }
}
