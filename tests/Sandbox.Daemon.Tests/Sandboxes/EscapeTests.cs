using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Files;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Daemon.Records;
using Xunit;

namespace Sandbox.Daemon.Tests.Sandboxes;

/// <summary>What a hostile visitor tries on others and on the host, and what a web process that was taken over asks for.</summary>
[Collection(nameof(LinuxHost))]
public sealed class EscapeTests(LinuxHost host) : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

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

    /// <summary>Twenty thousand forged ARP requests filled the host's neighbour table, and nobody reached anything any more.</summary>
    [Fact]
    public async Task Nobody_forges_frames()
    {
        var id = await LaunchAsync();
        var gateway = (await RunAsync(id, "sh", "-c", "ip route | awk '/default/ { print $3 }'")).Trim();
        var forged = await host.Runtime.Sandboxes.ExecAsync(id, Command("arping", "-c", "1", "-w", "2", "-I", "eth0", gateway), Cancel);
        Assert.NotEqual(0, forged.ExitCode);
        Assert.Contains("socket", Encoding.UTF8.GetString(forged.Stderr.Span), StringComparison.Ordinal);
        Assert.Contains("1 packets received", await RunAsync(id, "ping", "-c", "1", "127.0.0.1"), StringComparison.Ordinal);
    }

    /// <summary>Two gigabytes of unread TCP on the loopback were charged to nobody, and the whole host's TCP stood still.</summary>
    [Fact]
    public async Task What_sockets_hold_is_bounded()
    {
        var id = await LaunchAsync();
        if (File.Exists("/sys/fs/cgroup/cgroup.controllers"))
        {
            return; // there it is memory like any other
        }

        var limit = long.Parse(await RunAsync(id, "cat", "/sys/fs/cgroup/memory/memory.kmem.tcp.limit_in_bytes"), System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(limit, 1, 128L << 20);
    }

    [Theory]
    [InlineData("yes & exit 3")]
    [InlineData("(while true; do echo x; usleep 2000; done) & exit 3")]
    public async Task What_prints_on_in_the_background_does_not_hold_the_call(string command)
    {
        var id = await LaunchAsync();
        var result = await host.Runtime.Sandboxes.ExecAsync(id, Command("sh", "-c", command), Cancel).WaitAsync(Patience, Cancel);
        Assert.Equal(3, result.ExitCode);
    }

    [Fact]
    public async Task The_end_of_a_long_output_is_not_lost()
    {
        var id = await LaunchAsync();
        var result = await host.Runtime.Sandboxes.ExecAsync(id, Command("sh", "-c", "head -c 900000 /dev/zero; echo end"), Cancel);
        Assert.Equal("end\n", Encoding.UTF8.GetString(result.Stdout.Span[^4..]));
    }

    [Fact]
    public async Task Slow_readers_of_one_sandboxs_files_end_at_a_limit()
    {
        var id = await LaunchAsync();
        await RunAsync(id, "truncate", "-s", "1000000000000", "/large");
        Assert.True(SandboxPath.TryParse("/large", out var path));
        var readers = new List<IAsyncEnumerator<ReadOnlyMemory<byte>>>();
        try
        {
            for (var i = 0; i < 128; i++)
            {
                readers.Add(host.Runtime.Files.ReadAsync(id, path, ReadForm.Raw, Cancel).GetAsyncEnumerator(Cancel));
                Assert.True(await readers[^1].MoveNextAsync());
            }

            Assert.Equal(ErrorCode.Quota, (await Assert.ThrowsAsync<SandboxException>(() => host.Runtime.Files.ListAsync(id, SandboxPath.Root, Cancel))).Code);
        }
        finally
        {
            foreach (var reader in readers)
            {
                await reader.DisposeAsync();
            }
        }

        Assert.NotEmpty(await host.Runtime.Files.ListAsync(id, SandboxPath.Root, Cancel));
    }

    /// <summary>A download that is never read kept the disk of a sandbox that had ended, one after the other, until the host's was full.</summary>
    [Theory]
    [InlineData(ReadForm.Raw)]
    [InlineData(ReadForm.Tar)]
    public async Task What_is_open_of_an_ended_sandbox_keeps_nothing_of_its_disk(ReadForm form)
    {
        var id = await LaunchAsync();
        await RunAsync(id, "dd", "if=/dev/zero", "of=/large", "bs=1M", "count=16");
        Assert.True(SandboxPath.TryParse("/large", out var path));
        Assert.Equal(1, Disks());
        await using var reader = host.Runtime.Files.ReadAsync(id, path, form, Cancel).GetAsyncEnumerator(Cancel);
        Assert.True(await reader.MoveNextAsync());
        Assert.True(SandboxPath.TryParse("/written", out var written));
        var begun = new TaskCompletionSource();
        var writing = host.Runtime.Files.WriteAsync(id, written, (int?)null, BeginAsync(begun, Cancel), Cancel);
        await begun.Task;

        await host.Runtime.Sandboxes.RemoveAsync(id, Cancel);
        for (var until = DateTimeOffset.UtcNow + Patience; Disks() > 0 && DateTimeOffset.UtcNow < until;)
        {
            await Task.Delay(50, Cancel);
        }

        Assert.Equal(0, Disks());
        Assert.Equal(ErrorCode.NotFound, (await Assert.ThrowsAsync<SandboxException>(() => writing)).Code);
        Assert.Equal(ErrorCode.NotFound, (await Assert.ThrowsAsync<SandboxException>(async () => await reader.MoveNextAsync())).Code);

        // One that sends a little, and then nothing.
        static async IAsyncEnumerable<ReadOnlyMemory<byte>> BeginAsync(TaskCompletionSource begun, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            yield return new byte[1000];
            begun.SetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        // The kernel keeps the device for as long as anything on it is open.
        int Disks() => Directory.GetDirectories("/sys/block", "loop*").Count(device =>
        {
            try
            {
                return File.ReadAllText(Path.Combine(device, "loop/backing_file")).Contains(id.Value, StringComparison.Ordinal);
            }
            catch (IOException)
            {
                return false; // not bound, or somebody's that is released at this moment
            }
        });
    }

    [Fact]
    public async Task Terminals_end_at_their_limit()
    {
        var id = await LaunchAsync();
        for (var i = 0; i < 16; i++)
        {
            await OpenAsync(id);
        }

        Assert.Equal(ErrorCode.Quota, (await Assert.ThrowsAsync<SandboxException>(() => OpenAsync(id))).Code);
    }

    public static TheoryData<string, SandboxLimits> TooMuch { get; } = new()
    {
        { "cpus", new(1000, 128L << 20, 128, 64L << 20, 10_000) },
        { "memory", new(1, 1L << 40, 128, 64L << 20, 10_000) },
        { "pids", new(1, 128L << 20, 1_000_000, 64L << 20, 10_000) },
        { "disk", new(1, 128L << 20, 128, 1L << 45, 10_000) },
        { "inodes", new(1, 128L << 20, 128, 64L << 20, uint.MaxValue) },
        { "no number", new(double.NaN, 128L << 20, 128, 64L << 20, 10_000) },
        { "negative", new(1, -1, 128, 64L << 20, 10_000) },
    };

    [Theory]
    [MemberData(nameof(TooMuch))]
    public async Task Limits_beyond_the_hosts_are_refused(string what, SandboxLimits limits)
    {
        var spec = Spec() with { Limits = limits, OwnerLimits = new(4096, 1L << 50, 4_194_304, 1L << 50, uint.MaxValue) };
        var fault = await Assert.ThrowsAsync<SandboxException>(() => host.Runtime.Sandboxes.CreateAsync(spec, Cancel));
        Assert.True(fault.Code == ErrorCode.Invalid, $"{what}: {fault}");
        Assert.Null(await host.Runtime.Sandboxes.FindAsync(spec.Id, Cancel));
    }

    [Fact]
    public async Task A_deadline_that_never_comes_is_refused()
    {
        var far = DateTimeOffset.MaxValue;
        Assert.Equal(ErrorCode.Invalid, (await Assert.ThrowsAsync<SandboxException>(() => host.Runtime.Sandboxes.CreateAsync(Spec() with { Deadline = far }, Cancel))).Code);
        var id = await LaunchAsync();
        Assert.Equal(ErrorCode.Invalid, (await Assert.ThrowsAsync<SandboxException>(() => host.Runtime.Sandboxes.ExtendAsync(id, far, Cancel))).Code);
    }

    [Fact]
    public async Task Everybody_together_leaves_the_host_some_memory_and_processes()
    {
        await LaunchAsync();
        var unified = File.Exists("/sys/fs/cgroup/cgroup.controllers");
        var memory = await ReadAsync(unified ? $"/sys/fs/cgroup/{host.Options.Instance}/memory.max" : $"/sys/fs/cgroup/memory/{host.Options.Instance}/memory.limit_in_bytes");
        var processes = await ReadAsync(unified ? $"/sys/fs/cgroup/{host.Options.Instance}/pids.max" : $"/sys/fs/cgroup/pids/{host.Options.Instance}/pids.max");
        Assert.InRange(memory, 1, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - 1);
        Assert.InRange(processes, 1, await ReadAsync("/proc/sys/kernel/pid_max") - 1);
    }

    [Fact]
    public async Task The_records_of_what_has_ended_do_not_pile_up()
    {
        var records = host.Parts.GetRequiredService<SandboxRecords>();
        var ended = new List<SandboxId>();
        for (var i = 0; i < host.Options.MaxEnded + 3; i++)
        {
            var spec = Spec() with { Deadline = DateTimeOffset.UtcNow.AddDays(-1) };
            await host.Runtime.Sandboxes.CreateAsync(spec, Cancel);
            ended.Add(spec.Id);
        }

        var until = DateTimeOffset.UtcNow + Patience;
        while (ended.Count(id => Directory.Exists(records.DirectoryOf(id))) > host.Options.MaxEnded && DateTimeOffset.UtcNow < until)
        {
            await Task.Delay(100, Cancel);
        }

        Assert.InRange(ended.Count(id => Directory.Exists(records.DirectoryOf(id))), 1, host.Options.MaxEnded);
    }

    [Fact]
    public async Task Nothing_of_the_host_is_open_in_a_process()
    {
        var id = await LaunchAsync();
        while ((await host.Runtime.Terminals.ListAsync(id, Cancel))[0].Cwd is null)
        {
            await Task.Delay(20, Cancel); // its own command is being started, by a program of the host
        }

        var open = await RunAsync(id, "sh", "-c", "for f in /proc/self/fd/* /proc/1/fd/*; do readlink $f; done");
        Assert.All(
            open.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            target => Assert.True(
                target.StartsWith("pipe:", StringComparison.Ordinal) || target is "/dev/null" or "anon_inode:[signalfd]"
                || target.StartsWith(Path.Combine(host.Options.RunDirectory, "sandboxes", id.Value, "disk"), StringComparison.Ordinal), // its own log, on its own disk
                target));
        var terminal = await OpenAsync(id);
        var tty = await RunAsync(id, "sh", "-c", "for p in /proc/[0-9]*; do case $(readlink $p/fd/0) in /dev/pts/*) ls -l $p/fd ;; esac; done");
        Assert.Contains("/dev/pts/0", tty, StringComparison.Ordinal);
        Assert.DoesNotContain("socket:", tty, StringComparison.Ordinal);
        Assert.DoesNotContain("memfd:", tty, StringComparison.Ordinal);
        Assert.DoesNotContain(host.Options.RunDirectory, tty, StringComparison.Ordinal);
        Assert.NotNull(terminal);
    }

    private static async Task<long> ReadAsync(string file) => long.Parse(await File.ReadAllTextAsync(file, Cancel), System.Globalization.CultureInfo.InvariantCulture);

    private Task<TerminalInfo> OpenAsync(SandboxId id) =>
        host.Runtime.Terminals.OpenAsync(id, new TerminalSpec { Id = TerminalId.New(), Cols = 80, Rows = 24 }, Cancel);

    private static ExecSpec Command(params string[] command) => new() { Command = command, Timeout = TimeSpan.FromSeconds(60) };

    private SandboxSpec Spec()
    {
        var spec = new SandboxSpec
        {
            Id = SandboxId.New(),
            Playground = PlaygroundId.New(),
            Owner = PersonId.New(),
            Name = "main",
            Image = host.Busybox,
            Limits = new SandboxLimits(1, 128L << 20, 128, 64L << 20, 10_000),
            OwnerLimits = new SandboxLimits(2, 4L << 30, 4096, 4L << 30, 1_000_000),
            Deadline = DateTimeOffset.UtcNow.AddMinutes(10),
        };
        _made.Add(spec.Id);
        return spec;
    }

    private async Task<SandboxId> LaunchAsync() => (await host.Runtime.Sandboxes.CreateAsync(Spec(), Cancel)).Id;

    private async Task<string> RunAsync(SandboxId id, params string[] command)
    {
        var result = await host.Runtime.Sandboxes.ExecAsync(id, Command(command), Cancel);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', command)}: {result.ExitCode}: {Encoding.UTF8.GetString(result.Stderr.Span)}");
        return Encoding.UTF8.GetString(result.Stdout.Span);
    }
}
