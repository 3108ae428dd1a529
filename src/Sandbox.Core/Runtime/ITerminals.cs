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
}
