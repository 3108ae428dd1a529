using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Snapshots;
using Sandbox.Daemon.Networks;
using Sandbox.Daemon.Sandboxes;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Attacks;

/// <summary>Root of a sandbox in which Docker runs: everything that it may more than another root, turned against the host.</summary>
[Collection(nameof(LinuxHost))]
public sealed class NestedAttacks(LinuxHost host) : Attacker(host)
{
    private const string Get = "get() { printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w ${2:-2} $1 80; }; ";

    [Fact]
    public async Task Only_an_image_of_the_operator_gets_the_class()
    {
        var refused = await Assert.ThrowsAsync<SandboxException>(() => LaunchAsync(Spec() with { Isolation = "nested" }));
        Assert.Equal(ErrorCode.Invalid, refused.Code);
        Assert.Contains("cannot be started with the class 'nested'", refused.Message, StringComparison.Ordinal);

        // The same bytes from elsewhere, with another configuration.
        using var archive = new MemoryStream();
        await foreach (var bytes in Host.Runtime.Images.ExportAsync(Host.Nested, ArchiveKind.Oci, "copy:1", Cancel))
        {
            archive.Write(bytes.Span);
        }

        Assert.True(archive.Length > 0);
        var id = await LaunchAsync(Spec() with { Image = Host.Nested, Isolation = "container" });
        Assert.NotEqual(0, (await RunAsync(id, "mount", "-t", "tmpfs", "none", "/mnt")).Code);
    }

    /// <summary>Docker's own state keeps working in what is saved, and the class survives a restart of the daemon.</summary>
    [Fact]
    public async Task A_saved_state_keeps_the_class()
    {
        var id = await LaunchNestedAsync();
        await RunAsync(id, "sh", "-c", "echo changed > /root/file");
        var saved = await Host.Runtime.Sandboxes.SnapshotAsync(id, new SnapshotSpec(), Cancel);
        await Host.KillAsync();
        await Host.StartAsync();
        var again = await LaunchAsync(Spec() with { Image = saved.Image.Digest });
        Assert.Equal((0, "changed\n"), await RunAsync(again, "sh", "-c", "mkdir /m && mount -t tmpfs none /m && cat /root/file"));
    }

    /// <summary>The daemon connects to Docker's socket as root of the host, by a path that root of the sandbox may change.</summary>
    [Fact]
    public async Task What_lies_at_the_place_of_Dockers_socket_does_not_lead_out()
    {
        var outside = Path.Combine(Path.GetTempPath(), $"outside-{Guid.NewGuid():N}.sock");
        using var bait = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        bait.Bind(new UnixDomainSocketEndPoint(outside));
        bait.Listen();
        var id = await LaunchNestedAsync();
        foreach (var line in (string[])
        [
            $"ln -sfn {outside} /run/docker.sock",
            $"ln -sfn ../../../../../..{outside} /run/docker.sock",
            $"ln -sfn /proc/1/root{outside} /run/docker.sock",
            "rm /run/docker.sock; mkdir -p /run/docker.sock; mount --bind / /run/docker.sock",
            "umount /run/docker.sock; rmdir /run/docker.sock; mkfifo /run/docker.sock",
            $"rm /run/docker.sock; umount -l /run; mv /run /old; ln -s {Path.GetDirectoryName(outside)} /run; ln -s {outside} {Path.GetDirectoryName(outside)}/docker.sock",
        ])
        {
            await RunAsync(id, "sh", "-c", line);
            Assert.Null(await Host.Runtime.Ports.ConnectToDockerAsync(id, Cancel));
        }

        Assert.False(bait.Poll(0, SelectMode.SelectRead));
        File.Delete(outside);
    }

