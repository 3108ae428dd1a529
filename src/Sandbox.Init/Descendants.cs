using System.Globalization;
using System.Text;

namespace Sandbox.Init;

/// <summary>A process and everything below it, in a sandbox whose processes the host does not see.</summary>
internal static class Descendants
{
    /// <summary>A fork bomb that starts processes faster than they are stopped is left after so many rounds.</summary>
    private const int MostRounds = 64;

    /// <summary>
    /// Sends a signal to all of them. Before they are killed they are stopped: a stopped process starts no other, and the children
    /// of one that has ended are not below it any more.
    /// </summary>
    public static void Signal(int top, int signal)
    {
        var found = new HashSet<int>();
        for (var round = 0; round < MostRounds; round++)
        {
            var fresh = Of(top).FindAll(found.Add);
            if (fresh.Count == 0 || signal != Native.KillSignal)
            {
                break;
            }

            fresh.ForEach(pid => _ = Native.Kill(pid, Native.StopSignal));
        }

        foreach (var pid in found)
        {
            _ = Native.Kill(pid, signal);
        }
    }

    private static List<int> Of(int top)
    {
        var parents = new Dictionary<int, int>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(directory.AsSpan("/proc/".Length), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && ParentOf(pid) is { } parent)
            {
                parents[pid] = parent;
            }
        }

        return [.. parents.Keys.Where(pid => IsWithin(parents, pid, top))];
    }

    private static bool IsWithin(Dictionary<int, int> parents, int pid, int top)
    {
        for (var steps = 0; steps <= parents.Count; steps++)
        {
            if (pid == top)
            {
                return true;
            }

            if (!parents.TryGetValue(pid, out pid))
            {
                break;
            }
        }

        return false;
    }

    /// <summary>https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html</summary>
    private static int? ParentOf(int pid)
    {
        // 17 (a name) S 1 …
        var stat = Encoding.Latin1.GetString(Command.ReadAll(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat")));
        var words = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', 4);
        return words.Length > 2 && int.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out var parent) ? parent : null;
    }
}
