using System.Runtime.InteropServices;

namespace Sandbox.Init;

/// <summary>Waits for every child, for ever: the kernel makes this process the parent of all that lose theirs.</summary>
internal static unsafe class Reaping
{
    /// <summary>
    /// Microseconds until another look when there is no child at all. A process that is inherited then and ends is a
    /// zombie for that long; waiting for its signal needs every thread of the .NET runtime to block it.
    /// </summary>
    private const uint Pause = 500_000;

    public static void Run(int command, Action<int> ended)
    {
        while (true)
        {
            int status;
            var pid = Native.WaitPid(-1, &status, 0);
            if (pid == command && pid > 0)
            {
                var signal = status & 0x7F;
                ended(signal == 0 ? (status >> 8) & 0xFF : 128 + signal);
            }
            else if (pid < 0 && Marshal.GetLastPInvokeError() != Native.Interrupted)
            {
                _ = Native.Sleep(Pause);
            }
        }
    }
}
