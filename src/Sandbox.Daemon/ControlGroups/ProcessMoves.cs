namespace Sandbox.Daemon.ControlGroups;

/// <summary>
/// Keeps a launch from waiting for the kernel's control groups. The first process moved into a group after a pause
/// waits for an RCU grace period, 8 to 16 ms here, before the kernel may stop forks; a move within about 12 ms after
/// that waits 0.2 ms. A runtime moves the process that it starts, so a launch calls <see cref="Expect"/> first: this
/// process is then "moved" to where it already is, in parallel with the work before the runtime, and again every few
/// milliseconds until the runtime has had its time.
/// https://docs.kernel.org/RCU/whatisRCU.html, <c>cgroup_threadgroup_rwsem</c> in kernel/cgroup/cgroup.c
/// </summary>
/// <remarks>The mount option <c>favordynmods</c> does the same for good, at the cost of every fork on the host.</remarks>
internal sealed class ProcessMoves : IDisposable
{
    /// <summary>How long a runtime may take from its start to the move; more on a host with hundreds of sandboxes.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(40);

    /// <summary>Less than one move helps the next.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(5);

    private readonly object _gate = new();
    private readonly string? _file = OwnGroup();
    private long _expectedUntil;
    private bool _isOver;

    public ProcessMoves()
    {
        if (_file is not null)
        {
            // A thread of its own: a pool thread that sleeps in the kernel would be missed by the launch beside it.
            new Thread(Loop) { IsBackground = true, Name = "process-moves" }.Start();
        }
    }

    /// <summary>A process will be moved in a moment, within <see cref="Longest"/>. Does not wait.</summary>
    public void Expect()
    {
        lock (_gate)
        {
            _expectedUntil = Environment.TickCount64 + (long)Longest.TotalMilliseconds;
            Monitor.Pulse(_gate);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isOver = true;
            Monitor.Pulse(_gate);
        }
    }

    private void Loop()
    {
        while (WaitForNext())
        {
            try
            {
                File.WriteAllText(_file!, "0"); // 0 is the writing process
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                return; // the host does not allow it: launches take longer
            }
        }
    }

    private bool WaitForNext()
    {
        lock (_gate)
        {
            if (Environment.TickCount64 < _expectedUntil)
            {
                Monitor.Wait(_gate, Again);
            }

            while (Environment.TickCount64 >= _expectedUntil && !_isOver)
            {
                Monitor.Wait(_gate);
            }

            return !_isOver;
        }
    }

    // 5:pids:/system.slice/sandbox-daemon.service   (v1)
    // 0::/system.slice/sandbox-daemon.service       (v2)
    private static string? OwnGroup()
    {
        foreach (var line in File.ReadLines("/proc/self/cgroup"))
        {
            var parts = line.Split(':', 3);
            var directory = parts is [_, "pids", _] ? "/sys/fs/cgroup/pids" : parts is ["0", "", _] ? "/sys/fs/cgroup" : null;
            if (directory is not null && $"{directory}{parts[2].TrimEnd('/')}/cgroup.procs" is var file && File.Exists(file))
            {
                return file;
            }
        }

        return null;
    }
}
