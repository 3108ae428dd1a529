using System.Runtime.InteropServices;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// Installs a system call filter on a thread that ends with the trial, and calls what the filter refuses. A filter
/// belongs to its thread. https://docs.kernel.org/userspace-api/seccomp_filter.html
/// </summary>
internal static class SeccompTrial
{
    private const int SysPrctl = 157;
    private const int SysGetPriority = 140;
    private const int NoNewPrivileges = 38; // PR_SET_NO_NEW_PRIVS
    private const int SetSeccomp = 22; // PR_SET_SECCOMP
    private const int FilterMode = 2; // SECCOMP_MODE_FILTER

    /// <summary>An error that getpriority(2) never has: ENOTEMPTY.</summary>
    private const int Refusal = 39;

    public static (bool IsProven, string Found) Run()
    {
        var result = (false, "");
        var thread = new Thread(() => result = Try(), 256 * 1024) { IsBackground = true, Name = "seccomp-trial" };
        thread.Start();
        thread.Join();
        return result;
    }

    private static unsafe (bool IsProven, string Found) Try()
    {
        // struct sock_filter: code, jt, jf, k. Load the number of the call; if it is getpriority, an error; else allow.
        var instructions = stackalloc Instruction[4]
        {
            new(0x20, 0, 0, 0),
            new(0x15, 0, 1, SysGetPriority),
            new(0x06, 0, 0, 0x0005_0000 | Refusal),
            new(0x06, 0, 0, 0x7fff_0000),
        };
        var program = new FilterProgram { Length = 4, Instructions = (nint)instructions };
        if (Native.SysCall(SysPrctl, NoNewPrivileges, 1, 0, 0, 0) < 0 || Native.SysCall(SysPrctl, SetSeccomp, FilterMode, (nint)(&program), 0, 0) < 0)
        {
            return (false, $"prctl: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        return Native.SysCall(SysGetPriority, 0, 0, 0, 0, 0) < 0 && Marshal.GetLastPInvokeError() == Refusal
            ? (true, "A filter refused the call that it was to refuse.")
            : (false, "A filter was taken, and refuses nothing.");
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Instruction(ushort code, byte ifTrue, byte ifFalse, uint value)
    {
        private readonly ushort _code = code;
        private readonly byte _ifTrue = ifTrue;
        private readonly byte _ifFalse = ifFalse;
        private readonly uint _value = value;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct FilterProgram
    {
        public ushort Length;
        public nint Instructions;
    }
}
