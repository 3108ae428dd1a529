using System.Globalization;
using System.Runtime.InteropServices;

namespace Sandbox.Daemon.Linux;

/// <summary>
/// Takes leave of processes that came to this one when their own parent ended: what an OCI runtime left behind, and
/// what was entered into a sandbox from outside. As zombies they would be more than untidy: the kernel does not let the
/// init of a pid namespace go before every process of that namespace has been waited for. pid_namespaces(7)
/// </summary>
internal sealed class OrphanReaper(ProcessWatch watch) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private PosixSignalRegistration? _signal;
    private int _due;

    /// <summary>From now on this process is the parent of orphans below it, and takes leave of them.</summary>
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

    /// <summary>Many ends come together; they are looked at once.</summary>
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

    /// <summary>A zombie of another pid namespace, or one an OCI runtime forked. What this process started itself is neither, or is watched.</summary>
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
