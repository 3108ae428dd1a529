using System.Globalization;

namespace Sandbox.Daemon.Linux;

/// <summary>
/// Tables that the kernel keeps once for the whole host. Where each entry is charged to the memory of the control group
/// that made it, a bound of the table itself only lets one sandbox use up the share of all others: such bounds are
/// raised out of reach, as systemd does for open files (NEWS of version 240).
/// https://docs.kernel.org/admin-guide/sysctl/fs.html
/// </summary>
internal sealed partial class HostTables(ILogger<HostTables> logger)
{
    /// <summary>Places in each of the kernel's two tables of neighbours.</summary>
    public const int MostNeighbours = 1 << 18;

    private static readonly (string File, long Value)[] Bounds =
    [
        ("/proc/sys/fs/file-max", long.MaxValue),
        ("/proc/sys/fs/aio-max-nr", int.MaxValue),

        // 4,096 would be 64 sandboxes; the largest number that the kernel takes is 1,048,576.
        ("/proc/sys/kernel/pty/max", 1 << 18),

        // One table for all network namespaces, with 1,024 places. Its entries are charged to nobody: NestedUse bounds them.
        .. NeighbourBounds("ipv4"),
        .. NeighbourBounds("ipv6"),
    ];

    /// <summary>
    /// Whether a program without privileges may make the kernel load a line discipline: anybody with a terminal could get code
    /// for modems and buses loaded that nobody on the host has asked for.
    /// See LDISC_AUTOLOAD in https://github.com/torvalds/linux/blob/master/drivers/tty/Kconfig
    /// </summary>
    private const string LoadsLineDisciplines = "/proc/sys/dev/tty/ldisc_autoload";

    private static (string File, long Value)[] NeighbourBounds(string family) =>
    [
        ($"/proc/sys/net/{family}/neigh/default/gc_thresh3", MostNeighbours),
        ($"/proc/sys/net/{family}/neigh/default/gc_thresh2", MostNeighbours / 2),
        ($"/proc/sys/net/{family}/neigh/default/gc_thresh1", MostNeighbours / 4),
    ];

    /// <summary>Sets each bound that is lower, and what must not be loaded. A host that does not allow it is warned about.</summary>
    public void Set()
    {
        foreach (var (file, value) in Bounds)
        {
            Set(file, value, now => now < value);
        }

        if (File.Exists(LoadsLineDisciplines))
        {
            Set(LoadsLineDisciplines, 0, now => now > 0);
        }
    }

    private void Set(string file, long value, Func<long, bool> isNeeded)
    {
        try
        {
            var now = File.ReadAllText(file).Trim();
            if (isNeeded(long.Parse(now, CultureInfo.InvariantCulture)))
            {
                File.WriteAllText(file, value.ToString(CultureInfo.InvariantCulture));
                LogSet(logger, file, now, value);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            LogNotSet(logger, file, value, fault.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{File} was {Before} and is now {Value}, so that no sandbox can use it up or change the kernel through it")]
    private static partial void LogSet(ILogger logger, string file, string before, long value);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{File} could not be set to {Value}: {Why}. A sandbox may use it up, or change the kernel through it.")]
    private static partial void LogNotSet(ILogger logger, string file, long value, string why);
}
