using System.Globalization;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Isolation;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// Stops sandboxes that hold much kernel memory which no control group charges: unread messages of netlink and ping
/// sockets, multicast groups, file locks, and the machine code of system call filters. No limit of the kernel bounds their
/// sum, so this looks for it whenever the host has lost memory, and from time to time.
/// </summary>
internal sealed partial class UncountedMemory(LiveSandboxes sandboxes, ControlGroupTree groups, SandboxLife life, ILogger<UncountedMemory> logger)
{
    /// <summary>Locks of the whole host, each about 200 bytes. Beyond them, sandboxes that have a quarter of them are stopped.</summary>
    public const int MostLocks = 50_000;

    /// <summary>Filters that a sandbox may hold, however full their table is: those of a browser with a hundred threads.</summary>
    private const int FewFilters = 200;

    private const long Loss = 32L << 20;
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ScanEvery = TimeSpan.FromSeconds(10);

    /// <summary>Bytes of unread messages that a sandbox with these limits may hold.</summary>
    public static long AllowanceOf(SandboxLimits limits) => Math.Max(16L << 20, limits.MemoryBytes / 16);

    /// <summary>Watches until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(LookEvery);
        var most = HostMemory.Available();
        var scanned = DateTimeOffset.UtcNow;
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            var available = HostMemory.Available();
            var now = DateTimeOffset.UtcNow;
            if (available > most - Loss && now - scanned < ScanEvery)
            {
                most = Math.Max(most, available);
                continue;
            }

            (most, scanned) = (available, now);
            await Task.Run(Scan, cancellationToken);
        }
    }

    private void Scan()
    {
        var running = sandboxes.All.Where(sandbox => sandbox.Record.State == SandboxState.Running).ToList();
        foreach (var sandbox in running)
        {
            var allowance = AllowanceOf(sandbox.Record.Spec.Limits);
            if (SandboxNetworks.ProcessesIn(sandbox, groups).Sum(pid => SocketQueues.Held(pid, allowance)) is var held && held > allowance)
            {
                Stop(sandbox, $"{held >> 20} MiB in their sockets, as unread messages and multicast groups");
            }
        }

        if (FilterTable.Limit is { } limit && FilterTable.Bytes() > limit / 4)
        {
            StopMostFilters(running);
        }

        var locks = FileLocks.CountByDevice(MostLocks);
        foreach (var sandbox in locks.Count == 0 ? [] : running)
        {
            if (FileLocks.DevicesOf(sandbox.Record.Pid).Sum(device => locks.GetValueOrDefault(device)) is var held && held > MostLocks / 4)
            {
                Stop(sandbox, $"at least {held} file locks");
            }
        }
    }

    private void StopMostFilters(List<LiveSandbox> running)
    {
        // Guests of one address are one: a few in each of many sandboxes are many.
        var most = running.Where(sandbox => !IsolationClasses.Find(sandbox.Record.Isolation).HasOwnKernel)
            .Select(sandbox => (Sandbox: sandbox, Count: FilterTable.CountOf(groups.ProcessesBelow(sandbox.Record.Spec.Owner, sandbox.Id))))
            .GroupBy(entry => entry.Sandbox.Record.Spec.OwnerGroup ?? entry.Sandbox.Record.Spec.Owner.ToString(), StringComparer.Ordinal)
            .Select(group => (Sum: group.Sum(entry => entry.Count), First: group.MaxBy(entry => entry.Count)))
            .OrderByDescending(group => group.Sum).FirstOrDefault();
        if (most.Sum > FewFilters)
        {
            Stop(most.First.Sandbox, $"{most.First.Count} system call filters");
        }
    }

    /// <summary>Kills its init, and with it everything in it. Its files stay, and it can be started again.</summary>
    private void Stop(LiveSandbox sandbox, string held)
    {
        var record = sandbox.Record;
        if (SandboxLauncher.IsAlive(record))
        {
            LogStopped(logger, sandbox.Id, record.Spec.Owner.ToString(), held);
            _ = Tool.Kill(record.Pid, 9);
            _ = life.NoteAsync(sandbox, record, $"The sandbox was stopped because its programs held {held}: memory of the host that no limit of a sandbox counts. Its files are kept.");
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Sandbox} of {Owner} was stopped: its programs held {Held}, memory of the host that no limit of a sandbox counts")]
    private static partial void LogStopped(ILogger logger, SandboxId sandbox, string owner, string held);
}

/// <summary>The host's memory. https://man7.org/linux/man-pages/man5/proc_meminfo.5.html</summary>
internal static class HostMemory
{
    /// <summary>Bytes of the host: <c>MemTotal</c>.</summary>
    public static long Total { get; } = Read("MemTotal:");

    /// <summary>Bytes that programs can still get: <c>MemAvailable</c>.</summary>
    public static long Available() => Read("MemAvailable:");

    private static long Read(string name)
    {
        // MemAvailable:   23614000 kB
        foreach (var line in File.ReadLines("/proc/meminfo"))
        {
            if (line.StartsWith(name, StringComparison.Ordinal))
            {
                return long.Parse(line.AsSpan(name.Length).Trim().TrimEnd(" kB"), CultureInfo.InvariantCulture) * 1024;
            }
        }

        return 0;
    }
}
