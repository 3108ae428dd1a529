
namespace Sandbox.Daemon.Linux;

/// <summary>
/// Runs work as another user of the host, on a thread of its own that ends with it. The C library changes the user of a
/// whole process; the kernel knows users per thread, so the system calls are made directly. The thread keeps
/// <c>CAP_SYS_ADMIN</c>, and so does a program it starts (as an ambient capability): hosts that let only privileged
/// users make user namespaces then still let this one.
/// https://man7.org/linux/man-pages/man7/credentials.7.html
/// </summary>
internal static class UserThread
{
    private const int SysPrctl = 157;
    private const int SysCapset = 126;
    private const int SysSetGroups = 116;
    private const int SysSetResUid = 117;
    private const int SysSetResGid = 119;
    private const int KeepCapabilities = 8; // PR_SET_KEEPCAPS
    private const int Ambient = 47; // PR_CAP_AMBIENT
    private const int AmbientRaise = 2;
    private const uint CapabilityVersion = 0x20080522;
    private const int SysAdmin = 21;

    /// <summary>Runs <paramref name="work"/> as a user and a group with the same number and no other groups.</summary>
    public static T Run<T>(uint id, Func<T> work)
    {
        var result = default(T);
        Exception? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    Become((nint)id);
                    result = work();
                }
                catch (IOException exception)
                {
                    failure = exception;
                }
            },
            256 * 1024)
        { IsBackground = true, Name = "other-user" };
        thread.Start();
        thread.Join();
        return failure is null ? result! : throw new IOException($"could not act as user {id}", failure);
    }

    private static unsafe void Become(nint id)
    {
        Check(Native.SysCall(SysPrctl, KeepCapabilities, 1, 0, 0, 0), "prctl");
        Check(Native.SysCall(SysSetGroups, 0, 0, 0, 0, 0), "setgroups");
        Check(Native.SysCall(SysSetResGid, id, id, id, 0, 0), "setresgid");
        Check(Native.SysCall(SysSetResUid, id, id, id, 0, 0), "setresuid");
        var header = stackalloc uint[2] { CapabilityVersion, 0 };
        var sets = stackalloc uint[6]; // effective, permitted, inheritable of capabilities 0 to 31; the same of 32 and up
        sets[0] = sets[1] = sets[2] = 1u << SysAdmin;
        Check(Native.SysCall(SysCapset, (nint)header, (nint)sets, 0, 0, 0), "capset");
        Check(Native.SysCall(SysPrctl, Ambient, AmbientRaise, SysAdmin, 0, 0), "prctl");
    }

    private static void Check(nint result, string call) => _ = Native.Check((int)result, call);
}
