using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Ports;

/// <summary>
/// Makes sockets in another network namespace. A socket belongs to the namespace of the thread that made it, for its
/// whole life; so a thread enters the namespace, makes the sockets, and ends.
/// </summary>
internal static partial class NamespaceSocket
{
    private const int NewNetwork = 0x40000000; // CLONE_NEWNET

    public static (Socket V4, Socket V6) Make(SafeFileHandle network)
    {
        Socket? v4 = null;
        Socket? v6 = null;
        Exception? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    _ = Native.Check(SetNamespace(network, NewNetwork), "setns");
                    v4 = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                    v6 = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
                }
                catch (Exception fault) when (fault is IOException or SocketException)
                {
                    failure = fault;
                }
            },
            128 * 1024)
        { IsBackground = true, Name = "other-network" };
        thread.Start();
        thread.Join();
        if (failure is not null)
        {
            v4?.Dispose();
            throw new IOException("no socket could be made in the sandbox's network", failure);
        }

        return (v4!, v6!);
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeFileHandle file, int kind);
}
