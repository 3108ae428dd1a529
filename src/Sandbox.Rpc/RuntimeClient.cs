using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Grpc.Core;
using Grpc.Net.Client;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Files;
using Sandbox.Core.Images;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Rpc.Wire;
using CoreImageProgress = Sandbox.Core.Images.ImageProgress;
using CoreReadForm = Sandbox.Core.Files.ReadForm;
using CoreSandboxInfo = Sandbox.Core.Sandboxes.SandboxInfo;
using CoreSandboxSpec = Sandbox.Core.Sandboxes.SandboxSpec;
using CoreStoredImage = Sandbox.Core.Images.StoredImage;

namespace Sandbox.Rpc;

/// <summary>
/// The client end: the port over the daemon's unix socket. A daemon that cannot be reached, or that goes away in the
/// middle of a call, is <see cref="ErrorCode.RuntimeUnavailable"/>; the next call after its return goes through.
/// A call taken back throws at once, while the daemon may still be undoing what it had begun.
/// </summary>
public sealed class RuntimeClient : ISandboxRuntime, IImages, ISandboxes, ITerminals, ISandboxFiles, IDisposable
{
    /// <inheritdoc/>
    public IImages Images => this;

    /// <inheritdoc/>
    public ISandboxes Sandboxes => this;

    /// <inheritdoc/>
    public ITerminals Terminals => this;

    /// <inheritdoc/>
    public ISandboxFiles Files => this;

    private readonly GrpcChannel _channel;
    private readonly SandboxRuntime.SandboxRuntimeClient _client;
    private readonly string _runDirectory;

    /// <summary>A client of the daemon that listens on <paramref name="socketPath"/>. Connects at the first call.</summary>
    public RuntimeClient(string socketPath)
    {
        _runDirectory = Path.GetDirectoryName(Path.GetFullPath(socketPath))!;
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
        _client = new SandboxRuntime.SandboxRuntimeClient(_channel);
    }

