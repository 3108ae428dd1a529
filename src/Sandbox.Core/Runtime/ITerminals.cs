using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;

namespace Sandbox.Core.Runtime;

/// <summary>The terminals of a sandbox. A facet of <see cref="ISandboxRuntime"/>.</summary>
public interface ITerminals
{
    /// <summary>Opens a terminal. Idempotent by the terminal's id. Codes: CommandNotFound, Conflict, Quota (16 per sandbox).</summary>
    Task<TerminalInfo> OpenAsync(SandboxId id, TerminalSpec spec, CancellationToken cancellationToken);

    /// <summary>
    /// Connects to the holder of a terminal, one connection for each viewer. Both sides send frames over it, see
    /// <c>TtyFrame</c> in Sandbox.Terminals. Codes: NotFound (the terminal has ended), RuntimeUnavailable.
    /// </summary>
    Task<Stream> ConnectAsync(SandboxId id, TerminalId terminal, CancellationToken cancellationToken);

    /// <summary>The terminals whose holder is still there, oldest first.</summary>
    Task<IReadOnlyList<TerminalInfo>> ListAsync(SandboxId id, CancellationToken cancellationToken);

    /// <summary>
    /// The detached commands since the sandbox was last started, oldest first: those that run, and the last 16 that have ended.
    /// </summary>
    Task<IReadOnlyList<DetachedCommand>> ListDetachedAsync(SandboxId id, CancellationToken cancellationToken);

    /// <summary>
    /// The output of a detached command, as its terminal got it: the last 256 KiB. With <paramref name="follow"/> the rest
    /// comes as it is printed, until the command has ended. Codes: NotFound, Quota (16 readers of logs).
    /// </summary>
    IAsyncEnumerable<ReadOnlyMemory<byte>> ReadDetachedAsync(SandboxId id, TerminalId command, bool follow, CancellationToken cancellationToken);

    /// <summary>Kills a detached command and everything it started. Its log stays. It has ended already is no fault. Code: NotFound.</summary>
    Task KillDetachedAsync(SandboxId id, TerminalId command, CancellationToken cancellationToken);
}
