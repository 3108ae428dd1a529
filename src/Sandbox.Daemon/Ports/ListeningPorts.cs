using System.Globalization;

namespace Sandbox.Daemon.Ports;

/// <summary>Reads from the kernel on which TCP ports programs of a network namespace listen.</summary>
internal static class ListeningPorts
{
    /// <summary>Lines read of each table: a sandbox may hold tens of thousands of connections.</summary>
    private const int MostLines = 20_000;

    private const string Listening = "0A"; // TCP_LISTEN

    public static IReadOnlyList<int> Of(int pid) => [.. Read(pid, "tcp").Concat(Read(pid, "tcp6")).Distinct().Order()];

    /// <summary>
    /// The ports in the lines of several tables.
    /// <code>
    ///   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
    ///    0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 …
    /// </code>
    /// </summary>
    public static IReadOnlyList<int> In(string tables)
    {
        using var lines = new StringReader(tables);
        return [.. In(Lines(lines).Take(MostLines)).Distinct().Order()];
    }

    private static IEnumerable<string> Lines(StringReader reader)
    {
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    private static IEnumerable<int> In(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            var columns = line.Split(' ', 5, StringSplitOptions.RemoveEmptyEntries);
            if (columns.Length == 5 && columns[3] == Listening
                && int.TryParse(columns[1].AsSpan(columns[1].LastIndexOf(':') + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var port)
                && port is > 0 and <= ushort.MaxValue)
            {
                yield return port;
            }
        }
    }

    /// <summary>The host's kernel lists listening sockets before all others.</summary>
    private static List<int> Read(int pid, string table)
    {
        try
        {
            return [.. In(File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/net/{table}")).Skip(1).Take(MostLines).TakeWhile(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, _, Listening, ..]))];
        }
        catch (IOException)
        {
            return []; // the process ended
        }
    }
}
