using System.Globalization;
using System.Net.Sockets;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Ports;

/// <summary>
/// Connects to a unix socket in a sandbox's file system. A program there may put a link in its place: the kernel resolves
/// the path as if the sandbox's root were <c>/</c>, and the connection is made to the inode that was found.
/// https://man7.org/linux/man-pages/man7/unix.7.html
/// </summary>
internal static class InnerSocket
{
    private const int MostAttempts = 40;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    /// <summary>Null if nothing is there, or no program listens.</summary>
    public static async Task<Socket?> ConnectAsync(RootedDirectory root, byte[] path, CancellationToken cancellationToken)
    {
        try
        {
            using var inode = root.OpenInode(path, followLast: true);
            if (inode.Status().Type != InodeType.Socket)
            {
                return null;
            }

            var endpoint = new UnixDomainSocketEndPoint(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{inode.DangerousGetHandle()}"));
            for (var attempt = 1; ; attempt++)
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(endpoint, cancellationToken);
                    return socket;
                }
                catch (SocketException full) when (full.SocketErrorCode == SocketError.WouldBlock && attempt < MostAttempts)
                {
                    // connect(2) on a unix socket does not wait for a place in a full queue.
                    socket.Dispose();
                    await Task.Delay(Pause, cancellationToken);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            }
        }
        catch (Exception fault) when (fault is PosixException or SocketException)
        {
            return null;
        }
    }
}
