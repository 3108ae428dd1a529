using System.Net.Sockets;
using System.Security.Cryptography;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Snapshots;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Attacks;

/// <summary>Ways out of containers that others had, tried with the mechanics of each.</summary>
[Collection(nameof(LinuxHost))]
public sealed class EscapeAttacks(LinuxHost host) : Attacker(host)
{
    /// <summary>A file of the host that no sandbox may see; its directory is there in every run.</summary>
    private string Secret => Path.Combine(Host.Options.DataDirectory, "secret");

    [Theory]
    [InlineData("CVE-2022-0492", "for f in $(find /sys/fs/cgroup -name release_agent); do echo /bin/sh > $f && exit 0; done; unshare -Urm sh -c 'mount -t cgroup -o memory none /mnt && echo x > /mnt/release_agent'")]
    [InlineData("cgroup", "echo 0 > /sys/fs/cgroup/memory/cgroup.procs || mkdir /sys/fs/cgroup/pids/mine || echo max > /sys/fs/cgroup/pids/pids.max")]
    [InlineData("CVE-2020-14386", "arping -c 1 -w 1 -I eth0 100.125.0.1")]
    [InlineData("core_pattern", "echo '|/bin/sh' > /proc/sys/kernel/core_pattern")]
    [InlineData("modprobe", "echo /bin/sh > /proc/sys/kernel/modprobe")]
    [InlineData("sysrq", "echo b > /proc/sysrq-trigger")]
    [InlineData("binfmt_misc", "mount -t binfmt_misc none /mnt || echo ':x:M::xx::/bin/sh:' > /proc/sys/fs/binfmt_misc/register")]
    [InlineData("uevent_helper", "echo /bin/sh > /sys/kernel/uevent_helper")]
    [InlineData("oom_score_adj", "echo -1000 > /proc/self/oom_score_adj")]
    [InlineData("kmem", "cat /dev/mem || cat /dev/kmem || cat /dev/port || cat /proc/kcore | head -c 1 | grep .")]
    [InlineData("raw disk", "mknod /disk b 254 0 && cat /disk")]
    [InlineData("raw memory", "mknod /memory c 1 1 && cat /memory")]
    [InlineData("fuse", "mknod /dev/fuse c 10 229 && cat /dev/fuse")]
    [InlineData("chroot", "mkdir -p /a; chroot /a /bin/true || chroot /proc/1/root/../../../.. /bin/ls /var/tmp/sandbox-daemon-tests")]
    [InlineData("init's root", "ls /proc/1/root/../../var/tmp/sandbox-daemon-tests || ls /proc/1/cwd/../../../var/tmp/sandbox-daemon-tests")]
    [InlineData("priority", "nice -n -20 true 2>&1 | grep -q . && false || renice -n -10 $$")]
    [InlineData("clock", "date -s 2001-01-01; [ $(date +%Y) = 2001 ]")]
    [InlineData("host name", "hostname owned")]
    [InlineData("limits", "ulimit -Hn 1000000 || { ulimit -c 0; [ $(ulimit -Sc) != 0 ] && ulimit -Hc unlimited; [ $(ulimit -Hc) = unlimited ]; }")]
    [InlineData("kernel log", "dmesg -c")]
    [InlineData("setuid in /dev/shm", "cp /bin/busybox /dev/shm/sh && chmod 4755 /dev/shm/sh && /dev/shm/sh -c true")]
    public async Task Scripts_of_known_escapes_fail(string what, string script)
    {
        var id = await LaunchAsync();
        var (code, text) = await RunAsync(id, "sh", "-c", script);
        Assert.True(code != 0, $"{what} went well: {text}");
        await AssertHostCanAsync("files");
    }

    /// <summary>CVE-2019-5736, CVE-2016-9962, CVE-2024-21626: a process on its way into the sandbox is the runtime still.</summary>
    [Fact]
    public async Task A_process_that_enters_the_sandbox_leaves_no_way_out_open()
    {
        await File.WriteAllTextAsync(Secret, "secret", Cancel);
        var programs = new[] { "/usr/bin/crun", Host.Options.TtyProgram }.Where(File.Exists).ToList();
        var before = programs.ConvertAll(Hash);
        var id = await LaunchAsync();
        await RunAsync(id, "sh", "-c", "printf '#!/proc/self/exe\\n' > /trap; chmod 755 /trap");
        var looking = RunAsync(id, "/attack", "peek", Secret, "3");
        for (var round = 0; !looking.IsCompleted; round++)
        {
            Assert.Equal((0, "in\n"), await RunAsync(id, "echo", "in"));
            try
            {
                await RunAsync(id, "/trap");
            }
            catch (SandboxException fault)
            {
                Assert.NotEqual(ErrorCode.Internal, fault.Code);
            }

            if (round < 4)
            {
                await Host.Runtime.Terminals.OpenAsync(id, new() { Id = Core.Terminals.TerminalId.New(), Cols = 80, Rows = 24 }, Cancel);
            }
        }

        Assert.Equal((0, "looked well\n"), await looking);
        Assert.Equal(before, programs.ConvertAll(Hash));
        await AssertOthersCanAsync("files");
    }

