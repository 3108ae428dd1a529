using System.Globalization;

namespace Sandbox.Daemon.Linux;

/// <summary>
/// A process and everything it started, as long as it is the subreaper of its children: orphans then stay below it,
/// so no descendant leaves the tree by forking twice or by making a session of its own.
/// https://man7.org/linux/man-pages/man5/proc_pid_task.5.html (children)
/// </summary>
internal static class ProcessTree
{
    /// <summary>More rounds than a tree under a process limit needs: each stops all that were found.</summary>
    private const int MostRounds = 100;

    private const int KillSignal = 9;
    private const int StopSignal = 19;

    /// <summary>
    /// Kills everything below <paramref name="root"/>, but not itself. Descendants are stopped before any is killed:
    /// a stopped process cannot fork, so even a fork bomb has a last round.
    /// </summary>
    public static void KillBelow(int root)
    {
        var stopped = new HashSet<int>();
        for (var round = 0; round < MostRounds; round++)
        {
            var fresh = Below(root).Where(stopped.Add).ToList();
            if (fresh.Count == 0)
            {
                break;
            }

            fresh.ForEach(pid => _ = Tool.Kill(pid, StopSignal));
        }

        // A number is only reused once its process was reaped, and a stopped one ends by this signal alone.
        foreach (var pid in Below(root))
        {
            _ = Tool.Kill(pid, KillSignal);
        }
    }

    private static List<int> Below(int root)
    {
        var found = new List<int>();
        var waiting = new Stack<int>([root]);
        while (waiting.TryPop(out var pid))
        {
            foreach (var child in Children(pid))
            {
                found.Add(child);
                waiting.Push(child);
            }
        }

        return found;
    }

    private static IEnumerable<int> Children(int pid)
    {
        string[] tasks;
        try
        {
            tasks = Directory.GetDirectories(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/task"));
        }
        catch (IOException)
        {
            yield break; // it has ended
        }

        foreach (var task in tasks)
        {
            string text;
            try
            {
                text = File.ReadAllText(task + "/children");
            }
            catch (IOException)
            {
                continue;
            }

            foreach (var child in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                yield return int.Parse(child, CultureInfo.InvariantCulture);
            }
        }
    }
}
