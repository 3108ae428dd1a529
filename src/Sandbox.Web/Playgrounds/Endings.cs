using Sandbox.Core.Errors;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Audit;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Store;

namespace Sandbox.Web.Playgrounds;

/// <summary>
/// Ends playgrounds: first on record, with a reason for the owner, which frees the quota; then in the runtime. If the
/// runtime is down, the reconciler removes the sandboxes later.
/// </summary>
internal sealed partial class Endings(
    PlaygroundLife life,
    ISandboxRuntime runtime,
    LaunchesUnderway underway,
    AuditLog audit,
    IEnumerable<IWhenPlaygroundEnds> listeners,
    ISavesPlaygrounds saves,
    ILogger<Endings> logger)
{
    /// <summary>Within this a save ends, or is given up. The runtime ends sandboxes by itself this long after their lease.</summary>
    public static readonly TimeSpan LongestSave = TimeSpan.FromSeconds(30);

    /// <summary>Saves a playground whose owner asked for it, see <see cref="ISavesPlaygrounds.SaveAsync"/>.</summary>
    public Task SaveAsync(PlaygroundId id, CancellationToken cancellationToken) => saves.SaveAsync(id, isAsked: true, cancellationToken);

    /// <summary>Ends a playground whose time is up, after its state was saved. It ends all the same when that fails, and says why.</summary>
    public async Task EndAfterSaveAsync(PlaygroundId id, EndReason reason)
    {
        string? message = null;
        using var limit = new CancellationTokenSource(LongestSave);
        try
        {
            await saves.SaveAsync(id, isAsked: false, limit.Token);
        }
        catch (Exception fault)
        {
            Log.NotSaved(logger, fault, id.Value);
            message = $"{Words(reason)} It was not saved: {(fault is SandboxException known ? known.Message : "that took too long.")}";
        }

        await EndAsync(id, reason, message);
    }

    /// <summary>Ends a playground. False if it had ended before.</summary>
    public async Task<bool> EndAsync(PlaygroundId id, EndReason reason, string? message = null, string? errorCode = null)
    {
        if (await life.EndAsync(id, reason, message ?? Words(reason), errorCode) is not (var owner, var sandboxes))
        {
            return false;
        }

        audit.Add(new AuditEvent(AuditKind.End, message ?? (reason == EndReason.Removed ? "Its owner ended it." : Words(reason))) { Person = owner, Playground = id, Code = reason.Text() });
        Log.Ended(logger, id.Value, reason);
        await underway.StopAsync(id);
        foreach (var listener in listeners)
        {
            listener.Ended(id);
        }

        await RemoveAsync(sandboxes);
        return true;
    }

    /// <summary>Removes sandboxes from the runtime, now or when it is back up.</summary>
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
        EndReason.Idle => "It was idle for as long as your plan allows.",
        EndReason.Operator => "An operator ended it.",
        EndReason.HostRestarted => "The host was restarted.",
        EndReason.LaunchFailed => "It could not be started.",
        EndReason.DiskFull => "The host's disk was nearly full, and your sandboxes used the most of it. The playground could not be saved: a save needs room on the same disk.",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "no such reason"),
    };

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Playground {Playground} ended: {Reason}")]
        public static partial void Ended(ILogger logger, string playground, EndReason reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Playground {Playground} was not saved before it ended")]
        public static partial void NotSaved(ILogger logger, Exception fault, string playground);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Sandbox {Sandbox} could not be removed yet")]
        public static partial void RemovalWaits(ILogger logger, Exception fault, string sandbox);
    }
}
