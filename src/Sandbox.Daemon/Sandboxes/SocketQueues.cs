using System.Globalization;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// Messages that wait in sockets of a network namespace, and multicast groups that its sockets joined, of the kinds whose
/// memory the kernel charges to nobody.
/// </summary>
internal static class SocketQueues
{
    private const int GroupBytes = 500; // struct ip_mc_list or ifmcaddr6, and what the socket remembers of it

    /// <summary>Bytes that sockets of a process's network namespace hold; counting ends above <paramref name="most"/>.</summary>
    public static long Held(int pid, long most)
    {
        // sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode
        // 00000000a1b2c3d4 0   4242       00000000 212992   0        0     2        0        31337
        var held = Sum(pid, "netlink", most, columns => Number(columns[4], NumberStyles.Integer) + Number(columns[5], NumberStyles.Integer));

        //   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
        //    1: 00000000:0001 00000000:0000 07 00000000:00034000 00:00000000 00000000     0        0 4242 2 00000000 0
        foreach (var file in (ReadOnlySpan<string>)["icmp", "icmp6", "raw", "raw6"])
        {
            if (held <= most)
            {
                held += Sum(pid, file, most - held, columns => columns[4].Split(':').Sum(part => Number(part, NumberStyles.HexNumber)));
            }
        }

        // Idx	Device    : Count Querier	Group    Users Timer	Reporter      1    lo              ff020000000000000000000000000001     1 0000000C 0
        // 1	lo        :     1      V3
        // 				010000E0     1 0:00000000		0
        foreach (var file in (ReadOnlySpan<string>)["igmp", "igmp6"])
        {
            if (held <= most)
            {
                held += Sum(pid, file, most - held, _ => GroupBytes, leastColumns: 1);
            }
        }

        return held;
    }

    private static long Sum(int pid, string file, long most, Func<string[], long> bytes, int leastColumns = 6)
    {
        long sum = 0;
        try
        {
            foreach (var line in File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/net/{file}")).Skip(1))
            {
                var columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                sum += columns.Length >= leastColumns ? bytes(columns) : 0;
                if (sum > most)
                {
                    break;
                }
            }
        }
        catch (IOException)
        {
            // The process ended, or the kernel has no such protocol.
        }

        return sum;
    }

    private static long Number(string text, NumberStyles style) => long.TryParse(text, style, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
