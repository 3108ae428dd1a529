using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Sandbox.Terminals.Flow;
using Sandbox.Web.Terminals;
using Xunit;

namespace Sandbox.Tty.Tests;

/// <summary>The real program, a real runtime, and the web process's own end of the socket.</summary>
public sealed partial class TerminalTests(HolderFixture fixture) : IClassFixture<HolderFixture>
{
    [Fact]
    public async Task What_is_typed_comes_back_and_runs()
    {
        await using var terminal = await OpenTerminal.StartAsync(fixture, "sh");
        Assert.Matches("^ok [0-9]+\n$", terminal.Line);
        await using var viewer = await terminal.ViewAsync();
        viewer.Type("echo a$((1+1))b\n");
        await viewer.UntilAsync("echo a$((1+1))b\r\na2b\r\n");
    }

    [Fact]
    public async Task It_is_no_root_once_the_process_runs()
    {
        await using var terminal = await OpenTerminal.StartAsync(fixture, "sh");
        var status = await File.ReadAllLinesAsync($"/proc/{terminal.Holder.Id}/status");
        Assert.Contains($"Uid:\t{HolderFixture.OwnUid}\t{HolderFixture.OwnUid}\t{HolderFixture.OwnUid}\t{HolderFixture.OwnUid}", status);
        Assert.Contains($"Gid:\t{HolderFixture.OwnUid}\t{HolderFixture.OwnUid}\t{HolderFixture.OwnUid}\t{HolderFixture.OwnUid}", status);
        Assert.Contains("Groups:\t ", status);
        Assert.Contains("CapPrm:\t0000000000000000", status);
        Assert.Contains("NoNewPrivs:\t1", status);
    }

    [Fact]
    public async Task Ctrl_C_arrives_while_the_output_waits_for_a_paused_viewer()
    {
        await using var terminal = await OpenTerminal.StartAsync(fixture, "sh");
        await using var viewer = await terminal.ViewAsync();
        viewer.Type("yes\n");
        await viewer.UntilAsync("y\r\ny\r\n");
        await RingIsFullAsync(terminal);
        viewer.Type("\u0003");
        viewer.Type("touch /tmp/interrupted\n");
        await ExistsAsync(Path.Combine(fixture.RootFs, "tmp/interrupted"));
        viewer.Type("echo a$((2+2))b\n");
        await viewer.UntilAsync("\r\na4b\r\n");
        Assert.Empty(viewer.Gaps);
    }

    [Fact]
    public async Task A_viewer_that_reconnects_gets_every_byte_once_and_in_order()
    {
        await using var terminal = await OpenTerminal.StartAsync(fixture, "sh", "-c", "seq 1 300000; read line");
        var expected = string.Join("\r\n", Enumerable.Range(1, 300_000)) + "\r\n";
        using var output = new MemoryStream();
        while (output.Length < expected.Length)
        {
            await using var viewer = await terminal.ViewAsync((ulong)output.Length);
            var until = Math.Min((ulong)expected.Length, viewer.Held + 300_000);
            await viewer.UntilHeldAsync(until);
            Assert.Empty(viewer.Gaps);
            output.Write(viewer.Output);
        }

        Assert.Equal(expected, Encoding.ASCII.GetString(output.GetBuffer(), 0, (int)output.Length));
    }

