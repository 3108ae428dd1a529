using Sandbox.Core.Errors;
using Sandbox.Core.Runtime;
using Sandbox.Daemon.ControlGroups;

namespace Sandbox.Daemon.Capacity;

/// <summary>The last measurement of the host.</summary>
internal sealed class HostRoom(DaemonOptions options, Reserves reserves, HostMeasures measures, ControlGroupTree groups)
{
    private const int MostActs = 100;
    private const string ShortOfMemory = "The host is short of memory. New launches wait until there is room.";
    private const string ShortOfDisk = "The host's disk is nearly full. New launches wait until there is room.";

    private readonly Lock _gate = new();
    private readonly LinkedList<HostAct> _acts = [];
    private volatile HostMeasure? _last;
    private volatile string? _refusal;
    private volatile bool _isDiskShort;

    /// <summary>Records what was found.</summary>
    public void Set(HostMeasure measure, bool isMemoryShort, bool isDiskShort)
    {
        _last = measure;
        _isDiskShort = isDiskShort;
        _refusal = isMemoryShort ? ShortOfMemory : isDiskShort ? ShortOfDisk : null;
    }

    /// <summary>Refuses to start anything while a reserve is touched. Code: Capacity.</summary>
    public void CheckStart()
    {
        if (_refusal is { } words)
        {
            throw new SandboxException(ErrorCode.Capacity, $"{words} Try again in a minute.") { RetryAfter = TimeSpan.FromMinutes(1) };
        }
    }

    /// <summary>Refuses to write files for somebody while the disk's reserve is touched. Code: DiskFull.</summary>
    public void CheckWrite()
    {
        if (_isDiskShort)
        {
            throw new SandboxException(ErrorCode.DiskFull, "The host's disk is nearly full, so it takes no files right now. Try again in a minute.");
        }
    }

    /// <summary>Refuses a disk beyond those that may be promised. Code: Capacity.</summary>
    public void CheckDisk(long bytes, long promised)
    {
        if (bytes + promised > DiskPromisable())
        {
            throw new SandboxException(ErrorCode.Capacity, "The host's disk has no room for another sandbox right now. Try again when others have ended.") { RetryAfter = TimeSpan.FromMinutes(1) };
        }
    }

    public void Add(HostAct act)
    {
        lock (_gate)
        {
            _acts.AddFirst(act);
            if (_acts.Count > MostActs)
            {
                _acts.RemoveLast();
            }
        }
    }

    public HostCapacity Describe(long memoryPromised, long diskPromised)
    {
        var last = _last ?? measures.Take();
        List<HostAct> acts;
        lock (_gate)
        {
            acts = [.. _acts];
        }

        return new HostCapacity(
            new HostResource(HostMeasures.MemoryTotal, last.Memory, reserves.Memory, memoryPromised, reserves.MemoryPromisable(groups.MemoryOfEverybody)),
            new HostResource(reserves.DiskTotal, last.Disk, reserves.Disk, diskPromised, DiskPromisable()),
            last.Pressure,
            _refusal,
            acts);
    }

    /// <summary>Bytes that may be promised of what is free now.</summary>
    private long DiskPromisable() => reserves.DiskPromisable(new DriveInfo(options.DataDirectory).AvailableFreeSpace);
}