    /// <inheritdoc/>
    public async Task<Core.Runtime.RuntimeInfo> GetInfoAsync(CancellationToken cancellationToken)
    {
        var status = await AskAsync(_client.GetStatusAsync(new Nothing(), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false);
        return new(status.Adapter, status.OciRuntime, status.Pid, status.Sandboxes, status.MemoryBytes, status.DiskFreeBytes);
    }

    /// <inheritdoc/>
    async IAsyncEnumerable<CoreImageProgress> IImages.AddAsync(ImageSource source, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Cut when the content fails: what was sent so far must not be taken for the whole.
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var call = _client.AddImage(cancellationToken: cut.Token);
        var isEnough = new StrongBox<bool>();
        var upload = UploadAsync(call, source, isEnough, cut);
        try
        {
            while (true)
            {
                try
                {
                    if (!await call.ResponseStream.MoveNext(cut.Token).ConfigureAwait(false))
                    {
                        break;
                    }
                }
                catch (Exception error) when (error is RpcException or OperationCanceledException)
                {
                    if (cut.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
                    {
                        await upload.ConfigureAwait(false);
                    }

                    throw error is RpcException rpc ? Faults.FromWire(rpc, cancellationToken) : error;
                }

                if (call.ResponseStream.Current.IsEnough)
                {
                    Volatile.Write(ref isEnough.Value, true);
                }
                else
                {
                    yield return call.ResponseStream.Current.ToCore();
                }
            }
        }
        finally
        {
            await cut.CancelAsync().ConfigureAwait(false);
            await upload.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <inheritdoc/>
    Task<IReadOnlyList<CoreStoredImage>> IImages.ListAsync(CancellationToken cancellationToken) =>
        AskAllAsync(_client.ListImages(new Nothing(), cancellationToken: cancellationToken), Wire.Images.ToCore, cancellationToken);

    /// <inheritdoc/>
    Task IImages.RemoveAsync(Digest digest, CancellationToken cancellationToken) =>
        AskAsync(_client.RemoveImageAsync(new RemoveImageRequest { Digest = digest.Value }, cancellationToken: cancellationToken), cancellationToken);

    /// <inheritdoc/>
    async Task<CoreSandboxInfo> ISandboxes.CreateAsync(CoreSandboxSpec spec, CancellationToken cancellationToken) =>
        (await AskAsync(_client.CreateAsync(spec.ToWire(), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).ToCore();

    /// <inheritdoc/>
    Task<IReadOnlyList<CoreSandboxInfo>> ISandboxes.ListAsync(CancellationToken cancellationToken) =>
        AskAllAsync(_client.List(new Nothing(), cancellationToken: cancellationToken), Wire.Sandboxes.ToCore, cancellationToken);

    /// <inheritdoc/>
    async Task<CoreSandboxInfo?> ISandboxes.FindAsync(SandboxId id, CancellationToken cancellationToken) =>
        (await AskAsync(_client.FindAsync(Request(id), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).Sandbox?.ToCore();

    /// <inheritdoc/>
    async Task<CoreSandboxInfo> ISandboxes.StartAsync(SandboxId id, CancellationToken cancellationToken) =>
        (await AskAsync(_client.StartAsync(Request(id), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).ToCore();

    /// <inheritdoc/>
    async Task<CoreSandboxInfo> ISandboxes.StopAsync(SandboxId id, TimeSpan grace, CancellationToken cancellationToken) =>
        (await AskAsync(_client.StopAsync(new StopRequest { Id = id.Value, Grace = grace.Ticks }, cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).ToCore();

    /// <inheritdoc/>
    async Task<CoreSandboxInfo> ISandboxes.PauseAsync(SandboxId id, CancellationToken cancellationToken) =>
        (await AskAsync(_client.PauseAsync(Request(id), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).ToCore();

    /// <inheritdoc/>
    async Task<CoreSandboxInfo> ISandboxes.ResumeAsync(SandboxId id, CancellationToken cancellationToken) =>
        (await AskAsync(_client.ResumeAsync(Request(id), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).ToCore();

    /// <inheritdoc/>
    async Task<CoreSandboxInfo> ISandboxes.ExtendAsync(SandboxId id, DateTimeOffset deadline, CancellationToken cancellationToken) =>
        (await AskAsync(_client.ExtendAsync(new ExtendRequest { Id = id.Value, Deadline = deadline.ToWire() }, cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).ToCore();

    /// <inheritdoc/>
    Task ISandboxes.RemoveAsync(SandboxId id, CancellationToken cancellationToken) =>
        AskAsync(_client.RemoveAsync(Request(id), cancellationToken: cancellationToken), cancellationToken);

    /// <inheritdoc/>
    IAsyncEnumerable<CoreSandboxInfo> ISandboxes.WatchAsync(CancellationToken cancellationToken) =>
        StreamAsync(cancellation => _client.Watch(new Nothing(), cancellationToken: cancellation), cancellationToken).Select(Wire.Sandboxes.ToCore);

    /// <inheritdoc/>
    async Task<ExecResult> ISandboxes.ExecAsync(SandboxId id, ExecSpec spec, CancellationToken cancellationToken) =>
        (await AskAsync(_client.ExecAsync(spec.ToWire(id.Value), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).ToCore();

    /// <inheritdoc/>
    async Task<Core.Terminals.TerminalInfo> ITerminals.OpenAsync(SandboxId id, TerminalSpec spec, CancellationToken cancellationToken) =>
        (await AskAsync(_client.OpenTerminalAsync(spec.ToWire(id.Value), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).ToCore();

    /// <inheritdoc/>
    Task<Stream> ITerminals.ConnectAsync(SandboxId id, TerminalId terminal, CancellationToken cancellationToken) =>
        TerminalSockets.ConnectAsync(TerminalSockets.PathOf(_runDirectory, id, terminal), cancellationToken);

    /// <inheritdoc/>
    Task<IReadOnlyList<Core.Terminals.TerminalInfo>> ITerminals.ListAsync(SandboxId id, CancellationToken cancellationToken) =>
        AskAllAsync(_client.ListTerminals(Request(id), cancellationToken: cancellationToken), Commands.ToCore, cancellationToken);

    /// <inheritdoc/>
    async Task<IReadOnlyList<Core.Files.FileEntry>> ISandboxFiles.ListAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken)
    {
        var messages = await AskAllAsync(_client.ListFiles(Request(id, path), cancellationToken: cancellationToken), message => message, cancellationToken).ConfigureAwait(false);
        return [.. messages.SelectMany(message => message.Entries).Select(Wire.Files.ToCore)];
    }

    /// <inheritdoc/>
    async Task<Core.Files.FileEntry?> ISandboxFiles.FindAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken) =>
        (await AskAsync(_client.FindFileAsync(Request(id, path), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).Entry?.ToCore();

    /// <inheritdoc/>
    IAsyncEnumerable<ReadOnlyMemory<byte>> ISandboxFiles.ReadAsync(SandboxId id, SandboxPath path, CoreReadForm form, CancellationToken cancellationToken)
    {
        var request = new ReadFileRequest { Id = id.Value, Path = path.ToWire(), Form = (Wire.ReadForm)((int)form + 1) };
        return StreamAsync(cancellation => _client.ReadFile(request, cancellationToken: cancellation), cancellationToken).Select(chunk => chunk.Data.Memory);
    }

    /// <inheritdoc/>
    async Task ISandboxFiles.WriteAsync(SandboxId id, SandboxPath path, int? mode, IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken)
    {
        // Disposing cancels a call whose content failed, and a cancelled call writes nothing.
        using var call = _client.WriteFile(cancellationToken: cancellationToken);
        var header = new WriteFileHeader { Id = id.Value, Path = path.ToWire() };
        if (mode is { } bits)
        {
            header.Mode = bits;
        }

        var enough = call.ResponseHeadersAsync;
        if (await SendAsync(call.RequestStream, new WriteFileRequest { Header = header }, cancellationToken).ConfigureAwait(false))
        {
            await SendContentAsync(
                call.RequestStream, content, static piece => new WriteFileRequest { Chunk = piece.ToWire() }, () => enough.IsCompletedSuccessfully, cancellationToken).ConfigureAwait(false);
        }

        await AnswerAsync(call.ResponseAsync, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    Task ISandboxFiles.DeleteAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken) =>
        AskAsync(_client.DeleteFileAsync(Request(id, path), cancellationToken: cancellationToken), cancellationToken);

    /// <inheritdoc/>
    Task ISandboxFiles.MakeDirectoryAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken) =>
        AskAsync(_client.MakeDirectoryAsync(Request(id, path), cancellationToken: cancellationToken), cancellationToken);

    /// <inheritdoc/>
    async Task<Core.Files.UploadInfo> ISandboxFiles.BeginUploadAsync(SandboxId id, UploadSpec spec, CancellationToken cancellationToken) =>
        (await AskAsync(_client.BeginUploadAsync(spec.ToWire(id.Value), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).ToCore();

    /// <inheritdoc/>
    async Task<Core.Files.UploadInfo?> ISandboxFiles.FindUploadAsync(SandboxId id, UploadId upload, CancellationToken cancellationToken) =>
        (await AskAsync(_client.FindUploadAsync(Request(id, upload), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).Upload?.ToCore();

    /// <inheritdoc/>
    async Task<Core.Files.UploadInfo> ISandboxFiles.ContinueUploadAsync(
        SandboxId id, UploadId upload, long offset, IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken)
    {
        // Disposing cancels a call whose content failed; what it sent before stays.
        using var call = _client.ContinueUpload(cancellationToken: cancellationToken);
        var header = new ContinueUploadHeader { Id = id.Value, Upload = upload.Value, Offset = offset };
        var enough = call.ResponseHeadersAsync;
        if (await SendAsync(call.RequestStream, new ContinueUploadRequest { Header = header }, cancellationToken).ConfigureAwait(false))
        {
            await SendContentAsync(
                call.RequestStream, content, static piece => new ContinueUploadRequest { Chunk = piece.ToWire() }, () => enough.IsCompletedSuccessfully, cancellationToken).ConfigureAwait(false);
        }

        return (await AnswerAsync(call.ResponseAsync, cancellationToken).ConfigureAwait(false)).ToCore();
    }

    /// <inheritdoc/>
    Task ISandboxFiles.CancelUploadAsync(SandboxId id, UploadId upload, CancellationToken cancellationToken) =>
        AskAsync(_client.CancelUploadAsync(Request(id, upload), cancellationToken: cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();

    private static SandboxRequest Request(SandboxId id) => new() { Id = id.Value };

    private static FileRequest Request(SandboxId id, SandboxPath path) => new() { Id = id.Value, Path = path.ToWire() };

    private static UploadRequest Request(SandboxId id, UploadId upload) => new() { Id = id.Value, Upload = upload.Value };

    private static async Task<T> AskAsync<T>(AsyncUnaryCall<T> call, CancellationToken cancellationToken)
    {
        using (call)
        {
            return await AnswerAsync(call.ResponseAsync, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<T> AnswerAsync<T>(Task<T> answer, CancellationToken cancellationToken)
    {
        try
        {
            return await answer.ConfigureAwait(false);
        }
        catch (RpcException error)
        {
            throw Faults.FromWire(error, cancellationToken);
        }
    }

    private static async Task<IReadOnlyList<TResult>> AskAllAsync<TMessage, TResult>(
        AsyncServerStreamingCall<TMessage> call,
        Func<TMessage, TResult> read,
        CancellationToken cancellationToken)
    {
        using (call)
        {
            var results = new List<TResult>();
            while (await AnswerAsync(call.ResponseStream.MoveNext(cancellationToken), cancellationToken).ConfigureAwait(false))
            {
                results.Add(read(call.ResponseStream.Current));
            }

            return results;
        }
    }

    private static async IAsyncEnumerable<T> StreamAsync<T>(
        Func<CancellationToken, AsyncServerStreamingCall<T>> open,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var call = open(cancellationToken);
        while (await AnswerAsync(call.ResponseStream.MoveNext(cancellationToken), cancellationToken).ConfigureAwait(false))
        {
            yield return call.ResponseStream.Current;
        }
    }

    private static async Task UploadAsync(
        AsyncDuplexStreamingCall<AddImageRequest, Wire.ImageProgress> call, ImageSource source, StrongBox<bool> isEnough, CancellationTokenSource cut)
    {
        try
        {
            if (await SendAsync(call.RequestStream, source.ToWire(), cut.Token).ConfigureAwait(false))
            {
                await SendContentAsync(
                    call.RequestStream,
                    source is ImageSource.Archive archive ? archive.Content : AsyncEnumerable.Empty<ReadOnlyMemory<byte>>(),
                    static piece => new AddImageRequest { Chunk = piece.ToWire() },
                    () => Volatile.Read(ref isEnough.Value),
                    cut.Token).ConfigureAwait(false);
            }
        }
        catch
        {
            await cut.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Sends until the end, or until the daemon wants no more, and completes the stream. A call that was taken back is
    /// not completed: a daemon that hears of the end before it hears of that would take the part for the whole.
    /// </summary>
    private static async Task SendContentAsync<T>(
        IClientStreamWriter<T> requests,
        IAsyncEnumerable<ReadOnlyMemory<byte>> content,
        Func<ReadOnlyMemory<byte>, T> message,
        Func<bool> isEnough,
        CancellationToken cancellationToken)
    {
        await foreach (var part in content.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            foreach (var piece in Values.Pieces(part))
            {
                if (isEnough())
                {
                    await CompleteAsync(requests, cancellationToken).ConfigureAwait(false);
                    return;
                }

                if (!await SendAsync(requests, message(piece), cancellationToken).ConfigureAwait(false))
                {
                    return;
                }
            }
        }

        await CompleteAsync(requests, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>False when the call is over already: its answer says why.</summary>
    private static async Task<bool> SendAsync<T>(IClientStreamWriter<T> requests, T message, CancellationToken cancellationToken)
    {
        try
        {
            await requests.WriteAsync(message, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception error) when (IsOver(error, cancellationToken))
        {
            return false;
        }
    }

    private static async Task CompleteAsync<T>(IClientStreamWriter<T> requests, CancellationToken cancellationToken)
    {
        try
        {
            await requests.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (IsOver(error, cancellationToken))
        {
            // The call is over already; its answer says why.
        }
    }

    /// <summary>What a write meets whose call has ended, or whose connection has; neither is how the call itself fails.</summary>
    private static bool IsOver(Exception error, CancellationToken cancellationToken) => error switch
    {
        RpcException or InvalidOperationException or IOException or HttpRequestException => true,
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        _ => false,
    };
}
