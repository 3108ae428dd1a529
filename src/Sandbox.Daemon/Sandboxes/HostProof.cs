using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Sandbox.Core.Runtime;
using Sandbox.Daemon.Isolation;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Networks;
using Sandbox.Daemon.Oci;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// Tries everything that isolation rests on, once at the start: a version or a configuration says what a host should be
/// able to do, and containers around us often forbid it. Nothing that a trial makes has a name, apart from a kernel of
/// gVisor, so nothing else is left when this process is killed during one. That kernel takes longer than all others together;
/// nobody waits for it but launches of its class, and a daemon whose operator requires it.
/// </summary>
internal sealed partial class HostProof(DaemonOptions options, UidRanges ranges, ProcessWatch watch, Tool tool, GvisorTrial kernels, ILogger<HostProof> logger)
{
    private const string Gvisor = "gvisor";

    private const string Groups = "/sys/fs/cgroup";

    private static readonly string[] Controllers = ["cpu", "memory", "pids"];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>The checks, for a policy and for people, in the order in which they are shown.</summary>
    private static readonly (string Name, string Title, string Meaning)[] Known =
    [
        ("user_namespaces", "User namespaces", "Root in a sandbox is nobody on the host: its user numbers belong to no account there."),
        ("own_kernel_user", "A kernel user for each sandbox", "What the kernel counts for each user, one sandbox cannot use up for another or for the host."),
        ("idmapped_mounts", "Idmapped mounts", "Sandboxes share the files of images, and none can change them for another."),
        ("seccomp", "System call filter", "Programs in a sandbox reach only those parts of the kernel that they need."),
        ("control_groups", "Control groups", "A sandbox gets its part of memory, processor and processes, and no more."),
        ("disk_quota", "Disk quota", "A sandbox has a disk of its own size: it cannot fill that of the host."),
        ("egress_filter", "Network filter", "A sandbox reaches neither the host, nor its network, nor the sandboxes of others."),
        (Gvisor, "gVisor", "Sandboxes of the class gvisor have a kernel of their own, written in a safe language: an attack on the kernel of the host first has to get through that."),
        ("kvm", "Virtual machines", "Sandboxes could be small virtual machines. This version has no class for that."),
    ];

    /// <summary>The names that a policy may require.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(check => check.Name)];

    private volatile IReadOnlyList<HostCheck> _results = [];
    private Task _gvisor = Task.CompletedTask;

    /// <summary>The results, once <see cref="RunAsync"/> has run.</summary>
    public IReadOnlyList<HostCheck> Results => _results;

    /// <summary>
    /// The isolation classes that this host starts, the default first: their program is installed, and its trial did not fail. One
    /// whose trial is under way is among them; see <see cref="CompleteAsync"/>.
    /// </summary>
    public IReadOnlyList<string> Classes =>
        [.. IsolationClasses.Names.Where(name => name == Gvisor && !_gvisor.IsCompleted || !Results.Any(check => check.Name == name && !check.IsProven))];

    /// <summary>Waits until a trial of a class that is still under way has ended.</summary>
    public Task CompleteAsync(string? isolation = Gvisor) => isolation == Gvisor ? _gvisor : Task.CompletedTask;

