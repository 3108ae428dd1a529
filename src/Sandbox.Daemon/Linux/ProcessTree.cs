using System.Diagnostics;
using System.Globalization;

namespace Sandbox.Daemon.Linux;

/// <summary>
/// A process and everything it started, as long as it is the subreaper of its children: orphans then stay below it,
/// so no descendant leaves the tree by forking twice or by making a session of its own.
/// https://man7.org/linux/man-pages/man5/proc_pid_task.5.html (children)
/// </summary>
internal static class ProcessTree
{
    /// <summary>Processes that were killed are waited for this long; those of a frozen sandbox die when it is thawed.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    /// <summary>The tree is read so often at least: the time may pass while a busy host does not run this.</summary>
    private const int LeastReads = 200;

    private const int KillSignal = 9;
    private const int StopSignal = 19;

    /// <summary>
    /// Kills everything below <paramref name="root"/>, and leaves that one stopped. Descendants are stopped before any is
    /// killed: a stopped process cannot fork and keeps its place under the process limit, so even a fork bomb has a last
    /// round. The root is stopped because it would end with its first child, and what is left would not be below it any more.
    /// </summary>
    public static async Task KillBelowAsync(int root)
    {
        _ = Tool.Kill(root, StopSignal);
        var began = Stopwatch.GetTimestamp();
        var stopped = new HashSet<int>();
        List<int> last = [];
        for (var reads = 0; reads < LeastReads || Stopwatch.GetElapsedTime(began) < Longest; reads++)
        {
            // One whose parent ends while this looks is missed by it, and found by the next: it is a child of the root by then.
            var found = Below(root);
            var living = found.FindAll(IsLiving);
            if (living.Count == 0 && found.SequenceEqual(last))
            {
                return;
            }

            last = found;
            var fresh = living.FindAll(stopped.Add);
            if (fresh.Count > 0)
            {
                fresh.ForEach(pid => _ = Tool.Kill(pid, StopSignal));
            }
            else
            {
                // A number is only reused once its process was reaped, and the root, which is stopped, reaps none.
                living.ForEach(pid => _ = Tool.Kill(pid, KillSignal));
                await Task.Delay(1);
            }
        }
    }

    private static bool IsLiving(int pid)
    {
        try
        {
            // 17 (a name) Z 1 …
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
            return stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
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
