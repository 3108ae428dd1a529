using Grpc.Core;
using Microsoft.Extensions.Logging;
using Sandbox.Core.Errors;
using Sandbox.Core.Runtime;
using Sandbox.Rpc.Wire;

namespace Sandbox.Rpc;

/// <summary>The server end of the files. The client is not trusted; ids, paths and modes are checked here.</summary>
public sealed class FilesService(ISandboxRuntime runtime, ILogger<FilesService> logger) : Wire.Files.FilesBase
{
    private readonly Answers<ISandboxFiles> _answers = new(runtime.Files, logger);

    /// <inheritdoc/>
    public override Task List(FileRequest request, IServerStreamWriter<FileEntries> responseStream, ServerCallContext context) =>
        _answers.StreamAllAsync(request, responseStream, context, static async (files, request, cancellation) =>
        {
            var entries = await files.ListAsync(Values.ToSandboxId(request.Id), Values.ToPath(request.Path), cancellation).ConfigureAwait(false);
            return entries.Chunk(RpcLimits.EntriesPerMessage).Select(chunk => new FileEntries { Entries = { chunk.Select(FilesMap.ToWire) } });
        });

    /// <inheritdoc/>
    public override Task<FindFileReply> Find(FileRequest request, ServerCallContext context) =>
        _answers.AnswerAsync(request, context, static async (files, request, cancellation) => new FindFileReply
        {
            Entry = (await files.FindAsync(Values.ToSandboxId(request.Id), Values.ToPath(request.Path), cancellation).ConfigureAwait(false))?.ToWire(),
        });

    /// <inheritdoc/>
    public override Task Read(ReadFileRequest request, IServerStreamWriter<Chunk> responseStream, ServerCallContext context) =>
        _answers.StreamAsync(request, responseStream, context, static (files, request, cancellation) =>
            files.ReadAsync(
                    Values.ToSandboxId(request.Id),
                    Values.ToPath(request.Path),
                    Values.ToEnum<Core.Files.ReadForm>((int)request.Form, "form"),
                    request.First >= 0 && request.Length >= 0 ? new Core.Files.FileRange(request.First, request.HasLength ? request.Length : long.MaxValue) : throw Faults.Malformed("range"),
                    cancellation)
                .SelectMany(Values.Pieces)
                .Select(static piece => new Chunk { Data = piece.ToWire() }));

    /// <inheritdoc/>
    public override Task<Nothing> Write(IAsyncStreamReader<WriteFileRequest> requestStream, ServerCallContext context) =>
        _answers.AnswerStreamAsync(requestStream, context, static async (files, requests, cancellation) =>
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

            var how = new Core.Files.FileWish { Mode = mode, Owner = header.HasOwner ? Values.ToOwner(header.Owner) : null };
            await files.WriteAsync(Values.ToSandboxId(header.Id), Values.ToPath(header.Path), how, ContentReading.ContentAsync(requests, static request => request.PartCase == WriteFileRequest.PartOneofCase.Chunk ? request.Chunk : null, cancellation), cancellation).ConfigureAwait(false);
            return Answers.Nothing;
        });

    /// <inheritdoc/>
    public override Task<Nothing> MakeDirectory(MakeDirectoryRequest request, ServerCallContext context) =>
        _answers.AnswerAsync(request, context, static async (files, request, cancellation) =>
        {
            await files.MakeDirectoryAsync(Values.ToSandboxId(request.Id), Values.ToPath(request.Path), request.HasOwner ? Values.ToOwner(request.Owner) : null, cancellation).ConfigureAwait(false);
            return Answers.Nothing;
        });

    /// <inheritdoc/>
    public override Task<Nothing> Delete(FileRequest request, ServerCallContext context) =>
        _answers.AnswerAsync(request, context, static async (files, request, cancellation) =>
        {
            await files.DeleteAsync(Values.ToSandboxId(request.Id), Values.ToPath(request.Path), cancellation).ConfigureAwait(false);
            return Answers.Nothing;
        });

    /// <inheritdoc/>
    public override Task<Wire.UploadInfo> BeginUpload(BeginUploadRequest request, ServerCallContext context) =>
        _answers.AnswerAsync(request, context, static async (files, request, cancellation) =>
            (await files.BeginUploadAsync(Values.ToSandboxId(request.Id), request.ToCore(), cancellation).ConfigureAwait(false)).ToWire());

    /// <inheritdoc/>
    public override Task<FindUploadReply> FindUpload(UploadRequest request, ServerCallContext context) =>
        _answers.AnswerAsync(request, context, static async (files, request, cancellation) => new FindUploadReply
        {
            Upload = (await files.FindUploadAsync(Values.ToSandboxId(request.Id), Values.ToUploadId(request.Upload), cancellation).ConfigureAwait(false))?.ToWire(),
        });

    /// <inheritdoc/>
    public override Task<Wire.UploadInfo> ContinueUpload(IAsyncStreamReader<ContinueUploadRequest> requestStream, ServerCallContext context) =>
        _answers.AnswerStreamAsync(requestStream, context, static async (files, requests, cancellation) =>
        {
            var header = await requests.MoveNext(cancellation).ConfigureAwait(false) ? requests.Current.Header : null;
            return header is null
                ? throw Faults.Malformed("header")
                : (await files.ContinueUploadAsync(
                    Values.ToSandboxId(header.Id), Values.ToUploadId(header.Upload), header.Offset, ContentReading.ContentAsync(requests, static request => request.PartCase == ContinueUploadRequest.PartOneofCase.Chunk ? request.Chunk : null, cancellation), cancellation).ConfigureAwait(false)).ToWire();
        });

    /// <inheritdoc/>
    public override Task<Nothing> CancelUpload(UploadRequest request, ServerCallContext context) =>
        _answers.AnswerAsync(request, context, static async (files, request, cancellation) =>
        {
            await files.CancelUploadAsync(Values.ToSandboxId(request.Id), Values.ToUploadId(request.Upload), cancellation).ConfigureAwait(false);
            return Answers.Nothing;
        });
}
