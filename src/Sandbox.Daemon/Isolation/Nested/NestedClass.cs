namespace Sandbox.Daemon.Isolation.Nested;

/// <summary>
/// The class <c>nested</c>: a container in which a real Docker daemon, Podman and Buildah run. It is the class
/// <c>container</c> with the differences in this folder, each with its reason. Its root is still a user of no weight on
/// the host: all that it gains holds in namespaces of its own.
/// </summary>
internal static class NestedClass
{
    /// <summary>
    /// Beyond a container's. Docker gives the last three to its own containers. <c>CAP_SYS_RESOURCE</c> is missing on
    /// purpose: with it root could raise its limits of namespaces and use up the reserve of its disk.
    /// </summary>
    private static readonly string[] Capabilities =
    [
        "CAP_SYS_ADMIN", // mounts, namespaces and host names of its containers
        "CAP_NET_ADMIN", // bridges, addresses and firewall rules, in its own network namespaces
        "CAP_SYS_PTRACE", // docker top and exec look at processes of other users
        "CAP_DAC_READ_SEARCH", // docker build reads files whose modes deny it
        "CAP_AUDIT_WRITE", "CAP_MKNOD", "CAP_IPC_LOCK",
    ];

    /// <summary>Each container takes one of most kinds; a kernel object of about 100 KB each.</summary>
    private const int Namespaces = 128;

    public static IsolationClass Create(IsolationClass container) => container with
    {
        Name = "nested",
        IsReserved = true,
        Capabilities = [.. container.Capabilities, .. Capabilities],
        Seccomp = NestedFilter.Of(container.Seccomp),

        // Its containers mount /proc and /sys of their own. The kernel allows that only to somebody who sees a whole one
        // already, so nothing can be hidden here. Files that change the host stay the host's root's: nobody inside may
        // open them for writing.
        MaskedPaths = [],
        ReadOnlyPaths = [],
        Mounts = limits => [.. container.Mounts(limits).Select(Writable), Run],
        ControlGroup = Writable(container.ControlGroup!),
        DelegatesControlGroup = true,
        DiskDirectories = ["/var/lib/docker", "/var/lib/containers"],
        MostNamespaces = Namespaces,
    };

    /// <summary>Sockets and pid files, gone at each start: Docker does not start over those of an earlier run.</summary>
    private static readonly SandboxMount Run = new("tmpfs", "/run", "tmpfs", ["nosuid", "nodev", "mode=755", "size=64m", "nr_inodes=20000"]);

    private static SandboxMount Writable(SandboxMount mount) =>
        mount.Type is "sysfs" or "cgroup" ? mount with { Options = [.. mount.Options.Select(option => option == "ro" ? "rw" : option)] } : mount;
}
