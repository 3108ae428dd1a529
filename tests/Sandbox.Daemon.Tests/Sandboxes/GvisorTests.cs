using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Files;
using Sandbox.Core.Networks;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Snapshots;
using Sandbox.Core.Terminals;
using Sandbox.Core.Volumes;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Sandboxes;
using Xunit;

namespace Sandbox.Daemon.Tests.Sandboxes;

/// <summary>The class <c>gvisor</c>: the same calls as for a container, with programs on a kernel of their own.</summary>
[Collection(nameof(LinuxHost))]
public sealed class GvisorTests(LinuxHost host) : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

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
    public async Task Programs_run_on_another_kernel_as_a_user_of_the_sandbox_alone()
    {
        var id = await LaunchAsync();

        Assert.NotEqual(await File.ReadAllTextAsync("/proc/version", Cancel), await RunAsync(id, "cat /proc/version"));
        Assert.Contains("Starting gVisor", await RunAsync(id, "dmesg"), StringComparison.Ordinal);
        var record = host.Parts.GetRequiredService<LiveSandboxes>().Find(id).Record;
        var last = host.Options.UidBase + ((uint)record.UidIndex * 65_536) + 65_534;
        Assert.Contains($"\nUid:\t{last}\t{last}\t{last}\t{last}\n", await File.ReadAllTextAsync($"/proc/{record.Pid}/status", Cancel), StringComparison.Ordinal);
        Assert.All(
            host.Parts.GetRequiredService<ControlGroupTree>().Processes(record.Spec.Owner, id),
            pid => Assert.NotEqual(new FileInfo("/proc/self/ns/user").LinkTarget, new FileInfo($"/proc/{pid}/ns/user").LinkTarget));
    }

    [Fact]
    public async Task Commands_get_input_and_give_output_and_exit_codes_and_end_in_time_with_their_children()
    {
        var id = await LaunchAsync();

        var ran = await host.Runtime.Sandboxes.ExecAsync(id, Shell("cat; echo err >&2; exit 3") with { Stdin = Encoding.UTF8.GetBytes("in\n") }, Cancel);
        Assert.Equal((3, "in\n", "err\n"), (ran.ExitCode, Encoding.UTF8.GetString(ran.Stdout.Span), Encoding.UTF8.GetString(ran.Stderr.Span)));
        Assert.Equal(ErrorCode.CommandNotFound, (await Assert.ThrowsAsync<SandboxException>(() => host.Runtime.Sandboxes.ExecAsync(id, new() { Command = ["no-such"], Timeout = Patience }, Cancel))).Code);

        var late = await host.Runtime.Sandboxes.ExecAsync(id, Shell("for i in 1 2 3 4 5 6 7 8; do (sleep 1000; :) & done; sleep 1000") with { Timeout = TimeSpan.FromSeconds(10) }, Cancel);
        Assert.True(late.IsTimedOut);
        await UntilAsync(async () => !(await RunAsync(id, "ps")).Contains("sleep", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Files_of_calls_and_of_programs_are_the_same()
    {
        var id = await LaunchAsync();
        var path = Path("/tmp/a");

        await host.Runtime.Files.WriteAsync(id, path, 0b110_100_100, Once("one"), Cancel);
        Assert.Equal("one", await RunAsync(id, "cat /tmp/a"));
        await host.Runtime.Files.WriteAsync(id, path, 0b110_100_100, Once("second"), Cancel);
        Assert.Equal("second", await RunAsync(id, "cat /tmp/a; echo third > /tmp/a; mkdir /tmp/d"));
        Assert.Equal("third\n", await ReadAsync(id, path));
        Assert.Equal(["a", "d"], (await host.Runtime.Files.ListAsync(id, Path("/tmp"), Cancel)).Select(entry => Encoding.UTF8.GetString(entry.Name.Span)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_snapshot_starts_again_with_what_was_changed()
    {
        var id = await LaunchAsync();
        await RunAsync(id, "echo kept > /root/kept; rm /etc/passwd.none /bin/vi; chown 33:44 /root/kept");

        var saved = await host.Runtime.Sandboxes.SnapshotAsync(id, new SnapshotSpec(), Cancel);
        var again = await LaunchAsync(spec => spec with { Image = saved.Image.Digest });

        Assert.Equal("kept\n33 44\nno\n", await RunAsync(again, "cat /root/kept; stat -c '%u %g' /root/kept; test -e /bin/vi || echo no; ls -a /tmp | grep sandbox"));
    }

    [Fact]
    public async Task A_terminal_starts_a_marked_shell_whose_own_command_and_detached_ones_end()
    {
        var id = await LaunchAsync();
        var terminal = new TerminalSpec { Id = TerminalId.New(), Cols = 91, Rows = 23, IsShell = true };
        await host.Runtime.Terminals.OpenAsync(id, terminal, Cancel);
        await using (var viewer = await host.Runtime.Terminals.ConnectAsync(id, terminal.Id, Cancel))
        {
            Assert.Contains(await host.Runtime.Terminals.ListAsync(id, Cancel), one => one.Id == terminal.Id && one.IsMarked);
        }

        var detached = new TerminalSpec { Id = TerminalId.New(), Cols = 80, Rows = 24, Command = ["sh", "-c", "echo begun; sleep 4711"], IsDetached = true };
        await host.Runtime.Terminals.OpenAsync(id, detached, Cancel);
        await UntilAsync(async () => (await RunAsync(id, "ps")).Contains("sleep 4711", StringComparison.Ordinal));
        await host.Runtime.Terminals.KillDetachedAsync(id, detached.Id, Cancel);
        await UntilAsync(async () => !(await RunAsync(id, "ps")).Contains("sleep 4711", StringComparison.Ordinal));
        await UntilAsync(async () => Assert.Single(await host.Runtime.Terminals.ListDetachedAsync(id, Cancel)).EndedAt is not null);
    }

    [Fact]
    public async Task Ports_are_listed_and_reached_also_those_that_are_open_to_the_sandbox_alone()
    {
        var id = await LaunchAsync();
        foreach (var (port, address) in ((int, string)[])[(8001, "0.0.0.0"), (8002, "127.0.0.1")])
        {
            await RunAsync(id, $"mkdir -p /srv/{port}; head -c 300000 /dev/urandom > /srv/{port}/a; busybox httpd -p {address}:{port} -h /srv/{port}");
        }

        await UntilAsync(async () => (await host.Runtime.Ports.ListAsync(id, Cancel)) is [8001, 8002]);
        foreach (var port in (int[])[8001, 8002, 8002])
        {
            var sum = (await RunAsync(id, $"sha256sum < /srv/{port}/a"))[..64];
            var many = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => ReadPortAsync(id, port)));
            Assert.All(many, content => Assert.Equal(sum, Convert.ToHexStringLower(SHA256.HashData(content))));
        }

        Assert.Null(await host.Runtime.Ports.ConnectAsync(id, 8003, Cancel));

        // The next connection starts another one.
        await RunAsync(id, "kill -9 $(ps | awk '/own-init rela[y]/ { print $1 }')");
        Assert.Equal(300_000, (await ReadPortAsync(id, 8002)).Length);
    }

    /// <summary>It has no network, so that its port is reached from inside only.</summary>
    [Fact]
    public async Task The_next_daemon_finds_its_terminals_directories_ports_and_volumes()
    {
        var volume = new SandboxVolume { Id = VolumeId.New(), Name = "data", Path = "/data", Bytes = 32L << 20 };
        var id = await LaunchAsync(spec => spec with { Volumes = [volume], Network = NetworkPolicy.None });
        try
        {
            await RunAsync(id, "echo kept > /data/a; mkdir -p '/root/a b/c'; busybox httpd -p 127.0.0.1:8080 -h /data");
            Assert.True(SandboxPath.TryParse("/root/a b", out var start));
            var terminal = new TerminalSpec { Id = TerminalId.New(), Cols = 80, Rows = 24, IsShell = true, Directory = start };
            await host.Runtime.Terminals.OpenAsync(id, terminal, Cancel);
            await UntilAsync(async () => await DirectoryAsync() == "/root/a b");
            Assert.Equal("kept\n", Encoding.UTF8.GetString(await ReadPortAsync(id, 8080)));

            await host.KillAsync();
            await host.StartAsync();

            Assert.Equal("kept\n", await RunAsync(id, "cat /data/a"));
            Assert.Equal("kept\n", Encoding.UTF8.GetString(await ReadPortAsync(id, 8080)));
            await UntilAsync(async () => await DirectoryAsync() == "/root/a b");
            await RunAsync(id, "rm -r '/root/a b'");
            Assert.Null(await DirectoryAsync());

            async Task<string?> DirectoryAsync() => (await host.Runtime.Terminals.ListAsync(id, Cancel)).Single(one => one.Id == terminal.Id).Cwd?.ToString();
        }
        finally
        {
            await host.Runtime.Sandboxes.RemoveAsync(id, CancellationToken.None);
            await host.Runtime.Volumes.RemoveAsync(volume.Id, CancellationToken.None);
        }
    }

    [Fact]
    public async Task It_reaches_the_nodes_of_its_playground_by_name_and_nothing_else_where_the_policy_says_so()
    {
        var playground = PlaygroundId.New();
        var node = await LaunchAsync(spec => spec with { Playground = playground, Name = "web", Isolation = null });
        await RunAsync(node, "mkdir /www; echo reached > /www/a; busybox httpd -p 80 -h /www");
        var id = await LaunchAsync(spec => spec with { Playground = playground, Network = NetworkPolicy.Playground });

        await UntilAsync(async () => await RunAsync(id, "wget -q -O - http://web/a 2>&1") == "reached\n");
        Assert.NotEqual(0, (await host.Runtime.Sandboxes.ExecAsync(id, Shell("nc -w 2 192.0.2.1 80 < /dev/null"), Cancel)).ExitCode);
        Assert.NotEqual(0, (await host.Runtime.Sandboxes.ExecAsync(id, Shell("nslookup example.com"), Cancel)).ExitCode);
    }

    [Fact]
    public async Task It_pauses_stops_and_starts_again_with_its_files()
    {
        var id = await LaunchAsync();
        await RunAsync(id, "echo here > /root/kept; (while :; do date +%s%N > /root/now; done) > /dev/null 2>&1 &");
        await UntilAsync(async () => await host.Runtime.Files.FindAsync(id, Path("/root/now"), Cancel) is not null);

        await host.Runtime.Sandboxes.PauseAsync(id, Cancel);
        var then = await ReadAsync(id, Path("/root/now"));
        await Task.Delay(300, Cancel);
        Assert.Equal(then, await ReadAsync(id, Path("/root/now")));
        await host.Runtime.Sandboxes.ResumeAsync(id, Cancel);
        await host.Runtime.Sandboxes.StopAsync(id, TimeSpan.FromSeconds(10), Cancel);
        Assert.Empty(host.Parts.GetRequiredService<ControlGroupTree>().Processes(host.Parts.GetRequiredService<LiveSandboxes>().Find(id).Record.Spec.Owner, id));
        await Assert.ThrowsAsync<IOException>(() => host.Parts.GetRequiredService<OciRuntimes>().Gvisor.PauseAsync(id, Cancel)); // as crun's fails

        await host.Runtime.Sandboxes.StartAsync(id, Cancel);
        Assert.Equal("here\n", await RunAsync(id, "cat /root/kept"));
    }

    [Fact]
    public async Task A_fork_bomb_and_a_memory_bomb_end_their_own_sandbox_and_say_why()
    {
        var (bomb, glutton, neighbour) = (await LaunchAsync(), await LaunchAsync(), await LaunchAsync());

        // They have more time than the waits below, so that no timeout ends them.
        Task[] begun = [BeginAsync(bomb, "while :; do sleep 1000 & done"), BeginAsync(glutton, "tail /dev/zero")];

        Assert.Contains("memory", (await UntilStoppedAsync(glutton)).Notice, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("processes", (await UntilStoppedAsync(bomb)).Notice, StringComparison.Ordinal);
        Assert.Equal("fine\n", await RunAsync(neighbour, "sleep 0 & echo fine"));
        await host.Runtime.Sandboxes.StartAsync(glutton, Cancel);
        Assert.Equal("again\n", await RunAsync(glutton, "echo again"));
        await Task.WhenAll(begun);
    }

    private async Task<SandboxId> LaunchAsync(Func<SandboxSpec, SandboxSpec>? change = null)
    {
        var spec = new SandboxSpec
        {
            Id = SandboxId.New(),
            Playground = PlaygroundId.New(),
            Owner = PersonId.New(),
            Name = "main",
            Image = host.Busybox,
            Isolation = "gvisor",
            Limits = new SandboxLimits(1, 256L << 20, 64, 64L << 20, 10_000),
            OwnerLimits = new SandboxLimits(2, 1L << 30, 512, 1L << 30, 100_000),
            Deadline = DateTimeOffset.UtcNow.AddMinutes(10),
        };
        _made.Add(spec.Id);
        return (await host.Runtime.Sandboxes.CreateAsync(change?.Invoke(spec) ?? spec, Cancel)).Id;
    }

    private static ExecSpec Shell(string command) => new() { Command = ["sh", "-c", command], Timeout = Patience };

    private async Task<string> RunAsync(SandboxId id, string command)
    {
        var result = await host.Runtime.Sandboxes.ExecAsync(id, Shell(command), Cancel);
        return Encoding.UTF8.GetString(result.Stdout.Span) + Encoding.UTF8.GetString(result.Stderr.Span);
    }

    private async Task BeginAsync(SandboxId id, string command)
    {
        try
        {
            await host.Runtime.Sandboxes.ExecAsync(id, Shell(command) with { Timeout = 3 * Patience }, Cancel);
        }
        catch (SandboxException)
        {
            // The sandbox ends under it.
        }
    }

    private async Task<string> ReadAsync(SandboxId id, SandboxPath path)
    {
        var text = new StringBuilder();
        await foreach (var part in host.Runtime.Files.ReadAsync(id, path, ReadForm.Raw, Cancel))
        {
            text.Append(Encoding.UTF8.GetString(part.Span));
        }

        return text.ToString();
    }

    private async Task<byte[]> ReadPortAsync(SandboxId id, int port)
    {
        await using var stream = await host.Runtime.Ports.ConnectAsync(id, port, Cancel);
        Assert.NotNull(stream);
        await stream.WriteAsync("GET /a HTTP/1.0\r\n\r\n"u8.ToArray(), Cancel);
        using var answer = new MemoryStream();
        await stream.CopyToAsync(answer, Cancel);
        return answer.ToArray()[(answer.ToArray().AsSpan().IndexOf("\r\n\r\n"u8) + 4)..];
    }

    private async Task<SandboxInfo> UntilStoppedAsync(SandboxId id)
    {
        SandboxInfo? info = null;
        await UntilAsync(async () => (info = await host.Runtime.Sandboxes.FindAsync(id, Cancel)) is { State: SandboxState.Stopped });
        return info!;
    }

    private static async Task UntilAsync(Func<Task<bool>> isTrue)
    {
        for (var end = DateTimeOffset.UtcNow + Patience; !await isTrue();)
        {
            Assert.True(DateTimeOffset.UtcNow < end, "waited in vain");
            await Task.Delay(50, Cancel);
        }
    }

    private static SandboxPath Path(string path) => SandboxPath.TryParse(path, out var parsed) ? parsed : throw new ArgumentException(path, nameof(path));

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Once(string content)
    {
        await Task.CompletedTask;
        yield return Encoding.UTF8.GetBytes(content);
    }
}