    /// <summary>Files that change the whole host. Root of a user namespace is nobody to them.</summary>
    [Theory]
    [InlineData("/proc/sysrq-trigger", "h")]
    [InlineData("/proc/sys/kernel/core_pattern", "|/bin/sh")]
    [InlineData("/proc/sys/kernel/modprobe", "/bin/sh")]
    [InlineData("/proc/sys/kernel/hotplug", "/bin/sh")]
    [InlineData("/proc/sys/kernel/pty/max", "1")]
    [InlineData("/proc/sys/kernel/randomize_va_space", "0")]
    [InlineData("/proc/sys/kernel/yama/ptrace_scope", "0")]
    [InlineData("/proc/sys/fs/file-max", "1")]
    [InlineData("/proc/sys/fs/binfmt_misc/register", ":x:M::xx::/bin/sh:")]
    [InlineData("/proc/sys/vm/drop_caches", "3")]
    [InlineData("/proc/sys/vm/overcommit_memory", "2")]
    [InlineData("/proc/sys/net/core/rmem_max", "1000000000")]
    [InlineData("/proc/sys/net/ipv4/tcp_mem", "1 1 1")]
    [InlineData("/proc/sys/net/ipv4/neigh/default/gc_thresh3", "1")]
    [InlineData("/proc/sys/net/netfilter/nf_conntrack_max", "1")]
    [InlineData("/sys/kernel/mm/transparent_hugepage/enabled", "never")]
    [InlineData("/sys/kernel/uevent_helper", "/bin/sh")]
    [InlineData("/sys/power/state", "mem")]
    [InlineData("/sys/devices/system/cpu/cpu1/online", "0")]
    [InlineData("/sys/module/kernel/parameters/panic", "1")]
    public async Task Files_of_the_host_cannot_be_written(string file, string text)
    {
        var id = await LaunchNestedAsync();
        var before = Read(file);
        Assert.NotEqual(0, (await RunAsync(id, "sh", "-c", $"echo '{text}' > {file}")).Code);

        // Nor through mounts of its own, in namespaces of its own.
        await RunAsync(id, "sh", "-c", $"mkdir -p /m; unshare -mpf sh -c 'mount -t proc none /proc; mount -t sysfs none /m && echo {text} > {file}; echo {text} > /m{file[4..]}'");
        Assert.Equal(before, Read(file));
        await AssertOthersRunAsync();
    }

    [Theory]
    [InlineData("cat /proc/kcore")]
    [InlineData("cat /proc/kmsg")]
    [InlineData("cat /proc/vmallocinfo")]
    [InlineData("cat /proc/slabinfo")]
    [InlineData("cat /proc/timer_list")]
    [InlineData("dmesg")]
    [InlineData("mknod /d b 7 0 && cat /d")]
    [InlineData("mknod /d c 1 1 && cat /d")]
    [InlineData("mknod /var/lib/docker/d b 7 0 && cat /var/lib/docker/d")]
    [InlineData("mkdir /m; mknod /d b 7 0; mount -t ext4 /d /m")]
    [InlineData("mkdir /m && mount -t ext4 /dev/loop0 /m")]
    [InlineData("mkdir /m && mount -t debugfs none /m")]
    [InlineData("mkdir /m && mount -t tracefs none /m")]
    [InlineData("mkdir /m && mount -t securityfs none /m")]
    [InlineData("mkdir /m && mount -t bpf none /m")]
    [InlineData("mkdir /m && mount -t devtmpfs none /m && ls /m/loop0")]
    [InlineData("mkdir /m && mount -t configfs none /m")]
    [InlineData("mkdir /m && mount -t efivarfs none /m")]
    [InlineData("mkdir /m && mount -t 9p none /m")]
    [InlineData("mkdir /m && mount -t nfs 127.0.0.1:/ /m")]
    [InlineData("insmod /bin/busybox")]
    [InlineData("date -s 2001-01-01; [ $(date +%Y) = 2001 ]")]
    [InlineData("hwclock -w")]
    [InlineData("swapoff -a; swapon /dev/loop0")]
    [InlineData("nsenter -t 1 -m -- ls /home/nobody; ls /proc/1/root/../../../work 2> /dev/null; false")]
    [InlineData("mount -o remount,rw /dev/init; echo x > /dev/init")]
    [InlineData("mount -o remount,rw,bind /dev/init; echo x >> /dev/init")]
    [InlineData("echo 100000 > /proc/sys/user/max_net_namespaces")]
    [InlineData("echo -1 > /sys/fs/cgroup/memory/memory.limit_in_bytes")]
    [InlineData("echo max > /sys/fs/cgroup/pids/pids.max")]
    [InlineData("echo -1 > /sys/fs/cgroup/cpu/cpu.cfs_quota_us")]
    [InlineData("echo 262144 > /sys/fs/cgroup/cpu/cpu.shares")]
    [InlineData("echo '254:0 0' > /sys/fs/cgroup/blkio/blkio.throttle.read_bps_device")]
    [InlineData("echo a > /sys/fs/cgroup/devices/devices.allow")]
    [InlineData("echo /bin/sh > /sys/fs/cgroup/memory/release_agent")]
    [InlineData("mkdir /m && mount -t cgroup -o memory none /m && echo /bin/sh > /m/release_agent")]
    [InlineData("mkdir /m && mount -t cgroup -o memory none /m && echo -1 > /m/memory.limit_in_bytes")]
    [InlineData("mkdir /m && mount -t cgroup -o none,name=mine none /m && echo /bin/sh > /m/release_agent")]
    [InlineData("mkdir /m; unshare -C sh -c 'mount -t cgroup -o memory none /m && echo /bin/sh > /m/release_agent'")]
    [InlineData("mkdir /m && mount -t cgroup2 none /m; cat /m/cgroup.procs /m/*/cgroup.procs | grep -q . && echo 1 > /m/cgroup.procs")]
    public async Task Root_of_a_sandbox_is_nobody_to_the_host(string command)
    {
        var id = await LaunchNestedAsync();
        var (code, text) = await RunAsync(id, "sh", "-c", command);
        Assert.True(code != 0, $"'{command}' went well: {text}");
        await AssertOthersRunAsync();
    }

