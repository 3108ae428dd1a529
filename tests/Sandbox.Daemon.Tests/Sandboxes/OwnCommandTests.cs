using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Files;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Daemon.Sandboxes;
using Sandbox.Daemon.Terminals;
using Sandbox.Daemon.Tests.Images;
using Sandbox.Terminals.Flow;
using Xunit;

namespace Sandbox.Daemon.Tests.Sandboxes;

/// <summary>The image's own command has a terminal that starts with the sandbox, and a log, as under <c>docker run -it</c>.</summary>
[Collection(nameof(LinuxHost))]
public sealed class OwnCommandTests(LinuxHost host) : IAsyncLifetime
{
    /// <summary>A minute and more, at 20 ms each; only a failure waits for it.</summary>
    private const int Attempts = 3000;

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
    public async Task Its_command_is_a_child_of_init_in_a_session_of_its_own_on_the_terminal()
    {
        var id = await LaunchAsync("tty; ps -o pid,ppid,pgid,sid,tty,args; cut -d' ' -f 4-8 /proc/$$/stat; echo over; sleep 1000");

        var log = await UntilLogAsync(id, "\r\nover\r\n");

        Assert.StartsWith("/dev/pts/0\r\n", log, StringComparison.Ordinal);
        Assert.Matches(@"\n1 (\d+) \1 34816 \1\r\nover\r\n$", log); // parent, group, session, terminal, group in front
        Assert.Contains("/dev/own-init 3 -- /bin/sh -c", log, StringComparison.Ordinal);
        Assert.True(await PidAsync(id) > 0);
        Assert.True(State(id) is { ExitCode: null, Uses: TtyLogUses.None });
    }

    [Fact]
    public async Task Its_terminal_has_the_size_of_the_page_that_launched_it()
    {
        Assert.Equal("24 80\r\n", await LogOfAsync(null));
        Assert.Equal("31 101\r\n", await LogOfAsync(new(101, 31)));

        async Task<string> LogOfAsync(TerminalSize? size) => await UntilLogAsync(await LaunchAsync("stty size; sleep 1000", size), "\r\n");
    }

    [Fact]
    public async Task Last_lines_and_exit_code_of_a_service_that_failed_can_be_read_from_the_stopped_sandbox()
    {
        var id = await LaunchAsync("echo cannot open the database; exit 1");

        var info = await UntilAsync(id, SandboxState.Stopped);

        Assert.Equal(1, info.ExitCode);
        Assert.Equal("cannot open the database\r\n", await LogAsync(id));
    }

    [Fact]
    public async Task Log_goes_on_with_a_mark_when_the_sandbox_starts_again()
    {
        var id = await LaunchAsync("trap 'echo bye; exit 0' TERM; echo run; while :; do sleep 0.05; done");
        await UntilLogAsync(id, "run");
        await host.Runtime.Sandboxes.StopAsync(id, TimeSpan.FromSeconds(30), Cancel);

        await host.Runtime.Sandboxes.StartAsync(id, Cancel);

        Assert.Matches(@"^run\r\nbye\r\n\r\n--- started again at [-0-9]+ [:0-9]+ UTC ---\r\nrun\r\n$", await UntilLogAsync(id, "---\r\nrun\r\n"));
    }

    [Fact]
    public async Task Followed_log_comes_as_it_is_printed_and_ends_with_the_command()
    {
        // Each line but the first waits until the one before it was read.
        var id = await LaunchAsync("for n in 1 2 3; do echo line $n; until [ -e /tmp/read$n ]; do sleep 0.05; done; done");
        var lines = 0;
        var text = new StringBuilder();
        await foreach (var piece in host.Runtime.Sandboxes.ReadLogAsync(id, follow: true, Cancel))
        {
            text.Append(Encoding.UTF8.GetString(piece.Span));
            for (; text.ToString().Contains($"line {lines + 1}\r\n", StringComparison.Ordinal); lines++)
            {
                Assert.True(SandboxPath.TryParse($"/tmp/read{lines + 1}", out var path));
                await host.Runtime.Files.MakeDirectoryAsync(id, path, Cancel);
            }
        }

        Assert.Equal("line 1\r\nline 2\r\nline 3\r\n", text.ToString());
    }

