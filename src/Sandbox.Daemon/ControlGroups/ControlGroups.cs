using System.Globalization;
using System.Runtime.InteropServices;
using Sandbox.Core.People;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.ControlGroups;

/// <summary>
/// One control group per person over those of their sandboxes, so that the sum of what a person uses is bounded too.
/// The groups of sandboxes are made by the OCI runtime; this makes and removes what is above them, on hosts with
/// cgroup v2 and on those with the controllers of v1. https://docs.kernel.org/admin-guide/cgroup-v2.html
/// </summary>
internal sealed partial class ControlGroupTree(DaemonOptions options, WorkGroups work, DiskReads reads, ILogger<ControlGroupTree> logger)
{
    /// <summary>Microseconds.</summary>
    public const int Period = 100_000;

    internal const string Mount = "/sys/fs/cgroup";

    /// <summary>Our own init, and a runtime that enters the sandbox, count as processes too.</summary>
    private const int PidsHeadroom = 8;

    /// <summary>Sockets of a sandbox may hold this part of its memory on top of it; the host allows all of its own about an eleventh of what it has.</summary>
    private const int SocketShare = 16;

    /// <summary>
    /// Of the CPU, where 1024 is the share of any other program or service. A quarter for all sandboxes together: the
    /// programs that serve them all (the daemon, the web process, the kernel's workers) wait for none of them.
    /// </summary>
    private const int CpuShares = 256;

    /// <summary>The most memory that all sandboxes together have.</summary>
    public long MemoryOfEverybody { get; } = options.SandboxMemoryBytes > 0 ? options.SandboxMemoryBytes : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 10 * 9;

    /// <summary>The most tasks that all sandboxes together have: a quarter of the process numbers is the host's own.</summary>
    public static long TasksOfEverybody { get; } = long.Parse(File.ReadAllText("/proc/sys/kernel/pid_max"), CultureInfo.InvariantCulture) / 4 * 3;

    internal static readonly bool Unified = File.Exists(Mount + "/cgroup.controllers");

    private readonly Lock _lock = new();
    private readonly Dictionary<PersonId, (SandboxLimits Limits, int Tasks)> _owners = [];
    private bool _bounded;

    /// <summary>The group of a sandbox as the OCI specification has it: absolute, from the root of the hierarchy.</summary>
    public string PathOf(PersonId owner, SandboxId sandbox) => $"/{options.Instance}/{owner}/{sandbox}";

    /// <summary>A sandbox's limits within its owner's: v1 refuses a child above its parent.</summary>
    public static SandboxLimits Clamp(SandboxLimits limits, SandboxLimits owner) => limits with
    {
        Cpus = Math.Min(limits.Cpus, owner.Cpus),
        MemoryBytes = Math.Min(limits.MemoryBytes, owner.MemoryBytes),
        Pids = Math.Min(limits.Pids, owner.Pids),
    };

    /// <summary>CPU time in microseconds for each <see cref="Period"/>.</summary>
    public static long QuotaOf(SandboxLimits limits) => Math.Max(1000, (long)(limits.Cpus * Period));

    /// <summary>What <c>pids.max</c> is set to.</summary>
    public static int PidsOf(SandboxLimits limits) => limits.Pids + PidsHeadroom;

    /// <summary>
    /// Bytes that sockets may hold where they are not counted as memory, as by v1 unless it is asked to: without it one sandbox
    /// uses up what the kernel grants all of the host's TCP. Null where they are.
    /// </summary>
    public static long? SocketMemoryOf(SandboxLimits limits) => Unified ? null : Math.Max(4L << 20, limits.MemoryBytes / SocketShare);

    /// <summary>How fast a sandbox may read from the disk, where the group of its owner cannot bound it.</summary>
    public DiskReadRate? ReadRateOf(SandboxLimits limits, SandboxLimits owner) =>
        !Unified && Directory.Exists(Mount + "/blkio") ? reads.OfSandbox(limits, owner) : null;

