using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Sandbox.Daemon.Linux;

/// <summary>
/// Waits for processes through pidfds, on one thread for all of them: a thread each would cost more memory than the
/// sandbox it watches. A pidfd names its process for good, so a reused pid is never mistaken for the old process, and
/// it works for processes that a daemon before this one started.
/// https://man7.org/linux/man-pages/man2/pidfd_open.2.html
/// </summary>
internal sealed class ProcessWatch : IDisposable
{
    private const long ReapedMilliseconds = 5000;

    private readonly ConcurrentDictionary<long, Watched> _watched = new();
    private readonly Lock _reaping = new();
    private readonly Dictionary<int, (int Code, long At)> _reaped = [];
    private readonly int _epoll;
    private long _last;

    public ProcessWatch()
    {
        _epoll = Native.Check(Native.EpollCreate(Native.EpollCloexec), "epoll_create1");
        new Thread(Loop) { IsBackground = true, Name = "process-watch" }.Start();
    }

    /// <summary>
    /// Completes with the exit code when <paramref name="pid"/> ends; null when it was no child of ours, so that
    /// nobody can tell how it ended, or when it is gone already. 128 and the signal when it was killed.
    /// </summary>
    public Task<int?> WaitAsync(int pid)
    {
        var pidfd = Native.PidfdOpen(pid);
        if (pidfd < 0)
        {
            return Task.FromResult(End(pid));
        }

        var watched = new Watched(pid, pidfd, new TaskCompletionSource<int?>(TaskCreationOptions.RunContinuationsAsynchronously));
        var number = Interlocked.Increment(ref _last); // never the descriptor: that is used again
        _watched[number] = watched;
        var interest = new Native.EpollEvent { Events = Native.EpollIn, Data = number };
        Native.Check(Native.EpollCtl(_epoll, Native.EpollCtlAdd, pidfd, ref interest), "epoll_ctl");
        return watched.Ended.Task;
    }

    /// <summary>
    /// Reaps a zombie that nobody watches. Its exit code is kept for a moment: it may have ended before its starter
    /// began to watch it.
    /// </summary>
    public void ReapUnwatched(int pid)
    {
        lock (_reaping)
        {
            if (_watched.Values.Any(watched => watched.Pid == pid) || Reap(pid) is not { } code)
            {
                return;
            }

            foreach (var (old, reaped) in _reaped)
            {
                if (Environment.TickCount64 - reaped.At >= ReapedMilliseconds)
                {
                    _reaped.Remove(old);
                }
            }

            _reaped[pid] = (code, Environment.TickCount64);
        }
    }

    public void Dispose() => _ = Native.Close(_epoll);

    /// <summary>How a process ended, whether the watch or the reaper waited for it.</summary>
    private int? End(int pid)
    {
        lock (_reaping)
        {
            return Reap(pid) ?? (_reaped.Remove(pid, out var reaped) && Environment.TickCount64 - reaped.At < ReapedMilliseconds ? reaped.Code : null);
        }
    }

    private static int? Reap(int pid)
    {
        if (Native.WaitPid(pid, out var status, Native.WaitNoHang) != pid)
        {
            return null;
        }

        var signal = status & 0x7f;
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal;
    }

    private void Loop()
    {
        var events = new Native.EpollEvent[64];
        while (true)
        {
            var count = Native.EpollWait(_epoll, events, events.Length, -1);
            if (count < 0)
            {
                if (Marshal.GetLastPInvokeError() == Native.Eintr)
                {
                    continue;
                }

                return; // disposed
            }

            for (var i = 0; i < count; i++)
            {
                if (_watched.TryRemove(events[i].Data, out var watched))
                {
                    var code = End(watched.Pid);
                    // Closing alone would not do: a child between fork and exec holds a copy, and with it the epoll entry.
                    var none = default(Native.EpollEvent);
                    _ = Native.EpollCtl(_epoll, Native.EpollCtlDelete, watched.Pidfd, ref none);
                    _ = Native.Close(watched.Pidfd);
                    watched.Ended.TrySetResult(code);
                }
            }
        }
    }

    private sealed record Watched(int Pid, int Pidfd, TaskCompletionSource<int?> Ended);
}
