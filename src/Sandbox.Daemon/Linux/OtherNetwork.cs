using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace Sandbox.Daemon.Linux;

/// <summary>Work in another network namespace.</summary>
internal static class OtherNetwork
{
    private const int NewNetwork = 0x40000000; // CLONE_NEWNET
    private const int StackBytes = 256 * 1024;

    /// <summary>
    /// Does something short on a thread that enters the namespace and ends there: a thread that came back to the pool in
    /// the wrong namespace would undo every other's isolation. A socket belongs to the namespace it was made in for its
    /// whole life.
    /// </summary>
    /// <exception cref="IOException">The namespace cannot be entered, or the work failed.</exception>
    public static T Do<T>(SafeFileHandle network, Func<T> work)
    {
        T? result = default;
        Exception? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    Native.Check(Native.SetNamespace(network, NewNetwork), "setns");
                    result = work();
                }
                catch (Exception exception) when (exception is IOException or SocketException or UnauthorizedAccessException)
                {
                    failure = exception;
                }
            },
            StackBytes)
        { IsBackground = true, Name = "other-network" };
        thread.Start();
        thread.Join();
        return failure is null ? result! : throw new IOException("the sandbox's network could not be used", failure);
    }
}
