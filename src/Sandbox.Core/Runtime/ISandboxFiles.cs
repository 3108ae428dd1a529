using Sandbox.Core.Files;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Core.Runtime;

/// <summary>The files of a sandbox, and uploads that arrive in parts. A facet of <see cref="ISandboxRuntime"/>.</summary>
public interface ISandboxFiles
{
    /// <summary>The entries of a directory, by name; of a file, itself. Code: NotFound.</summary>
    Task<IReadOnlyList<FileEntry>> ListAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken);

    /// <summary>What a path is; links are followed, inside the sandbox only. Null when nothing is there.</summary>
    Task<FileEntry?> FindAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken);

    /// <summary>Reads a file, or packs a tree. Codes: NotFound, Invalid (not a regular file).</summary>
    IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(SandboxId id, SandboxPath path, ReadForm form, CancellationToken cancellationToken) =>
        ReadAsync(id, path, form, FileRange.Whole, cancellationToken);

    /// <summary>The same for a part of a file. A tree is packed as a whole.</summary>
    IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(SandboxId id, SandboxPath path, ReadForm form, FileRange range, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces the file atomically. Missing parents are made, as <c>mkdir -p</c> of the file's owner would. A file that is
    /// replaced keeps its owner and mode unless <paramref name="how"/> names others.
    /// Codes: DiskFull, Invalid (a directory is in the way, or there is no such user), NotFound (a parent is a file).
    /// </summary>
    Task WriteAsync(SandboxId id, SandboxPath path, FileWish how, IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken);

    /// <summary>The same as the sandbox's own user.</summary>
    Task WriteAsync(SandboxId id, SandboxPath path, int? mode, IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken) =>
        WriteAsync(id, path, new FileWish { Mode = mode }, content, cancellationToken);

    /// <summary>
    /// Makes a directory, and its parents, as <c>mkdir -p</c> of <paramref name="owner"/> would (see <see cref="FileWish.Owner"/>).
    /// One that is there is no fault. Codes: NotFound (a file is in the way), DiskFull, Invalid (there is no such user).
    /// </summary>
    Task MakeDirectoryAsync(SandboxId id, SandboxPath path, string? owner, CancellationToken cancellationToken);

    /// <summary>The same as the sandbox's own user.</summary>
    Task MakeDirectoryAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken) => MakeDirectoryAsync(id, path, null, cancellationToken);

    /// <summary>Removes a file or a whole tree. Codes: NotFound, Invalid (the root).</summary>
    Task DeleteAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken);

    /// <summary>
    /// Begins a file that arrives in parts. They wait on the sandbox's own disk, whatever is restarted meanwhile; with
    /// the last one the file is there with all its bytes, as <c>WriteAsync</c> would have written it. One of
    /// no bytes is complete at once. What nobody continues for an hour is forgotten.
    /// Codes: DiskFull (it cannot fit), Quota (32 per sandbox), Conflict (the id is taken), Invalid, NotFound.
    /// </summary>
    Task<UploadInfo> BeginUploadAsync(SandboxId id, UploadSpec spec, CancellationToken cancellationToken);

    /// <summary>How far an upload is. Null when there is none; one that is complete is remembered for a while.</summary>
    Task<UploadInfo?> FindUploadAsync(SandboxId id, UploadId upload, CancellationToken cancellationToken);

    /// <summary>
    /// Adds a part. When the content or the call breaks off, what arrived stays and the next part begins behind it.
    /// Codes: Conflict (it is at another offset, somebody else adds a part now, or the sandbox touched its bytes),
    /// TooLarge (more than the length), DiskFull, NotFound (there is no such upload), Invalid (a directory is in the way).
    /// </summary>
    Task<UploadInfo> ContinueUploadAsync(SandboxId id, UploadId upload, long offset, IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken);

    /// <summary>Forgets an upload and what arrived of it. One that is complete, and one that is unknown, is no fault.</summary>
    Task CancelUploadAsync(SandboxId id, UploadId upload, CancellationToken cancellationToken);
}
