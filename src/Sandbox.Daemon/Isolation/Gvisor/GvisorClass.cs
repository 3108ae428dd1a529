using Sandbox.Core.Quotas;

namespace Sandbox.Daemon.Isolation.Gvisor;

/// <summary>
/// The class <c>gvisor</c>: programs run on a kernel of their own, gVisor's <c>runsc</c>, which answers their system calls
/// itself. That kernel is a program without privileges on the host: its user is one of the sandbox's own range, its
/// network namespace and its control group are the sandbox's, and of the host's files it sees none: another program, also
/// without privileges, hands it those of the sandbox. https://gvisor.dev/docs/architecture_guide/security/
/// </summary>
internal static class GvisorClass
{
    /// <summary>The host's threads behind one process of the sandbox: one per thread of it, and those that wait for it.</summary>
    private const int TasksOfProcess = 16;

    /// <summary>The host's threads of the kernel and of the program that hands it files.</summary>
    private const int TasksOfKernel = 256;

    /// <summary>However many processes a plan grants: twelve such sandboxes take half of what everybody has of 32,768 process numbers.</summary>
    private const int MostTasks = 1024;

    public static IsolationClass Create(IsolationClass container) => container with
    {
        Name = "gvisor",
        Programs = ["runsc"],
        HasOwnKernel = true,

        // The filter, the masks and the settings are about the host's kernel, which no program of this class reaches. The
        // runtime has a filter of its own for its kernel.
        Seccomp = "null"u8.ToArray(),
        MaskedPaths = [],
        ReadOnlyPaths = [],
        Settings = new Dictionary<string, string>(StringComparer.Ordinal),
        ControlGroup = null,
        Mounts = Mounts,
        Tasks = limits => (int)Math.Min((long)limits.Pids * TasksOfProcess + TasksOfKernel, MostTasks),
    };

    private static IReadOnlyList<SandboxMount> Mounts(SandboxLimits limits) =>
    [
        new("proc", "/proc", "proc", ["nosuid", "noexec", "nodev"]),
        new("tmpfs", "/dev", "tmpfs", ["nosuid", "noexec", "mode=755"]),
        new("devpts", "/dev/pts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
        new("shm", "/dev/shm", "tmpfs", ["nosuid", "noexec", "nodev", "mode=1777", $"size={Math.Max(1 << 20, limits.MemoryBytes / 4)}"]),
        new("sysfs", "/sys", "sysfs", ["nosuid", "noexec", "nodev", "ro"]),
    ];
}
