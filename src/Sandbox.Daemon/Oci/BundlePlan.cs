using Sandbox.Core.Quotas;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Isolation;

namespace Sandbox.Daemon.Oci;

/// <summary>Everything that one sandbox's <c>config.json</c> says beyond its isolation class.</summary>
internal sealed record BundlePlan
{
    public required IsolationClass Isolation { get; init; }

    /// <summary>The class's system call filter as machine code in base64; null if the runtime has to make it.</summary>
    public string? CompiledFilter { get; init; }

    /// <summary>The host name inside.</summary>
    public required string HostName { get; init; }

    /// <summary>The mounted root file system.</summary>
    public required string Root { get; init; }

    /// <summary>The sandbox's limits, within those of its owner.</summary>
    public required SandboxLimits Limits { get; init; }

    /// <summary>How fast it may read from the disk; null where its owner's group bounds that, or nothing does.</summary>
    public DiskReadRate? ReadRate { get; init; }

    /// <summary>The control group, absolute from the root of the hierarchy.</summary>
    public required string ControlGroup { get; init; }

    /// <summary>A path of a user namespace to join; null where the runtime is started in it.</summary>
    public required string? UserNamespace { get; init; }

    /// <summary>A path of a network namespace to join.</summary>
    public required string NetworkNamespace { get; init; }

    /// <summary>Mounts besides those of the class.</summary>
    public required IReadOnlyList<SandboxMount> Mounts { get; init; }

    /// <summary>Where the program of our init is.</summary>
    public string InitSource { get; init; } = SandboxBundle.InitMount.Source;

    /// <summary>The init that starts the image's own command, or root with no command.</summary>
    public required ProcessPlan Init { get; init; }
}