    /// <summary>Makes the group of a person, or gives it other limits.</summary>
    /// <param name="owner">The person.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="tasks">Tasks of the host that kernels of the person's sandboxes may take; the most that was asked for stays.</param>
    public void SetOwner(PersonId owner, SandboxLimits limits, int tasks)
    {
        lock (_lock)
        {
            tasks = Math.Max(tasks, limits.Pids + (4 * PidsHeadroom));
            if (_owners.TryGetValue(owner, out var known))
            {
                tasks = Math.Max(tasks, known.Tasks);
                if (known == (limits, tasks))
                {
                    return;
                }
            }

            BoundAll();
            var group = $"{options.Instance}/{owner}";
            var quota = QuotaOf(limits).ToString(CultureInfo.InvariantCulture);
            var memory = limits.MemoryBytes.ToString(CultureInfo.InvariantCulture);
            var pids = tasks.ToString(CultureInfo.InvariantCulture);
            if (Unified)
            {
                var directory = $"{Mount}/{group}";
                Directory.CreateDirectory(directory);
                foreach (var parent in (ReadOnlySpan<string>)[Mount, $"{Mount}/{options.Instance}", directory])
                {
                    Set($"{parent}/cgroup.subtree_control", "+cpu +memory +pids");
                }

                Set($"{directory}/cpu.max", $"{quota} {Period}");
                Set($"{directory}/memory.max", memory);
                Set($"{directory}/memory.swap.max", "0");
                Set($"{directory}/pids.max", pids);
                if (reads.OfPerson() is { } rate && File.ReadAllText(Mount + "/cgroup.controllers").Split(' ', '\n').Contains("io", StringComparer.Ordinal))
                {
                    Set($"{Mount}/cgroup.subtree_control", "+io");
                    Set($"{Mount}/{options.Instance}/cgroup.subtree_control", "+io");
                    Set($"{directory}/io.max", string.Create(CultureInfo.InvariantCulture, $"{rate.Major}:{rate.Minor} rbps={OrMax(rate.BytesPerSecond)} riops={OrMax(rate.PerSecond)}"));
                }
            }
            else
            {
                foreach (var controller in (ReadOnlySpan<string>)["cpu", "memory", "pids"])
                {
                    Directory.CreateDirectory($"{Mount}/{controller}/{group}");
                }

                Set($"{Mount}/cpu/{group}/cpu.cfs_quota_us", quota);
                Set($"{Mount}/memory/{group}/memory.memsw.limit_in_bytes", "-1"); // may never be below the next one
                Set($"{Mount}/memory/{group}/memory.limit_in_bytes", memory);
                Set($"{Mount}/memory/{group}/memory.memsw.limit_in_bytes", memory);
                Set($"{Mount}/memory/{group}/memory.kmem.tcp.limit_in_bytes", (SocketMemoryOf(limits) ?? 0).ToString(CultureInfo.InvariantCulture));
                Set($"{Mount}/pids/{group}/pids.max", pids);
            }

            work.Make(owner);
            _owners[owner] = (limits, tasks);
        }
    }

    /// <summary>
    /// Makes the group of a sandbox, in which its root may make groups of its own and move processes between them. The
    /// files with the sandbox's own limits stay the host's. https://docs.kernel.org/admin-guide/cgroup-v2.html#delegation
    /// </summary>
    public void Delegate(PersonId owner, SandboxId sandbox, uint root)
    {
        foreach (var hierarchy in Hierarchies())
        {
            var group = hierarchy + PathOf(owner, sandbox);
            Directory.CreateDirectory(group);
            Mounting.Chown(group, root, root);
            foreach (var file in (ReadOnlySpan<string>)["cgroup.procs", "cgroup.threads", "cgroup.subtree_control", "tasks"])
            {
                if (File.Exists($"{group}/{file}"))
                {
                    Mounting.Chown($"{group}/{file}", root, root);
                }
            }
        }
    }

    /// <summary>Removes the groups of a person of whom no sandbox is left.</summary>
    public async Task RemoveOwnerAsync(PersonId owner)
    {
        await work.RemoveAsync(owner);
        lock (_lock)
        {
            _owners.Remove(owner);
            foreach (var root in Hierarchies())
            {
                RemoveTree($"{root}/{options.Instance}/{owner}");
            }
        }
    }

