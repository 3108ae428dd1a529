using System.Runtime.CompilerServices;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Testing;

/// <summary>The files of a <see cref="FakeRuntime"/>.</summary>
internal sealed class FakeFiles(FakeHost host) : ISandboxFiles
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<FileEntry>> ListAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken)
    {
        await host.BeginAsync("ListFiles", cancellationToken);
        lock (host.Gate)
        {
            return host.GetWithFiles(id).Files.List(path);
        }
    }

    /// <inheritdoc/>
    public async Task<FileEntry?> FindAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken)
    {
        await host.BeginAsync("FindFile", cancellationToken);
        lock (host.Gate)
        {
            return host.GetWithFiles(id).Files.Find(path);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        SandboxId id,
        SandboxPath path,
        ReadForm form,
        FileRange range,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await host.BeginAsync("ReadFile", cancellationToken);
        ReadOnlyMemory<byte> rest;
        lock (host.Gate)
        {
            rest = host.GetWithFiles(id).Files.Read(path, form);
        }

        if (form == ReadForm.Raw)
        {
            var first = (int)Math.Min(range.First, rest.Length);
            rest = rest.Slice(first, (int)Math.Min(range.Length, rest.Length - first));
        }

        while (rest.Length > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var length = Math.Min(rest.Length, 32 * 1024);
            yield return rest[..length];
            rest = rest[length..];
        }
    }

    /// <inheritdoc/>
    public async Task WriteAsync(
        SandboxId id,
        SandboxPath path,
        FileWish how,
        IAsyncEnumerable<ReadOnlyMemory<byte>> content,
        CancellationToken cancellationToken)
    {
        await host.BeginAsync("WriteFile", cancellationToken);
        long most;
        lock (host.Gate)
        {
            most = host.GetWithFiles(id).Spec.Limits.DiskBytes;
        }

        var bytes = await FakeHost.CollectAsync(content, most, new SandboxException(ErrorCode.DiskFull, "The disk of the sandbox is full."), cancellationToken);
        lock (host.Gate)
        {
            host.GetWithFiles(id).Files.Write(path, how.Mode, bytes);
        }
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken)
    {
        await host.BeginAsync("DeleteFile", cancellationToken);
        lock (host.Gate)
        {
            host.GetWithFiles(id).Files.Delete(path);
        }
    }

    /// <inheritdoc/>
    public async Task MakeDirectoryAsync(SandboxId id, SandboxPath path, string? owner, CancellationToken cancellationToken)
    {
        await host.BeginAsync("MakeDirectory", cancellationToken);
        lock (host.Gate)
        {
            host.GetWithFiles(id).Files.MakeDirectory(path);
        }
    }

    /// <inheritdoc/>
    public async Task<UploadInfo> BeginUploadAsync(SandboxId id, UploadSpec spec, CancellationToken cancellationToken)
    {
        await host.BeginAsync("BeginUpload", cancellationToken);
        lock (host.Gate)
        {
            return host.GetWithFiles(id).Uploads.Begin(spec);
        }
    }

    /// <inheritdoc/>
    public async Task<UploadInfo?> FindUploadAsync(SandboxId id, UploadId upload, CancellationToken cancellationToken)
    {
        await host.BeginAsync("FindUpload", cancellationToken);
        lock (host.Gate)
        {
            return host.GetWithFiles(id).Uploads.Find(upload);
        }
    }

    /// <inheritdoc/>
    public async Task<UploadInfo> ContinueUploadAsync(
        SandboxId id, UploadId upload, long offset, IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken)
    {
        await host.BeginAsync("ContinueUpload", cancellationToken);
        FakeUploads uploads;
        lock (host.Gate)
        {
            uploads = host.GetWithFiles(id).Uploads;
        }

        return await uploads.ContinueAsync(upload, offset, content, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task CancelUploadAsync(SandboxId id, UploadId upload, CancellationToken cancellationToken)
    {
        await host.BeginAsync("CancelUpload", cancellationToken);
        lock (host.Gate)
        {
            host.GetWithFiles(id).Uploads.Cancel(upload);
        }
    }
}
