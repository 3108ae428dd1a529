using System.Runtime.InteropServices;

namespace Sandbox.Daemon.Linux;

/// <summary>getrlimit(2) and prctl(2), of this process.</summary>
internal static partial class ResourceLimits
{
    private const int NoFile = 7;
    private const int SetChildSubreaper = 36;

    /// <summary>How many files this process, and so what it starts, may ever open.</summary>
    public static ulong OpenFilesHard() => GetLimit(NoFile, out var limit) == 0 ? limit.Hard : 1024;

    /// <summary>
    /// Processes whose parent ends become children of this one, so that it learns how each init ended.
    /// https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html
    /// </summary>
    public static void BecomeSubreaper() => Native.Check(Control(SetChildSubreaper, 1, 0, 0, 0), "prctl");

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int GetLimit(int resource, out Limit limit);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int Control(int option, nuint a, nuint b, nuint c, nuint d);

    [StructLayout(LayoutKind.Sequential)]
    private struct Limit
    {
        public ulong Soft;
        public ulong Hard;
    }
}
