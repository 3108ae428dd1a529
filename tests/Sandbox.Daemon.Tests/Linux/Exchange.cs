using System.Runtime.InteropServices;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Tests.Linux;

/// <summary>What an attacker uses to win races: two names change places at once. renameat2(2), RENAME_EXCHANGE.</summary>
internal static class Exchange
{
    public static bool Names(string one, string other)
    {
        var first = Marshal.StringToCoTaskMemUTF8(one);
        var second = Marshal.StringToCoTaskMemUTF8(other);
        try
        {
            return Native.SysCall(316, -100, first, -100, second, 2) == 0;
        }
        finally
        {
            Marshal.FreeCoTaskMem(first);
            Marshal.FreeCoTaskMem(second);
        }
    }
}
