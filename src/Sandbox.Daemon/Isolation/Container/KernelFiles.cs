namespace Sandbox.Daemon.Isolation.Container;

/// <summary>
/// Files of the kernel that tell about the host or its other users. Only those that the host has are listed, because
/// each is a mount of the sandbox.
/// </summary>
internal static class KernelFiles
{
    /// <summary>Paths that a sandbox finds empty.</summary>
    public static IReadOnlyList<string> Masked() => Existing(
    [
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/pressure",
        "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/dev/block", "/sys/devices/virtual/powercap",
        "/sys/firmware", "/sys/fs/selinux",
    ]);

    /// <summary>Paths that a sandbox cannot write to.</summary>
    public static IReadOnlyList<string> ReadOnly() => Existing(["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]);

    private static string[] Existing(IEnumerable<string> paths) => [.. paths.Where(Path.Exists)];
}