    /// <summary>Tries everything. Returns the mistakes of this host: the checks that the operator requires and that failed.</summary>
    public async Task<IReadOnlyList<string>> RunAsync()
    {
        var namespaces = TryNamespacesAsync();
        var found = new Dictionary<string, Task<(bool IsProven, string Found)>>(StringComparer.Ordinal)
        {
            ["user_namespaces"] = PartAsync(namespaces, part => part.User),
            ["own_kernel_user"] = PartAsync(namespaces, part => part.Owner),
            ["idmapped_mounts"] = PartAsync(namespaces, part => part.Idmap),
            ["seccomp"] = TryAsync(() => Task.FromResult(SeccompTrial.Run())),
            ["control_groups"] = TryAsync(() => Task.FromResult(TryControlGroups())),
            ["disk_quota"] = TryAsync(() => Task.FromResult(TryLoop())),
            ["egress_filter"] = TryAsync(ReadFilterAsync),
            [Gvisor] = TryAsync(FindGvisorAsync),
            ["kvm"] = TryAsync(() => Task.FromResult(TryKvm())),
        };
        var results = new List<HostCheck>();
        foreach (var (name, title, meaning) in Known)
        {
            var (isProven, words) = await found[name];
            var isUnderWay = name == Gvisor && isProven;
            results.Add(new HostCheck(name, title, isProven && !isUnderWay, words, meaning));
            if (!isUnderWay)
            {
                LogFound(logger, name, isProven ? "proven" : "not there", words);
            }
        }

        _results = results;
        if ((await found[Gvisor]).IsProven)
        {
            _gvisor = StartGvisorAsync(results);
            if (options.RequiredIsolation.Contains(Gvisor, StringComparer.Ordinal))
            {
                await _gvisor;
            }
        }

        return [.. Results.Where(check => !check.IsProven && options.RequiredIsolation.Contains(check.Name, StringComparer.Ordinal)).Select(check => $"{check.Name}: {check.Found}")];
    }

    /// <summary>A trial that fails for whatever reason is one that proved nothing; its message is the result.</summary>
    private static async Task<(bool IsProven, string Found)> TryAsync(Func<Task<(bool IsProven, string Found)>> trial, TimeSpan? patience = null)
    {
        try
        {
            return await Task.Run(trial).WaitAsync(patience ?? Patience);
        }
        catch (Exception fault)
        {
            return (false, fault.InnerException?.Message ?? fault.Message);
        }
    }

    private static Task<(bool IsProven, string Found)> PartAsync(Task<Namespaces> all, Func<Namespaces, (bool, string)> part) => TryAsync(async () => part(await all));

    private async Task<Namespaces> TryNamespacesAsync()
    {
        var range = ranges.Reserve();
        try
        {
            using var holder = await NamespaceHolder.StartAsync(range, watch).WaitAsync(Patience);
            var user = (true, string.Create(CultureInfo.InvariantCulture, $"Made one, with uids from {range.First}."));
            return new Namespaces(user, TryOwner(holder, range), TryIdmap(holder, range));
        }
        finally
        {
            ranges.Release(range);
        }
    }

    private static unsafe (bool, string) TryOwner(NamespaceHolder holder, UidRange range)
    {
        uint owner = 0;
        var result = (int)Native.SysCall(16 /* ioctl */, holder.User.DangerousGetHandle(), 0xb704 /* NS_GET_OWNER_UID */, (nint)(&owner), 0, 0);
        return result < 0 ? (false, $"ioctl: {Marshal.GetLastPInvokeErrorMessage()}")
            : owner == range.First ? (true, string.Create(CultureInfo.InvariantCulture, $"The namespace belongs to user {owner}, which is its sandbox's alone."))
            : (false, string.Create(CultureInfo.InvariantCulture, $"The namespace belongs to user {owner}, as those of other sandboxes do."));
    }

    private (bool, string) TryIdmap(NamespaceHolder holder, UidRange range)
    {
        try
        {
            var owner = Mounting.OwnerThrough(options.DataDirectory, holder.User);
            return owner == range.First
                ? (true, string.Create(CultureInfo.InvariantCulture, $"Files of root on the disk of the images belong to {owner} on a mapped mount of it."))
                : (false, string.Create(CultureInfo.InvariantCulture, $"Files of root belong to {owner} on a mapped mount, and not to {range.First}."));
        }
        catch (IOException fault)
        {
            return (false, fault.Message);
        }
    }

    private (bool, string) TryControlGroups()
    {
        var isUnified = File.Exists($"{Groups}/cgroup.controllers");
        var parent = isUnified ? Groups : $"{Groups}/pids";
        var group = $"{parent}/{options.Instance}-proof";
        Directory.CreateDirectory(group); // also one that was left
        try
        {
            if (!isUnified)
            {
                File.WriteAllText($"{group}/pids.max", "17");
                if (File.ReadAllText($"{group}/pids.max").Trim() != "17")
                {
                    return (false, "A limit of processes was not taken.");
                }
            }

            var controllers = isUnified
                ? File.ReadAllText($"{Groups}/cgroup.controllers").Split(' ', '\n')
                : [.. Directory.EnumerateDirectories(Groups).Select(directory => Path.GetFileName(directory))];
            var missing = Controllers.Except(controllers, StringComparer.Ordinal).ToList();
            return missing.Count > 0
                ? (false, $"Version {(isUnified ? 2 : 1)}, without {string.Join(", ", missing)}.")
                : (true, $"Version {(isUnified ? 2 : 1)}, with cpu, memory and pids; made a group.");
        }
        finally
        {
            Directory.Delete(group);
        }
    }

