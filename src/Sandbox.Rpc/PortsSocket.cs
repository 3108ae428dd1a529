using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Sandbox.Core.Errors;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Rpc;

/// <summary>
/// The daemon's end of connections to ports: a unix socket on which a client sends a sandbox's id and a port (16 + 2
/// bytes) and gets one byte with the connected socket. Port 0 is the sandbox's Docker daemon. A connection has one request. No byte of a preview passes through
/// the daemon.
/// </summary>
/// <param name="path">The socket's path, see <see cref="PathOf"/>.</param>
/// <param name="mayAsk">Whether a user of the host may ask.</param>
/// <param name="connect">Connects; null if no program listens. Its faults are answered with their code.</param>
/// <param name="logger">Receives what failed without a code.</param>
public sealed partial class PortsSocket(string path, Func<uint, bool> mayAsk, Func<SandboxId, int, CancellationToken, Task<Socket?>> connect, ILogger<PortsSocket> logger)
{
    /// <summary>In place of a port: the socket of the sandbox's Docker daemon.</summary>
    public const ushort Docker = 0;

    internal const int RequestBytes = 18;
    private const int AtOnce = 256;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Where the socket is, below the daemon's run directory.</summary>
    public static string PathOf(string runDirectory) => Path.Combine(runDirectory, "ports.sock");

    /// <summary>Listens. The caller sets who may connect before it calls <see cref="RunAsync"/>.</summary>
    public Socket Listen()
    {
        File.Delete(path);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(AtOnce);
        return listener;
    }

    /// <summary>Answers until cancelled.</summary>
    public async Task RunAsync(Socket listener, CancellationToken cancellationToken)
    {
        using var places = new SemaphoreSlim(AtOnce);
        while (!cancellationToken.IsCancellationRequested)
        {
            await places.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                var client = await listener.AcceptAsync(cancellationToken).ConfigureAwait(false);
                _ = AnswerAsync(client, places, cancellationToken);
            }
            catch (SocketException fault)
            {
                places.Release();
                LogFailed(logger, fault);
                await Task.Delay(100, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task AnswerAsync(Socket client, SemaphoreSlim places, CancellationToken cancellationToken)
    {
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(Patience);
            using (client)
            {
                if (PeerUid(client) is { } uid && mayAsk(uid) && await ReadAsync(client, patience.Token).ConfigureAwait(false) is var (sandbox, port))
                {
                    await HandOverAsync(client, sandbox, port, patience.Token).ConfigureAwait(false);
                }
            }
        }
        catch (Exception fault) when (fault is SocketException or IOException or OperationCanceledException)
        {
            // The client left, or its sandbox did not answer in time.
        }
        catch (Exception fault)
        {
            LogFailed(logger, fault);
        }
        finally
        {
            places.Release();
        }
    }

    private async Task HandOverAsync(Socket client, SandboxId sandbox, int port, CancellationToken cancellationToken)
    {
        Socket? made = null;
        byte answer;
        try
        {
            made = await connect(sandbox, port, cancellationToken).ConfigureAwait(false);
            answer = (byte)(made is null ? Answer.Closed : Answer.Connected);
        }
        catch (SandboxException fault)
        {
            answer = (byte)(fault.Code == ErrorCode.NotFound ? Answer.NotFound : Answer.NotRunning);
        }

        using (made)
        {
            SocketHandOver.Send(client, answer, made);
        }
    }

    private static async Task<(SandboxId Sandbox, int Port)?> ReadAsync(Socket client, CancellationToken cancellationToken)
    {
        var request = new byte[RequestBytes];
        for (var read = 0; read < request.Length;)
        {
            var count = await client.ReceiveAsync(request.AsMemory(read), SocketFlags.None, cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                return null;
            }

            read += count;
        }

        return SandboxId.TryParse(Encoding.ASCII.GetString(request, 0, RequestBytes - 2), out var sandbox)
            ? (sandbox, BinaryPrimitives.ReadUInt16BigEndian(request.AsSpan(RequestBytes - 2)))
            : null;
    }

    private static uint? PeerUid(Socket client)
    {
        Span<byte> credentials = stackalloc byte[12]; // struct ucred: pid, uid, gid
        return client.GetRawSocketOption(1 /* SOL_SOCKET */, 17 /* SO_PEERCRED */, credentials) == 12 ? BitConverter.ToUInt32(credentials[4..]) : null;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A connection to a port could not be made")]
    private static partial void LogFailed(ILogger logger, Exception fault);

    internal enum Answer : byte
    {
        Connected = 1,
        Closed = 2,
        NotFound = 3,
        NotRunning = 4,
    }
}
