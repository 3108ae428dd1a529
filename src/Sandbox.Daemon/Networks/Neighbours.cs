using System.Globalization;

namespace Sandbox.Daemon.Networks;

/// <summary>
/// Neighbours: the hardware addresses that the kernel knows or is asking for. It keeps one table of each IP version for
/// all network namespaces, and charges the entries to nobody.
/// https://man7.org/linux/man-pages/man7/arp.7.html (<c>gc_thresh3</c>)
/// </summary>
internal static class Neighbours
{
    /// <summary>Entries of all network namespaces together.</summary>
    public static int OfHost() => Entries("arp_cache") + Entries("ndisc_cache");

    /// <summary>
    /// Entries of the network namespace of a process; counting ends above <paramref name="most"/>. 0 when the process has
    /// ended.
    /// </summary>
    public static int Of(int pid, int most)
    {
        try
        {
            using var file = File.OpenHandle(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/ns/net"));
            using var inside = RouteSocket.OpenIn(file, isForReading: true);
            return inside.Count(new RouteMessages().Neighbour(RouteMessages.GetNeighbour, RouteMessages.Dump), most);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    // entries  allocs   destroys hash_grows lookups  …      (a line for each CPU; the first column is that of the table)
    // 0000001d 000007d9 00000808 00000007   00012224 …
    private static int Entries(string table)
    {
        try
        {
            var line = File.ReadLines("/proc/net/stat/" + table).Skip(1).First();
            return int.Parse(line.AsSpan(0, line.IndexOf(' ', StringComparison.Ordinal)), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0; // a kernel without that protocol
        }
    }
}
