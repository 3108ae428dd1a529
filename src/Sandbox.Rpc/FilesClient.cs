using Sandbox.Core.Files;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Rpc.Wire;
using CoreFileEntry = Sandbox.Core.Files.FileEntry;
using CoreReadForm = Sandbox.Core.Files.ReadForm;
using CoreUploadInfo = Sandbox.Core.Files.UploadInfo;

namespace Sandbox.Rpc;

/// <summary>The client end of the files.</summary>
internal sealed class FilesClient(Wire.Files.FilesClient client) : ISandboxFiles
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<CoreFileEntry>> ListAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken)
    {
        var messages = await ClientCalls.AskAllAsync(client.List(Request(id, path), cancellationToken: cancellationToken), message => message, cancellationToken).ConfigureAwait(false);
        return [.. messages.SelectMany(message => message.Entries).Select(FilesMap.ToCore)];
    }

    /// <inheritdoc/>
    public async Task<CoreFileEntry?> FindAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken) =>
        (await ClientCalls.AskAsync(client.FindAsync(Request(id, path), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).Entry?.ToCore();

    /// <inheritdoc/>
    public IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(SandboxId id, SandboxPath path, CoreReadForm form, FileRange range, CancellationToken cancellationToken)
    {
        var request = new ReadFileRequest { Id = id.Value, Path = path.ToWire(), Form = (Wire.ReadForm)((int)form + 1), First = range.First };
        if (range.Length != long.MaxValue)
        {
            request.Length = range.Length;
        }

        return ClientCalls.StreamAsync(cancellation => client.Read(request, cancellationToken: cancellation), cancellationToken).Select(chunk => chunk.Data.Memory);
    }

    /// <inheritdoc/>
    public async Task WriteAsync(SandboxId id, SandboxPath path, FileWish how, IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken)
    {
        // Disposing cancels a call whose content failed, and a cancelled call writes nothing.
        using var call = client.Write(cancellationToken: cancellationToken);
        var header = new WriteFileHeader { Id = id.Value, Path = path.ToWire() };
        if (how.Mode is { } bits)
        {
            header.Mode = bits;
        }

        if (how.Owner is not null)
        {
            header.Owner = how.Owner;
        }

        var enough = call.ResponseHeadersAsync;
        if (await ContentSending.SendAsync(call.RequestStream, new WriteFileRequest { Header = header }, cancellationToken).ConfigureAwait(false))
        {
            await ContentSending.SendContentAsync(
                call.RequestStream, content, static piece => new WriteFileRequest { Chunk = piece.ToWire() }, () => enough.IsCompletedSuccessfully, cancellationToken).ConfigureAwait(false);
        }

        await ClientCalls.AnswerAsync(call.ResponseAsync, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task MakeDirectoryAsync(SandboxId id, SandboxPath path, string? owner, CancellationToken cancellationToken)
    {
        var request = new MakeDirectoryRequest { Id = id.Value, Path = path.ToWire() };
        if (owner is not null)
        {
            request.Owner = owner;
        }

        return ClientCalls.AskAsync(client.MakeDirectoryAsync(request, cancellationToken: cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public Task DeleteAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken) =>
        ClientCalls.AskAsync(client.DeleteAsync(Request(id, path), cancellationToken: cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public async Task<CoreUploadInfo> BeginUploadAsync(SandboxId id, UploadSpec spec, CancellationToken cancellationToken) =>
        (await ClientCalls.AskAsync(client.BeginUploadAsync(spec.ToWire(id.Value), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).ToCore();

    /// <inheritdoc/>
    public async Task<CoreUploadInfo?> FindUploadAsync(SandboxId id, UploadId upload, CancellationToken cancellationToken) =>
        (await ClientCalls.AskAsync(client.FindUploadAsync(Request(id, upload), cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false)).Upload?.ToCore();

    /// <inheritdoc/>
    public async Task<CoreUploadInfo> ContinueUploadAsync(
        SandboxId id, UploadId upload, long offset, IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken)
    {
        // Disposing cancels a call whose content failed; what it sent before stays.
        using var call = client.ContinueUpload(cancellationToken: cancellationToken);
        var header = new ContinueUploadHeader { Id = id.Value, Upload = upload.Value, Offset = offset };
        var enough = call.ResponseHeadersAsync;
        if (await ContentSending.SendAsync(call.RequestStream, new ContinueUploadRequest { Header = header }, cancellationToken).ConfigureAwait(false))
        {
            await ContentSending.SendContentAsync(
                call.RequestStream, content, static piece => new ContinueUploadRequest { Chunk = piece.ToWire() }, () => enough.IsCompletedSuccessfully, cancellationToken).ConfigureAwait(false);
        }

        return (await ClientCalls.AnswerAsync(call.ResponseAsync, cancellationToken).ConfigureAwait(false)).ToCore();
    }

    /// <inheritdoc/>
    public Task CancelUploadAsync(SandboxId id, UploadId upload, CancellationToken cancellationToken) =>
        ClientCalls.AskAsync(client.CancelUploadAsync(Request(id, upload), cancellationToken: cancellationToken), cancellationToken);

    private static FileRequest Request(SandboxId id, SandboxPath path) => new() { Id = id.Value, Path = path.ToWire() };

    private static UploadRequest Request(SandboxId id, UploadId upload) => new() { Id = id.Value, Upload = upload.Value };
}
