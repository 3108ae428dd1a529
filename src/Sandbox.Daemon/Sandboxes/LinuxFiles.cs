using System.Runtime.CompilerServices;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Capacity;
using Sandbox.Daemon.Files;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Oci;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// The files of the sandboxes of one Linux host. Calls need a sandbox that has its files, are bounded in number, and
/// end with the sandbox.
/// </summary>
internal sealed partial class LinuxFiles(LiveSandboxes sandboxes, HostPaces paces, HostRoom room, ILogger<LinuxFiles> logger) : ISandboxFiles
{
    /// <summary>Entries of a directory that are read and sent in about a millisecond.</summary>
    private const int EntriesInMillisecond = 100;

    public Task<IReadOnlyList<FileEntry>> ListAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken) =>
        CallAsync(
            id,
            path,
            async (sandbox, tree, inside, token) =>
            {
                var owner = sandbox.Record.Spec.Owner;
                await paces.WaitForWorkAsync(owner, token);
                var entries = await SandboxFiles.ListAsync(tree.Root, inside, token);
                _ = paces.Work.Take(owner, entries.Count / EntriesInMillisecond);
                return entries;
            },
            cancellationToken);

    public Task<FileEntry?> FindAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken) =>
        CallAsync(id, path, (_, tree, inside, token) => SandboxFiles.FindAsync(tree.Root, inside, token), cancellationToken);

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(SandboxId id, SandboxPath path, ReadForm form, FileRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var sandbox = WithFiles(id);
        using var call = sandbox.FileCalls.Enter();
        var (tree, inside) = await TreeAsync(sandbox, path, followsLast: true, cancellationToken);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, sandbox.Gone.Token);
        await using var chunks = SandboxFiles.ReadAsync(tree.Root, tree.UidBase, inside, form, range, either.Token).GetAsyncEnumerator(either.Token);
        while (await WhileThereAsync(sandbox, tree, chunks.MoveNextAsync().AsTask(), cancellationToken))
        {
            await paces.FileBytes.WaitAsync(sandbox.Record.Spec.Owner, chunks.Current.Length, cancellationToken);
            yield return chunks.Current;
        }
    }

    public Task WriteAsync(SandboxId id, SandboxPath path, FileWish how, IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken) =>
        CallAsync(id, path, (sandbox, tree, inside, token) => Done(SandboxFiles.WriteAsync(tree.Root, OwnerOf(sandbox, tree, how.Owner), inside, how.Mode, PacedAsync(sandbox, content, token), token)), cancellationToken);

    public Task DeleteAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken) =>
        CallAsync(
            id,
            path,
            (sandbox, tree, inside, token) => HoldsVolume(sandbox, path)
                ? throw new SandboxException(ErrorCode.Invalid, $"A volume is mounted on {path} or below. Delete the files in it, or the volume on the page of your volumes.")
                : Done(SandboxFiles.DeleteAsync(tree.Root, inside, token)),
            cancellationToken,
            followsLast: false);

    public Task MakeDirectoryAsync(SandboxId id, SandboxPath path, string? owner, CancellationToken cancellationToken) =>
        CallAsync(id, path, (sandbox, tree, inside, token) => Done(SandboxFiles.MakeDirectoryAsync(tree.Root, OwnerOf(sandbox, tree, owner), inside, token)), cancellationToken);

    public Task<UploadInfo> BeginUploadAsync(SandboxId id, UploadSpec spec, CancellationToken cancellationToken) =>
        CallAsync(id, spec.Path, (sandbox, tree, inside, token) => tree.Uploads.BeginAsync(tree.Root, OwnerOf(sandbox, tree, spec.Owner), spec with { Path = inside }, token), cancellationToken);

    public Task<UploadInfo?> FindUploadAsync(SandboxId id, UploadId upload, CancellationToken cancellationToken) =>
        CallAsync(id, sandbox => TreeOf(sandbox, upload), (_, tree, token) => tree.Uploads.FindAsync(tree.Root, tree.UidBase, upload, token), cancellationToken);

    public Task<UploadInfo> ContinueUploadAsync(SandboxId id, UploadId upload, long offset, IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken) =>
        CallAsync(id, sandbox => TreeOf(sandbox, upload), (sandbox, tree, token) => tree.Uploads.ContinueAsync(tree.Root, tree.UidBase, upload, offset, PacedAsync(sandbox, content, token), token), cancellationToken);

    public Task CancelUploadAsync(SandboxId id, UploadId upload, CancellationToken cancellationToken) =>
        CallAsync(id, sandbox => TreeOf(sandbox, upload), (_, tree, token) => Done(tree.Uploads.CancelAsync(tree.Root, upload, token)), cancellationToken);

    /// <summary>Removes uploads that nobody has continued in time.</summary>
    public void SweepUploads(DateTimeOffset now)
    {
        foreach (var sandbox in sandboxes.All.Where(HasFiles))
        {
            try
            {
                foreach (var tree in Trees(sandbox))
                {
                    tree.Uploads.Sweep(tree.Root, now);
                }
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
            room.CheckWrite(); // a paused sandbox does not write, and nobody writes for it
            await paces.FileBytes.WaitAsync(sandbox.Record.Spec.Owner, chunk.Length, cancellationToken);
            yield return chunk;
        }
    }

    /// <summary>The owner that a call asks for, else the user that the sandbox runs as. Code: Invalid.</summary>
    private static FileOwner OwnerOf(LiveSandbox sandbox, FileTree tree, string? asked)
    {
        if (asked is null)
        {
            return sandbox.Record.User is { } user ? FileOwner.Of(tree.UidBase, user.Uid, user.Gid) : FileOwner.RootOf(tree.UidBase);
        }

        using var root = SandboxFiles.OpenRoot(sandbox.Root.Root);
        var account = Accounts.Resolve(root, asked);
        return FileOwner.Of(tree.UidBase, account.Uid, account.Gid, isAsked: true);
    }

    private static IEnumerable<FileTree> Trees(LiveSandbox sandbox) => [sandbox.Own, .. sandbox.Volumes];

    /// <summary>The tree that an upload goes to; the sandbox's own for an unknown one.</summary>
    private static FileTree TreeOf(LiveSandbox sandbox, UploadId upload) => sandbox.Volumes.FirstOrDefault(tree => tree.Uploads.Knows(upload)) ?? sandbox.Own;

    /// <summary>The tree that a path is in, and the path there. Refuses paths on mounts that are no volumes. Code: Invalid.</summary>
    private static async Task<(FileTree Tree, SandboxPath Inside)> TreeAsync(LiveSandbox sandbox, SandboxPath path, bool followsLast, CancellationToken cancellationToken)
    {
        foreach (var volume in sandbox.Volumes)
        {
            if (volume.Holds(path, out var inside))
            {
                return (volume, inside);
            }
        }

        await Task.Run(() => InnerMounts.Refuse(sandbox, path, followsLast), cancellationToken);
        return (sandbox.Own, path);
    }

    private static bool HoldsVolume(LiveSandbox sandbox, SandboxPath path) => sandbox.Record.Spec.Volumes.Any(volume => VolumeRules.Holds(path.ToString(), volume.Path));

    private static async Task<bool> Done(Task task)
    {
        await task;
        return true;
    }

    private static bool HasFiles(LiveSandbox sandbox) => sandbox.Record.State is SandboxState.Running or SandboxState.Paused or SandboxState.Stopped;

    private LiveSandbox WithFiles(SandboxId id) => sandboxes.Find(id) is var sandbox && HasFiles(sandbox)
        ? sandbox
        : throw new SandboxException(ErrorCode.Conflict, "The sandbox has no files now.");

    private async Task<T> CallAsync<T>(SandboxId id, Func<LiveSandbox, FileTree> find, Func<LiveSandbox, FileTree, CancellationToken, Task<T>> act, CancellationToken cancellationToken)
    {
        var sandbox = WithFiles(id);
        using var call = sandbox.FileCalls.Enter();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, sandbox.Gone.Token);
        var tree = await Task.Run(() => find(sandbox), cancellationToken);
        return await WhileThereAsync(sandbox, tree, act(sandbox, tree, either.Token), cancellationToken);
    }

    /// <summary>A call for a path that has to be among the sandbox's files or on a volume.</summary>
    private async Task<T> CallAsync<T>(
        SandboxId id, SandboxPath path, Func<LiveSandbox, FileTree, SandboxPath, CancellationToken, Task<T>> act, CancellationToken cancellationToken, bool followsLast = true)
    {
        var sandbox = WithFiles(id);
        using var call = sandbox.FileCalls.Enter();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, sandbox.Gone.Token);
        var (tree, inside) = await TreeAsync(sandbox, path, followsLast, cancellationToken);
        return await WhileThereAsync(sandbox, tree, act(sandbox, tree, inside, either.Token), cancellationToken);
    }

    /// <summary>Translates the cancellation of a call whose sandbox has ended (code NotFound), and says of a fault that it is about a volume.</summary>
    private static async Task<T> WhileThereAsync<T>(LiveSandbox sandbox, FileTree tree, Task<T> act, CancellationToken cancellationToken)
    {
        try
        {
            return await act;
        }
        catch (OperationCanceledException) when (sandbox.Gone.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new SandboxException(ErrorCode.NotFound, "The sandbox has ended, and its files with it.");
        }
        catch (SandboxException fault) when (tree.Volume is { } volume)
        {
            throw new SandboxException(
                fault.Code,
                fault.InnerException is PosixException { Errno: Errno.ReadOnly }
                    ? $"The volume '{volume.Name}' is attached read-only here."
                    : $"On the volume '{volume.Name}': {fault.Message.Replace("sandbox's disk", "volume", StringComparison.Ordinal)}",
                fault);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "uploads of sandbox {Sandbox} were not swept")]
    private static partial void LogNotSwept(ILogger logger, Exception fault, SandboxId sandbox);
}
