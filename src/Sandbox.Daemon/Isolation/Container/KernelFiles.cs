namespace Sandbox.Daemon.Isolation.Container;

/// <summary>
/// Files of the kernel that reveal the host or its other users. All are listed, also those the host does not have yet:
/// a directory of disks appears with the first disk, and a runtime skips what is absent. Files that programs read to
/// size themselves stay (<c>/proc/meminfo</c>, <c>stat</c>, <c>cpuinfo</c>, <c>loadavg</c>, <c>vmstat</c>,
/// <c>/sys/devices/system</c>, <c>/sys/kernel/mm</c>): they name nobody. Files that only the host's own root may read
/// are not here either.
/// </summary>
internal static class KernelFiles
{
    /// <summary>Every disk of the host is listed in these: its name, its file, its reads and writes.</summary>
    private static readonly string[] Disks =
    [
        "/proc/diskstats", "/proc/fs", "/proc/locks", "/proc/mdstat", "/proc/partitions", "/proc/swaps",
        "/sys/block", "/sys/class/bdi", "/sys/class/block", "/sys/dev/block", "/sys/devices/virtual/bdi", "/sys/devices/virtual/block",
        "/sys/fs/btrfs", "/sys/fs/ext4", "/sys/fs/f2fs", "/sys/fs/xfs",
    ];

    /// <summary>The kernel's command line, modules, timers and interrupts, and the load of everybody.</summary>
    private static readonly string[] Host =
    [
        "/proc/cmdline", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/modules", "/proc/pressure",
        "/proc/sched_debug", "/proc/schedstat", "/proc/softirqs", "/proc/timer_list", "/proc/timer_stats",
        "/sys/fs/selinux", "/sys/kernel/irq", "/sys/kernel/slab", "/sys/module",
    ];

    /// <summary>Names and serial numbers of hardware tell hosts apart.</summary>
    private static readonly string[] Hardware =
    [
        "/proc/acpi", "/proc/asound", "/proc/bus", "/proc/driver", "/proc/irq", "/proc/scsi",
        "/sys/devices/virtual/dmi", "/sys/devices/virtual/powercap", "/sys/devices/virtual/thermal", "/sys/firmware", "/sys/hypervisor",
    ];

    private static readonly string[] Buses = ["LNX*", "pci*", "platform", "pnp*"];

    /// <summary>Paths that a sandbox finds empty. All of Docker's are among them.</summary>
    public static IReadOnlyList<string> Masked() =>
    [
        .. Directory.EnumerateDirectories("/sys/devices/system/cpu", "cpu*").Select(processor => processor + "/thermal_throttle").Where(Directory.Exists),
        .. Disks, .. Host, .. Hardware,
        .. Buses.SelectMany(bus => Directory.EnumerateDirectories("/sys/devices", bus)),
    ];

    /// <summary>Paths that a sandbox cannot write to. Docker's others (<c>/proc/bus</c>, <c>fs</c> and <c>irq</c>) are masked.</summary>
    public static IReadOnlyList<string> ReadOnly() => ["/proc/sys", "/proc/sysrq-trigger"];
}
