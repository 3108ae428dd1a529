using System.Net.Sockets;
using Sandbox.Core.Errors;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;

namespace Sandbox.Rpc;

/// <summary>
/// The unix sockets of terminals on a host that both processes share. The daemon has each holder listen on
/// <c>RUN/tty/SANDBOX/TERMINAL.sock</c>, and the client connects there itself: no byte of a terminal passes through the
/// daemon, and terminals stay within reach while it restarts.
/// </summary>
public static class TerminalSockets
{
    private const int MaxAttempts = 40;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    /// <summary>The directory of all sandboxes' sockets, below the daemon's run directory.</summary>
    public static string RootOf(string runDirectory) => Path.Combine(runDirectory, "tty");

    /// <summary>The directory of one sandbox's sockets.</summary>
    public static string DirectoryOf(string runDirectory, SandboxId sandbox) => Path.Combine(RootOf(runDirectory), sandbox.Value);

    /// <summary>The socket of one terminal's holder.</summary>
    public static string PathOf(string runDirectory, SandboxId sandbox, TerminalId terminal) =>
        Path.Combine(DirectoryOf(runDirectory, sandbox), terminal.Value + ".sock");

    /// <summary>Connects to a holder. Codes: NotFound (no process listens), RuntimeUnavailable (its queue stays full).</summary>
    public static async Task<Stream> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var endpoint = new UnixDomainSocketEndPoint(path);
        for (var attempt = 1; ; attempt++)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(endpoint, cancellationToken).ConfigureAwait(false);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException full) when (full.SocketErrorCode == SocketError.WouldBlock && attempt < MaxAttempts)
            {
                // connect(2) on a unix socket does not wait for a place in a full queue: the holder is there, and busy.
                socket.Dispose();
                await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
            }
            catch (SocketException fault)
            {
                socket.Dispose();
                throw Unreachable(fault);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }

    private static SandboxException Unreachable(SocketException fault) => fault.SocketErrorCode switch
    {
        SocketError.WouldBlock => new SandboxException(ErrorCode.RuntimeUnavailable, "The terminal is busy. Please try again in a moment.", fault),
        SocketError.AccessDenied => new SandboxException(ErrorCode.Internal, "This process may not open the terminal's socket.", fault),
        _ => new SandboxException(ErrorCode.NotFound, "There is no such terminal; it may have ended.", fault),
    };
}
