namespace Sandbox.Tty.Linux;

/// <summary>Detaches this program from its starter, and from root.</summary>
internal static unsafe class Detachment
{
    /// <summary>
    /// Leaves the starter's session, ignores its hang-up, and adopts the process the runtime leaves behind, so that
    /// its exit code comes here.
    /// </summary>
    /// <returns>A descriptor that hangs up when SIGTERM comes.</returns>
    public static int Begin()
    {
        _ = Native.SetSession();
        _ = Native.Umask(0x3F);
        _ = Native.ChangeDirectory("/");
        if (Native.Prctl(Native.PrSetChildSubreaper, 1, 0, 0, 0) < 0)
        {
            throw StartFailure.Call("prctl(PR_SET_CHILD_SUBREAPER)");
        }

        On(Native.SigHup, Native.SigIgnore);
        On(Native.SigInt, Native.SigIgnore);
        On(Native.SigPipe, Native.SigIgnore);
        return WatchTermination();
    }

    /// <summary>Becomes an ordinary user for good. It keeps the process and the terminal: neither needs a privilege.</summary>
    public static void DropRoot(uint uid, uint gid)
    {
        if (Native.SetGroups(0, null) < 0)
        {
            throw StartFailure.Call("setgroups");
        }

        if (Native.SetGroup(gid, gid, gid) < 0)
        {
            throw StartFailure.Call("setresgid");
        }

        if (Native.SetUser(uid, uid, uid) < 0)
        {
            throw StartFailure.Call("setresuid");
        }

        if (Native.Prctl(Native.PrSetNoNewPrivs, 1, 0, 0, 0) < 0)
        {
            throw StartFailure.Call("prctl(PR_SET_NO_NEW_PRIVS)");
        }
    }

    // The handler of SIGTERM is the C library's close(): it is called with the signal's number, 15, and descriptor 15
    // is the end of a pipe whose other end is watched. No managed code may run in a signal handler, a signalfd needs
    // the signal blocked in the threads of the .NET runtime too, and its own signal handling costs a thread.
    private static int WatchTermination()
    {
        var ends = stackalloc int[2];
        if (Native.Pipe(ends, Native.OpenCloexec) < 0)
        {
            throw StartFailure.Call("pipe2");
        }

        var watched = Native.Fcntl(ends[0], Native.DuplicateCloexec, Native.SigTerm + 1);
        if (watched < 0 || Native.Dup3(ends[1], Native.SigTerm, Native.OpenCloexec) < 0)
        {
            throw StartFailure.Call("dup");
        }

        _ = ends[0] == Native.SigTerm ? 0 : Native.Close(ends[0]);
        _ = ends[1] == Native.SigTerm ? 0 : Native.Close(ends[1]);
        On(Native.SigTerm, Native.Symbol(0, "close"));
        return watched;
    }

    private static void On(int signal, nint handler)
    {
        var action = default(Native.SignalHandler);
        action.Handler = handler;
        if (Native.SignalAction(signal, &action, null) < 0)
        {
            throw StartFailure.Call("sigaction");
        }
    }
}
