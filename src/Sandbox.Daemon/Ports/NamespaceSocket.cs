using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Ports;

/// <summary>Makes sockets in another network namespace, which they keep.</summary>
internal static class NamespaceSocket
{
    public static (Socket V4, Socket V6) Make(SafeFileHandle network) =>
        OtherNetwork.Do(network, () =>
        {
            var v4 = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                return (v4, new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp));
            }
            catch (SocketException)
            {
                v4.Dispose();
                throw;
            }
        });
}
