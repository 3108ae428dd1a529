using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Rpc.Wire;

namespace Sandbox.Rpc;

/// <summary>The client end of ports.</summary>
internal sealed class PortsClient(Wire.Sandboxes.SandboxesClient client, string runDirectory) : ISandboxPorts
{
    private readonly UnixDomainSocketEndPoint _endpoint = new(PortsSocket.PathOf(runDirectory));

    /// <inheritdoc/>
    public async Task<IReadOnlyList<int>> ListAsync(SandboxId sandbox, CancellationToken cancellationToken) =>
        [.. (await ClientCalls.AskAsync(client.ListPortsAsync(new SandboxRequest { Id = sandbox.Value }, cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).Ports];

    /// <inheritdoc/>
    public Task<NetworkStream?> ConnectAsync(SandboxId sandbox, int port, CancellationToken cancellationToken) =>
        port is >= 1 and <= ushort.MaxValue ? AskAsync(sandbox, (ushort)port, cancellationToken) : Task.FromResult<NetworkStream?>(null);

    /// <inheritdoc/>
    public Task<NetworkStream?> ConnectToDockerAsync(SandboxId sandbox, CancellationToken cancellationToken) => AskAsync(sandbox, PortsSocket.Docker, cancellationToken);

    private async Task<NetworkStream?> AskAsync(SandboxId sandbox, ushort port, CancellationToken cancellationToken)
    {
        var request = new byte[PortsSocket.RequestBytes];
        Encoding.ASCII.GetBytes(sandbox.Value, request);
        BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(PortsSocket.RequestBytes - 2), port);
        using var daemon = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        byte answer;
        Socket? made;
        try
        {
            await daemon.ConnectAsync(_endpoint, cancellationToken).ConfigureAwait(false);
            await daemon.SendAsync(request, SocketFlags.None, cancellationToken).ConfigureAwait(false);
            (answer, made) = await SocketHandOver.ReceiveAsync(daemon, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is SocketException or IOException)
        {
            throw new SandboxException(ErrorCode.RuntimeUnavailable, "The runtime cannot be reached right now. Try again in a moment.", fault);
        }

        switch ((PortsSocket.Answer)answer)
        {
            case PortsSocket.Answer.Connected when made is not null:
                if (made.AddressFamily != AddressFamily.Unix)
                {
                    made.NoDelay = true;
                }

                return new NetworkStream(made, ownsSocket: true);
            case PortsSocket.Answer.Closed:
                return null;
            case PortsSocket.Answer.NotFound:
                throw new SandboxException(ErrorCode.NotFound, "There is no such sandbox.");
            default:
                made?.Dispose();
                throw new SandboxException(ErrorCode.Conflict, "The sandbox does not run.");
        }
    }
}
