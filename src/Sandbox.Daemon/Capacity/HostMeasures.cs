using System.Globalization;
using Sandbox.Daemon.ControlGroups;

namespace Sandbox.Daemon.Capacity;

/// <summary>What is left of the host at one moment.</summary>
/// <param name="Memory">Bytes of memory that sandboxes can still get: what the host has available, or what the group over everybody still allows, if that is less.</param>
/// <param name="Disk">Free bytes of the data disk, less those that sandboxes have written and that wait in memory.</param>
/// <param name="DiskFree">Free bytes of the data disk as it is: what waits in memory may replace bytes that have their place already.</param>
/// <param name="Pressure">Percent of the last ten seconds in which some program waited for memory; null where the kernel does not say.</param>
internal sealed record HostMeasure(long Memory, long Disk, long DiskFree, double? Pressure);

/// <summary>Measures the host: a few files of the kernel, whatever the number of sandboxes.</summary>
internal sealed class HostMeasures(DaemonOptions options, ControlGroupTree groups)
{
    private const string PressureFile = "/proc/pressure/memory";

    /// <summary>Memory of the host.</summary>
    public static long MemoryTotal => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    public HostMeasure Take()
    {
        var available = Available(File.ReadLines("/proc/meminfo"));
        var everything = groups.MemoryOfEverything();
        var free = new DriveInfo(options.DataDirectory).AvailableFreeSpace;
        return new HostMeasure(
            Math.Min(available, groups.MemoryOfEverybody - (everything?.Held ?? 0)),
            free - (everything?.Unwritten ?? 0),
            free,
            Pressure());
    }

    /// <summary>https://man7.org/linux/man-pages/man5/proc_meminfo.5.html</summary>
    private static long Available(IEnumerable<string> lines)
    {
        // MemAvailable:   23614000 kB
        const string Name = "MemAvailable:";
        var line = lines.First(line => line.StartsWith(Name, StringComparison.Ordinal));
        return long.Parse(line.AsSpan(Name.Length).Trim().TrimEnd(" kB"), CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>https://docs.kernel.org/accounting/psi.html</summary>
    internal static double? PressureOf(string line)
    {
        // some avg10=0.22 avg60=0.08 avg300=0.02 total=1234
        var at = line.IndexOf("avg10=", StringComparison.Ordinal);
        return at >= 0 && double.TryParse(line.AsSpan(at + 6).Slice(0, Math.Max(0, line.AsSpan(at + 6).IndexOf(' '))), CultureInfo.InvariantCulture, out var percent) ? percent : null;
    }

    private static double? Pressure()
    {
        try
        {
            return File.Exists(PressureFile) ? PressureOf(File.ReadLines(PressureFile).First()) : null;
        }
        catch (IOException)
        {
            return null; // the kernel was started with psi=0: the file is there and cannot be read
        }
    }
}
