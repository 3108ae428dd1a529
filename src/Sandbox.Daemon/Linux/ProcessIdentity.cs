using System.Globalization;

namespace Sandbox.Daemon.Linux;

/// <summary>Identifies a process for good: pids are reused, pairs of a pid and a start time are not.</summary>
internal static class ProcessIdentity
{
    /// <summary>The boot id of the host.</summary>
    public static string BootId { get; } = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>When a process started, in clock ticks since the host did; 0 when it is gone or a zombie. proc_pid_stat(5), fields 3 and 22.</summary>
    public static long StartedAt(int pid)
    {
        try
        {
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' '); // the name may hold spaces and parentheses
            return fields[0] is "Z" or "X" ? 0 : long.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
