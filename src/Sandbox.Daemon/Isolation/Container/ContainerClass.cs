using System.Text.Json;
using System.Text.Json.Nodes;
using Sandbox.Core.Quotas;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Isolation.Container;

/// <summary>
/// The class <c>container</c>: namespaces, capabilities and a system call filter on the host's own kernel. Read it
/// together with <c>seccomp.json</c> in this folder: where that differs from Docker's, the rule has a comment with the reason.
/// </summary>
internal static class ContainerClass
{
    public static IsolationClass Create() => new()
    {
        Name = "container",
        Programs = ["crun", "runc"],
        Capabilities = Capabilities,
        Seccomp = ReadResource("Sandbox.Daemon.Isolation.Container.seccomp.json"),
        ProcessLimits =
        [
            // Raising a limit takes a privilege that not every host grants, so never more than this process has.
            // Docker passes on its own, often a million: a table of that size is memory, and old programs close each number.
            new("RLIMIT_NOFILE", Math.Min(65_536, ResourceLimits.OpenFilesHard())),

            // Docker sets none: the host's core_pattern may start a program of the host's root for every crash in here. 0 does not
            // keep the kernel from that, 1 does (coredump_pipe in fs/coredump.c), and neither lets it write a file. The filter of
            // system calls keeps it at 1.
            new("RLIMIT_CORE", 1),
        ],
        Mounts = Mounts,
        Settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            // The two that Docker sets. Everybody inside may ping without a raw socket, and serve on port 80.
            ["net.ipv4.ping_group_range"] = "0 65535",
            ["net.ipv4.ip_unprivileged_port_start"] = "0",
        },
        ControlGroup = new("cgroup", "/sys/fs/cgroup", "cgroup", ["nosuid", "noexec", "nodev", "relatime", "ro"]),
        MaskedPaths = KernelFiles.Masked(),
        ReadOnlyPaths = KernelFiles.ReadOnly(),
    };

    /// <summary>
    /// Root in a sandbox may own its files, serve low ports and ping. It may not make devices or mounts, configure
    /// networks, trace, load, log, or raise its own limits. <c>CAP_NET_RAW</c> is there for programs like ping, which
    /// have it as a file capability: the system call filter lets them have raw sockets of ICMP and no others. Docker's
    /// other two would do nothing: <c>CAP_MKNOD</c> and <c>CAP_AUDIT_WRITE</c> count only in the host's own user namespace.
    /// </summary>
    private static readonly string[] Capabilities =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW",
        "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
    ];

    /// <summary>Pseudo-terminals of one sandbox, ours included. Each takes about 20 KB that its control group does not count.</summary>
    private const int MaxTerminals = 64;

    private static IReadOnlyList<SandboxMount> Mounts(SandboxLimits limits) =>
    [
        new("proc", "/proc", "proc", ["nosuid", "noexec", "nodev"]),
        new("tmpfs", "/dev", "tmpfs", ["nosuid", "noexec", "strictatime", "mode=755", "size=64k", "nr_inodes=256"]),
        new("devpts", "/dev/pts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5", $"max={MaxTerminals}"]),

        // A tmpfs is charged to the sandbox's memory; its size keeps a file in it from being the reason of an OOM kill.
        new("shm", "/dev/shm", "tmpfs", ["nosuid", "noexec", "nodev", "mode=1777", $"size={Math.Max(1 << 20, limits.MemoryBytes / 4)}", $"nr_inodes={Math.Min(limits.Inodes, 100_000)}"]),
        new("mqueue", "/dev/mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
        new("sysfs", "/sys", "sysfs", ["nosuid", "noexec", "nodev", "ro"]),
    ];

    private static byte[] ReadResource(string name)
    {
        using var stream = typeof(ContainerClass).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not embedded");
        var filter = JsonNode.Parse(stream)!.AsObject();
        foreach (var rule in filter["syscalls"]!.AsArray())
        {
            _ = rule!.AsObject().Remove("comment"); // for readers of the file; the specification has no such field
        }

        return JsonSerializer.SerializeToUtf8Bytes(filter);
    }
}
