namespace Sandbox.Core.Quotas;

/// <summary>What <see cref="SandboxLimits"/> may be at all, on the largest host there is.</summary>
public static class LimitRules
{
    /// <summary>The least memory an init and a shell live in.</summary>
    public const long MinMemoryBytes = 16L * 1024 * 1024;

    /// <summary>The least disk an ext4 file system of a sandbox's own fits in.</summary>
    public const long MinDiskBytes = 16L * 1024 * 1024;

    /// <summary>The fewest processes: an init, a shell and what it starts.</summary>
    public const int MinPids = 16;

    /// <summary>The most memory or disk that a limit may name.</summary>
    public const long MostBytes = 1L << 50;

    /// <summary>The most processes that Linux numbers.</summary>
    public const int MostPids = 4_194_304;

    /// <summary>Every mistake at once, each with the name <paramref name="what"/> before it; empty when all is well.</summary>
    public static IReadOnlyList<string> Validate(SandboxLimits limits, string what)
    {
        var mistakes = new List<string>();
        if (limits is null)
        {
            return [$"{what}: missing"];
        }

        // Written so that NaN fails.
        if (!(limits.Cpus >= 0.01 && limits.Cpus <= 4096))
        {
            mistakes.Add($"{what}.cpus: 0.01 to 4096");
        }

        if (limits.MemoryBytes is < MinMemoryBytes or > MostBytes)
        {
            mistakes.Add($"{what}.memoryBytes: at least 16 MiB");
        }

        if (limits.Pids is < MinPids or > MostPids)
        {
            mistakes.Add($"{what}.pids: 16 to {MostPids}");
        }

        if (limits.DiskBytes is < MinDiskBytes or > MostBytes)
        {
            mistakes.Add($"{what}.diskBytes: at least 16 MiB");
        }

        if (limits.Inodes is < 256 or > uint.MaxValue)
        {
            mistakes.Add($"{what}.inodes: 256 to 4294967295");
        }

        return mistakes;
    }

    /// <summary>Whether each limit of <paramref name="part"/> fits into <paramref name="whole"/>.</summary>
    public static bool Fits(SandboxLimits part, SandboxLimits whole) =>
        part.Cpus <= whole.Cpus && part.MemoryBytes <= whole.MemoryBytes && part.Pids <= whole.Pids
        && part.DiskBytes <= whole.DiskBytes && part.Inodes <= whole.Inodes;
}
