using System.Globalization;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Attacks;

/// <summary>
/// Calls that no sandbox needs. Their arguments do nothing, so where the kernel lets them through it complains of those:
/// it does for the host's root.
/// </summary>
[Collection(nameof(LinuxHost))]
public sealed class CallAttacks(LinuxHost host) : Attacker(host)
{
    private static readonly int[] Refused = [1, 38, 93, 94, 97]; // EPERM, ENOSYS, EPROTONOSUPPORT, ESOCKTNOSUPPORT, EAFNOSUPPORT

    private static Dictionary<string, int>? s_inside;
    private static Dictionary<string, int>? s_outside;

    public static TheoryData<string> Names { get; } =
    [
        "acct", "add_key", "bpf", "clock_settime", "delete_module", "fanotify_init", "finit_module", "fsconfig", "fsmount", "fsopen", "fspick", "init_module",
        "io_uring_setup", "io_uring_enter", "io_uring_register", "iopl", "ioperm", "kcmp", "kexec_load", "kexec_file_load", "keyctl", "migrate_pages", "mount",
        "mount_setattr", "move_mount", "open_by_handle_at", "open_tree", "perf_event_open", "pidfd_getfd", "pivot_root", "process_madvise", "quotactl", "reboot",
        "request_key", "setdomainname", "sethostname", "setns", "settimeofday", "swapoff", "swapon", "syslog", "umount", "userfaultfd",
        "socket-sctp", "socket-mptcp", "socket-unknown", "socket-udplite", "socket-unknown6", "socket-seqpacket", "socket-dccp", "socket-can", "socket-bluetooth",
        "socket-xdp", "socket-rds", "socket-tipc", "socket-qipcrtr", "socket-key",
        "clone-user", "clone-mount", "clone-network", "clone-pid", "clone-ipc", "clone-uts", "clone-cgroup", "clone3",
        "unshare-user", "unshare-mount", "unshare-network", "unshare-pid", "unshare-ipc", "unshare-uts", "unshare-cgroup",
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Calls_that_no_sandbox_needs_are_refused(string name)
    {
        s_inside ??= Read((await RunAsync(await LaunchAsync(), "/attack", "calls")).Text);
        s_outside ??= Read(await AttackOnHostAsync("calls"));
        Assert.Contains(s_inside[name], Refused);
        Assert.True(Refused.Contains(s_outside[name]) || s_outside[name] != s_inside[name], $"{name}: {s_outside[name]} for the host's root");
        Assert.Equal(s_inside.Count, s_outside.Count);
        Assert.Equal(Names.Count, s_inside.Count);
    }

    // mount 1
    private static Dictionary<string, int> Read(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))
        .ToDictionary(words => words[0], words => int.Parse(words[1], CultureInfo.InvariantCulture), StringComparer.Ordinal);
}