    /// <summary>Mounts of a sandbox are its own.</summary>
    [Fact]
    public async Task Mounts_do_not_reach_the_host_or_a_neighbour()
    {
        var before = File.ReadAllLines("/proc/self/mountinfo").Length;
        var id = await LaunchNestedAsync();
        var launched = File.ReadAllLines("/proc/self/mountinfo").Length;
        Assert.Equal(0, (await RunAsync(id, "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do mkdir -p /m/$i /var/lib/docker/$i; mount -t tmpfs none /m/$i; mount --bind / /var/lib/docker/$i; done; mount --make-rshared / || true")).Code);
        Assert.Equal(launched, File.ReadAllLines("/proc/self/mountinfo").Length);
        await AssertOthersRunAsync();
        await Host.Runtime.Sandboxes.RemoveAsync(id, Cancel);
        Assert.InRange(File.ReadAllLines("/proc/self/mountinfo").Length, 0, before + 2); // those of the neighbour that ran
    }

    /// <summary>Groups below have limits of their own choice; those of the sandbox hold for their sum.</summary>
    [Fact]
    public async Task Groups_below_stay_within_the_limits_of_the_sandbox()
    {
        var id = await LaunchNestedAsync();
        var (_, text) = await RunAsync(id, "sh", "-c", "cd /sys/fs/cgroup/memory; mkdir a && echo -1 > a/memory.limit_in_bytes; (echo 0 > a/cgroup.procs; mkdir /m && mount -t tmpfs -o size=8g none /m; dd if=/dev/zero of=/m/fill bs=1M count=2000); echo \"ended $?\"");
        Assert.DoesNotContain("ended 0", text, StringComparison.Ordinal);
        await AssertOthersRunAsync();
        var forker = await LaunchNestedAsync(); // the other one is full
        var (_, forks) = await RunAsync(forker, "sh", "-c", "cd /sys/fs/cgroup/pids; mkdir a; echo max > a/pids.max; (echo 0 > a/cgroup.procs; i=0; while [ $i -lt 500 ]; do sleep 5 & i=$((i+1)); done)");
        Assert.Contains("can't fork", forks, StringComparison.Ordinal);
        await AssertOthersRunAsync();
    }

