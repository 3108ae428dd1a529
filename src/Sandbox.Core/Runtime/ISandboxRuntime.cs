using Sandbox.Core.Images;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Uploads;

namespace Sandbox.Core.Runtime;

/// <summary>
/// The port through which everything is started. One host, a Docker engine and a cluster are adapters of it; the
/// conformance suite in <c>tests/Sandbox.Testing</c> says what each of them must do.
/// <para>Every fault is a <see cref="Errors.SandboxException"/>. A call that fails, or is cancelled, leaves nothing
/// half-done. An unknown id is <see cref="Errors.ErrorCode.NotFound"/>.</para>
/// </summary>
public interface ISandboxRuntime
{
    /// <summary>How the runtime is.</summary>
    Task<RuntimeStatus> GetStatusAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Brings an image into the store and unpacks it. The last report carries it. Asking twice at once shares the work.
    /// Codes: RegistryUnreachable, ImageInvalid, ImageNotFound (no such recipe or reference), DiskFull, TooLarge.
    /// </summary>
    IAsyncEnumerable<ImageProgress> AddImageAsync(ImageSource source, CancellationToken cancellationToken);

    /// <summary>All images in the store.</summary>
    Task<IReadOnlyList<StoredImage>> ListImagesAsync(CancellationToken cancellationToken);

    /// <summary>Removes an image, and the layers that no other image uses. Unknown is no fault. Code: ImageInUse.</summary>
    Task RemoveImageAsync(Digest digest, CancellationToken cancellationToken);

    /// <summary>
    /// Creates and starts a sandbox; it runs when the call returns. Idempotent by id: a second call with the same id
    /// waits for the first and returns the same sandbox, and one whose spec differs is Conflict.
    /// Codes: ImageNotFound, CommandNotFound, Capacity, DiskFull, Invalid, Conflict.
    /// </summary>
    Task<SandboxInfo> CreateAsync(SandboxSpec spec, CancellationToken cancellationToken);

    /// <summary>All sandboxes, with those that ended and were not removed since.</summary>
    Task<IReadOnlyList<SandboxInfo>> ListAsync(CancellationToken cancellationToken);

    /// <summary>One sandbox, or null.</summary>
    Task<SandboxInfo?> FindAsync(SandboxId id, CancellationToken cancellationToken);

    /// <summary>Starts a stopped sandbox again over its kept files. Code: Conflict. Running already is no fault.</summary>
    Task<SandboxInfo> StartAsync(SandboxId id, CancellationToken cancellationToken);

    /// <summary>Stops everything in it: SIGTERM, then SIGKILL after the grace. Stopped already is no fault.</summary>
    Task<SandboxInfo> StopAsync(SandboxId id, TimeSpan grace, CancellationToken cancellationToken);

    /// <summary>Freezes it. Code: Conflict unless it runs. Paused already is no fault.</summary>
    Task<SandboxInfo> PauseAsync(SandboxId id, CancellationToken cancellationToken);

    /// <summary>Thaws it. Code: Conflict unless it is paused. Running already is no fault.</summary>
    Task<SandboxInfo> ResumeAsync(SandboxId id, CancellationToken cancellationToken);

    /// <summary>Moves the deadline.</summary>
    Task<SandboxInfo> ExtendAsync(SandboxId id, DateTimeOffset deadline, CancellationToken cancellationToken);

    /// <summary>Ends it and forgets it, with its files, terminals and network. Unknown is no fault.</summary>
    Task RemoveAsync(SandboxId id, CancellationToken cancellationToken);

    /// <summary>Every change of a sandbox from now on, until cancelled. The first item follows at once for each sandbox there is.</summary>
    IAsyncEnumerable<SandboxInfo> WatchAsync(CancellationToken cancellationToken);

    /// <summary>Runs a command to its end. Codes: CommandNotFound, Timeout, Conflict (not running).</summary>
    Task<ExecResult> ExecAsync(SandboxId id, ExecSpec spec, CancellationToken cancellationToken);

    /// <summary>Opens a terminal. Idempotent by the terminal's id. Codes: CommandNotFound, Conflict, Quota (16 per sandbox).</summary>
    Task<TerminalInfo> OpenTerminalAsync(SandboxId id, TerminalSpec spec, CancellationToken cancellationToken);

    /// <summary>The terminals whose holder is still there, oldest first.</summary>
    Task<IReadOnlyList<TerminalInfo>> ListTerminalsAsync(SandboxId id, CancellationToken cancellationToken);

    /// <summary>The entries of a directory, by name; of a file, itself. Code: NotFound.</summary>
    Task<IReadOnlyList<FileEntry>> ListFilesAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken);

    /// <summary>What a path is; links are followed, inside the sandbox only. Null when nothing is there.</summary>
    Task<FileEntry?> FindFileAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken);

    /// <summary>Reads a file, or packs a tree. Codes: NotFound, Invalid (not a regular file).</summary>
    IAsyncEnumerable<ReadOnlyMemory<byte>> ReadFileAsync(SandboxId id, SandboxPath path, ReadForm form, CancellationToken cancellationToken);

    /// <summary>
    /// Writes a file as a whole: it is there with all its bytes, or as it was. Parents are made. Mode null keeps that of
    /// the file replaced, else 0644. Codes: DiskFull, Invalid (a directory is in the way), NotFound (a parent is a file).
    /// </summary>
    Task WriteFileAsync(SandboxId id, SandboxPath path, int? mode, IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken);

    /// <summary>Makes a directory, and its parents. One that is there is no fault. Codes: NotFound (a file is in the way), DiskFull.</summary>
    Task MakeDirectoryAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken);

    /// <summary>Removes a file or a whole tree. Codes: NotFound, Invalid (the root).</summary>
    Task DeleteFileAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken);

    /// <summary>
    /// Begins a file that arrives in parts. They wait on the sandbox's own disk, whatever is restarted meanwhile; with
    /// the last one the file is there with all its bytes, as <see cref="WriteFileAsync"/> would have written it. One of
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
