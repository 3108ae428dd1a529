using System.Net.Sockets;
using Grpc.Net.Client;
using Sandbox.Core.Errors;
using Sandbox.Core.Runtime;
using Sandbox.Rpc.Wire;
using CoreRuntimeInfo = Sandbox.Core.Runtime.RuntimeInfo;

namespace Sandbox.Rpc;

/// <summary>
/// The client end: the port over the daemon's unix socket. A daemon that cannot be reached, or that disconnects during
/// a call, is <see cref="ErrorCode.RuntimeUnavailable"/>; the next call after its return succeeds. A cancelled call
/// throws at once, while the daemon may still be undoing what it had begun.
/// </summary>
public sealed class RuntimeClient : ISandboxRuntime, IDisposable
{
    private readonly GrpcChannel _channel;
    private readonly Wire.Runtime.RuntimeClient _client;

    /// <summary>A client of the daemon that listens on <paramref name="socketPath"/>. Connects at the first call.</summary>
    public RuntimeClient(string socketPath)
    {
        var endpoint = new UnixDomainSocketEndPoint(socketPath);
        var handler = new SocketsHttpHandler
        {
            // The host's own proxy settings have no business on a unix socket.
            UseProxy = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            // A watch and a hundred uploads at once are more streams than one connection takes.
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(endpoint, cancellation).ConfigureAwait(false);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        _channel = GrpcChannel.ForAddress("http://sandboxd", new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = RpcLimits.MaxMessageBytes,
            MaxSendMessageSize = RpcLimits.MaxMessageBytes,
            // The supervisor has the daemon back within two seconds; waiting longer than it takes only adds to that.
            InitialReconnectBackoff = TimeSpan.FromMilliseconds(20),
            MaxReconnectBackoff = TimeSpan.FromMilliseconds(100),
        });
        _client = new Wire.Runtime.RuntimeClient(_channel);
        Images = new ImagesClient(new Wire.Images.ImagesClient(_channel));
        Sandboxes = new SandboxesClient(new Wire.Sandboxes.SandboxesClient(_channel));
        Terminals = new TerminalsClient(new Wire.Terminals.TerminalsClient(_channel), Path.GetDirectoryName(Path.GetFullPath(socketPath))!);
        Ports = new PortsClient(new Wire.Sandboxes.SandboxesClient(_channel), Path.GetDirectoryName(Path.GetFullPath(socketPath))!);
        Files = new FilesClient(new Wire.Files.FilesClient(_channel));
        Volumes = new VolumesClient(new Wire.Volumes.VolumesClient(_channel));
    }

    /// <inheritdoc/>
    public IImages Images { get; }

    /// <inheritdoc/>
    public ISandboxes Sandboxes { get; }

    /// <inheritdoc/>
    public ITerminals Terminals { get; }

    /// <inheritdoc/>
    public ISandboxFiles Files { get; }

    /// <inheritdoc/>
    public ISandboxPorts Ports { get; }

    /// <inheritdoc/>
    public IVolumes Volumes { get; }

    /// <inheritdoc/>
    public async Task<CoreRuntimeInfo> GetInfoAsync(CancellationToken cancellationToken) =>
        (await ClientCalls.AskAsync(_client.GetInfoAsync(new Nothing(), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).ToCore();

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();
}