    /// <summary>The host has 65,535 control groups, and a launch needs some.</summary>
    [Fact]
    public async Task Too_many_control_groups_stop_the_sandbox()
    {
        var id = await LaunchNestedAsync();
        _ = RunAsync(id, "sh", "-c", "for c in memory cpu pids; do (cd /sys/fs/cgroup/$c; i=0; while [ $i -lt 30000 ]; do mkdir g$i || exit; i=$((i+1)); done) & done; wait");
        await UntilStoppedAsync(id, "control groups");
        await AssertOthersRunAsync();
        await Host.Runtime.Sandboxes.RemoveAsync(id, Cancel);
        await UntilAsync(() => Task.FromResult(Groups() <= 5_000), "the groups go"); // the kernel takes them apart later
    }

    [Theory]
    [InlineData("messages")]
    [InlineData("messages-away")]
    public async Task Uncounted_memory_stops_the_sandbox_that_holds_it(string kind)
    {
        var before = HostMemory.Available();
        var id = await LaunchNestedAsync();
        await BeginAsync(id, kind, 15_000, processes: 16);
        await UntilStoppedAsync(id, "held");
        await AssertOthersRunAsync();
        Assert.True(before > 0);
    }

    /// <summary>The kernel has one table of neighbours for all networks: 1,024 of them left the host and everybody else without.</summary>
    [Theory]
    [InlineData("neighbours")]
    [InlineData("neighbours-kept")]
    public async Task Neighbours_of_a_sandbox_do_not_fill_the_hosts_table(string kind)
    {
        var refused = RefusedNeighbours();
        var id = await LaunchNestedAsync();
        Assert.Equal(0, (await RunAsync(id, "ip", "addr", "add", "10.0.0.1/8", "dev", "eth0")).Code);
        await BeginAsync(id, kind, 200_000, processes: 4);
        await UntilStoppedAsync(id, "neighbours");
        Assert.Equal(refused, RefusedNeighbours());
        await AssertOthersRunAsync();
    }

    [Fact]
    public async Task As_many_neighbours_as_a_cluster_has_stop_nobody()
    {
        var id = await LaunchNestedAsync();
        Assert.Equal(new Loot(4_000, 0), Assert.Single(await AttackAsync(id, "neighbours-kept", 4_000)));
        Assert.InRange(Neighbours.Of(PidOf(id), 100_000), 4_000, 5_000);
        Assert.Equal(SandboxState.Running, await StateAsync(id));
    }

    [Theory]
    [InlineData("networks")]
    [InlineData("users")]
    public async Task Namespaces_of_a_sandbox_end_at_a_bound(string kind)
    {
        var id = await LaunchNestedAsync();
        var loot = await AttackAsync(id, kind, 1_000);
        Assert.InRange(Assert.Single(loot).Got, 16, 128);
        await AssertOthersRunAsync();
        await AssertHostCanAsync(kind);
        var second = await LaunchNestedAsync();
        Assert.Equal(new Loot(16, 0), Assert.Single(await AttackAsync(second, kind, 16)));
    }

    [Fact]
    public async Task A_user_namespace_below_has_no_limits_of_its_own()
    {
        var id = await LaunchNestedAsync();
        var (_, text) = await RunAsync(id, "unshare", "-Ur", "sh", "-c", "echo 100000 > /proc/sys/user/max_net_namespaces; /attack networks 1000");
        Assert.InRange(int.Parse(text.Split(' ')[0], CultureInfo.InvariantCulture), 16, 128);
        await AssertOthersRunAsync();
    }

    /// <summary>Addresses, MACs and routes of its own choice lead nowhere else than those it was given.</summary>
    [Fact]
    public async Task A_network_of_its_own_making_does_not_reach_a_neighbour()
    {
        var hearer = await LaunchAsync();
        var target = await AddressAsync(hearer);
        await RunAsync(hearer, "sh", "-c", "mkdir /www && echo reached > /www/index.html && httpd -p 80 -h /www");
        var id = await LaunchNestedAsync();
        var own = await AddressAsync(id);
        var beside = target[..(target.LastIndexOf('.') + 1)] + "14";
        foreach (var script in (string[])
        [
            $"get {target}",
            $"ip addr add {beside}/28 dev eth0; get {target}",
            $"ip route add {target}/32 via $(ip route | sed -n 's/default via \\([^ ]*\\).*/\\1/p'); get {target}",
            $"ip link add br0 type bridge; ip link set eth0 master br0; ip link set br0 up; ip addr add {own}/28 dev br0; ip addr add {beside}/28 dev br0; get {target}",
            $"ip link add v0 link eth0 type vlan id 1; ip addr add {beside}/28 dev v0; ip link set v0 up; get {target}",
            $"ip link add m0 link eth0 type macvlan; ip addr add {beside}/28 dev m0; ip link set m0 up; get {target}",
            $"unshare -n ip addr; echo 1 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv6/conf/all/disable_ipv6; ip -6 addr add fd00::5/64 dev eth0; get fd00::1",
        ])
        {
            Assert.DoesNotContain("reached", (await RunAsync(id, "sh", "-c", Get + script)).Text, StringComparison.Ordinal);
        }

        Assert.Contains("reached", (await RunAsync(hearer, "sh", "-c", $"{Get}get {target} 30")).Text, StringComparison.Ordinal);
        await AssertOthersRunAsync();
    }

