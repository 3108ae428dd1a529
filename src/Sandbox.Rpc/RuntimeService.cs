using System.Runtime.CompilerServices;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Runtime;
using Sandbox.Core.Terminals;
using Sandbox.Rpc.Wire;

namespace Sandbox.Rpc;

/// <summary>
/// The server end: answers each call from an <see cref="ISandboxRuntime"/>. The asker is not trusted; ids, sizes and
/// recipe fields are checked here before the runtime sees them.
/// </summary>
public sealed class RuntimeService(ISandboxRuntime runtime, ILogger<RuntimeService> logger) : SandboxRuntime.SandboxRuntimeBase
{
    private static readonly Nothing Nothing = new();

    /// <inheritdoc/>
    public override Task<Wire.RuntimeStatus> GetStatus(Nothing request, ServerCallContext context) =>
        AnswerAsync(request, context, static async (runtime, _, cancellation) =>
        {
            var status = await runtime.GetInfoAsync(cancellation).ConfigureAwait(false);
            return new Wire.RuntimeStatus
            {
                Adapter = status.Adapter,
                OciRuntime = status.OciRuntime,
                Pid = status.Pid,
                Sandboxes = status.Sandboxes,
                MemoryBytes = status.MemoryBytes,
                DiskFreeBytes = status.DiskFreeBytes,
            };
        });