    /// <summary>The processes of a sandbox, as the host numbers them.</summary>
    public IReadOnlyList<int> Processes(PersonId owner, SandboxId sandbox)
    {
        try
        {
            return [.. File.ReadAllLines((Unified ? Mount : Mount + "/pids") + PathOf(owner, sandbox) + "/cgroup.procs").Select(line => int.Parse(line, CultureInfo.InvariantCulture))];
        }
        catch (IOException)
        {
            return []; // the group is gone
        }
    }

    /// <summary>
    /// Programs that the kernel killed in a sandbox for memory since its group was made; null when the group is gone.
    /// memory.oom_control of v1, memory.events of v2: <c>oom_kill 2</c>.
    /// </summary>
    public long? MemoryKillsOf(PersonId owner, SandboxId sandbox)
    {
        try
        {
            var file = Unified ? $"{Mount}{PathOf(owner, sandbox)}/memory.events" : $"{Mount}/memory{PathOf(owner, sandbox)}/memory.oom_control";
            return File.ReadLines(file).Where(line => line.StartsWith("oom_kill ", StringComparison.Ordinal))
                .Select(line => (long?)long.Parse(line.AsSpan(9), CultureInfo.InvariantCulture)).FirstOrDefault();
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The processes of a sandbox in its own group and in all groups that it made.</summary>
    public IReadOnlyList<int> ProcessesBelow(PersonId owner, SandboxId sandbox)
    {
        try
        {
            var group = (Unified ? Mount : Mount + "/pids") + PathOf(owner, sandbox);
            return
            [
                .. Directory.EnumerateFiles(group, "cgroup.procs", SearchOption.AllDirectories).SelectMany(File.ReadLines)
                    .Select(line => int.Parse(line, CultureInfo.InvariantCulture)),
            ];
        }
        catch (IOException)
        {
            return []; // a group is gone
        }
    }

    /// <summary>How many groups a sandbox has made in all hierarchies; counting ends above <paramref name="most"/>.</summary>
    public int CountBelow(PersonId owner, SandboxId sandbox, int most)
    {
        try
        {
            return Hierarchies().Select(hierarchy => hierarchy + PathOf(owner, sandbox)).Where(Directory.Exists)
                .SelectMany(group => Directory.EnumerateDirectories(group, "*", SearchOption.AllDirectories)).Take(most + 1).Count();
        }
        catch (IOException)
        {
            return 0; // a group is gone
        }
    }

    /// <summary>Bytes of kernel objects charged to a sandbox.</summary>
    public long KernelMemoryOf(PersonId owner, SandboxId sandbox)
    {
        try
        {
            return Unified
                ? File.ReadLines($"{Mount}{PathOf(owner, sandbox)}/memory.stat").Where(line => line.StartsWith("kernel ", StringComparison.Ordinal))
                    .Select(line => long.Parse(line.AsSpan(7), CultureInfo.InvariantCulture)).FirstOrDefault()
                : long.Parse(File.ReadAllText($"{Mount}/memory{PathOf(owner, sandbox)}/memory.kmem.usage_in_bytes"), CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0; // the group is gone
        }
    }

    /// <summary>Bytes charged to all sandboxes together.</summary>
    public long MemoryOfAll()
    {
        var file = Unified ? $"{Mount}/{options.Instance}/memory.current" : $"{Mount}/memory/{options.Instance}/memory.usage_in_bytes";
        return File.Exists(file) ? long.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>What all sandboxes together have of the host's memory; null before the first of them.</summary>
    public GroupMemory? MemoryOfEverything() => Memory($"/{options.Instance}");

    /// <summary>Bytes that a sandbox holds, without copies of files, which the kernel drops when it needs the memory.</summary>
    public long MemoryOf(PersonId owner, SandboxId sandbox) => Memory(PathOf(owner, sandbox))?.Held ?? 0;

    private static GroupMemory? Memory(string group)
    {
        try
        {
            var directory = (Unified ? Mount : Mount + "/memory") + group;
            var usage = long.Parse(File.ReadAllText(directory + (Unified ? "/memory.current" : "/memory.usage_in_bytes")), CultureInfo.InvariantCulture);
            return GroupMemory.Parse(usage, File.ReadLines(directory + "/memory.stat"));
        }
        catch (IOException)
        {
            return null; // the group is gone, or not made yet
        }
    }

    /// <summary>Kills what is left in the group of a sandbox that is to go.</summary>
    public async Task KillAsync(PersonId owner, SandboxId sandbox)
    {
        for (var attempt = 0; attempt < 2500 && Processes(owner, sandbox) is { Count: > 0 } left; attempt++)
        {
            foreach (var pid in left)
            {
                _ = Tool.Kill(pid, 9);
            }

            await Task.Delay(2);
        }
    }

    /// <summary>Removes every group of this daemon that belongs to none of the living, and kills what is in it.</summary>
    public async Task RemoveOrphansAsync(IReadOnlySet<SandboxId> living)
    {
        foreach (var root in Hierarchies())
        {
            var ours = $"{root}/{options.Instance}";
            foreach (var owner in Children(ours))
            {
                foreach (var group in Children(owner))
                {
                    if (SandboxId.TryParse(Path.GetFileName(group), out var id) && living.Contains(id))
                    {
                        continue;
                    }

                    for (var attempt = 0; attempt < 1000 && File.ReadAllLines(group + "/cgroup.procs") is { Length: > 0 } left; attempt++)
                    {
                        foreach (var pid in left)
                        {
                            _ = Tool.Kill(int.Parse(pid, CultureInfo.InvariantCulture), 9);
                        }

                        await Task.Delay(5);
                    }

                    RemoveTree(group);
                }

                _ = RemoveDirectory(owner);
            }

            _ = RemoveDirectory(ours);
        }

        work.RemoveEmpty();
    }

    /// <summary>
    /// Bounds the sum over everybody, once: whatever limits were granted, a tenth of the memory and a quarter of the
    /// process numbers stay the host's own, so that it is a sandbox that the kernel stops and not this daemon.
    /// </summary>
    private void BoundAll()
    {
        if (_bounded)
        {
            return;
        }

        _bounded = true;
        var memory = MemoryOfEverybody.ToString(CultureInfo.InvariantCulture);
        var pids = TasksOfEverybody.ToString(CultureInfo.InvariantCulture);
        if (Unified)
        {
            Directory.CreateDirectory($"{Mount}/{options.Instance}");
            Set($"{Mount}/cgroup.subtree_control", "+cpu +memory +pids");
            Set($"{Mount}/{options.Instance}/cpu.weight", (CpuShares * 100 / 1024).ToString(CultureInfo.InvariantCulture));
            Set($"{Mount}/{options.Instance}/memory.max", memory);
            Set($"{Mount}/{options.Instance}/pids.max", pids);
        }
        else
        {
            Directory.CreateDirectory($"{Mount}/memory/{options.Instance}");
            Directory.CreateDirectory($"{Mount}/pids/{options.Instance}");
            Directory.CreateDirectory($"{Mount}/cpu/{options.Instance}");
            Set($"{Mount}/cpu/{options.Instance}/cpu.shares", CpuShares.ToString(CultureInfo.InvariantCulture));
            Set($"{Mount}/memory/{options.Instance}/memory.limit_in_bytes", memory);
            Set($"{Mount}/pids/{options.Instance}/pids.max", pids);
        }
    }

    private static string OrMax(long rate) => rate == 0 ? "max" : rate.ToString(CultureInfo.InvariantCulture);

    private static string[] Children(string directory) => Directory.Exists(directory) ? Directory.GetDirectories(directory) : [];

    /// <summary>What is still in use stays: the kernel refuses.</summary>
    internal static void RemoveTree(string group)
    {
        foreach (var child in Children(group))
        {
            RemoveTree(child);
        }

        _ = RemoveDirectory(group);
    }

    internal static string[] Hierarchies() =>
        Unified ? [Mount] : [.. Directory.GetDirectories(Mount).Where(directory => File.Exists(directory + "/cgroup.procs"))];

    internal void Set(string file, string value)
    {
        try
        {
            File.WriteAllText(file, value);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // A limit cannot be lowered below what runs until that has ended; a kernel without swap accounting lacks the file.
            LogNotSet(logger, file, value, fault.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{File} could not be set to {Value}: {Why}")]
    private static partial void LogNotSet(ILogger logger, string file, string value, string why);

    /// <summary>rmdir(2): <c>Directory.Delete</c> looks into a control group first and finds files it may not delete.</summary>
    [LibraryImport("libc", EntryPoint = "rmdir", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int RemoveDirectory(string path);
}