    [Fact]
    public async Task A_neighbours_address_cannot_be_forged()
    {
        var first = Spec() with { Image = Host.Nested };
        var attacker = await LaunchAsync(first);
        var hearer = await LaunchAsync(Spec() with { Playground = first.Playground, Owner = first.Owner });
        var own = await AddressAsync(attacker);
        var target = await AddressAsync(hearer);
        var heard = await HearAsync(hearer, async () =>
        {
            for (var i = 2; i < 15; i++)
            {
                var source = $"{own[..own.LastIndexOf('.')]}.{(byte.Parse(own[(own.LastIndexOf('.') + 1)..], CultureInfo.InvariantCulture) & 0xf0) + i}";
                if (source != target)
                {
                    // With the hearer's own address, all that follows would stay inside the attacker.
                    await RunAsync(attacker, "sh", "-c", $"ip addr add {source}/28 dev eth0; /attack forge {source} {target}");
                }
            }

            await RunAsync(attacker, "/attack", "forge", own, target, "last");
        });
        Assert.Equal(own + "\n", heard);
    }

    private Task<SandboxId> LaunchNestedAsync() => LaunchAsync(Spec() with { Image = Host.Nested });

    private async Task UntilStoppedAsync(SandboxId id, string notice)
    {
        for (var attempt = 0; attempt < 1200 && await StateAsync(id) == SandboxState.Running; attempt++)
        {
            await Task.Delay(50, Cancel);
        }

        for (var attempt = 0; attempt < 1200; attempt++)
        {
            if ((await Host.Runtime.Sandboxes.FindAsync(id, Cancel))?.Notice is { } said)
            {
                Assert.Contains(notice, said, StringComparison.Ordinal);
                return;
            }

            await Task.Delay(50, Cancel);
        }

        Assert.Fail($"it was not stopped: {await StateAsync(id)}");
    }

    /// <summary>A neighbour launches, and the daemon is the process that it was.</summary>
    private async Task AssertOthersRunAsync()
    {
        var neighbour = await LaunchAsync();
        Assert.Equal((0, "fine\n"), await RunAsync(neighbour, "echo", "fine"));
        await Host.Runtime.Sandboxes.RemoveAsync(neighbour, Cancel);
        Assert.NotEmpty(Host.Parts.GetRequiredService<LiveSandboxes>().All);
    }

    private async Task<string> AddressAsync(SandboxId id) =>
        (await Host.Runtime.Sandboxes.FindAsync(id, Cancel))?.Address ?? throw new InvalidOperationException("no address");

    private static string? Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null; // written only, or not on this kernel
        }
    }

    private int PidOf(SandboxId id) => Host.Parts.GetRequiredService<LiveSandboxes>().Find(id).Record.Pid;

    /// <summary>How often the table was full: the last column of /proc/net/stat/arp_cache, a line for each processor.</summary>
    private static long RefusedNeighbours() => File.ReadLines("/proc/net/stat/arp_cache").Skip(1)
        .Sum(line => long.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture));

    private static int Groups() => File.ReadLines("/proc/cgroups").Where(line => line.StartsWith("memory\t", StringComparison.Ordinal))
        .Select(line => int.Parse(line.Split('\t')[2], CultureInfo.InvariantCulture)).FirstOrDefault();
}
