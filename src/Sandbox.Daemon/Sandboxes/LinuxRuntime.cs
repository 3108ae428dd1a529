using System.Text.Json;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Files;
using Sandbox.Core.Images;
using Sandbox.Core.Quotas;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Daemon.Execs;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Networks;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Records;
using Sandbox.Daemon.RootFileSystems;
using Sandbox.Daemon.Terminals;
using Sandbox.Rpc;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>The port on one Linux host: the sandboxes there are, and what may be done with each in which state.</summary>
internal sealed partial class LinuxRuntime(
    DaemonOptions options,
    LiveSandboxes sandboxes,
    ImageStore images,
    SandboxRecords records,
    SandboxLauncher launcher,
    SandboxChanges changes,
    OciRuntime oci,
    UidRanges ranges,
    DiskImages disks,
    PlaygroundNetworks networks,
    ExecRunner execs,
    FileCalls files,
    TerminalHolders terminals,
    ProcessWatch watch,
    ILogger<LinuxRuntime> logger) : ISandboxRuntime, IImages, ISandboxes, ITerminals, ISandboxFiles
{
    /// <inheritdoc/>
    public IImages Images => this;

    /// <inheritdoc/>
    public ISandboxes Sandboxes => this;

    /// <inheritdoc/>
    public ITerminals Terminals => this;

    /// <inheritdoc/>
    public ISandboxFiles Files => this;

    private static readonly TimeSpan LongestLife = TimeSpan.FromDays(366 + 1); // what a plan may grant, and a clock that differs

    private readonly Lock _admission = new();
    private string? _version;

    public async Task<RuntimeInfo> GetInfoAsync(CancellationToken cancellationToken)
    {
        _version ??= await oci.VersionAsync(cancellationToken);
        var live = sandboxes.All.Count(sandbox => sandbox.Record.State != SandboxState.Ended);
        return new RuntimeInfo("linux", _version, System.Environment.ProcessId, live, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, disks.FreeBytes() - Promised(except: null));
    }

    IAsyncEnumerable<ImageProgress> IImages.AddAsync(ImageSource source, CancellationToken cancellationToken) => images.AddAsync(source, cancellationToken);

    Task<IReadOnlyList<StoredImage>> IImages.ListAsync(CancellationToken cancellationToken) => Task.FromResult(images.List());

    Task IImages.RemoveAsync(Digest digest, CancellationToken cancellationToken) => images.RemoveAsync(digest, cancellationToken);

    async Task<SandboxInfo> ISandboxes.CreateAsync(SandboxSpec spec, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Validate(spec);
        RefuseFarther(spec.Deadline);
        var now = DateTimeOffset.UtcNow;
        var mine = new LiveSandbox(
            new SandboxRecord
            {
                Spec = spec,
                State = SandboxState.Starting,
                Deadline = spec.Deadline,
                CreatedAt = now,
                BootId = ProcessIdentity.BootId,
                UidIndex = -1,
                Place = new NetworkPlace(-1, -1),
                Config = new ImageConfig(),
            },
            RootOf(spec.Id));
        var sandbox = sandboxes.GetOrAdd(mine);
        if (!ReferenceEquals(sandbox, mine))
        {
            mine.Dispose();
            if (!Same(sandbox.Record.Spec, spec))
            {
                throw new SandboxException(ErrorCode.Conflict, "Another sandbox has this id.");
            }

            await sandbox.Launched.Task.WaitAsync(cancellationToken);
            return sandbox.Record.Info;
        }

        try
        {
            await LaunchAsync(sandbox);
        }
        catch (Exception fault)
        {
            var told = fault as SandboxException ?? Unforeseen(spec.Id, fault);
            sandbox.Launched.TrySetException(told);
            _ = sandbox.Launched.Task.Exception; // whoever waits gets it; nobody waiting is no fault of its own
            throw told;
        }

        sandbox.Launched.TrySetResult();
        if (cancellationToken.IsCancellationRequested)
        {
            await Sandboxes.RemoveAsync(spec.Id, CancellationToken.None);
            throw new OperationCanceledException(cancellationToken);
        }

        return sandbox.Record.Info;
    }

    Task<IReadOnlyList<SandboxInfo>> ISandboxes.ListAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<SandboxInfo>>([.. sandboxes.Infos()]);

    Task<SandboxInfo?> ISandboxes.FindAsync(SandboxId id, CancellationToken cancellationToken) =>
        Task.FromResult(sandboxes.TryFind(id)?.Record.Info);

    Task<SandboxInfo> ISandboxes.StartAsync(SandboxId id, CancellationToken cancellationToken) => ChangeAsync(id, async sandbox =>
    {
        switch (sandbox.Record.State)
        {
            case SandboxState.Running:
                return;
            case SandboxState.Stopped:
                try
                {
                    await launcher.StartAgainAsync(sandbox);
                }
                catch
                {
                    await launcher.HaltAsync(sandbox);
                    throw;
                }

                Follow(sandbox);
                return;
            default:
                throw NotNow(sandbox, "started");
        }
    }, cancellationToken);

    Task<SandboxInfo> ISandboxes.StopAsync(SandboxId id, TimeSpan grace, CancellationToken cancellationToken) => ChangeAsync(id, async sandbox =>
    {
        switch (sandbox.Record.State)
        {
            case SandboxState.Stopped:
                return;
            case SandboxState.Running or SandboxState.Paused:
                await launcher.KillAsync(sandbox, grace < TimeSpan.Zero ? TimeSpan.Zero : grace > CommandRules.MaxGrace ? CommandRules.MaxGrace : grace);
                await StoppedAsync(sandbox, await sandbox.InitEnded);
                return;
            default:
                throw NotNow(sandbox, "stopped");
        }
    }, cancellationToken);

    Task<SandboxInfo> ISandboxes.PauseAsync(SandboxId id, CancellationToken cancellationToken) => ChangeAsync(id, async sandbox =>
    {
        switch (sandbox.Record.State)
        {
            case SandboxState.Paused:
                return;
            case SandboxState.Running:
                await oci.PauseAsync(id);
                Save(sandbox, sandbox.Record with { State = SandboxState.Paused });
                return;
            default:
                throw NotNow(sandbox, "paused");
        }
    }, cancellationToken);

    Task<SandboxInfo> ISandboxes.ResumeAsync(SandboxId id, CancellationToken cancellationToken) => ChangeAsync(id, async sandbox =>
    {
        switch (sandbox.Record.State)
        {
            case SandboxState.Running:
                return;
            case SandboxState.Paused:
                await oci.ResumeAsync(id);
                Save(sandbox, sandbox.Record with { State = SandboxState.Running });
                return;
            default:
                throw NotNow(sandbox, "resumed");
        }
    }, cancellationToken);

    Task<SandboxInfo> ISandboxes.ExtendAsync(SandboxId id, DateTimeOffset deadline, CancellationToken cancellationToken) => ChangeAsync(id, sandbox =>
    {
        if (sandbox.Record.State == SandboxState.Ended)
        {
            throw NotNow(sandbox, "extended");
        }

        RefuseFarther(deadline);

        Save(sandbox, sandbox.Record with { Deadline = deadline });
        return Task.CompletedTask;
    }, cancellationToken);

    async Task ISandboxes.RemoveAsync(SandboxId id, CancellationToken cancellationToken)
    {
        if (sandboxes.TryFind(id) is not { } sandbox)
        {
            return;
        }

        await EndAsync(sandbox, EndReason.Removed);
        Forget(sandbox);
    }

    IAsyncEnumerable<SandboxInfo> ISandboxes.WatchAsync(CancellationToken cancellationToken) => changes.WatchAsync(sandboxes.Infos, cancellationToken);

    async Task<ExecResult> ISandboxes.ExecAsync(SandboxId id, ExecSpec spec, CancellationToken cancellationToken)
    {
        var sandbox = sandboxes.Find(id);
        _ = sandbox.Running();
        if (CommandRules.Validate(spec) is { Count: > 0 } mistakes)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }

        using var call = sandbox.ExecCalls.Enter();
        if (!await sandbox.Execs.WaitAsync(spec.Timeout, cancellationToken))
        {
            throw new SandboxException(ErrorCode.Timeout, $"Other commands ran for {spec.Timeout.TotalSeconds:0.###} s; this one did not get its turn.");
        }

        try
        {
            return await execs.RunAsync(sandbox.Running(), records.DirectoryOf(id), spec, cancellationToken);
        }
        finally
        {
            sandbox.Execs.Release();
        }
    }

    Task<TerminalInfo> ITerminals.OpenAsync(SandboxId id, TerminalSpec spec, CancellationToken cancellationToken)
    {
        var sandbox = sandboxes.Find(id);
        return terminals.OpenAsync(sandbox.Running(), sandbox.Root.Root, spec, cancellationToken);
    }

    Task<Stream> ITerminals.ConnectAsync(SandboxId id, TerminalId terminal, CancellationToken cancellationToken) =>
        TerminalSockets.ConnectAsync(TerminalSockets.PathOf(options.RunDirectory, id, terminal), cancellationToken);

    Task<IReadOnlyList<TerminalInfo>> ITerminals.ListAsync(SandboxId id, CancellationToken cancellationToken)
    {
        var sandbox = sandboxes.Find(id);
        return Task.Run(() => terminals.List(sandbox.Record, sandbox.Root.Root), cancellationToken);
    }

    Task<IReadOnlyList<FileEntry>> ISandboxFiles.ListAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken) =>
        files.ListAsync(id, path, cancellationToken);

    Task<FileEntry?> ISandboxFiles.FindAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken) =>
        files.FindAsync(id, path, cancellationToken);

    IAsyncEnumerable<ReadOnlyMemory<byte>> ISandboxFiles.ReadAsync(SandboxId id, SandboxPath path, ReadForm form, CancellationToken cancellationToken) =>
        files.ReadAsync(id, path, form, cancellationToken);

    Task ISandboxFiles.WriteAsync(SandboxId id, SandboxPath path, int? mode, IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken) =>
        files.WriteAsync(id, path, mode, content, cancellationToken);

    Task ISandboxFiles.DeleteAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken) =>
        files.DeleteAsync(id, path, cancellationToken);

    Task ISandboxFiles.MakeDirectoryAsync(SandboxId id, SandboxPath path, CancellationToken cancellationToken) =>
        files.MakeDirectoryAsync(id, path, cancellationToken);

    Task<UploadInfo> ISandboxFiles.BeginUploadAsync(SandboxId id, UploadSpec spec, CancellationToken cancellationToken) =>
        files.BeginUploadAsync(id, spec, cancellationToken);

    Task<UploadInfo?> ISandboxFiles.FindUploadAsync(SandboxId id, UploadId upload, CancellationToken cancellationToken) =>
        files.FindUploadAsync(id, upload, cancellationToken);

    Task<UploadInfo> ISandboxFiles.ContinueUploadAsync(SandboxId id, UploadId upload, long offset, IAsyncEnumerable<ReadOnlyMemory<byte>> content, CancellationToken cancellationToken) =>
        files.ContinueUploadAsync(id, upload, offset, content, cancellationToken);

    Task ISandboxFiles.CancelUploadAsync(SandboxId id, UploadId upload, CancellationToken cancellationToken) =>
        files.CancelUploadAsync(id, upload, cancellationToken);

    /// <summary>Takes a sandbox of an earlier daemon as it is.</summary>
    internal void Adopt(LiveSandbox sandbox)
    {
        sandbox.Launched.TrySetResult();
        sandboxes.Set(sandbox);
        if (sandbox.Record.State is SandboxState.Running or SandboxState.Paused)
        {
            sandbox.InitEnded = watch.WaitAsync(sandbox.Record.Pid);
            Follow(sandbox);
        }
    }

    /// <summary>Where a sandbox's root is.</summary>
    internal RootFileSystem RootOf(SandboxId id) => new(Path.Combine(options.RunDirectory, "sandboxes", id.Value), records.DirectoryOf(id));

    /// <summary>Ends every sandbox; for a host that is to be left clean.</summary>
    internal async Task EndAllAsync(EndReason reason)
    {
        foreach (var sandbox in sandboxes.All)
        {
            await EndAsync(sandbox, reason);
        }
    }

    /// <summary>Removes what is left of a sandbox that ended: its record.</summary>
    internal void Forget(LiveSandbox sandbox)
    {
        if (sandboxes.Remove(sandbox))
        {
            records.Delete(sandbox.Id);
            sandbox.Dispose();
        }
    }

    internal async Task EndAsync(LiveSandbox sandbox, EndReason reason, bool onlyAfterDeadline = false)
    {
        try
        {
            await sandbox.Launched.Task;
        }
        catch (SandboxException)
        {
            return; // the launch took everything away itself
        }

        if (!onlyAfterDeadline)
        {
            await sandbox.Ending.CancelAsync(); // whoever stops it in peace is told to hurry
        }

        await sandbox.Gate.WaitAsync();
        try
        {
            if (sandbox.Record.State == SandboxState.Ended || (onlyAfterDeadline && sandbox.Record.Deadline > DateTimeOffset.UtcNow))
            {
                return;
            }

            await launcher.DestroyAsync(sandbox, () => sandboxes.IsLastOfOwner(sandbox));
            Save(sandbox, sandbox.Record with { State = SandboxState.Ended, Reason = reason, Pid = 0, PidStartedAt = 0 });
            records.Strip(sandbox.Id);
        }
        finally
        {
            sandbox.Gate.Release();
        }
    }

    private static void Validate(SandboxSpec spec)
    {
        var mistakes = SandboxRules.Validate(spec);
        if (mistakes.Count > 0)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }
    }

    /// <summary>A deadline that never comes is none: what the web process forgot would stay for ever.</summary>
    private static void RefuseFarther(DateTimeOffset deadline)
    {
        if (deadline > DateTimeOffset.UtcNow + LongestLife)
        {
            throw new SandboxException(ErrorCode.Invalid, "The deadline is more than a year away.");
        }
    }

    private static bool Same(SandboxSpec one, SandboxSpec other) =>
        JsonSerializer.SerializeToUtf8Bytes(one, RecordJson.Default.SandboxSpec).AsSpan()
            .SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(other, RecordJson.Default.SandboxSpec));

    private static SandboxException NotNow(LiveSandbox sandbox, string verb) =>
        new(ErrorCode.Conflict, $"The sandbox is {LiveSandbox.Word(sandbox.Record.State)}; it cannot be {verb} now.");

    /// <summary>Reserves what a sandbox needs of the host and launches it; when that fails, everything is given back before the caller hears of it.</summary>
    private async Task LaunchAsync(LiveSandbox sandbox)
    {
        var spec = sandbox.Record.Spec;
        await sandbox.Gate.WaitAsync();
        var reserved = false;
        try
        {
            if (!LimitRules.Fits(spec.Limits, options.MaxLimits))
            {
                throw new SandboxException(ErrorCode.Invalid, "The limits are larger than this host allows for one sandbox.");
            }

            sandbox.Image = images.Acquire(spec.Image);
            lock (_admission)
            {
                disks.Admit(spec.Limits.DiskBytes, Promised(except: sandbox));
                sandbox.Range = ranges.Reserve();
            }

            sandbox.Record = sandbox.Record with { UidIndex = sandbox.Range.Index, Config = sandbox.Image.Image.Config, Place = networks.Reserve(spec.Playground) };
            reserved = true;
            sandbox.Report = await launcher.LaunchAsync(sandbox);
            Follow(sandbox);
            changes.Publish(sandbox.Record.Info);
        }
        catch
        {
            if (reserved)
            {
                await launcher.DestroyAsync(sandbox, () => sandboxes.IsLastOfOwner(sandbox));
            }
            else
            {
                if (sandbox.Range.First != 0)
                {
                    ranges.Release(sandbox.Range);
                }

                sandbox.Image?.Dispose();
            }

            records.Delete(spec.Id);
            sandboxes.Remove(sandbox);
            throw;
        }
        finally
        {
            sandbox.Gate.Release();
        }
    }

    /// <summary>Waits for the end of the init that runs now; a sandbox whose init ends by itself is stopped.</summary>
    private void Follow(LiveSandbox sandbox)
    {
        var pid = sandbox.Record.Pid;
        _ = FollowAsync();

        async Task FollowAsync()
        {
            var code = await sandbox.InitEnded;
            await sandbox.Gate.WaitAsync();
            try
            {
                if (sandbox.Record.Pid == pid && sandbox.Record.State is SandboxState.Running or SandboxState.Paused)
                {
                    await StoppedAsync(sandbox, code);
                }
            }
            catch (Exception fault)
            {
                LogNotEnded(logger, fault, sandbox.Id);
            }
            finally
            {
                sandbox.Gate.Release();
            }
        }
    }

    private async Task StoppedAsync(LiveSandbox sandbox, int? exitCode)
    {
        await launcher.HaltAsync(sandbox);
        Save(sandbox, sandbox.Record with { State = SandboxState.Stopped, Pid = 0, PidStartedAt = 0, ExitCode = exitCode });
    }

    private async Task<SandboxInfo> ChangeAsync(SandboxId id, Func<LiveSandbox, Task> change, CancellationToken cancellationToken)
    {
        var sandbox = sandboxes.Find(id);
        await sandbox.Gate.WaitAsync(cancellationToken);
        try
        {
            await change(sandbox);
            return sandbox.Record.Info;
        }
        catch (Exception fault) when (fault is not SandboxException)
        {
            throw Unforeseen(id, fault);
        }
        finally
        {
            sandbox.Gate.Release();
        }
    }

    private void Save(LiveSandbox sandbox, SandboxRecord record)
    {
        records.Save(record);
        sandbox.Record = record;
        changes.Publish(record.Info);
    }

    /// <summary>Bytes that sandboxes may still write to the host's disk.</summary>
    private long Promised(LiveSandbox? except) => sandboxes.All
        .Where(sandbox => !ReferenceEquals(sandbox, except) && sandbox.Record.State != SandboxState.Ended && sandbox.Range.First != 0)
        .Sum(sandbox => Math.Max(0, sandbox.Record.Spec.Limits.DiskBytes - DiskImages.AllocatedBytes(sandbox.Root.Disk)));

    private SandboxException Unforeseen(SandboxId id, Exception fault)
    {
        LogUnforeseen(logger, fault, id);
        return fault is IOException { HResult: 28 }
            ? new SandboxException(ErrorCode.DiskFull, "The host's disk is full.", fault)
            : new SandboxException(ErrorCode.Internal, "Something went wrong on the host; its log says what.", fault);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "sandbox {Sandbox}")]
    private static partial void LogUnforeseen(ILogger logger, Exception fault, SandboxId sandbox);

    [LoggerMessage(Level = LogLevel.Error, Message = "sandbox {Sandbox} could not be taken apart")]
    private static partial void LogNotEnded(ILogger logger, Exception fault, SandboxId sandbox);
}
