using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Execs;
using Sandbox.Core.Files;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Xunit;

namespace Sandbox.Daemon.Tests.Sandboxes;

/// <summary>What a sandbox is on this host: who it is, what it may do, what it leaves behind.</summary>
[Collection(nameof(LinuxHost))]
public sealed class LinuxRuntimeTests(LinuxHost host) : IAsyncLifetime
{
    private readonly List<SandboxId> _made = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var id in _made)
        {
            await host.Runtime.Sandboxes.RemoveAsync(id, CancellationToken.None);
        }
    }

    [Fact]
    public async Task Processes_are_confined()
    {
        var id = await LaunchAsync();
        var status = await RunAsync(id, "cat", "/proc/self/status");
        Assert.Contains("Seccomp:\t2", status, StringComparison.Ordinal);
        Assert.Contains("CapBnd:\t00000000800425fb", status, StringComparison.Ordinal);
        Assert.Equal("0\n", await RunAsync(id, "id", "-u"));
        var map = (await RunAsync(id, "cat", "/proc/self/uid_map")).Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.Equal(("0", "65536"), (map[0], map[2]));
        Assert.InRange(uint.Parse(map[1], System.Globalization.CultureInfo.InvariantCulture), host.Options.UidBase, host.Options.UidBase + (64u * 65_536));
    }

    [Fact]
    public async Task A_sandbox_has_a_name_an_address_and_a_resolver()
    {
        var id = await LaunchAsync(spec => spec with { Name = "box-7" });
        Assert.Equal("box-7\n", await RunAsync(id, "hostname"));
        var address = (await host.Runtime.Sandboxes.FindAsync(id, Cancel))!.Address!;
        Assert.Contains(address, await RunAsync(id, "ip", "addr", "show", "eth0"), StringComparison.Ordinal);
        Assert.Contains("nameserver 100.125.", await RunAsync(id, "cat", "/etc/resolv.conf"), StringComparison.Ordinal);
        Assert.Contains("default via", await RunAsync(id, "ip", "route"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mount -t tmpfs none /mnt")]
    [InlineData("mount -t proc none /mnt")]
    [InlineData("mount -o remount,rw /sys")]
    [InlineData("unshare -r true")]
    [InlineData("unshare -m true")]
    [InlineData("unshare -n true")]
    [InlineData("nsenter -t 1 -m -n true")]
    [InlineData("mknod /tmp/sda b 8 0")]
    [InlineData("mknod /tmp/mem c 1 1")]
    [InlineData("echo h > /proc/sysrq-trigger")]
    [InlineData("echo 1 > /proc/sys/kernel/panic")]
    [InlineData("echo '|/bin/sh' > /proc/sys/kernel/core_pattern")]
    [InlineData("head -c 1 /proc/kcore | grep -q .")]
    [InlineData("echo 1 > /sys/kernel/uevent_helper")]
    [InlineData("echo 100000 > /proc/self/oom_score_adj && echo -1000 > /proc/self/oom_score_adj")]
    [InlineData("dmesg")]
    [InlineData("date -s 2001-01-01; date +%Y | grep -q 2001")]
    [InlineData("hostname other && swapoff -a && false || reboot -f")]
    [InlineData("ip link add x type dummy")]
    [InlineData("ip addr add 10.0.0.1/8 dev eth0")]
    [InlineData("echo 0 > /sys/fs/cgroup/memory/memory.limit_in_bytes")]
    [InlineData("test -e /proc/1/root/var/lib/dpkg")]
    [InlineData("ulimit -n 1000000")]
    public async Task What_leads_out_or_up_is_refused(string attempt)
    {
        var id = await LaunchAsync();
        var result = await host.Runtime.Sandboxes.ExecAsync(id, Command("sh", "-c", attempt), Cancel);
        Assert.NotEqual(0, result.ExitCode);
        Assert.Equal("still here\n", await RunAsync(id, "echo", "still here"));
    }

    [Fact]
    public async Task It_sees_only_its_own_processes()
    {
        var id = await LaunchAsync();
        string[] processes;
        do
        {
            processes = [.. (await RunAsync(id, "ps", "-o", "args")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Trim() is "[sh]" ? "sh" : line.Trim()).Distinct(StringComparer.Ordinal)]; // its shell forks for the prompt, and [sh] has ended
        }
        while (!processes.Contains("sh", StringComparer.Ordinal)); // its own command does not run yet

        // In no order: on a busy host its own command gets a higher process number than this one.
        Assert.Equal(["/dev/init -- ps -o args", "/dev/own-init 4 -- sh", "COMMAND", "ps -o args", "sh"], processes.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_disk_ends_at_its_limit_and_says_so()
    {
        var id = await LaunchAsync(spec => spec with { Limits = spec.Limits with { DiskBytes = 16 << 20 } });
        var result = await host.Runtime.Sandboxes.ExecAsync(id, Command("sh", "-c", "cat /dev/zero > /fill"), Cancel);
        Assert.Contains("No space left on device", Encoding.UTF8.GetString(result.Stderr.Span), StringComparison.Ordinal);
        var size = (await host.Runtime.Files.FindAsync(id, At("/fill"), Cancel))!.Size;
        Assert.InRange(size, 8 << 20, 16 << 20);
    }

    [Fact]
    public async Task Inodes_end_at_their_limit()
    {
        var id = await LaunchAsync(spec => spec with { Limits = spec.Limits with { Inodes = 1000 } });
        var result = await host.Runtime.Sandboxes.ExecAsync(id, Command("sh", "-c", "i=0; while [ $i -lt 3000 ]; do true > /f$i || break; i=$((i+1)); done; echo $i"), Cancel);
        Assert.InRange(int.Parse(Encoding.UTF8.GetString(result.Stdout.Span), System.Globalization.CultureInfo.InvariantCulture), 500, 1300);
    }

    [Fact]
    public async Task Processes_end_at_their_limit()
    {
        var id = await LaunchAsync(spec => spec with { Limits = spec.Limits with { Pids = 20 } });
        var result = await host.Runtime.Sandboxes.ExecAsync(id, Command("sh", "-c", "for i in $(seq 60); do sleep 30 & done"), Cancel);
        Assert.Contains("fork", Encoding.UTF8.GetString(result.Stderr.Span), StringComparison.Ordinal);
        Assert.InRange(host.Parts.GetRequiredService<Sandbox.Daemon.ControlGroups.ControlGroupTree>().Processes(_owner, id).Count, 15, 28);
    }

    [Fact]
    public async Task Memory_ends_at_its_limit()
    {
        var id = await LaunchAsync(spec => spec with { Limits = spec.Limits with { MemoryBytes = 32 << 20 } });
        var result = await host.Runtime.Sandboxes.ExecAsync(id, Command("sh", "-c", "x=a; while true; do x=$x$x; done"), Cancel);
        Assert.Equal(137, result.ExitCode);
        Assert.Equal(SandboxState.Running, (await host.Runtime.Sandboxes.FindAsync(id, Cancel))!.State);
    }

    [Fact]
    public async Task Removing_leaves_nothing_on_the_host()
    {
        var id = await LaunchAsync();
        await host.Runtime.Terminals.OpenAsync(id, new TerminalSpec { Id = Core.Terminals.TerminalId.New(), Cols = 80, Rows = 24 }, Cancel);
        Assert.True(Traces(id).Count > 3, string.Join('\n', Traces(id)));
        await host.Runtime.Sandboxes.RemoveAsync(id, Cancel);
        Assert.Empty(Traces(id));
    }

    [Theory]
    [InlineData("mkdir -p '/root/a b' && cd '/root/a b'", "/root/a b")]
    [InlineData("ln -s /root /way && cd /way", "/root")]
    [InlineData("cd /proc", null)]
    [InlineData("mkdir /gone && cd /gone && rmdir /gone", null)]
    public async Task A_terminal_tells_where_its_program_works(string go, string? cwd)
    {
        var id = await LaunchAsync();
        string[] command = ["sh", "-c", $"{go} && touch /there && exec sleep 1000"];
        await host.Runtime.Terminals.OpenAsync(id, new TerminalSpec { Id = Core.Terminals.TerminalId.New(), Cols = 80, Rows = 24, Command = command }, Cancel);
        while ((await host.Runtime.Files.FindAsync(id, SandboxPath.TryParse("/there", out var there) ? there : SandboxPath.Root, Cancel)) is null)
        {
            await Task.Delay(20, Cancel);
        }

        var terminal = Assert.Single(await host.Runtime.Terminals.ListAsync(id, Cancel), terminal => !terminal.IsOwn);
        Assert.Equal(cwd, terminal.Cwd?.ToString());
        Assert.Equal("/root", terminal.Home?.ToString());
    }

    [Fact]
    public async Task A_launch_that_fails_leaves_nothing_on_the_host()
    {
        var spec = Spec() with { User = "nobody-of-that-name" };
        var fault = await Assert.ThrowsAsync<Core.Errors.SandboxException>(() => host.Runtime.Sandboxes.CreateAsync(spec, Cancel));
        Assert.Equal(Core.Errors.ErrorCode.Invalid, fault.Code);
        Assert.Empty(Traces(spec.Id));
        Assert.Null(await host.Runtime.Sandboxes.FindAsync(spec.Id, Cancel));
    }

    [Fact]
    public async Task A_host_without_room_refuses_before_it_makes_anything()
    {
        var free = (await host.Runtime.GetInfoAsync(Cancel)).DiskFreeBytes;
        var spec = Spec();
        spec = spec with { Limits = spec.Limits with { DiskBytes = Math.Min(free + (1L << 30), host.Options.MaxDiskBytes) } };
        if (free < host.Options.MaxDiskBytes)
        {
            var fault = await Assert.ThrowsAsync<Core.Errors.SandboxException>(() => host.Runtime.Sandboxes.CreateAsync(spec, Cancel));
            Assert.Equal(Core.Errors.ErrorCode.Capacity, fault.Code);
        }
        else
        {
            spec = spec with { Limits = spec.Limits with { DiskBytes = host.Options.MaxDiskBytes + 1 } };
            var fault = await Assert.ThrowsAsync<Core.Errors.SandboxException>(() => host.Runtime.Sandboxes.CreateAsync(spec, Cancel));
            Assert.Equal(Core.Errors.ErrorCode.Invalid, fault.Code);
        }

        Assert.Empty(Traces(spec.Id));
    }

    [Fact]
    public async Task Another_daemon_takes_over_what_runs_and_clears_what_does_not()
    {
        var kept = await LaunchAsync();
        await RunAsync(kept, "sh", "-c", "(while true; do date +%s%N >> /ticks; sleep 0.05; done) > /dev/null 2>&1 & until [ -s /ticks ]; do sleep 0.05; done");
        var terminal = await host.Runtime.Terminals.OpenAsync(kept, new TerminalSpec { Id = Core.Terminals.TerminalId.New(), Cols = 80, Rows = 24 }, Cancel);
        var cut = await LaunchAsync();
        var records = host.Parts.GetRequiredService<Sandbox.Daemon.Records.SandboxRecords>();
        var file = Path.Combine(records.DirectoryOf(cut), "record.json");
        await host.KillAsync();
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file, Cancel)).Replace("\"state\":\"Running\"", "\"state\":\"Starting\"", StringComparison.Ordinal), Cancel);

        await host.StartAsync();

        Assert.Equal(SandboxState.Running, (await host.Runtime.Sandboxes.FindAsync(kept, Cancel))!.State);
        var before = await RunAsync(kept, "wc", "-l", "/ticks");
        while (await RunAsync(kept, "wc", "-l", "/ticks") == before)
        {
            await Task.Delay(50, Cancel);
        }

        Assert.Equal(terminal.Id, Assert.Single(await host.Runtime.Terminals.ListAsync(kept, Cancel), other => !other.IsOwn).Id);
        var ended = (await host.Runtime.Sandboxes.FindAsync(cut, Cancel))!;
        Assert.Equal((SandboxState.Ended, EndReason.LaunchFailed), (ended.State, ended.Reason));
        Assert.Equal([records.DirectoryOf(cut), file], Traces(cut)); // the record alone, so that its owner learns why
        await host.Runtime.Sandboxes.RemoveAsync(kept, Cancel);
        Assert.Empty(Traces(kept));
    }

    [Fact]
    public async Task Twenty_launches_at_once_all_come_up_and_go()
    {
        var specs = Enumerable.Range(0, 20).Select(_ => Spec()).ToList();
        await Task.WhenAll(specs.Select(spec => host.Runtime.Sandboxes.CreateAsync(spec, Cancel)));
        var names = await Task.WhenAll(specs.Select(spec => RunAsync(spec.Id, "cat", "/etc/hostname")));
        Assert.All(names, name => Assert.Equal("main\n", name));
        await Task.WhenAll(specs.Select(spec => host.Runtime.Sandboxes.RemoveAsync(spec.Id, Cancel)));
        Assert.All(specs, spec => Assert.Empty(Traces(spec.Id)));
    }

    private readonly PersonId _owner = PersonId.New();

    private static SandboxPath At(string text) => SandboxPath.TryParse(text, out var path) ? path : throw new ArgumentException(text, nameof(text));

    private static ExecSpec Command(params string[] command) => new() { Command = command, Timeout = TimeSpan.FromSeconds(60) };

    private SandboxSpec Spec()
    {
        var spec = new SandboxSpec
        {
            Id = SandboxId.New(),
            Playground = PlaygroundId.New(),
            Owner = _owner,
            Name = "main",
            Image = host.Busybox,
            Limits = new SandboxLimits(1, 128L << 20, 128, 64L << 20, 10_000),
            OwnerLimits = new SandboxLimits(2, 4L << 30, 4096, 4L << 30, 1_000_000),
            Deadline = DateTimeOffset.UtcNow.AddMinutes(10),
        };
        _made.Add(spec.Id);
        return spec;
    }

    private async Task<SandboxId> LaunchAsync(Func<SandboxSpec, SandboxSpec>? change = null)
    {
        var spec = Spec();
        return (await host.Runtime.Sandboxes.CreateAsync(change is null ? spec : change(spec), Cancel)).Id;
    }

    private async Task<string> RunAsync(SandboxId id, params string[] command)
    {
        var result = await host.Runtime.Sandboxes.ExecAsync(id, Command(command), Cancel);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', command)}: {result.ExitCode}: {Encoding.UTF8.GetString(result.Stderr.Span)}");
        return Encoding.UTF8.GetString(result.Stdout.Span);
    }

    /// <summary>Everything on the host that has the sandbox's id in its name, or runs with it.</summary>
    private List<string> Traces(SandboxId id)
    {
        var traces = File.ReadLines("/proc/self/mountinfo").Where(line => line.Contains(id.Value, StringComparison.Ordinal)).ToList();
        foreach (var root in (ReadOnlySpan<string>)[host.Options.DataDirectory, host.Options.RunDirectory, "/sys/fs/cgroup"])
        {
            var inside = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint, MaxRecursionDepth = 6 };
            traces.AddRange(Directory.EnumerateFileSystemEntries(root, "*", inside).Where(path => path.Contains(id.Value, StringComparison.Ordinal) && !path.Contains("/root/", StringComparison.Ordinal)));
        }

        foreach (var process in Directory.GetDirectories("/proc").Where(path => int.TryParse(Path.GetFileName(path), System.Globalization.CultureInfo.InvariantCulture, out _)))
        {
            try
            {
                if (File.ReadAllText(process + "/cgroup").Contains(id.Value, StringComparison.Ordinal) || File.ReadAllText(process + "/cmdline").Contains(id.Value, StringComparison.Ordinal))
                {
                    traces.Add(process);
                }
            }
            catch (IOException)
            {
                // it ended while we looked
            }
        }

        return traces;
    }
}
