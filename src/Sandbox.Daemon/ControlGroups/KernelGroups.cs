using System.Globalization;
using Sandbox.Core.People;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Daemon.ControlGroups;

/// <summary>
/// The groups of sandboxes with a kernel of their own. Their runtime has no privilege to make one; it joins it.
/// </summary>
internal sealed class KernelGroups(ControlGroupTree tree)
{
    /// <summary>Makes the group of a sandbox whose runtime does not, with the limits that other runtimes read in its configuration.</summary>
    /// <returns>Its directories, one for each hierarchy.</returns>
    public IReadOnlyList<string> Make(PersonId owner, SandboxId sandbox, SandboxLimits limits, int tasks, DiskReadRate? reads)
    {
        // A new group of cpuset has no processors, and nobody may join it.
        var made = ControlGroupTree.Hierarchies().Where(hierarchy => Path.GetFileName(hierarchy) != "cpuset").Select(hierarchy => hierarchy + tree.PathOf(owner, sandbox)).ToList();
        made.ForEach(group => Directory.CreateDirectory(group));
        var memory = limits.MemoryBytes.ToString(CultureInfo.InvariantCulture);
        var quota = ControlGroupTree.QuotaOf(limits).ToString(CultureInfo.InvariantCulture);
        var group = tree.PathOf(owner, sandbox);
        (string File, string Value)[] values = ControlGroupTree.Unified
            ?
            [
                ($"{ControlGroupTree.Mount}{group}/memory.max", memory), ($"{ControlGroupTree.Mount}{group}/memory.swap.max", "0"), ($"{ControlGroupTree.Mount}{group}/cpu.max", $"{quota} {ControlGroupTree.Period}"),
                ($"{ControlGroupTree.Mount}{group}/pids.max", tasks.ToString(CultureInfo.InvariantCulture)),
            ]
            :
            [
                ($"{ControlGroupTree.Mount}/memory{group}/memory.limit_in_bytes", memory), ($"{ControlGroupTree.Mount}/memory{group}/memory.memsw.limit_in_bytes", memory),
                ($"{ControlGroupTree.Mount}/memory{group}/memory.kmem.tcp.limit_in_bytes", (ControlGroupTree.SocketMemoryOf(limits) ?? 0).ToString(CultureInfo.InvariantCulture)),
                ($"{ControlGroupTree.Mount}/cpu{group}/cpu.cfs_period_us", ControlGroupTree.Period.ToString(CultureInfo.InvariantCulture)), ($"{ControlGroupTree.Mount}/cpu{group}/cpu.cfs_quota_us", quota),
                ($"{ControlGroupTree.Mount}/pids{group}/pids.max", tasks.ToString(CultureInfo.InvariantCulture)),
                .. reads is { BytesPerSecond: > 0 } bytes ? [($"{ControlGroupTree.Mount}/blkio{group}/blkio.throttle.read_bps_device", $"{bytes.Major}:{bytes.Minor} {bytes.BytesPerSecond}")] : ((string, string)[])[],
                .. reads is { PerSecond: > 0 } times ? [($"{ControlGroupTree.Mount}/blkio{group}/blkio.throttle.read_iops_device", $"{times.Major}:{times.Minor} {times.PerSecond}")] : ((string, string)[])[],
            ];
        foreach (var (file, value) in values)
        {
            tree.Set(file, value);
        }

        return made;
    }

    /// <summary>Removes the group of a sandbox that <see cref="Make"/> made, once its processes are gone.</summary>
    public void Remove(PersonId owner, SandboxId sandbox)
    {
        foreach (var hierarchy in ControlGroupTree.Hierarchies())
        {
            ControlGroupTree.RemoveTree(hierarchy + tree.PathOf(owner, sandbox));
        }
    }

    /// <summary>How often a sandbox was refused one more task; null when the group is gone. pids.events: <c>max 2</c>.</summary>
    public long? RefusedTasksOf(PersonId owner, SandboxId sandbox)
    {
        try
        {
            return File.ReadLines((ControlGroupTree.Unified ? ControlGroupTree.Mount : ControlGroupTree.Mount + "/pids") + tree.PathOf(owner, sandbox) + "/pids.events")
                .Where(line => line.StartsWith("max ", StringComparison.Ordinal)).Select(line => (long?)long.Parse(line.AsSpan(4), CultureInfo.InvariantCulture)).FirstOrDefault();
        }
        catch (IOException)
        {
            return null;
        }
    }
}
