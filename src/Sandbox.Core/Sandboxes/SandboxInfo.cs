using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;

namespace Sandbox.Core.Sandboxes;

/// <summary>One isolated container started from an image, as the runtime sees it.</summary>
public sealed record SandboxInfo
{
    /// <inheritdoc cref="SandboxSpec.Id"/>
    public required SandboxId Id { get; init; }

    /// <inheritdoc cref="SandboxSpec.Playground"/>
    public required PlaygroundId Playground { get; init; }

    /// <inheritdoc cref="SandboxSpec.Owner"/>
    public required PersonId Owner { get; init; }

    /// <inheritdoc cref="SandboxSpec.Name"/>
    public required string Name { get; init; }

    /// <inheritdoc cref="SandboxSpec.Image"/>
    public required Digest Image { get; init; }

    /// <summary>What it is doing.</summary>
    public required SandboxState State { get; init; }

    /// <inheritdoc cref="SandboxSpec.Deadline"/>
    public required DateTimeOffset Deadline { get; init; }

    /// <summary>When it was created.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The address on the playground's network; null while it has none.</summary>
    public string? Address { get; init; }

    /// <summary>How the sandbox's own command ended, when it did and somebody saw it; 128 and the signal when killed.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Words for its owner when the host stopped it, or killed a program in it, since it was started; null otherwise.</summary>
    public string? Notice { get; init; }

    /// <summary>The isolation class that it was started with; null from a runtime that does not say.</summary>
    public string? Isolation { get; init; }

    /// <summary>The limits that the runtime holds it to; null from a runtime that does not say.</summary>
    public SandboxLimits? Limits { get; init; }

    /// <summary>Why it ended; set when <see cref="State"/> is <see cref="SandboxState.Ended"/>.</summary>
    public EndReason? Reason { get; init; }
}

/// <summary>The states of a sandbox.</summary>
public enum SandboxState
{
    /// <summary>Being made; nothing in it runs yet.</summary>
    Starting,

    /// <summary>Its init runs.</summary>
    Running,

    /// <summary>Frozen: it keeps its memory and gets no CPU.</summary>
    Paused,

    /// <summary>Nothing in it runs; its files are kept, and it can be started again.</summary>
    Stopped,

    /// <summary>Gone, with a reason. Only the record is left.</summary>
    Ended,
}

/// <summary>Why a sandbox or a playground ended. A visitor reads it; every end has one.</summary>
public enum EndReason
{
    /// <summary>Its owner removed it.</summary>
    Removed,

    /// <summary>Its time was up and nobody extended it.</summary>
    Expired,

    /// <summary>Nobody was there for as long as the plan allows.</summary>
    Idle,

    /// <summary>An operator ended it, with words of their own.</summary>
    Operator,

    /// <summary>The host was restarted under it.</summary>
    HostRestarted,

    /// <summary>It could not be started; nothing of it is left.</summary>
    LaunchFailed,

    /// <summary>The host's disk was nearly full, and it held the most of it.</summary>
    DiskFull,
}
