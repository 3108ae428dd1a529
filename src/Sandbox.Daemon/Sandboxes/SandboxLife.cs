using Sandbox.Core.Errors;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Capacity;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Isolation;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Networks;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Records;
using Sandbox.Daemon.RootFileSystems;
using Sandbox.Daemon.Terminals;
using Sandbox.Daemon.Volumes;
using Sandbox.Terminals.Flow;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// The life of each sandbox, from its launch or its adoption from an earlier daemon to its end. Together with
/// <see cref="SandboxRecovery"/> the only writer of records.
/// </summary>
internal sealed partial class SandboxLife(
    DaemonOptions options,
    LiveSandboxes sandboxes,
    ImageStore images,
    SandboxRecords records,
    SandboxLauncher launcher,
    SandboxChanges changes,
    OwnCommands commands,
    UidRanges ranges,
    VolumeStore volumes,
    VolumeHolders holders,
    HostRoom room,
    HostProof proof,
    PlaygroundNetworks networks,
    ProcessWatch watch,
    SandboxKernels kernels,
    ILogger<SandboxLife> logger)
{
    private readonly Lock _admission = new();

    /// <summary>Adopts a sandbox of an earlier daemon.</summary>
    public void Adopt(LiveSandbox sandbox)
    {
        sandbox.Launched.TrySetResult();
        sandboxes.Set(sandbox);
        if (sandbox.Record.State is SandboxState.Running or SandboxState.Paused)
        {
            sandbox.InitEnded = watch.WaitAsync(sandbox.Record.Pid);
            Follow(sandbox);
        }
    }

    /// <summary>The path of a sandbox's root.</summary>
    public RootFileSystem RootOf(SandboxId id) => new(Path.Combine(options.RunDirectory, "sandboxes", id.Value), records.DirectoryOf(id));

    /// <summary>Ends every sandbox, for <c>sandboxd cleanup</c>.</summary>
    public async Task EndAllAsync(EndReason reason)
    {
        foreach (var sandbox in sandboxes.All)
        {
            await EndAsync(sandbox, reason);
        }
    }

    /// <summary>Removes the record of an ended sandbox.</summary>
    public void Forget(LiveSandbox sandbox)
    {
        if (sandboxes.Remove(sandbox))
        {
            records.Delete(sandbox.Id);
            sandbox.Dispose();
        }
    }

    public async Task EndAsync(LiveSandbox sandbox, EndReason reason, bool onlyAfterDeadline = false)
    {
        try
        {
            await sandbox.Launched.Task;
        }
        catch (SandboxException)
        {
            return; // the failed launch has removed everything
        }

        if (!onlyAfterDeadline)
        {
            await sandbox.Ending.CancelAsync(); // a stop in its grace period kills at once
        }

        await sandbox.Gate.WaitAsync();
        try
        {
            if (sandbox.Record.State == SandboxState.Ended || (onlyAfterDeadline && sandbox.Record.Deadline > DateTimeOffset.UtcNow))
            {
                return;
            }

            await launcher.DestroyAsync(sandbox, () => sandboxes.IsLastOfOwner(sandbox));
            Save(sandbox, sandbox.Record with { State = SandboxState.Ended, HeldAt = null, Reason = reason, Pid = 0, PidStartedAt = 0 });
            records.Strip(sandbox.Id);
        }
        finally
        {
            sandbox.Gate.Release();
        }
    }

    /// <summary>Reserves a sandbox's share of the host and launches it. If that fails, everything is released before this throws.</summary>
    public async Task LaunchAsync(LiveSandbox sandbox)
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
            await Task.WhenAll(proof.CompleteAsync(spec.Isolation), proof.CompleteAsync(sandbox.Image.Image.Isolation));
            sandbox.Record = sandbox.Record with { Isolation = IsolationClasses.Choose(spec.Isolation, sandbox.Image.Image, proof.Classes) };
            room.CheckStart();
            lock (_admission)
            {
                holders.Take(sandbox);
                room.CheckDisk(spec.Limits.DiskBytes + VolumeBytes(sandbox), PromisedExcept(sandbox));
                kernels.Admit(sandbox);
                sandbox.Range = ranges.Reserve();
            }

            sandbox.Record = sandbox.Record with { UidIndex = sandbox.Range.Index, Config = sandbox.Image.Image.Config, Place = networks.Reserve(spec.Playground, spec.Name, spec.Policy) };
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
                sandbox.HoldsVolumes = false; // nothing is mounted yet
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

    /// <summary>
    /// Waits for the end of the init that runs now; a sandbox whose init ends is stopped. So is one whose own command ends
    /// by itself, as under Docker. Where somebody types, it goes on: for a shell, a REPL, and a command that a person ended.
    /// </summary>
    public void Follow(LiveSandbox sandbox)
    {
        var record = sandbox.Record;
        _ = StopAfterAsync(sandbox.InitEnded, kill: false);
        if (record is { Own: not null, Config.IsInteractive: false })
        {
            _ = StopAfterAsync(ServiceEndedAsync(), kill: true);
        }

        async Task<int?> ServiceEndedAsync()
        {
            var end = await commands.EndedAsync(record);
            return end is { ExitCode: { } code } && !end.Value.Uses.HasFlag(TtyLogUses.Used) ? code : await sandbox.InitEnded;
        }

        async Task StopAfterAsync(Task<int?> end, bool kill)
        {
            var code = await end;
            await sandbox.Gate.WaitAsync();
            try
            {
                if (sandbox.Record.Pid == record.Pid && sandbox.Record.State is SandboxState.Running or SandboxState.Paused)
                {
                    if (kill)
                    {
                        await launcher.KillAsync(sandbox, TimeSpan.Zero);
                    }

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

    /// <summary>How the sandbox's own command ended, or else its init.</summary>
    public async Task<int?> ExitCodeAsync(LiveSandbox sandbox) =>
        await sandbox.InitEnded is var code && commands.StateOf(sandbox.Record) is { ExitCode: { } own } ? own : code;

    public async Task StoppedAsync(LiveSandbox sandbox, int? exitCode)
    {
        var why = kernels.WhyOf(sandbox.Record);
        await launcher.HaltAsync(sandbox);
        Save(sandbox, sandbox.Record with { State = SandboxState.Stopped, HeldAt = null, Pid = 0, PidStartedAt = 0, ExitCode = exitCode, Notice = why ?? sandbox.Record.Notice });
    }

    /// <summary>Puts words for its owner on record; a sandbox that has ended or was started again meanwhile gets none.</summary>
    public async Task NoteAsync(LiveSandbox sandbox, SandboxRecord about, string words)
    {
        await sandbox.Gate.WaitAsync();
        try
        {
            if (sandbox.Record is { State: SandboxState.Running or SandboxState.Paused or SandboxState.Stopped, Pid: var pid } record && (pid == about.Pid || pid == 0))
            {
                Save(sandbox, record with { Notice = words });
            }
        }
        finally
        {
            sandbox.Gate.Release();
        }
    }

    public void Save(LiveSandbox sandbox, SandboxRecord record)
    {
        records.Save(record);
        sandbox.Record = record;
        changes.Publish(record.Info);
    }

    /// <summary>Bytes that all sandboxes together may still write to the host's disk.</summary>
    public long PromisedBytes() => PromisedExcept(null);

    /// <summary>Bytes of memory that all sandboxes together may have.</summary>
    public long PromisedMemory() => sandboxes.All.Where(sandbox => sandbox.Record.State != SandboxState.Ended).Sum(sandbox => sandbox.Record.Spec.Limits.MemoryBytes);

    /// <summary>Of what their disks hold it takes the latest number that is known: a launch does not look at the disks of all others.</summary>
    private long PromisedExcept(LiveSandbox? except) => sandboxes.All
        .Where(sandbox => !ReferenceEquals(sandbox, except) && sandbox.Record.State != SandboxState.Ended && sandbox.Range.First != 0)
        .Sum(sandbox => Math.Max(0, sandbox.Record.Spec.Limits.DiskBytes - sandbox.DiskUsed) + VolumeBytes(sandbox));

    /// <summary>Bytes that a sandbox may still write to its volumes. One that nobody writes to takes no more than it has.</summary>
    private long VolumeBytes(LiveSandbox sandbox) => sandbox.HoldsVolumes ? sandbox.Record.Spec.Volumes.Where(volume => !volume.ReadOnly).Sum(volumes.PromisedBytes) : 0;

    public SandboxException Unforeseen(SandboxId id, Exception fault)
    {
        LogUnforeseen(logger, fault, id);
        return fault is IOException { HResult: 28 }
            ? new SandboxException(ErrorCode.DiskFull, "The host's disk is full.", fault)
            : new SandboxException(ErrorCode.Internal, "Something went wrong on the host. Its log has the error.", fault);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "sandbox {Sandbox}")]
    private static partial void LogUnforeseen(ILogger logger, Exception fault, SandboxId sandbox);

    [LoggerMessage(Level = LogLevel.Error, Message = "sandbox {Sandbox} could not be taken apart")]
    private static partial void LogNotEnded(ILogger logger, Exception fault, SandboxId sandbox);
}
