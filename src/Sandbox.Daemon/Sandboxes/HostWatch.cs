using Sandbox.Core.Sandboxes;
using Sandbox.Core.Volumes;
using Sandbox.Daemon.Capacity;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.RootFileSystems;
using Sandbox.Daemon.Volumes;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// Keeps the host's reserves of memory and disk, since more is promised to sandboxes than there is. Four times a second, and
/// more often near a reserve, it measures what is left, and has done what <see cref="ReserveRule"/> decides. A sandbox's disk is a sparse file: on a full
/// host its programs would lose what they wrote and never know, so writers are paused before that.
/// </summary>
internal sealed partial class HostWatch(
    LiveSandboxes sandboxes,
    ControlGroupTree groups,
    VolumeStore volumes,
    HostMeasures measures,
    HostRoom room,
    HostActs acts,
    Reserves reserves,
    ILogger<HostWatch> logger)
{
    /// <summary>Percent of ten seconds in which programs wait for memory; beyond it nothing is started. Nobody is ended for it: the disk may be slow.</summary>
    private const double MostPressure = 40;

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan NearEvery = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan DisksEvery = TimeSpan.FromSeconds(2);

    /// <summary>The host's own programs hold memory too. With half of what is missing freed, the kernel is less likely to end any of them.</summary>
    private readonly ReserveRule _memory = new(reserves.Memory, growth: 4L << 20, least: 0.5);

    /// <summary>A sandbox that ends for room on the disk is lost, so none does unless that makes enough room.</summary>
    private readonly ReserveRule _disk = new(reserves.Disk, growth: 1L << 20, least: 1);

    private Dictionary<SandboxId, long> _memoryBefore = [];
    private Dictionary<SandboxId, long> _diskBefore = [];
    private DateTimeOffset _disksAt;
    private bool _isNear;

    /// <summary>Watches until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await WaitAsync(cancellationToken);
                await Task.Run(() => Look(DateTimeOffset.UtcNow), cancellationToken);
            }
            catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
            {
                LogFailed(logger, fault);
                await Task.Delay(LookEvery, cancellationToken); // then it tries again
            }
        }
    }

    /// <summary>Until it is time for the next look. Near a reserve that is when it is touched: a quick disk takes hundreds of megabytes between two looks.</summary>
    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        var pause = _isNear ? NearEvery : LookEvery;
        for (var waited = TimeSpan.Zero; waited < LookEvery; waited += pause)
        {
            await Task.Delay(pause, cancellationToken);
            if (_isNear && measures.Take() is var measure && (measure.Memory < reserves.Memory || measure.Disk < reserves.Disk))
            {
                return;
            }
        }
    }

    /// <summary>Decides, and has the acts done beside it: a runtime that hangs delays its own sandbox only.</summary>
    private void Look(DateTimeOffset now)
    {
        var measure = measures.Take();
        var live = sandboxes.All.Where(sandbox => sandbox.Range.First != 0 && sandbox.Record.State is SandboxState.Running or SandboxState.Paused or SandboxState.Stopped).ToList();
        var memory = Decide(_memory, measure.Memory, _memory.IsNear(measure.Memory) ? MemoryUses(live) : Forget(ref _memoryBefore), now, "memory");
        var disk = Decide(_disk, measure.Disk, _disk.IsNear(measure.Disk) || now - _disksAt > DisksEvery ? DiskUses(live, now) : [], now, "disk", measure.DiskFree);
        _isNear = !memory.IsTouched && !disk.IsTouched && (_memory.IsNear(measure.Memory) || _disk.IsNear(measure.Disk));
        // Pressure alone may be one sandbox that reads more files than its own limit holds.
        room.Set(measure, memory.IsTouched || (measure.Pressure > MostPressure && _memory.IsNear(measure.Memory)), disk.IsTouched);

        foreach (var (decision, what) in ((ReserveDecision, HostActs.Short)[])[(memory, HostActs.Short.Memory), (disk, HostActs.Short.Disk)])
        {
            foreach (var use in decision.Free)
            {
                acts.Free(use, what);
            }

            foreach (var use in decision.Pause)
            {
                acts.Pause(use, what);
            }
        }

        if (!memory.IsTouched && !disk.IsTouched)
        {
            foreach (var sandbox in live.Where(sandbox => sandbox.Record.HeldAt is not null))
            {
                acts.Resume(sandbox);
            }
        }
    }

    private ReserveDecision Decide(ReserveRule rule, long left, IReadOnlyList<SandboxUse> uses, DateTimeOffset now, string what, long? free = null)
    {
        var (before, beyond) = (rule.IsTouched, rule.IsBeyondSandboxes);
        var decision = rule.Decide(left, uses, now, free);
        if (rule.IsBeyondSandboxes && !beyond)
        {
            LogBeyond(logger, what, left >> 20);
        }

        if (decision.IsTouched != before)
        {
            if (decision.IsTouched)
            {
                LogTouched(logger, what, left >> 20);
            }
            else
            {
                LogUntouched(logger, what, left >> 20);
            }
        }

        return decision;
    }

    private static IReadOnlyList<SandboxUse> Forget(ref Dictionary<SandboxId, long> before)
    {
        before = [];
        return [];
    }

    private List<SandboxUse> MemoryUses(List<LiveSandbox> live)
    {
        var held = live.Where(sandbox => sandbox.Record.State != SandboxState.Stopped).ToDictionary(sandbox => sandbox.Id, sandbox => groups.MemoryOf(sandbox.Record.Spec.Owner, sandbox.Id));
        var uses = live.Where(sandbox => held.ContainsKey(sandbox.Id)).Select(sandbox => Use(sandbox, held[sandbox.Id], held[sandbox.Id], _memoryBefore)).ToList();
        _memoryBefore = held;
        return uses;
    }

    /// <summary>
    /// A volume outlives its sandbox: its owner holds it, and writing to it counts as growth, but ending the sandbox frees nothing
    /// of it. One that several sandboxes have is held once.
    /// </summary>
    private List<SandboxUse> DiskUses(List<LiveSandbox> live, DateTimeOffset now)
    {
        _disksAt = now;
        var written = new Dictionary<SandboxId, long>();
        var uses = new List<SandboxUse>();
        var counted = new HashSet<VolumeId>();
        foreach (var sandbox in live)
        {
            sandbox.DiskUsed = DiskImages.AllocatedBytes(sandbox.Root.Disk);
            var (all, held) = (sandbox.DiskUsed, sandbox.DiskUsed);
            foreach (var volume in sandbox.Record.Spec.Volumes)
            {
                var bytes = volumes.AllocatedBytes(volume);
                all += volume.ReadOnly ? 0 : bytes;
                held += counted.Add(volume.Id) ? bytes : 0;
            }

            written[sandbox.Id] = all;
            uses.Add(Use(sandbox, sandbox.DiskUsed, all, _diskBefore) with { Held = held });
        }

        _diskBefore = written;
        return uses;
    }

    private SandboxUse Use(LiveSandbox sandbox, long bytes, long watched, Dictionary<SandboxId, long> before) =>
        new(sandbox.Id, sandbox.Record.Spec.OwnerGroup ?? sandbox.Record.Spec.Owner.Value, bytes, before.TryGetValue(sandbox.Id, out var known) ? watched - known : 0, acts.IsGoing(sandbox.Id));

    [LoggerMessage(Level = LogLevel.Error, Message = "looking at what is left of the host")]
    private static partial void LogFailed(ILogger logger, Exception fault);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the reserve of {What} is touched, {Left} MiB are left: nothing is started, and sandboxes that grow are paused")]
    private static partial void LogTouched(ILogger logger, string what, long left);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the reserve of {What} is touched, {Left} MiB are left, and ending sandboxes would not free what is missing: none is ended, so make room on this host")]
    private static partial void LogBeyond(ILogger logger, string what, long left);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the reserve of {What} is whole again, {Left} MiB are left")]
    private static partial void LogUntouched(ILogger logger, string what, long left);
}