    [Fact]
    public async Task Log_keeps_the_last_of_a_long_output()
    {
        var id = await LaunchAsync("seq 1 100000; sleep 1000");

        var log = await UntilLogAsync(id, "\n100000\r\n");

        Assert.InRange(log.Length, TtyLog.Kept, TtyLog.Kept + 100);
        Assert.StartsWith("[", log, StringComparison.Ordinal);
        Assert.Contains("bytes before this are no longer kept]", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Program_that_somebody_ended_leaves_the_sandbox_running()
    {
        // Like "docker-php-entrypoint php -a": no list of names knows it, and it reads what is typed.
        var id = await LaunchAsync("while read line; do [ \"$line\" = quit ] && exit 7; echo you said $line; done");
        var own = Assert.Single(await host.Runtime.Terminals.ListAsync(id, Cancel));
        await using var viewer = await host.Runtime.Terminals.ConnectAsync(id, own.Id, Cancel);
        await TypeAsync(viewer, "hello\rquit\r");

        await UntilLogAsync(id, "you said hello\r\n");
        while (State(id) is { ExitCode: null })
        {
            await Task.Delay(20, Cancel);
        }

        await Task.Delay(300, Cancel);
        Assert.Equal((7, SandboxState.Running), (State(id)!.Value.ExitCode ?? -1, (await host.Runtime.Sandboxes.FindAsync(id, Cancel))!.State));
        var again = await host.Runtime.Terminals.OpenAsync(id, new TerminalSpec { Id = TerminalId.New(), Cols = 80, Rows = 24, Command = own.Command }, Cancel);
        Assert.NotEqual(own.Id, again.Id);
    }

    [Fact]
    public async Task Image_without_a_shell_shows_its_own_command()
    {
        var files = new TarBuilder().Directory("etc/").Executable("echo", await File.ReadAllBytesAsync("/bin/busybox", Cancel));
        var id = await LaunchAsync(new ImageBuilder().Layer(files).Config("Entrypoint", new JsonArray("/echo")).Config("Cmd", new JsonArray("Hello from Docker!")));

        var info = await UntilAsync(id, SandboxState.Stopped);

        Assert.Equal((0, "Hello from Docker!\r\n"), (info.ExitCode ?? -1, await LogAsync(id)));
    }

    [Fact]
    public async Task Command_that_is_no_program_says_so_in_its_log()
    {
        var files = Files().Executable("app", "no program\n"u8.ToArray());
        var id = await LaunchAsync(new ImageBuilder().Layer(files).Config("Cmd", new JsonArray("/app")));

        var info = await UntilAsync(id, SandboxState.Stopped);

        Assert.Equal(126, info.ExitCode);
        Assert.StartsWith("/app: Exec format error", await LogAsync(id), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_that_ends_while_no_daemon_is_there_stops_the_sandbox_when_one_is()
    {
        var id = await LaunchAsync("trap 'echo asked; exit 5' USR1; echo up; while :; do sleep 0.05; done");
        await UntilLogAsync(id, "up");

        var pid = await PidAsync(id);
        await host.KillAsync();
        Assert.Equal(0, Linux.Tool.Kill(pid, 10));
        await Task.Delay(500, Cancel);

        await host.StartAsync();

        var info = await UntilAsync(id, SandboxState.Stopped);
        Assert.Equal((5, "up\r\nasked\r\n"), (info.ExitCode ?? -1, await LogAsync(id)));
    }

    [Fact]
    public async Task Sandbox_with_a_shell_stops_without_its_whole_grace()
    {
        var id = await LaunchAsync(new ImageBuilder().Layer(Files()).Config("Cmd", new JsonArray("sh")));
        await UntilLogAsync(id, "#");
        var since = DateTimeOffset.UtcNow;

        await host.Runtime.Sandboxes.StopAsync(id, TimeSpan.FromSeconds(60), Cancel);

        Assert.InRange(DateTimeOffset.UtcNow - since, TimeSpan.Zero, TimeSpan.FromSeconds(59));
    }

    private static async Task TypeAsync(Stream viewer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var frame = new byte[TtyFrame.HeaderLength + bytes.Length];
        frame[0] = TtyFrame.Input;
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(1), (uint)bytes.Length);
        bytes.CopyTo(frame, TtyFrame.HeaderLength);
        await viewer.WriteAsync(frame, Cancel);
    }

    private static TarBuilder Files()
    {
        var tar = new TarBuilder().Directory("bin/").Directory("tmp/", mode: 0b001_111_111_111).Directory("etc/")
            .Executable("bin/busybox", File.ReadAllBytes("/bin/busybox"));
        foreach (var applet in (ReadOnlySpan<string>)["sh", "sleep", "seq", "tty", "ps", "cut"])
        {
            tar.Symlink("bin/" + applet, "busybox");
        }

        return tar;
    }

    private Task<SandboxId> LaunchAsync(string script, TerminalSize? terminal = null) =>
        LaunchAsync(new ImageBuilder().Layer(Files()).Config("Entrypoint", new JsonArray("/bin/sh", "-c")).Config("Cmd", new JsonArray(script)), terminal);

    private async Task<SandboxId> LaunchAsync(ImageBuilder image, TerminalSize? terminal = null)
    {
        await foreach (var _ in host.Runtime.Images.AddAsync(StoreUnderTest.Oci(image.OciArchive()), Cancel))
        {
        }

        var spec = new SandboxSpec
        {
            Id = SandboxId.New(),
            Playground = PlaygroundId.New(),
            Owner = PersonId.New(),
            Name = "main",
            Image = image.Digest,
            Limits = new SandboxLimits(1, 128L << 20, 128, 64L << 20, 10_000),
            OwnerLimits = new SandboxLimits(2, 4L << 30, 4096, 4L << 30, 1_000_000),
            Deadline = DateTimeOffset.UtcNow.AddMinutes(10),
            Terminal = terminal,
        };
        _made.Add(spec.Id);
        return (await host.Runtime.Sandboxes.CreateAsync(spec, Cancel)).Id;
    }

    private TtyLogState? State(SandboxId id) =>
        host.Parts.GetRequiredService<OwnCommands>().StateOf(host.Parts.GetRequiredService<LiveSandboxes>().Find(id).Record);

    /// <summary>The process of the own command. The holder may read what it printed before it has noted its number.</summary>
    private async Task<int> PidAsync(SandboxId id)
    {
        for (var attempt = 0; attempt < Attempts && State(id)!.Value.Pid == 0; attempt++)
        {
            await Task.Delay(20, Cancel);
        }

        return State(id)!.Value.Pid;
    }

    private async Task<string> LogAsync(SandboxId id)
    {
        var text = new StringBuilder();
        await foreach (var piece in host.Runtime.Sandboxes.ReadLogAsync(id, follow: false, Cancel))
        {
            text.Append(Encoding.UTF8.GetString(piece.Span));
        }

        return text.ToString();
    }

    private async Task<string> UntilLogAsync(SandboxId id, string text)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            if (await LogAsync(id) is var log && log.Contains(text, StringComparison.Ordinal))
            {
                return log;
            }

            await Task.Delay(20, Cancel);
        }

        throw new TimeoutException($"no '{text}' in '{await LogAsync(id)}', {State(id)}");
    }

    private async Task<SandboxInfo> UntilAsync(SandboxId id, SandboxState state)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            if (await host.Runtime.Sandboxes.FindAsync(id, Cancel) is { } info && info.State == state)
            {
                return info;
            }

            await Task.Delay(20, Cancel);
        }

        throw new TimeoutException($"not {state}");
    }
}
