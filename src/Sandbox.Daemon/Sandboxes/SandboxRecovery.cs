using Sandbox.Core.Errors;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Networks;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Records;
using Sandbox.Daemon.Terminals;
using Sandbox.Daemon.Volumes;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// Runs before the daemon answers anybody: adopts sandboxes that an earlier one left running, ends those that cannot go
/// on, with a reason, and removes everything of this daemon on the host that belongs to no sandbox.
/// </summary>
internal sealed partial class SandboxRecovery(
    DaemonOptions options,
    ImageStore images,
    SandboxRecords records,
    SandboxLauncher launcher,
    LiveSandboxes sandboxes,
    SandboxLife life,
    OciRuntimes runtimes,
    ControlGroupTree groups,
    WorkGroups work,
    PlaygroundNetworks networks,
    UidRanges ranges,
    TerminalHolders terminals,
    OrphanReaper orphans,
    HostTables tables,
    SandboxFreezing freezing,
    VolumeStore volumes,
    ILogger<SandboxRecovery> logger)
{
    private string Mounts => Path.Combine(options.RunDirectory, "sandboxes");

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Mounts);
        orphans.Start();
        tables.Set();
        volumes.Open();
        await images.OpenAsync(cancellationToken);
        var mounted = MountedBelow(Mounts);
        var live = new List<LiveSandbox>();
        var lost = new List<(LiveSandbox Sandbox, EndReason Reason)>();
        foreach (var record in records.Load())
        {
            var sandbox = new LiveSandbox(record, life.RootOf(record.Spec.Id));
            if (record.State == SandboxState.Ended)
            {
                life.Adopt(sandbox);
            }
            else if (record.State == SandboxState.Starting)
            {
                lost.Add((sandbox, EndReason.LaunchFailed));
            }
            else if (record.BootId != ProcessIdentity.BootId || !mounted.Contains(sandbox.Root.Root, StringComparer.Ordinal) || !TryHold(sandbox))
            {
                lost.Add((sandbox, EndReason.HostRestarted));
            }
            else
            {
                live.Add(sandbox);
            }
        }

        foreach (var sandbox in live)
        {
            sandbox.Range = ranges.Adopt(sandbox.Record.UidIndex);
            sandbox.HoldsVolumes = sandbox.Record.Spec.Volumes.Count > 0;
            launcher.AdoptVolumes(sandbox);
            networks.Adopt(sandbox.Record.Spec.Playground, sandbox.Record.Place, sandbox.Record.Spec.Name, sandbox.Record.Spec.Policy);
        }

        var livingIds = live.Select(sandbox => sandbox.Id).ToHashSet();
        foreach (var oci in runtimes.All)
        {
            foreach (var id in oci.Known().Where(name => !SandboxId.TryParse(name, out var id) || !livingIds.Contains(id)))
            {
                await oci.DeleteAsync(id);
            }
        }

        await groups.RemoveOrphansAsync(livingIds);
        foreach (var mount in mounted.Reverse().Where(path => !livingIds.Any(id => path.StartsWith(Path.Combine(Mounts, id.Value) + "/", StringComparison.Ordinal))))
        {
            Mounting.Unmount(mount);
        }

        foreach (var directory in Directory.GetDirectories(Mounts).Where(path => !SandboxId.TryParse(Path.GetFileName(path), out var id) || !livingIds.Contains(id)))
        {
            Directory.Delete(directory, recursive: true);
        }

        volumes.RemoveOrphans(livingIds, MountedBelow(volumes.Mounts));
        await terminals.AdoptAsync(livingIds);
        work.RemoveEmpty(); // of people whose last terminal has just been ended
        await networks.StartAsync([.. live.Select(sandbox => (sandbox.Record.Spec.Playground, sandbox.Id, sandbox.Record.Place))], cancellationToken);

        foreach (var (sandbox, reason) in lost)
        {
            sandbox.Record = sandbox.Record with { State = SandboxState.Ended, Reason = reason, Pid = 0, PidStartedAt = 0 };
            records.Save(sandbox.Record);
            records.Strip(sandbox.Id);
            life.Adopt(sandbox);
            LogLost(logger, sandbox.Id, reason);
        }

        foreach (var sandbox in live)
        {
            if (sandbox.Record.State != SandboxState.Stopped && !SandboxLauncher.IsAlive(sandbox.Record))
            {
                await launcher.HaltAsync(sandbox);
                sandbox.Record = sandbox.Record with { State = SandboxState.Stopped, Pid = 0, PidStartedAt = 0 };
                records.Save(sandbox.Record);
            }

            if (sandbox.Record.State != SandboxState.Stopped)
            {
                groups.SetOwner(sandbox.Record.Spec.Owner, sandbox.Record.Spec.OwnerLimits, SandboxKernels.TasksOf(sandbox.Record));
            }

            await freezing.RecoverAsync(sandbox);
            life.Adopt(sandbox);
            LogAdopted(logger, sandbox.Id, sandbox.Record.State);
        }

        records.RemoveOrphans(new HashSet<SandboxId>([.. live.Concat(lost.Select(one => one.Sandbox)).Select(sandbox => sandbox.Id), .. sandboxes.Ended().Select(sandbox => sandbox.Id)]));
    }

    /// <summary>Mount points below a directory, in the order in which they were made.</summary>
    internal static IReadOnlyCollection<string> MountedBelow(string directory) =>
    [
        .. Mounting.Mounts()
            .Select(mount => mount.Place)
            .Where(path => path.StartsWith(directory + "/", StringComparison.Ordinal)),
    ];

    private bool TryHold(LiveSandbox sandbox)
    {
        try
        {
            sandbox.Image = images.Acquire(sandbox.Record.Spec.Image);
            return true;
        }
        catch (SandboxException)
        {
            return false; // its layers are gone; so are its files
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "took over {Sandbox}, {State}")]
    private static partial void LogAdopted(ILogger logger, SandboxId sandbox, SandboxState state);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Sandbox} ended: {Reason}")]
    private static partial void LogLost(ILogger logger, SandboxId sandbox, EndReason reason);
}
