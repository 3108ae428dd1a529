using System.Runtime.CompilerServices;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Files;
using Sandbox.Daemon.Oci;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// The files of the sandboxes of one Linux host. Calls need a sandbox that has its files, are bounded in number, and
/// end with the sandbox.
/// </summary>
internal sealed partial class LinuxFiles(LiveSandboxes sandboxes, HostPaces paces, ILogger<LinuxFiles> logger) : ISandboxFiles
{
    /// <summary>Entries of a directory that are read and sent in about a millisecond.</summary>
    private const int EntriesInMillisecond = 100;

    public Task<IReadOnlyList<FileEntry>> ListAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken) =>
        CallAsync(
            id,
            path,
            async (sandbox, token) =>
            {
                var owner = sandbox.Record.Spec.Owner;
                await paces.WaitForWorkAsync(owner, token);
                var entries = await SandboxFiles.ListAsync(sandbox.Root.Root, path, token);
                _ = paces.Work.Take(owner, entries.Count / EntriesInMillisecond);
                return entries;
            },
            cancellationToken);

    public Task<FileEntry?> FindAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken) =>
        CallAsync(id, path, (sandbox, token) => SandboxFiles.FindAsync(sandbox.Root.Root, path, token), cancellationToken);

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(SandboxId id, SandboxPath path, ReadForm form, FileRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var sandbox = WithFiles(id);
        using var call = sandbox.FileCalls.Enter();
        await Task.Run(() => InnerMounts.Refuse(sandbox, path), cancellationToken);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, sandbox.Gone.Token);
        await using var chunks = SandboxFiles.ReadAsync(sandbox.Root.Root, sandbox.Range.First, path, form, range, either.Token).GetAsyncEnumerator(either.Token);
        while (await WhileThereAsync(sandbox, chunks.MoveNextAsync().AsTask(), cancellationToken))
        {
            await paces.FileBytes.WaitAsync(sandbox.Record.Spec.Owner, chunks.Current.Length, cancellationToken);
            yield return chunks.Current;
        }
    }

    public Task WriteAsync(SandboxId id, SandboxPath path, FileWish how, IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken) =>
        CallAsync(id, path, (sandbox, token) => SandboxFiles.WriteAsync(sandbox.Root.Root, OwnerOf(sandbox, how.Owner), path, how.Mode, PacedAsync(sandbox, content, token), token), cancellationToken);

    public Task DeleteAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken) =>
        CallAsync(
            id,
            async (sandbox, token) =>
            {
                await Task.Run(() => InnerMounts.Refuse(sandbox, path, followsLast: false), token);
                await SandboxFiles.DeleteAsync(sandbox.Root.Root, path, token);
            },
            cancellationToken);

    public Task MakeDirectoryAsync(SandboxId id, SandboxPath path, string? owner, CancellationToken cancellationToken) =>
        CallAsync(id, path, (sandbox, token) => SandboxFiles.MakeDirectoryAsync(sandbox.Root.Root, OwnerOf(sandbox, owner), path, token), cancellationToken);

    public Task<UploadInfo> BeginUploadAsync(SandboxId id, UploadSpec spec, CancellationToken cancellationToken) =>
        CallAsync(id, spec.Path, (sandbox, token) => sandbox.Uploads.BeginAsync(sandbox.Root.Root, OwnerOf(sandbox, spec.Owner), spec, token), cancellationToken);

    public Task<UploadInfo?> FindUploadAsync(SandboxId id, UploadId upload, CancellationToken cancellationToken) =>
        CallAsync(id, (sandbox, token) => sandbox.Uploads.FindAsync(sandbox.Root.Root, sandbox.Range.First, upload, token), cancellationToken);

    public Task<UploadInfo> ContinueUploadAsync(SandboxId id, UploadId upload, long offset, IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken) =>
        CallAsync(id, (sandbox, token) => sandbox.Uploads.ContinueAsync(sandbox.Root.Root, sandbox.Range.First, upload, offset, PacedAsync(sandbox, content, token), token), cancellationToken);

    public Task CancelUploadAsync(SandboxId id, UploadId upload, CancellationToken cancellationToken) =>
        CallAsync(id, (sandbox, token) => sandbox.Uploads.CancelAsync(sandbox.Root.Root, upload, token), cancellationToken);

    /// <summary>Removes uploads that nobody has continued in time.</summary>
    public void SweepUploads(DateTimeOffset now)
    {
        foreach (var sandbox in sandboxes.All.Where(HasFiles))
        {
            try
            {
                sandbox.Uploads.Sweep(sandbox.Root.Root, now);
            }
            catch (IOException fault)
            {
                LogNotSwept(logger, fault, sandbox.Id); // it may have ended in the middle
            }
        }
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> PacedAsync(
        LiveSandbox sandbox, IAsyncEnumerable<ReadOnlyMemory<byte>> content, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var chunk in content.WithCancellation(cancellationToken))
        {
            await paces.FileBytes.WaitAsync(sandbox.Record.Spec.Owner, chunk.Length, cancellationToken);
            yield return chunk;
        }
    }

    /// <summary>The owner that a call asks for, else the user that the sandbox runs as. Code: Invalid.</summary>
    private static FileOwner OwnerOf(LiveSandbox sandbox, string? asked)
    {
        var first = sandbox.Range.First;
        if (asked is null)
        {
            return sandbox.Record.User is { } user ? FileOwner.Of(first, user.Uid, user.Gid) : FileOwner.RootOf(first);
        }

        using var root = SandboxFiles.OpenRoot(sandbox.Root.Root);
        var account = Accounts.Resolve(root, asked);
        return FileOwner.Of(first, account.Uid, account.Gid, isAsked: true);
    }

    private static bool HasFiles(LiveSandbox sandbox) => sandbox.Record.State is SandboxState.Running or SandboxState.Paused or SandboxState.Stopped;

    private LiveSandbox WithFiles(SandboxId id) => sandboxes.Find(id) is var sandbox && HasFiles(sandbox)
        ? sandbox
        : throw new SandboxException(ErrorCode.Conflict, "The sandbox has no files now.");

    private async Task<T> CallAsync<T>(SandboxId id, Func<LiveSandbox, CancellationToken, Task<T>> act, CancellationToken cancellationToken)
    {
        var sandbox = WithFiles(id);
        using var call = sandbox.FileCalls.Enter();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, sandbox.Gone.Token);
        return await WhileThereAsync(sandbox, act(sandbox, either.Token), cancellationToken);
    }

    /// <summary>A call for a path that has to be among the sandbox's files.</summary>
    private Task<T> CallAsync<T>(SandboxId id, SandboxPath path, Func<LiveSandbox, CancellationToken, Task<T>> act, CancellationToken cancellationToken) =>
        CallAsync(
            id,
            async (sandbox, token) =>
            {
                await Task.Run(() => InnerMounts.Refuse(sandbox, path), token);
                return await act(sandbox, token);
            },
            cancellationToken);

    private Task<bool> CallAsync(SandboxId id, SandboxPath path, Func<LiveSandbox, CancellationToken, Task> act, CancellationToken cancellationToken) =>
        CallAsync(
            id,
            path,
            async (sandbox, token) =>
            {
                await act(sandbox, token);
                return true;
            },
            cancellationToken);

    private Task<bool> CallAsync(SandboxId id, Func<LiveSandbox, CancellationToken, Task> act, CancellationToken cancellationToken) =>
        CallAsync(
            id,
            async (sandbox, token) =>
            {
                await act(sandbox, token);
                return true;
            },
            cancellationToken);

    /// <summary>Translates the cancellation of a call whose sandbox has ended. Code: NotFound.</summary>
    private static async Task<T> WhileThereAsync<T>(LiveSandbox sandbox, Task<T> act, CancellationToken cancellationToken)
    {
        try
        {
            return await act;
        }
        catch (OperationCanceledException) when (sandbox.Gone.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new SandboxException(ErrorCode.NotFound, "The sandbox has ended, and its files with it.");
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "uploads of sandbox {Sandbox} were not swept")]
    private static partial void LogNotSwept(ILogger logger, Exception fault, SandboxId sandbox);
}
