using Sandbox.Core.Errors;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Files;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Records;
using Sandbox.Daemon.RootFileSystems;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>A sandbox this daemon knows: its record and what it holds of the host.</summary>
internal sealed class LiveSandbox : IDisposable
{
    private volatile SandboxRecord _record;

    public LiveSandbox(SandboxRecord record, RootFileSystem root)
    {
        _record = record;
        Root = root;
        Uploads = new SandboxUploads(Path.GetDirectoryName(root.Disk)!);
    }

    public SandboxId Id => _record.Spec.Id;

    /// <summary>The latest record. It is replaced as a whole, and only by a holder of <see cref="Gate"/>.</summary>
    public SandboxRecord Record
    {
        get => _record;
        set => _record = value;
    }

    public RootFileSystem Root { get; }

    /// <summary>Uploads in parts.</summary>
    public SandboxUploads Uploads { get; }

    /// <summary>Whether it has the volumes of its spec. See <see cref="VolumeHolders"/>.</summary>
    public volatile bool HoldsVolumes;

    /// <summary>Whether its own kernel is counted. See <see cref="SandboxKernels.Admit"/>.</summary>
    public volatile bool HoldsKernel;

    /// <summary>The files of its volumes, in the order of its spec.</summary>
    public IReadOnlyList<FileTree> Volumes { get; set; } = [];

    /// <summary>Its own files.</summary>
    public FileTree Own => new(Root.Root, Range.First, Uploads, null);

    /// <summary>One change at a time.</summary>
    public SemaphoreSlim Gate { get; } = new(1, 1);

    /// <summary>Bounds commands that run at once: each costs the host a process of its own.</summary>
    public SemaphoreSlim Execs { get; } = new(8, 8);

    /// <summary>Commands that run or wait for their turn, for the same reason as <see cref="FileCalls"/>.</summary>
    public CallBound ExecCalls { get; } = new(64, "commands");

    /// <summary>File calls under way: those of one sandbox must not take the control socket from all others.</summary>
    public CallBound FileCalls { get; } = new(128, "file transfers");

    /// <summary>Readers of its log, for the same reason.</summary>
    public CallBound LogCalls { get; } = new(16, "readers of its log");

    /// <summary>Cancelled when the sandbox is about to end, so that a stop in its grace period kills at once.</summary>
    public CancellationTokenSource Ending { get; } = new();

    /// <summary>
    /// Cancelled when the files are removed: open files are closed then, however slow their reader. A disk image that
    /// stays open keeps its space on the host, and is not counted any more.
    /// </summary>
    public CancellationTokenSource Gone { get; } = new();

    /// <summary>Completes when the first launch is over; faults as the launch did.</summary>
    public TaskCompletionSource Launched { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The image; in use, so that it cannot be removed.</summary>
    public UnpackedImage? Image { get; set; }

    public UidRange Range { get; set; }

    /// <summary>The phases of its launch; null for a sandbox that an earlier daemon launched.</summary>
    public LaunchReport? Report { get; set; }

    /// <summary>Programs in it that the kernel has killed for memory since it was started, as far as its owner knows; null before the first look.</summary>
    public long? MemoryKills { get; set; }

    /// <summary>Bytes that its disk holds of the host's disk, as they were found last.</summary>
    public long DiskUsed { get; set; }

    /// <summary>The end of the init that runs now.</summary>
    public Task<int?> InitEnded { get; set; } = Task.FromResult<int?>(null);

    /// <summary>Refuses what only a running sandbox can do.</summary>
    public SandboxRecord Running() => Record is { State: SandboxState.Running } record
        ? record
        : throw new SandboxException(ErrorCode.Conflict, $"The sandbox is {Word(Record.State)}; it has to run for this.");

    public static string Word(SandboxState state) => state switch
    {
        SandboxState.Starting => "still starting",
        SandboxState.Running => "running",
        SandboxState.Paused => "paused",
        SandboxState.Stopped => "stopped",
        _ => "ended",
    };

    /// <summary>Does not dispose gates and tokens: a caller may still wait for them, and they hold no resources of the host.</summary>
    public void Dispose() => Image?.Dispose();
}
