using System.Globalization;

namespace Sandbox.Benchmarks;

/// <summary>Private dirty memory, from <c>/proc/PID/smaps_rollup</c>: what ends with the process and cannot be dropped.</summary>
internal static class ProcessMemory
{
    /// <summary>In MiB; 0 for a process that is gone.</summary>
    public static double Of(int pid)
    {
        try
        {
            var line = File.ReadLines($"/proc/{pid}/smaps_rollup").First(line => line.StartsWith("Private_Dirty:", StringComparison.Ordinal));
            return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    /// <summary>The processes whose command line or control group holds a text, with the name of their program.</summary>
    public static IReadOnlyList<(int Pid, string Name)> Holding(string text)
    {
        var found = new List<(int, string)>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || pid == Environment.ProcessId)
            {
                continue;
            }

            try
            {
                if (File.ReadAllText($"{directory}/cmdline").Contains(text, StringComparison.Ordinal)
                    || File.ReadAllText($"{directory}/cgroup").Contains(text, StringComparison.Ordinal))
                {
                    found.Add((pid, File.ReadAllText($"{directory}/comm").Trim()));
                }
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile.
            }
        }

        return found;
    }
}
