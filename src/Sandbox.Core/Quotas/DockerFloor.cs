namespace Sandbox.Core.Quotas;

/// <summary>What a sandbox with Docker inside has at least: its containers, their images and the daemon itself share it.</summary>
/// <param name="MemoryBytes">Memory in bytes.</param>
/// <param name="Pids">Processes and threads.</param>
/// <param name="DiskBytes">Bytes it may write over its image.</param>
public sealed record DockerFloor(long MemoryBytes, int Pids, long DiskBytes)
{
    /// <summary>
    /// The limits of such a sandbox. Its files grow with its disk, and its memory stays within that of the person.
    /// </summary>
    public SandboxLimits Over(SandboxLimits limits, SandboxLimits total)
    {
        var disk = Math.Max(limits.DiskBytes, DiskBytes);
        return limits with
        {
            MemoryBytes = Math.Max(limits.MemoryBytes, Math.Min(MemoryBytes, total.MemoryBytes)),
            Pids = Math.Max(limits.Pids, Pids),
            DiskBytes = disk,
            Inodes = (long)Math.Min(uint.MaxValue, (double)limits.Inodes * disk / limits.DiskBytes),
        };
    }

    /// <summary>Every mistake at once; 0 leaves a limit to the plan.</summary>
    public IReadOnlyList<string> Validate()
    {
        var mistakes = new List<string>();
        if (MemoryBytes is < 0 or > LimitRules.MostBytes)
        {
            mistakes.Add("dockerMemoryBytes: 0 to 2^50");
        }

        if (Pids is < 0 or > LimitRules.MostPids)
        {
            mistakes.Add($"dockerPids: 0 to {LimitRules.MostPids}");
        }

        if (DiskBytes is < 0 or > LimitRules.MostBytes)
        {
            mistakes.Add("dockerDiskBytes: 0 to 2^50");
        }

        return mistakes;
    }
}
