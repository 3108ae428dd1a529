using System.Globalization;
using System.Runtime.InteropServices;

namespace Sandbox.Daemon.Linux;

/// <summary>
/// Reaps processes that became children of this one when their parent ended: those that an OCI runtime left behind, and
/// those that entered a sandbox from outside. The init of a pid namespace does not end before every process of that
/// namespace is reaped. pid_namespaces(7)
/// </summary>
internal sealed class OrphanReaper(ProcessWatch watch) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private PosixSignalRegistration? _signal;
    private int _due;

    /// <summary>Makes this process the parent of orphans below it, and reaps them from now on.</summary>
    public void Start()
    {
        _signal = PosixSignalRegistration.Create(PosixSignal.SIGCHLD, _ => Schedule());
        ResourceLimits.BecomeSubreaper();
    }

    public void Dispose()
    {
        _signal?.Dispose();
        _signal = null;
    }

    /// <summary>Ends come in bursts; one scan serves all of a burst.</summary>
    private void Schedule()
    {
        if (Interlocked.Exchange(ref _due, 1) == 0)
        {
            _ = ReapSoonAsync();
        }
    }

    private async Task ReapSoonAsync()
    {
        await Task.Delay(Pause);
        Volatile.Write(ref _due, 0);
        if (_signal is null)
        {
            return; // stopped
        }

        foreach (var thread in Directory.GetDirectories("/proc/self/task"))
        {
            foreach (var child in ReadAll(thread + "/children").Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                var pid = int.Parse(child, CultureInfo.InvariantCulture);
                if (IsOrphan(ReadAll($"/proc/{child}/status")))
                {
                    watch.ReapUnwatched(pid);
                }
            }
        }
    }

    /// <summary>
    /// A zombie of another pid namespace, or one an OCI runtime forked. Processes that this one started are neither, or
    /// are watched.
    /// </summary>
    private static bool IsOrphan(string status)
    {
        if (!status.Contains("\nState:\tZ", StringComparison.Ordinal))
        {
            return false;
        }

        var line = status.Split('\n').FirstOrDefault(line => line.StartsWith("NSpid:", StringComparison.Ordinal)) ?? "";
        return line.Count(letter => letter == '\t') > 1 || status.StartsWith("Name:\tcrun", StringComparison.Ordinal) || status.StartsWith("Name:\trunc", StringComparison.Ordinal);
    }

    private static string ReadAll(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException)
        {
            return ""; // the thread, or the process, is gone
        }
    }
}
