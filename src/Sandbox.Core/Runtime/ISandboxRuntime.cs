namespace Sandbox.Core.Runtime;

/// <summary>
/// The port through which everything is started, in six facets. One host, a Docker engine and a cluster are adapters
/// of it; the conformance suite in <c>tests/Sandbox.Testing</c> says what each of them must do.
/// <para>Every fault is a <see cref="Errors.SandboxException"/>. A call that fails, or is cancelled, leaves nothing
/// half-done, except where its member says otherwise. An unknown id is <see cref="Errors.ErrorCode.NotFound"/>.</para>
/// </summary>
public interface ISandboxRuntime
{
    /// <summary>The images in its store.</summary>
    IImages Images { get; }

    /// <summary>Its sandboxes.</summary>
    ISandboxes Sandboxes { get; }

    /// <summary>Their terminals.</summary>
    ITerminals Terminals { get; }

    /// <summary>Their files.</summary>
    ISandboxFiles Files { get; }

    /// <summary>Their TCP ports.</summary>
    ISandboxPorts Ports { get; }

    /// <summary>The volumes that outlive them.</summary>
    IVolumes Volumes { get; }

    /// <summary>What this runtime is and how it is now.</summary>
    Task<RuntimeInfo> GetInfoAsync(CancellationToken cancellationToken);
}
