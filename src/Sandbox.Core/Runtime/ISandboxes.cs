using Sandbox.Core.Execs;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Snapshots;

namespace Sandbox.Core.Runtime;

/// <summary>The sandboxes of a runtime, and the commands that run in them to their end. A facet of <see cref="ISandboxRuntime"/>.</summary>
public interface ISandboxes
{
    /// <summary>
    /// Creates and starts a sandbox; it runs when the call returns. Idempotent by id: a second call with the same id
    /// waits for the first and returns the same sandbox, and one whose spec differs is Conflict.
    /// Its volumes are attached, or nothing is: Conflict when another sandbox writes to one.
    /// Codes: ImageNotFound, CommandNotFound, Capacity, DiskFull, Invalid, Conflict.
    /// </summary>
    Task<SandboxInfo> CreateAsync(SandboxSpec spec, CancellationToken cancellationToken);

    /// <summary>All sandboxes, with those that ended and were not removed since.</summary>
    Task<IReadOnlyList<SandboxInfo>> ListAsync(CancellationToken cancellationToken);

    /// <summary>One sandbox, or null.</summary>
    Task<SandboxInfo?> FindAsync(SandboxId id, CancellationToken cancellationToken);

    /// <summary>Starts a stopped sandbox again over its kept files. Code: Conflict. Running already is no fault.</summary>
    Task<SandboxInfo> StartAsync(SandboxId id, CancellationToken cancellationToken);

    /// <summary>Stops everything in it: a signal, then SIGKILL after the grace. A stop that has begun is finished, also when the call is cancelled. Does nothing if it is stopped.</summary>
    Task<SandboxInfo> StopAsync(SandboxId id, TimeSpan grace, CancellationToken cancellationToken);

    /// <summary>Freezes it. Code: Conflict unless it runs. Paused already is no fault.</summary>
    Task<SandboxInfo> PauseAsync(SandboxId id, CancellationToken cancellationToken);

    /// <summary>Thaws it. Code: Conflict unless it is paused. Running already is no fault.</summary>
    Task<SandboxInfo> ResumeAsync(SandboxId id, CancellationToken cancellationToken);

    /// <summary>Moves the deadline.</summary>
    Task<SandboxInfo> ExtendAsync(SandboxId id, DateTimeOffset deadline, CancellationToken cancellationToken);

    /// <summary>Ends it and forgets it, with its files, terminals and network. Unknown is no fault.</summary>
    Task RemoveAsync(SandboxId id, CancellationToken cancellationToken);

    /// <summary>The current state of each sandbox, then every change, until cancelled.</summary>
    IAsyncEnumerable<SandboxInfo> WatchAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Runs a command to its end, or until it is killed because it takes too long (<see cref="ExecResult.IsTimedOut"/>).
    /// Codes: Invalid, CommandNotFound, CommandNotExecutable, CommandFormat, Conflict (not running), Timeout (other commands
    /// ran so long that this one never started).
    /// </summary>
    Task<ExecResult> ExecAsync(SandboxId id, ExecSpec spec, CancellationToken cancellationToken);

    /// <summary>
    /// Runs a command as <see cref="ExecAsync"/> does and gives its output as it is printed, within the spec's limit. Leaving
    /// the enumeration kills the command. Codes: as of <see cref="ExecAsync"/>.
    /// </summary>
    IAsyncEnumerable<ExecOutput> ExecStreamAsync(SandboxId id, ExecSpec spec, CancellationToken cancellationToken);

    /// <summary>
    /// The output of the image's own command, as its terminal received it: the last 256 KiB of earlier starts, each after a
    /// line with its time, and of the present start. With <paramref name="follow"/> new output follows until the command has
    /// ended. Empty for an image without a command. Codes: Conflict (still starting, or ended), Quota (16 readers).
    /// </summary>
    IAsyncEnumerable<ReadOnlyMemory<byte>> ReadLogAsync(SandboxId id, bool follow, CancellationToken cancellationToken);

    /// <summary>
    /// Makes an image of the sandbox's present files, on top of the image it was started from, with its recipe's
    /// variables, directory and user. It stands still while they are copied. The same state gives the same digest. The
    /// image is in nobody's use when the call returns: a caller who keeps it records that before anybody can remove it.
    /// Codes: Conflict (no files, or it ended meanwhile), TooLarge, DiskFull, Invalid.
    /// </summary>
    Task<SnapshotResult> SnapshotAsync(SandboxId id, SnapshotSpec spec, CancellationToken cancellationToken);

    /// <summary>The contents of a snapshot, if it were made now, and the places in it that look like secrets. The sandbox goes on meanwhile. Code: Conflict (no files).</summary>
    Task<SnapshotContents> InspectAsync(SandboxId id, CancellationToken cancellationToken);
}
