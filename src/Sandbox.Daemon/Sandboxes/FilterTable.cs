using System.Globalization;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// The machine code of all BPF filters of the host, in one table. Once it is full, no sandbox starts, because its own
/// filter has no place. Each thread may hold seven filters of 4,096 instructions, about 370 KB of code that is charged to nobody.
/// https://docs.kernel.org/admin-guide/sysctl/net.html (bpf_jit_limit)
/// </summary>
internal static class FilterTable
{
    /// <summary>Bytes that all filters together may take; null if the kernel does not say.</summary>
    public static long? Limit { get; } = ReadLimit();

    /// <summary>Bytes that are taken. The kernel takes them in pieces of 2 MiB, and up to version 5.17 in pieces of a filter each.</summary>
    public static long Bytes()
    {
        // 0x00000000ad58a2ba-0x00000000d2d6bc0d 2101248 bpf_prog_pack_alloc+0x28b/0x3a0 pages=512 vmalloc vpages N0=512
        long sum = 0;
        try
        {
            foreach (var line in File.ReadLines("/proc/vmallocinfo"))
            {
                if (line.Contains(" bpf_prog_pack", StringComparison.Ordinal) || line.Contains(" bpf_jit", StringComparison.Ordinal))
                {
                    var columns = line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries);
                    sum += columns.Length == 3 ? long.Parse(columns[1], CultureInfo.InvariantCulture) : 0;
                }
            }
        }
        catch (IOException)
        {
            // A kernel without it.
        }

        return sum;
    }

    /// <summary>Filters of all threads of some processes, beyond the one that each has from the sandbox.</summary>
    public static long CountOf(IEnumerable<int> pids) => pids.Sum(pid => Threads(pid).Sum(FiltersOf));

    private static string[] Threads(int pid)
    {
        try
        {
            return Directory.GetDirectories(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/task"));
        }
        catch (IOException)
        {
            return []; // it ended
        }
    }

    private static long FiltersOf(string thread)
    {
        const string Name = "Seccomp_filters:"; // since Linux 5.9
        try
        {
            var line = File.ReadLines(thread + "/status").FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal));
            return line is null ? 0 : Math.Max(0, long.Parse(line.AsSpan(Name.Length).Trim(), CultureInfo.InvariantCulture) - 1);
        }
        catch (IOException)
        {
            return 0; // it ended
        }
    }

    private static long? ReadLimit()
    {
        try
        {
            return long.Parse(File.ReadAllText("/proc/sys/net/core/bpf_jit_limit"), CultureInfo.InvariantCulture);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
