using System.Globalization;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// File locks of the whole host. The kernel names the process of some and the file of all, so they are counted by the
/// device their file is on: a sandbox's file systems are its own.
/// https://man7.org/linux/man-pages/man5/proc_locks.5.html
/// </summary>
internal static class FileLocks
{
    /// <summary>
    /// Devices (<c>major:minor</c> in hexadecimal) of the latest locks, once the host has <paramref name="many"/>;
    /// empty before. No more than that many are read, because the kernel walks its list from the start again for each
    /// page.
    /// </summary>
    public static Dictionary<string, int> CountByDevice(int many)
    {
        // 1: OFDLCK ADVISORY  WRITE -1 00:2f:1234 0 0
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        var all = 0;
        foreach (var line in File.ReadLines("/proc/locks"))
        {
            var end = line.LastIndexOf(':');
            if (end < 0)
            {
                continue;
            }

            var device = line[(line.LastIndexOf(' ', end) + 1)..end];
            counts[device] = counts.GetValueOrDefault(device) + 1;
            if (++all == many)
            {
                return counts;
            }
        }

        return [];
    }

    /// <summary>The devices of all mounts in a process's mount namespace, in the form of <see cref="CountByDevice"/>.</summary>
    public static IReadOnlyCollection<string> DevicesOf(int pid)
    {
        try
        {
            // 2218 2217 0:47 / / rw,nodev - overlay overlay rw
            return [.. File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/mountinfo")).Select(line => Hexadecimal(line.Split(' ', 4)[2])).Distinct(StringComparer.Ordinal)];
        }
        catch (IOException)
        {
            return []; // it ended
        }
    }

    private static string Hexadecimal(string device)
    {
        var parts = device.Split(':');
        return $"{int.Parse(parts[0], CultureInfo.InvariantCulture):x2}:{int.Parse(parts[1], CultureInfo.InvariantCulture):x2}";
    }
}
