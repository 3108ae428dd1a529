using Sandbox.Core.Quotas;

namespace Sandbox.Daemon.Isolation;

/// <summary>
/// Everything that isolates a sandbox, apart from its network, as one value: the program that starts it, the
/// privileges and system calls of its processes, the files of the host's kernel that it sees, and its control group.
/// Each class has a folder of its own beside this file; <see cref="IsolationClasses"/> lists them.
/// </summary>
internal sealed record IsolationClass
{
    /// <summary>The name in records and in requests.</summary>
    public required string Name { get; init; }

    /// <summary>OCI runtimes that can start this class. The first one that is installed is used.</summary>
    public required IReadOnlyList<string> Programs { get; init; }

    /// <summary>Capabilities of root inside, in the sandbox's own user namespace.</summary>
    public required IReadOnlyList<string> Capabilities { get; init; }

    /// <summary>The system call filter: <c>linux.seccomp</c> of the OCI configuration, as JSON.</summary>
    public required ReadOnlyMemory<byte> Seccomp { get; init; }

    /// <summary>Resource limits of every process. A sandbox cannot raise them: that takes a capability of the host.</summary>
    public required IReadOnlyList<ProcessLimit> ProcessLimits { get; init; }

    /// <summary>File systems mounted over the root, in this order. Their sizes depend on the sandbox's limits.</summary>
    public required Func<SandboxLimits, IReadOnlyList<SandboxMount>> Mounts { get; init; }

    /// <summary>Settings of the kernel in the sandbox's own namespaces (<c>linux.sysctl</c>).</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>How a sandbox sees its own control group; null where it sees none.</summary>
    public required SandboxMount? ControlGroup { get; init; }

    /// <summary>Files and directories of the kernel that a sandbox finds empty.</summary>
    public required IReadOnlyList<string> MaskedPaths { get; init; }

    /// <summary>Files and directories of the kernel that a sandbox cannot write to.</summary>
    public required IReadOnlyList<string> ReadOnlyPaths { get; init; }

    /// <summary>
    /// Whether root inside may make control groups below the sandbox's own. The limits of the sandbox's own group stay
    /// out of its reach, and bound all groups below together.
    /// </summary>
    public bool DelegatesControlGroup { get; init; }

    /// <summary>
    /// Directories on the sandbox's disk itself, because an overlay cannot be the upper layer of another overlay. They
    /// begin empty, hide what the image has there, and no snapshot holds them.
    /// </summary>
    public IReadOnlyList<string> DiskDirectories { get; init; } = [];

    /// <summary>Namespaces of each kind that root inside may make at once; null where the system call filter lets it make none.</summary>
    public int? MostNamespaces { get; init; }

    /// <summary>
    /// Whether its programs run on a kernel of their own. The host then sees that kernel only: the processes of the sandbox, their
    /// sockets and their directories are not the host's.
    /// </summary>
    public bool HasOwnKernel { get; init; }

    /// <summary>The host's tasks that a sandbox with certain limits may take.</summary>
    public Func<SandboxLimits, int> Tasks { get; init; } = ControlGroups.ControlGroupTree.PidsOf;

    /// <summary>Whether the host has a program that can start it.</summary>
    public bool IsInstalled => Programs.Any(program => Array.Exists(Directories, directory => File.Exists(Path.Combine(directory, program))));

    /// <summary>Where programs of the host are.</summary>
    internal static string[] Directories { get; } = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];

    /// <summary>Whether only images that the operator marks may be started with this class.</summary>
    public bool IsReserved { get; init; }
}

/// <summary>One entry of <c>mounts</c>. https://github.com/opencontainers/runtime-spec/blob/main/config.md#mounts</summary>
internal sealed record SandboxMount(string Source, string Destination, string Type, IReadOnlyList<string> Options);

/// <summary>A resource limit, soft and hard alike. https://man7.org/linux/man-pages/man2/getrlimit.2.html</summary>
internal sealed record ProcessLimit(string Type, ulong Value);