    private (bool, string) TryLoop()
    {
        var file = Path.Combine(options.DataDirectory, "proof.disk");
        using (var disk = File.OpenHandle(file, FileMode.Create, FileAccess.ReadWrite))
        {
            RandomAccess.SetLength(disk, 1 << 20);
        }

        try
        {
            var (device, path) = Mounting.AttachLoop(file); // the kernel detaches it when the handle is closed
            device.Dispose();
            return (true, $"Attached a file as the disk {path}. Each sandbox has a disk of this kind.");
        }
        finally
        {
            File.Delete(file);
        }
    }

    private async Task<(bool, string)> ReadFilterAsync()
    {
        var table = await tool.RunAsync("nft", ["list", "table", "inet", Firewall.TableOf(options)]);
        return !table.Ok ? (false, table.Complaint)
            : table.Text.Contains("hook forward", StringComparison.Ordinal) && table.Text.Contains("169.254.0.0/16", StringComparison.Ordinal)
                ? (true, $"The kernel has the rules of the table inet {Firewall.TableOf(options)}.")
                : (false, $"The table inet {Firewall.TableOf(options)} lacks its rules.");
    }

    private async Task<(bool, string)> FindGvisorAsync()
    {
        try
        {
            var version = await tool.RunOrThrowAsync("runsc", ["--version"]);
            return (true, $"{version.Text.Split('\n')[0]} is installed. A kernel is being started with it.");
        }
        catch (IOException fault)
        {
            return (false, $"The host has no runsc that runs: {fault.Message}");
        }
    }

    /// <summary>Replaces the result of the program's version by that of a kernel.</summary>
    private async Task StartGvisorAsync(List<HostCheck> results)
    {
        var version = results.Find(check => check.Name == Gvisor)!.Found.Split(" is installed", 2)[0];
        var (isProven, words) = await TryAsync(async () => (true, $"{version} started a kernel as sandboxes have it, and a program ran on it: {await kernels.RunAsync()}."), 2 * Patience);
        words = isProven ? words : $"{version} is installed, and starts no kernel here: {words}";
        _results = [.. results.Select(check => check.Name == Gvisor ? check with { IsProven = isProven, Found = words } : check)];
        LogFound(logger, Gvisor, isProven ? "proven" : "not there", words);
    }

    private static (bool, string) TryKvm()
    {
        if (!File.Exists("/dev/kvm"))
        {
            return (false, "Sandboxes as virtual machines are not offered here: this host has no /dev/kvm.");
        }

        using var kvm = File.OpenHandle("/dev/kvm", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var version = (int)Native.SysCall(16 /* ioctl */, kvm.DangerousGetHandle(), 0xae00 /* KVM_GET_API_VERSION */, 0, 0, 0);
        using var machine = new SafeFileHandle(Native.SysCall(16, kvm.DangerousGetHandle(), 0xae01 /* KVM_CREATE_VM */, 0, 0, 0), ownsHandle: true);
        return version == 12 && !machine.IsInvalid
            ? (true, "/dev/kvm makes machines (whether a system runs in one was not tried). Sandboxes as virtual machines are not offered: this version has no class for them.")
            : (false, $"Sandboxes as virtual machines are not offered here: the host's /dev/kvm makes none: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    private sealed record Namespaces((bool, string) User, (bool, string) Owner, (bool, string) Idmap);

    [LoggerMessage(Level = LogLevel.Information, Message = "Isolation: {Check} is {State}. {Found}")]
    private static partial void LogFound(ILogger logger, string check, string state, string found);
}
