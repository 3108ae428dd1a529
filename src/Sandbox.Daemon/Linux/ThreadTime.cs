namespace Sandbox.Daemon.Linux;

/// <summary>The processor time of the calling thread. https://man7.org/linux/man-pages/man2/clock_gettime.2.html</summary>
internal static class ThreadTime
{
    private const int SysClockGetTime = 228;
    private const int ThreadClock = 3; // CLOCK_THREAD_CPUTIME_ID

    public static unsafe TimeSpan Now()
    {
        var time = stackalloc long[2]; // seconds, nanoseconds
        _ = Native.Check((int)Native.SysCall(SysClockGetTime, ThreadClock, (nint)time, 0, 0, 0), "clock_gettime");
        return TimeSpan.FromSeconds(time[0]) + TimeSpan.FromTicks(time[1] / 100);
    }
}