    /// <summary>CVE-2018-15664, CVE-2019-14271: a directory is a link to the host's at the moment of a call.</summary>
    [Fact]
    public async Task Links_that_come_and_go_lead_no_call_to_the_host()
    {
        await File.WriteAllTextAsync(Secret, "secret", Cancel);
        var outside = Path.GetDirectoryName(Secret)!;
        var id = await LaunchAsync();
        await RunAsync(id, "sh", "-c", $"mkdir -p /way /real{outside}; echo own > /way/secret; echo own > /real{outside}/secret; ln -s {outside} /link; ln -s /way /etc/other; rm -rf {outside}; mkdir -p {Path.GetDirectoryName(outside)}; ln -s ../../../../../../..{outside} {outside}");
        var flipping = RunAsync(id, "/attack", "flip", "/way", "/link", "3");
        for (var number = 0; !flipping.IsCompleted; number++)
        {
            await QuietAsync(async () =>
            {
                await foreach (var bytes in Host.Runtime.Files.ReadAsync(id, At("/way/secret"), ReadForm.Raw, FileRange.Whole, Cancel))
                {
                    Assert.Equal("own\n"u8.ToArray(), bytes.ToArray());
                }
            });
            await QuietAsync(() => Host.Runtime.Files.WriteAsync(id, At($"/way/written-{number}"), (int?)null, Once("x"u8.ToArray()), Cancel));
            await QuietAsync(() => Host.Runtime.Files.DeleteAsync(id, At("/way/images"), Cancel));
            await QuietAsync(() => Host.Runtime.Files.ListAsync(id, At("/way"), Cancel));
            var upload = UploadId.New();
            await QuietAsync(async () =>
            {
                await Host.Runtime.Files.BeginUploadAsync(id, new UploadSpec { Id = upload, Path = At($"/way/up-{number}"), Length = 2 }, Cancel);
                await Host.Runtime.Files.ContinueUploadAsync(id, upload, 0, Once("up"u8.ToArray()), Cancel);
            });
            if (number == 3)
            {
                await Host.Runtime.Sandboxes.SnapshotAsync(id, SnapshotSpec.All, Cancel);
            }
        }

        Assert.Equal("secret", await File.ReadAllTextAsync(Secret, Cancel));
        Assert.Empty(Directory.EnumerateFileSystemEntries(outside, "written-*").Concat(Directory.EnumerateFileSystemEntries(outside, "up-*")));
        Assert.True(Directory.Exists(Path.Combine(outside, "images")));
        await AssertOthersCanAsync("files");
    }

    /// <summary>CVE-2020-15257: abstract sockets have no file, and are bounded by the network namespace alone.</summary>
    [Fact]
    public async Task Abstract_sockets_are_those_of_the_sandbox_alone()
    {
        using var bait = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        bait.Bind(new UnixDomainSocketEndPoint("\0sandbox-bait"));
        bait.Listen();
        var id = await LaunchAsync();
        var sibling = await LaunchAsync(Spec() with { Playground = (await Host.Runtime.Sandboxes.FindAsync(id, Cancel))!.Playground, Owner = (await Host.Runtime.Sandboxes.FindAsync(id, Cancel))!.Owner });
        foreach (var one in (SandboxId[])[id, sibling])
        {
            Assert.Equal((1, "Connection refused\n"), await RunAsync(one, "/attack", "abstract", "sandbox-bait"));
        }

        Assert.Equal("@sandbox-bait", (await File.ReadAllTextAsync("/proc/net/unix", Cancel)).Split(' ', '\n').Single(word => word == "@sandbox-bait"));
        Assert.Equal("connected\n", await AttackOnHostAsync("abstract", "sandbox-bait"));
        Assert.DoesNotContain("@", (await RunAsync(id, "cat", "/proc/net/unix")).Text, StringComparison.Ordinal);
    }

    /// <summary>The kernel starts the program of <c>core_pattern</c> as root of the host, whichever program crashes.</summary>
    [Fact]
    public async Task A_crash_starts_no_program_of_the_host()
    {
        const string Pattern = "/proc/sys/kernel/core_pattern";
        var id = await LaunchAsync();
        var usual = await File.ReadAllTextAsync(Pattern, Cancel);
        var seen = Path.Combine(Host.Options.DataDirectory, "crashes");
        var program = Path.Combine(Host.Options.DataDirectory, "on-crash");
        await File.WriteAllTextAsync(program, $"#!/bin/sh\necho \"$1\" >> {seen}\n", Cancel);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await File.WriteAllTextAsync(Pattern, $"|{program} %e", Cancel);
        try
        {
            for (var crash = 0; crash < 3; crash++)
            {
                Assert.Equal(128 + 11, (await RunAsync(id, "sh", "-c", "sh -c 'ulimit -c 0; ulimit -Sc 0; kill -SEGV $$'; exit $?")).Code);
            }

            await AttackOnHostAsync("crash"); // the host's own crash is seen, so those above would have been before it
            await UntilAsync(() => Task.FromResult(File.Exists(seen)), "the host's crash is seen");
            Assert.DoesNotContain("sh", (await File.ReadAllTextAsync(seen, Cancel)).Split('\n')); // the name of the program, as %e has it
        }
        finally
        {
            await File.WriteAllTextAsync(Pattern, usual, CancellationToken.None);
        }

        Assert.Equal((0, ""), await RunAsync(id, "sh", "-c", "ls / | grep core || true"));
    }

    /// <summary>A line discipline that is not loaded yet would be loaded: drivers of modems, buses and mice.</summary>
    [Fact]
    public async Task A_terminal_loads_no_driver()
    {
        var id = await LaunchAsync();
        var (_, text) = await RunAsync(id, "/attack", "disciplines");
        Assert.Equal("none\n", text);
        Assert.Equal("0\n", await File.ReadAllTextAsync("/proc/sys/dev/tty/ldisc_autoload", Cancel));
    }

    private static async Task QuietAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (SandboxException fault)
        {
            Assert.NotEqual(ErrorCode.Internal, fault.Code);
        }
    }

    private static string Hash(string file) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)));

    private static SandboxPath At(string text) => SandboxPath.TryParse(text, out var path) ? path : throw new ArgumentException("no path", nameof(text));
}