    [Fact]
    public async Task A_stalled_viewer_delays_nobody_and_gets_the_screen_after_a_marked_gap()
    {
        await using var terminal = await OpenTerminal.StartAsync(fixture, "sh", "-c", "read line; seq 1 1000000; read line");
        var expected = "\r\n" + string.Join("\r\n", Enumerable.Range(1, 1_000_000)) + "\r\n";
        await using var stalled = await terminal.ViewAsync();
        await using var fast = await terminal.ViewAsync();
        fast.Type("\n");
        await fast.UntilHeldAsync((ulong)expected.Length);
        Assert.Equal(expected, fast.Text);

        await stalled.UntilHeldAsync((ulong)expected.Length);
        var gap = Assert.Single(stalled.Gaps);
        Assert.True(stalled.BeforeGap <= TtyFrame.OutputWindow, $"{stalled.BeforeGap} bytes were sent without an acknowledgement");
        var (size, screen) = stalled.Screen!.Value;
        Assert.Equal(new TtyScreenSize(80, 24), size);
        Assert.Equal((ulong)expected.Length, gap.To + (ulong)screen.Length);
        Assert.Equal(expected[..(int)gap.From], stalled.Text[..(int)gap.From]);
        Assert.Contains("\r\n999999\r\n1000000\r\n", Encoding.UTF8.GetString(screen.Span), StringComparison.Ordinal);
        Assert.Contains($"{1_000_000 - 900}\r\n", Encoding.UTF8.GetString(screen.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_comes_when_the_beginning_is_gone_gets_the_screen_of_the_size_it_has()
    {
        await using var terminal = await OpenTerminal.StartAsync(fixture, "sh", "-c", "read line; seq 1 500000; printf '\\033[?1049h\\033[2J\\033[3;4Hfull \\033[31mscreen'; read line; echo; echo on");
        await using var first = await terminal.ViewAsync();
        first.Connection.Resize(100, 30);
        first.Type("\n");
        await first.UntilAsync("full \e[31mscreen");
        await using var late = await terminal.ViewAsync();
        Assert.True(await late.ReadAsync());
        var (size, screen) = late.Screen!.Value;
        Assert.Equal(new TtyScreenSize(100, 30), size);
        Assert.Equal(first.Held, late.Held);
        Assert.Contains("499999\r\n500000\r\n", Encoding.UTF8.GetString(screen.Span), StringComparison.Ordinal);
        Assert.Matches("\e\\[\\?1047h.*full \e\\[0;31mscreen", Encoding.UTF8.GetString(screen.Span));
        first.Type("\n");
        await late.UntilAsync("on\r\n");
        Assert.Single(late.Gaps);
    }

    [Theory]
    [InlineData("\\033c")]
    [InlineData("x\\033[9999999b")]
    [InlineData("\\033[2J")]
    public async Task Output_that_asks_for_endless_work_is_gone_over_and_the_screen_begins_again(string sequence)
    {
        var print = $"printf '{string.Concat(Enumerable.Repeat(sequence, 1000))}'";
        await using var terminal = await OpenTerminal.StartAsync(fixture, "sh", "-c", $"read line; i=0; while [ $i -lt 1500 ]; do {print}; i=$((i+1)); done; seq 1 500000; printf 'all of it'; read line");
        await using var first = await terminal.ViewAsync();
        first.Connection.Resize(1000, 131);
        first.Type("\n");
        await first.UntilHeldAsync(5_000_000);
        while (!first.Text[^20..].Contains("all of it", StringComparison.Ordinal))
        {
            Assert.True(await first.ReadAsync());
        }

        await using var late = await terminal.ViewAsync();
        Assert.True(await late.ReadAsync());
        Assert.Equal(new TtyScreenSize(1000, 131), late.Screen!.Value.Size);
        Assert.Equal(first.Held, late.Held);
        await using var again = await terminal.ViewAsync();
        Assert.True(await again.ReadAsync());

        // All that was asked for takes minutes.
        Assert.InRange(terminal.Holder.UserProcessorTime, TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Who_only_watches_and_says_nothing_holds_up_nobody()
    {
        await using var terminal = await OpenTerminal.StartAsync(fixture, "sh", "-c", "read line; seq 1 1000000; read line");
        await using var watcher = await terminal.ViewAsync(watches: true);
        await using var owner = await terminal.ViewAsync();
        owner.Type("\n");
        await owner.UntilAsync("1000000\r\n");
        Assert.Empty(owner.Gaps);
    }

    [Fact]
    public async Task A_viewer_that_acknowledges_nothing_gets_one_window()
    {
        await using var terminal = await OpenTerminal.StartAsync(fixture, "yes");
        await using var viewer = await terminal.ViewAsync();
        while (viewer.Held < TtyFrame.OutputWindow)
        {
            Assert.True(await viewer.ReadAsync(acknowledge: false));
        }

        // What comes next is what the next acknowledgement lets out, a piece at a time.
        Assert.Equal((ulong)TtyFrame.OutputWindow, viewer.Held);
        viewer.Connection.Ack(viewer.Held);
        while (viewer.Held < 2 * TtyFrame.OutputWindow)
        {
            Assert.True(await viewer.ReadAsync(acknowledge: false));
        }

        Assert.Equal(2UL * TtyFrame.OutputWindow, viewer.Held);
    }

    [Theory]
    [InlineData("exit 7", 7)]
    [InlineData("kill -9 $$", 137)]
    public async Task The_exit_code_comes_after_the_last_byte_and_then_the_holder_ends(string script, int code)
    {
        await using var terminal = await OpenTerminal.StartAsync(fixture, "sh", "-c", $"echo last; {script}");
        await using var viewer = await terminal.ViewAsync();
        Assert.Equal(code, await viewer.ToEndAsync());
        Assert.Equal("last\r\n", viewer.Text);
        await terminal.Holder.WaitForExitAsync().WaitAsync(Viewer.Limit);
        Assert.Equal(0, terminal.Holder.ExitCode);
        Assert.False(File.Exists(terminal.Socket));
    }

    [Fact]
    public async Task Output_of_a_process_that_ended_waits_for_its_viewer()
    {
        await using var terminal = await OpenTerminal.StartAsync(fixture, "sh", "-c", "seq 1 1000; exit 3");
        await GoneAsync(terminal);
        await using var viewer = await terminal.ViewAsync();
        Assert.Equal(3, await viewer.ToEndAsync());
        Assert.EndsWith("\r\n999\r\n1000\r\n", viewer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_that_stays_behind_does_not_keep_the_terminal_open()
    {
        await using var terminal = await OpenTerminal.StartAsync(fixture, "sh", "-c", "trap '' HUP; yes & exit 4");
        await using var viewer = await terminal.ViewAsync();
        Assert.Equal(4, await viewer.ToEndAsync());
    }

    [Theory]
    [InlineData("nosuch", "failed CommandNotFound ")]
    [InlineData("/bin/nosuch", "failed CommandNotFound ")]
    [InlineData("/bin/plain", "failed CommandNotFound ")]
    public async Task A_command_that_cannot_run_is_named_so(string command, string line)
    {
        await using var terminal = await OpenTerminal.StartAsync(fixture, command);
        Assert.StartsWith(line, terminal.Line, StringComparison.Ordinal);
        Assert.Equal(1, terminal.Line.Count(c => c == '\n'));
        Assert.DoesNotContain('\e', terminal.Line);
        await terminal.Holder.WaitForExitAsync().WaitAsync(Viewer.Limit);
        Assert.Equal(1, terminal.Holder.ExitCode);
        Assert.False(File.Exists(terminal.Socket));
        Assert.False(Directory.Exists(terminal.Socket + ".d"));
    }

    [Fact]
    public async Task A_sandbox_that_does_not_run_is_a_fault()
    {
        var socket = fixture.NewSocket();
        var arguments = await fixture.ArgumentsAsync(socket, ["sh"], sandbox: "nosuch");
        await using var terminal = await OpenTerminal.StartAsync(fixture.Program, socket, arguments);
        Assert.StartsWith("failed Internal ", terminal.Line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_user_is_refused_by_the_file_and_by_the_kernels_word()
    {
        const int Client = 65532;
        var socket = fixture.NewSocket();
        var arguments = await fixture.ArgumentsAsync(socket, ["sh"], client: Client);
        await using var terminal = await OpenTerminal.StartAsync(fixture.Program, socket, arguments);
        Assert.Equal("prompt", await ConnectAsAsync(Client, socket));
        Assert.Equal("refused", await ConnectAsAsync(65533, socket));
        File.SetUnixFileMode(socket, (UnixFileMode)0x1B6);
        Assert.Equal("closed", await ConnectAsAsync(65533, socket));
        Assert.Equal("prompt", await ConnectAsAsync(0, socket));
    }

    [Fact]
    public async Task The_program_sees_the_size()
    {
        await using var terminal = await OpenTerminal.StartAsync(fixture, "sh");
        await using var viewer = await terminal.ViewAsync();
        viewer.Type("stty size\n");
        await viewer.UntilAsync("24 80\r\n");
        viewer.Connection.Resize(100, 50);
        viewer.Type("stty size\n");
        await viewer.UntilAsync("50 100\r\n");
    }

    [Fact]
    public async Task It_outlives_the_one_that_started_it()
    {
        var socket = fixture.NewSocket();
        var arguments = await fixture.ArgumentsAsync(socket, ["sh"]);
        var pidFile = socket + ".pid";
        var script = $"\"$@\" & echo $! > {pidFile}; exec > /dev/null; wait";
        await using var starter = await OpenTerminal.StartAsync("/bin/sh", socket, ["-c", script, "sh", fixture.Program, .. arguments]);
        Assert.StartsWith("ok ", starter.Line, StringComparison.Ordinal);
        starter.Holder.Kill();
        await starter.Holder.WaitForExitAsync();
        await using var viewer = await starter.ViewAsync();
        viewer.Type("echo a$((3+3))b\n");
        await viewer.UntilAsync("\r\na6b\r\n");
        viewer.Connection.Close();
        await viewer.ToEndAsync();
        await GoneAsync(int.Parse(await File.ReadAllTextAsync(pidFile), CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task Close_hangs_up_the_program_and_ends_the_holder()
    {
        await using var terminal = await OpenTerminal.StartAsync(fixture, "cat");
        await using var viewer = await terminal.ViewAsync();
        viewer.Connection.Close();
        Assert.Equal(129, await viewer.ToEndAsync());
        await terminal.Holder.WaitForExitAsync().WaitAsync(Viewer.Limit);
        Assert.Equal(0, terminal.Holder.ExitCode);
        Assert.False(File.Exists(terminal.Socket));
    }

    [Fact]
    public async Task A_termination_signal_is_a_close()
    {
        await using var terminal = await OpenTerminal.StartAsync(fixture, "cat");
        await using var viewer = await terminal.ViewAsync();
        viewer.Type("here\n");
        await viewer.UntilAsync("here\r\nhere\r\n");
        using var kill = Process.Start("kill", ["-TERM", $"{terminal.Holder.Id}"]);
        Assert.Equal(129, await viewer.ToEndAsync());
        await terminal.Holder.WaitForExitAsync().WaitAsync(Viewer.Limit);
        Assert.False(File.Exists(terminal.Socket));
    }

    [Fact]
    public async Task A_paste_longer_than_every_window_arrives_whole()
    {
        await using var terminal = await OpenTerminal.StartAsync(fixture, "sh", "-c", "stty -echo; echo ready; cat > /tmp/paste; echo done");
        await using var viewer = await terminal.ViewAsync();
        await viewer.UntilAsync("ready");
        var reading = viewer.UntilAsync("done");
        var text = string.Concat(Enumerable.Range(1, 60_000).Select(n => $"{n}\n")) + "\u0004";
        for (var at = 0; at < text.Length;)
        {
            var part = text.AsMemory(at, Math.Min(10_000, text.Length - at));
            if (viewer.Connection.TryInput(Encoding.ASCII.GetBytes(part.ToString())))
            {
                at += part.Length;
            }
            else
            {
                await Task.Delay(1);
            }
        }

        await reading.WaitAsync(Viewer.Limit);
        Assert.Equal(text[..^1], await File.ReadAllTextAsync(Path.Combine(fixture.RootFs, "tmp/paste")));
    }

    [Fact]
    public async Task What_was_typed_before_its_viewer_left_comes_before_what_the_next_one_types()
    {
        await using var terminal = await OpenTerminal.StartAsync(fixture, "sh", "-c", "stty raw -echo; echo ready; while [ ! -e /tmp/left ]; do sleep 0.1; done; head -c 60010 | sha256sum");
        var text = string.Concat(Enumerable.Range(100_000, 10_000).Select(n => $"{n}"));
        await using (var first = await terminal.ViewAsync())
        {
            await first.UntilAsync("ready");
            for (var at = 0; at < text.Length; at += 1000)
            {
                first.Type(text.Substring(at, 1000));
            }
        }

        await using var next = await terminal.ViewAsync();
        next.Type("0123456789");
        await File.WriteAllTextAsync(Path.Combine(fixture.RootFs, "tmp/left"), "");
        await next.UntilAsync("  -");
        File.Delete(Path.Combine(fixture.RootFs, "tmp/left"));
        var whole = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.ASCII.GetBytes(text + "0123456789")));
        Assert.Contains(whole, next.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_queue_of_input_that_nobody_reads_is_full_at_last_and_a_resize_still_passes()
    {
        await using var terminal = await OpenTerminal.StartAsync(
            fixture, "sh", "-c", "stty raw -echo; trap 'stty size' WINCH; echo ready; while :; do sleep 1; done");
        await using var viewer = await terminal.ViewAsync();
        await viewer.UntilAsync("ready");
        var accepted = 0;
        while (viewer.Connection.TryInput(new byte[1000]))
        {
            accepted += 1000;
            Assert.True(accepted < 10_000_000, "the queue has no bound");
        }

        viewer.Connection.Resize(33, 44);
        await viewer.UntilAsync("44 33");
    }

    [Theory]
    [InlineData("i", TtyFrame.MaxInput + 1)]
    [InlineData("?", 0)]
    [InlineData("a", 7)]
    [InlineData("k", 8)]
    public async Task A_wrong_frame_ends_its_connection_and_no_other(string kind, int length)
    {
        await using var terminal = await OpenTerminal.StartAsync(fixture, "sh");
        using var raw = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await raw.ConnectAsync(new UnixDomainSocketEndPoint(terminal.Socket));
        try
        {
            await raw.SendAsync((byte[])[(byte)kind[0], .. BitConverter.GetBytes(length), .. new byte[length]]);
        }
        catch (SocketException)
        {
            // The header alone is enough for the holder to hang up.
        }

        Assert.Equal(0, await ReceivedAsync(raw));
        await using var viewer = await terminal.ViewAsync();
        viewer.Type("echo a$((4+4))b\n");
        await viewer.UntilAsync("\r\na8b\r\n");
    }

    [Fact]
    public async Task Input_beyond_its_window_ends_the_connection()
    {
        await using var terminal = await OpenTerminal.StartAsync(fixture, "sh", "-c", "stty raw -echo; echo ready; sleep 3600");
        await using var viewer = await terminal.ViewAsync();
        await viewer.UntilAsync("ready");
        using var raw = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await raw.ConnectAsync(new UnixDomainSocketEndPoint(terminal.Socket));
        byte[] frame = [TtyFrame.Input, .. BitConverter.GetBytes(TtyFrame.MaxInput), .. new byte[TtyFrame.MaxInput]];
        await Assert.ThrowsAsync<SocketException>(async () =>
        {
            for (var i = 0; i < 100; i++)
            {
                await raw.SendAsync(frame).WaitAsync(Viewer.Limit);
            }
        });
    }

    [Fact]
    public async Task Connections_are_bounded()
    {
        await using var terminal = await OpenTerminal.StartAsync(fixture, "sh");
        var sockets = new List<Socket>();
        for (var i = 0; i < 64; i++)
        {
            sockets.Add(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified));
            await sockets[i].ConnectAsync(new UnixDomainSocketEndPoint(terminal.Socket));
        }

        using var further = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await further.ConnectAsync(new UnixDomainSocketEndPoint(terminal.Socket));
        Assert.Equal(0, await ReceivedAsync(further));
        sockets.ForEach(socket => socket.Dispose());
        await UntilRoomAsync(terminal);
        await using var viewer = await terminal.ViewAsync();
        await viewer.UntilAsync("$ ");
    }

    /// <summary>The holder learns of disconnections one after the other; until then it refuses a new connection by closing it.</summary>
    private static async Task UntilRoomAsync(OpenTerminal terminal)
    {
        for (var end = DateTime.UtcNow + Viewer.Limit; ;)
        {
            if (await Task.Run(() => Connect(terminal.Socket)) == "prompt")
            {
                return;
            }

            Assert.True(DateTime.UtcNow < end, "the holder still counts connections that are closed");
        }
    }

    private static async Task<int> ReceivedAsync(Socket socket)
    {
        try
        {
            return await socket.ReceiveAsync(new byte[1]).WaitAsync(Viewer.Limit);
        }
        catch (SocketException)
        {
            return 0;
        }
    }

    // Nobody can ask for the end without moving it, so the holder's memory tells: pages of the ring that were written.
    private static async Task RingIsFullAsync(OpenTerminal terminal)
    {
        for (var end = DateTime.UtcNow + Viewer.Limit; ;)
        {
            var rollup = await File.ReadAllLinesAsync($"/proc/{terminal.Holder.Id}/smaps_rollup");
            var line = rollup.Single(text => text.StartsWith("Private_Dirty:", StringComparison.Ordinal));
            var kilobytes = int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
            if (kilobytes * 1024 > TtyFrame.RingLength)
            {
                return;
            }

            Assert.True(DateTime.UtcNow < end, $"only {kilobytes} kB of the ring were written");
            await Task.Delay(50);
        }
    }

    private static async Task ExistsAsync(string path)
    {
        for (var end = DateTime.UtcNow + Viewer.Limit; !File.Exists(path);)
        {
            Assert.True(DateTime.UtcNow < end, $"{path} was not made");
            await Task.Delay(20);
        }
    }

    private static Task GoneAsync(OpenTerminal terminal) =>
        GoneAsync(int.Parse(terminal.Line.Split(' ')[1], CultureInfo.InvariantCulture));

    private static async Task GoneAsync(int pid)
    {
        for (var end = DateTime.UtcNow + Viewer.Limit; Directory.Exists($"/proc/{pid}");)
        {
            Assert.True(DateTime.UtcNow < end, $"process {pid} still runs");
            await Task.Delay(20);
        }
    }

    // A thread of its own becomes the user: the bare system call changes no other thread, and the kernel tells the
    // holder the thread's user. Nothing of the test may go on in it.
    private static async Task<string> ConnectAsAsync(int uid, string path)
    {
        const int SetResUid = 117;
        var outcome = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            var result = "not root";
            if (SysCall(SetResUid, -1, uid, -1) == 0)
            {
                result = Connect(path);
                _ = SysCall(SetResUid, -1, 0, -1);
            }

            outcome.SetResult(result);
        });
        thread.Start();
        return await outcome.Task.WaitAsync(Viewer.Limit);
    }

    private static string Connect(string path)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(path));
            socket.Send([TtyFrame.Attach, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            return socket.Receive(new byte[100]) > 0 ? "prompt" : "closed";
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.AccessDenied ? "refused" : "closed";
        }
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SysCall(nint number, nint a, nint b, nint c);
}