    /// <inheritdoc/>
    public override async Task AddImage(IAsyncStreamReader<AddImageRequest> requestStream, IServerStreamWriter<ImageProgress> responseStream, ServerCallContext context)
    {
        try
        {
            await StreamAsync(requestStream, responseStream, context, AddImageAsync).ConfigureAwait(false);
        }
        finally
        {
            await DrainAsync(requestStream, () => responseStream.WriteAsync(new ImageProgress { IsEnough = true }, context.CancellationToken), context.CancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public override Task ListImages(Nothing request, IServerStreamWriter<StoredImage> responseStream, ServerCallContext context) =>
        StreamAllAsync(request, responseStream, context, static async (runtime, _, cancellation) =>
            (await runtime.Images.ListAsync(cancellation).ConfigureAwait(false)).Select(Images.ToWire));

    /// <inheritdoc/>
    public override Task<Nothing> RemoveImage(RemoveImageRequest request, ServerCallContext context) =>
        AnswerAsync(request, context, static async (runtime, request, cancellation) =>
        {
            await runtime.Images.RemoveAsync(Values.ToDigest(request.Digest), cancellation).ConfigureAwait(false);
            return Nothing;
        });

    /// <inheritdoc/>
    public override Task<SandboxInfo> Create(SandboxSpec request, ServerCallContext context) =>
        AnswerAsync(request, context, static async (runtime, request, cancellation) =>
        {
            var spec = request.ToCore();
            Values.Refuse(Core.Sandboxes.SandboxRules.Validate(spec));
            return (await runtime.Sandboxes.CreateAsync(spec, cancellation).ConfigureAwait(false)).ToWire();
        });

    /// <inheritdoc/>
    public override Task List(Nothing request, IServerStreamWriter<SandboxInfo> responseStream, ServerCallContext context) =>
        StreamAllAsync(request, responseStream, context, static async (runtime, _, cancellation) =>
            (await runtime.Sandboxes.ListAsync(cancellation).ConfigureAwait(false)).Select(Sandboxes.ToWire));

    /// <inheritdoc/>
    public override Task<FindReply> Find(SandboxRequest request, ServerCallContext context) =>
        AnswerAsync(request, context, static async (runtime, request, cancellation) => new FindReply
        {
            Sandbox = (await runtime.Sandboxes.FindAsync(Values.ToSandboxId(request.Id), cancellation).ConfigureAwait(false))?.ToWire(),
        });

    /// <inheritdoc/>
    public override Task<SandboxInfo> Start(SandboxRequest request, ServerCallContext context) =>
        AnswerAsync(request, context, static async (runtime, request, cancellation) =>
            (await runtime.Sandboxes.StartAsync(Values.ToSandboxId(request.Id), cancellation).ConfigureAwait(false)).ToWire());

    /// <inheritdoc/>
    public override Task<SandboxInfo> Stop(StopRequest request, ServerCallContext context) =>
        AnswerAsync(request, context, static async (runtime, request, cancellation) =>
        {
            var grace = TimeSpan.FromTicks(request.Grace);
            if (grace < TimeSpan.Zero || grace > CommandRules.MaxGrace)
            {
                throw new SandboxException(ErrorCode.Invalid, "grace: 0 to 300 seconds");
            }

            return (await runtime.Sandboxes.StopAsync(Values.ToSandboxId(request.Id), grace, cancellation).ConfigureAwait(false)).ToWire();
        });

    /// <inheritdoc/>
    public override Task<SandboxInfo> Pause(SandboxRequest request, ServerCallContext context) =>
        AnswerAsync(request, context, static async (runtime, request, cancellation) =>
            (await runtime.Sandboxes.PauseAsync(Values.ToSandboxId(request.Id), cancellation).ConfigureAwait(false)).ToWire());

    /// <inheritdoc/>
    public override Task<SandboxInfo> Resume(SandboxRequest request, ServerCallContext context) =>
        AnswerAsync(request, context, static async (runtime, request, cancellation) =>
            (await runtime.Sandboxes.ResumeAsync(Values.ToSandboxId(request.Id), cancellation).ConfigureAwait(false)).ToWire());

    /// <inheritdoc/>
    public override Task<SandboxInfo> Extend(ExtendRequest request, ServerCallContext context) =>
        AnswerAsync(request, context, static async (runtime, request, cancellation) =>
            (await runtime.Sandboxes.ExtendAsync(Values.ToSandboxId(request.Id), Values.ToTime(request.Deadline), cancellation).ConfigureAwait(false)).ToWire());

    /// <inheritdoc/>
    public override Task<Nothing> Remove(SandboxRequest request, ServerCallContext context) =>
        AnswerAsync(request, context, static async (runtime, request, cancellation) =>
        {
            await runtime.Sandboxes.RemoveAsync(Values.ToSandboxId(request.Id), cancellation).ConfigureAwait(false);
            return Nothing;
        });

    /// <inheritdoc/>
    public override Task Watch(Nothing request, IServerStreamWriter<SandboxInfo> responseStream, ServerCallContext context) =>
        StreamAsync(request, responseStream, context, static (runtime, _, cancellation) =>
            runtime.Sandboxes.WatchAsync(cancellation).Select(Sandboxes.ToWire));

    /// <inheritdoc/>
    public override Task<ExecReply> Exec(ExecRequest request, ServerCallContext context) =>
        AnswerAsync(request, context, static async (runtime, request, cancellation) =>
        {
            var id = Values.ToSandboxId(request.Id);
            var spec = request.ToCore();
            Values.Refuse(CommandRules.Validate(spec));
            return (await runtime.Sandboxes.ExecAsync(id, spec, cancellation).ConfigureAwait(false)).ToWire();
        });

    /// <inheritdoc/>
    public override Task<Wire.TerminalInfo> OpenTerminal(OpenTerminalRequest request, ServerCallContext context) =>
        AnswerAsync(request, context, static async (runtime, request, cancellation) =>
        {
            var id = Values.ToSandboxId(request.Id);
            var spec = request.ToCore();
            Values.Refuse(TerminalRules.Validate(spec));
            return (await runtime.Terminals.OpenAsync(id, spec, cancellation).ConfigureAwait(false)).ToWire();
        });

    /// <inheritdoc/>
    public override Task ListTerminals(SandboxRequest request, IServerStreamWriter<Wire.TerminalInfo> responseStream, ServerCallContext context) =>
        StreamAllAsync(request, responseStream, context, static async (runtime, request, cancellation) =>
            (await runtime.Terminals.ListAsync(Values.ToSandboxId(request.Id), cancellation).ConfigureAwait(false)).Select(Commands.ToWire));

    /// <inheritdoc/>
    public override Task ListFiles(FileRequest request, IServerStreamWriter<FileEntries> responseStream, ServerCallContext context) =>
        StreamAllAsync(request, responseStream, context, static async (runtime, request, cancellation) =>
        {
            var entries = await runtime.Files.ListAsync(Values.ToSandboxId(request.Id), Values.ToPath(request.Path), cancellation).ConfigureAwait(false);
            return entries.Chunk(RpcLimits.EntriesPerMessage).Select(chunk => new FileEntries { Entries = { chunk.Select(Files.ToWire) } });
        });

    /// <inheritdoc/>
    public override Task<FindFileReply> FindFile(FileRequest request, ServerCallContext context) =>
        AnswerAsync(request, context, static async (runtime, request, cancellation) => new FindFileReply
        {
            Entry = (await runtime.Files.FindAsync(Values.ToSandboxId(request.Id), Values.ToPath(request.Path), cancellation).ConfigureAwait(false))?.ToWire(),
        });

    /// <inheritdoc/>
    public override Task ReadFile(ReadFileRequest request, IServerStreamWriter<Chunk> responseStream, ServerCallContext context) =>
        StreamAsync(request, responseStream, context, static (runtime, request, cancellation) =>
            runtime.Files.ReadAsync(
                    Values.ToSandboxId(request.Id),
                    Values.ToPath(request.Path),
                    Values.ToEnum<Core.Files.ReadForm>((int)request.Form, "form"),
                    cancellation)
                .SelectMany(Values.Pieces)
                .Select(static piece => new Chunk { Data = piece.ToWire() }));

    /// <inheritdoc/>
    public override Task<Nothing> WriteFile(IAsyncStreamReader<WriteFileRequest> requestStream, ServerCallContext context) =>
        AnswerStreamAsync(requestStream, context, static async (runtime, requests, cancellation) =>
        {
            var header = await requests.MoveNext(cancellation).ConfigureAwait(false) ? requests.Current.Header : null;
            if (header is null)
            {
                throw Faults.Malformed("header");
            }

            int? mode = header.HasMode ? header.Mode : null;
            if (mode is < 0 or > 0xFFF)
            {
                throw new SandboxException(ErrorCode.Invalid, "mode: octal, 0 to 07777");
            }

            await runtime.Files.WriteAsync(Values.ToSandboxId(header.Id), Values.ToPath(header.Path), mode, Content(requests, static request => request.PartCase == WriteFileRequest.PartOneofCase.Chunk ? request.Chunk : null, cancellation), cancellation).ConfigureAwait(false);
            return Nothing;
        });

    /// <inheritdoc/>
    public override Task<Nothing> DeleteFile(FileRequest request, ServerCallContext context) =>
        AnswerAsync(request, context, static async (runtime, request, cancellation) =>
        {
            await runtime.Files.DeleteAsync(Values.ToSandboxId(request.Id), Values.ToPath(request.Path), cancellation).ConfigureAwait(false);
            return Nothing;
        });

    /// <inheritdoc/>
    public override Task<Nothing> MakeDirectory(FileRequest request, ServerCallContext context) =>
        AnswerAsync(request, context, static async (runtime, request, cancellation) =>
        {
            await runtime.Files.MakeDirectoryAsync(Values.ToSandboxId(request.Id), Values.ToPath(request.Path), cancellation).ConfigureAwait(false);
            return Nothing;
        });

    /// <inheritdoc/>
    public override Task<Wire.UploadInfo> BeginUpload(BeginUploadRequest request, ServerCallContext context) =>
        AnswerAsync(request, context, static async (runtime, request, cancellation) =>
            (await runtime.Files.BeginUploadAsync(Values.ToSandboxId(request.Id), request.ToCore(), cancellation).ConfigureAwait(false)).ToWire());

    /// <inheritdoc/>
    public override Task<FindUploadReply> FindUpload(UploadRequest request, ServerCallContext context) =>
        AnswerAsync(request, context, static async (runtime, request, cancellation) => new FindUploadReply
        {
            Upload = (await runtime.Files.FindUploadAsync(Values.ToSandboxId(request.Id), Values.ToUploadId(request.Upload), cancellation).ConfigureAwait(false))?.ToWire(),
        });

    /// <inheritdoc/>
    public override Task<Wire.UploadInfo> ContinueUpload(IAsyncStreamReader<ContinueUploadRequest> requestStream, ServerCallContext context) =>
        AnswerStreamAsync(requestStream, context, static async (runtime, requests, cancellation) =>
        {
            var header = await requests.MoveNext(cancellation).ConfigureAwait(false) ? requests.Current.Header : null;
            return header is null
                ? throw Faults.Malformed("header")
                : (await runtime.Files.ContinueUploadAsync(
                    Values.ToSandboxId(header.Id), Values.ToUploadId(header.Upload), header.Offset, Content(requests, static request => request.PartCase == ContinueUploadRequest.PartOneofCase.Chunk ? request.Chunk : null, cancellation), cancellation).ConfigureAwait(false)).ToWire();
        });

    /// <inheritdoc/>
    public override Task<Nothing> CancelUpload(UploadRequest request, ServerCallContext context) =>
        AnswerAsync(request, context, static async (runtime, request, cancellation) =>
        {
            await runtime.Files.CancelUploadAsync(Values.ToSandboxId(request.Id), Values.ToUploadId(request.Upload), cancellation).ConfigureAwait(false);
            return Nothing;
        });

    private static async IAsyncEnumerable<ImageProgress> AddImageAsync(
        ISandboxRuntime runtime,
        IAsyncStreamReader<AddImageRequest> requests,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (!await requests.MoveNext(cancellation).ConfigureAwait(false))
        {
            throw Faults.Malformed("image source");
        }

        var content = Content(requests, static request => request.PartCase == AddImageRequest.PartOneofCase.Chunk ? request.Chunk : null, cancellation);
        await foreach (var progress in runtime.Images.AddAsync(requests.Current.ToCore(content), cancellation).ConfigureAwait(false))
        {
            yield return progress.ToWire();
        }
    }

    /// <summary>What follows the first message. A connection that breaks throws here, so that half an archive never looks like a whole one.</summary>
    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Content<T>(
        IAsyncStreamReader<T> requests,
        Func<T, ByteString?> chunk,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        while (await requests.MoveNext(cancellation).ConfigureAwait(false))
        {
            yield return chunk(requests.Current)?.Memory ?? throw Faults.Malformed("chunk");
        }
    }

    /// <summary>
    /// Reads what the asker still sends, after it was told that this is enough. A call that ended before would have its
    /// stream reset, and a server takes what is under way then for a breach of HTTP/2: it cuts the connection, and with
    /// it the calls of everybody else. Whoever does not stop within <see cref="RpcLimits.LastWords"/> is cut off.
    /// </summary>
    private static async Task DrainAsync<T>(IAsyncStreamReader<T> requests, Func<Task> tellEnough, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(RpcLimits.LastWords);
        try
        {
            await tellEnough().ConfigureAwait(false);
            while (await requests.MoveNext(limit.Token).ConfigureAwait(false))
            {
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or InvalidOperationException or RpcException)
        {
            // Cut off, or the asker is gone: what the call has to say does not change.
        }
    }

    private async Task<TReply> AnswerAsync<TRequest, TReply>(
        TRequest request,
        ServerCallContext context,
        Func<ISandboxRuntime, TRequest, CancellationToken, Task<TReply>> answer)
    {
        try
        {
            return await answer(runtime, request, context.CancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not RpcException)
        {
            throw ToWire(error, context);
        }
    }

    private async Task<TReply> AnswerStreamAsync<TRequest, TReply>(
        IAsyncStreamReader<TRequest> requests,
        ServerCallContext context,
        Func<ISandboxRuntime, IAsyncStreamReader<TRequest>, CancellationToken, Task<TReply>> answer)
    {
        try
        {
            return await AnswerAsync(requests, context, answer).ConfigureAwait(false);
        }
        finally
        {
            await DrainAsync(requests, () => context.WriteResponseHeadersAsync([]), context.CancellationToken).ConfigureAwait(false);
        }
    }

    private Task<Nothing> StreamAllAsync<TRequest, TReply>(
        TRequest request,
        IServerStreamWriter<TReply> replies,
        ServerCallContext context,
        Func<ISandboxRuntime, TRequest, CancellationToken, Task<IEnumerable<TReply>>> items) =>
        AnswerAsync((request, replies, items), context, static async (runtime, call, cancellation) =>
        {
            foreach (var item in await call.items(runtime, call.request, cancellation).ConfigureAwait(false))
            {
                await call.replies.WriteAsync(item, cancellation).ConfigureAwait(false);
            }

            return Nothing;
        });

    private Task<Nothing> StreamAsync<TRequest, TReply>(
        TRequest request,
        IServerStreamWriter<TReply> replies,
        ServerCallContext context,
        Func<ISandboxRuntime, TRequest, CancellationToken, IAsyncEnumerable<TReply>> items) =>
        AnswerAsync((request, replies, items), context, static async (runtime, call, cancellation) =>
        {
            await foreach (var item in call.items(runtime, call.request, cancellation).WithCancellation(cancellation).ConfigureAwait(false))
            {
                await call.replies.WriteAsync(item, cancellation).ConfigureAwait(false);
            }

            return Nothing;
        });

    private RpcException ToWire(Exception error, ServerCallContext context)
    {
        switch (error)
        {
            case SandboxException { Code: not ErrorCode.Internal } fault:
                return Faults.ToWire(fault);

            // The asker is gone, or took its call back: nobody reads this answer.
            case OperationCanceledException or IOException when context.CancellationToken.IsCancellationRequested:
                return new RpcException(new Status(StatusCode.Cancelled, "cancelled"));

            case OperationCanceledException:
                return Faults.ToWire(ErrorCode.RuntimeUnavailable, "The runtime is stopping. Please try again in a moment.");

            default:
                // What is written here may name paths and processes of the host; the asker gets none of it.
                RuntimeServiceLog.Failed(logger, context.Method, error);
                return Faults.ToWire(ErrorCode.Internal, error is SandboxException ? error.Message : "The runtime failed. Its log says why.");
        }
    }
}

internal static partial class RuntimeServiceLog
{
    [LoggerMessage(1, LogLevel.Error, "{Method} failed")]
    internal static partial void Failed(ILogger logger, string method, Exception error);
}
