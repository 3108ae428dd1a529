using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Execs;
using Xunit;

namespace Sandbox.Daemon.Tests.Sandboxes;

/// <summary>What becomes of a command, and of everything it started, when it ends, fails to start, or is killed.</summary>
[Collection(nameof(LinuxHost))]
public sealed class ExecTests(LinuxHost host) : IAsyncLifetime
{
    private readonly SandboxId _id = SandboxId.New();
    private readonly PersonId _owner = PersonId.New();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var limits = new SandboxLimits(1, 256L << 20, 128, 256L << 20, 20_000);
        await host.Runtime.Sandboxes.CreateAsync(
            new SandboxSpec
            {
                Id = _id,
                Playground = PlaygroundId.New(),
                Owner = _owner,
                Name = "main",
                Image = host.Busybox,
                Workdir = "/work",
                Limits = limits,
                OwnerLimits = limits,
                Deadline = DateTimeOffset.UtcNow.AddHours(1),
            },
            Cancel);
    }

    public async ValueTask DisposeAsync() => await host.Runtime.Sandboxes.RemoveAsync(_id, CancellationToken.None);

    [Theory]
    [InlineData("sleep 4321", 1)]
    [InlineData("sleep 4321 & sleep 4321", 2)]
    [InlineData("setsid sleep 4321 & setsid setsid sleep 4321 & sleep 4321", 3)]
    [InlineData("(setsid sh -c 'sleep 4321 & sleep 4321 &' &); sleep 4321", 3)]
    [InlineData("trap '' TERM HUP INT; while :; do sleep 4321; done", 1)]
    [InlineData("b() { b | b & sleep 4321; }; b & exec sleep 4321", 30)]
    public async Task A_command_that_is_killed_takes_everything_it_started_with_it(string script, int sleepers)
    {
        using var cut = new CancellationTokenSource();
        var call = host.Runtime.Sandboxes.ExecAsync(_id, Spec(["sh", "-c", script], 300), cut.Token);

        // Seen from the host: a fork bomb leaves no process for a command that looks.
        await EventuallyAsync(() =>
        {
            Assert.False(call.IsCompleted, "it ended by itself");
            return Task.FromResult(Sleepers() >= sleepers);
        });
        await cut.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal("0\n", Text(await RunAsync(["sh", "-c", "ps -o args | grep -c '^sleep 432[1]'; true"])));
    }

    [Fact]
    public async Task A_command_that_takes_too_long_is_killed_with_what_it_printed()
    {
        var seconds = 1;
        ExecResult result;
        do
        {
            // On a busy host it may take longer than its time to print anything.
            result = await RunAsync(["sh", "-c", "echo begun; sleep 4321"], seconds);
            Assert.True(result.IsTimedOut, $"it ended with {result.ExitCode} after {result.Duration}: {Encoding.UTF8.GetString(result.Stderr.Span)}");
            seconds *= 4;
        }
        while (result.Stdout.IsEmpty && seconds < 100);

        Assert.Equal((137, "begun\n"), (result.ExitCode, Text(result)));
        Assert.Equal("0\n", Text(await RunAsync(["sh", "-c", "ps -o args | grep -c '^sleep 432[1]'; true"])));
    }

    [Fact]
    public async Task Output_arrives_while_the_command_runs_and_leaving_ends_it()
    {
        await using (var output = host.Runtime.Sandboxes.ExecStreamAsync(_id, Spec(["sh", "-c", "echo first; until [ -e /tmp/go ]; do sleep 0.05; done; echo second; sleep 4321"], 60), Cancel).GetAsyncEnumerator(Cancel))
        {
            Assert.True(await output.MoveNextAsync());
            Assert.Equal("first\n", Encoding.UTF8.GetString(output.Current.Data.Span));
            await RunAsync(["touch", "/tmp/go"]);
            Assert.True(await output.MoveNextAsync());
            Assert.Equal("second\n", Encoding.UTF8.GetString(output.Current.Data.Span));
        }

        await EventuallyAsync(async () => Text(await RunAsync(["sh", "-c", "ps -o args | grep -c '^sleep 432[1]'; true"])) == "0\n");
    }

    [Fact]
    public async Task A_call_that_is_cut_off_ends_its_command_too()
    {
        using var cut = new CancellationTokenSource();
        var call = host.Runtime.Sandboxes.ExecAsync(_id, Spec(["sh", "-c", "setsid sleep 4321 & sleep 4321"], 60), cut.Token);
        await EventuallyAsync(async () => Text(await RunAsync(["sh", "-c", "ps -o args | grep -c '^sleep 432[1]'"])) == "2\n");
        await cut.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal("0\n", Text(await RunAsync(["sh", "-c", "ps -o args | grep -c '^sleep 432[1]'; true"])));
    }

    [Fact]
    public async Task A_killed_command_of_a_paused_sandbox_is_answered_and_gone_after_the_resume()
    {
        using var cut = new CancellationTokenSource();
        var call = host.Runtime.Sandboxes.ExecAsync(_id, Spec(["sleep", "4321"], 300), cut.Token);
        await EventuallyAsync(async () => Text(await RunAsync(["sh", "-c", "ps -o args | grep -c '^sleep 432[1]'"])) == "1\n");
        await host.Runtime.Sandboxes.PauseAsync(_id, Cancel);
        await cut.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(Patience, Cancel));
        await host.Runtime.Sandboxes.ResumeAsync(_id, Cancel);
        await EventuallyAsync(async () => Text(await RunAsync(["sh", "-c", "ps -o args | grep -c '^sleep 432[1]'; true"])) == "0\n");
    }

    [Fact]
    public async Task A_server_left_in_the_background_goes_on_and_may_print()
    {
        var left = host.Parts.GetRequiredService<LeftOutputs>();
        var result = await RunAsync(["sh", "-c", "(i=0; while [ $i -lt 30 ]; do echo line $i; echo err >&2; i=$((i+1)); sleep 0.1; done; echo done > /tmp/log) & echo started"]);
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("started\n", Text(result), StringComparison.Ordinal); // the other may have printed before it
        await EventuallyAsync(async () => Text(await RunAsync(["sh", "-c", "cat /tmp/log; true"])) == "done\n");
        await EventuallyAsync(() => Task.FromResult(left.CountOf(_id) == 0));
    }

    [Fact]
    public async Task Outputs_that_are_left_open_have_a_bound()
    {
        for (var i = 0; i < (LeftOutputs.MostPerSandbox / 2) + 2; i++)
        {
            await RunAsync(["sh", "-c", "sleep 20 & true"]);
        }

        Assert.InRange(host.Parts.GetRequiredService<LeftOutputs>().CountOf(_id), 1, LeftOutputs.MostPerSandbox);
    }

    [Fact]
    public async Task A_working_directory_that_is_gone_is_replaced_by_the_root_and_said()
    {
        Assert.Equal("/work\n", Text(await RunAsync(["pwd"])));
        await RunAsync(["rm", "-rf", "/work"]);
        var result = await RunAsync(["pwd"]);
        Assert.Equal("/\n", Text(result));
        Assert.Equal("The working directory /work does not exist; the command ran in /.", result.Notice);
    }

    [Fact]
    public async Task A_terminal_opens_in_the_root_when_the_working_directory_is_gone_and_says_so()
    {
        await RunAsync(["rm", "-rf", "/work"]);
        var terminal = await host.Runtime.Terminals.OpenAsync(_id, new TerminalSpec { Id = TerminalId.New(), Cols = 100, Rows = 24 }, Cancel);
        await using var stream = await host.Runtime.Terminals.ConnectAsync(_id, terminal.Id, Cancel);

        // Attach from the first byte: kind, length of the payload, offset.
        await stream.WriteAsync(new byte[] { (byte)'a', 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, Cancel);
        var seen = "";
        var buffer = new byte[4096];
        await EventuallyAsync(async () =>
        {
            seen += Encoding.UTF8.GetString(buffer, 0, await stream.ReadAsync(buffer, Cancel).AsTask().WaitAsync(Patience, Cancel));
            return seen.Contains("The working directory /work does not exist; you are in /.", StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Why_a_command_does_not_start_has_a_code_and_a_sentence()
    {
        await RunAsync(["sh", "-c", "printf '#!/no/such/interpreter\\n' > /tmp/lost; printf '\\177ELF not really' > /tmp/broken; chmod +x /tmp/lost /tmp/broken; echo x > /tmp/plain"]);
        await FailsAsync(ErrorCode.CommandNotFound, "interpreter", "/tmp/lost");
        await FailsAsync(ErrorCode.CommandNotFound, "no command 'nothing'", "nothing");
        await FailsAsync(ErrorCode.CommandNotExecutable, "chmod +x", "/tmp/plain");
        await FailsAsync(ErrorCode.CommandNotExecutable, "a directory", "/etc");
    }

    [Fact]
    public async Task A_command_that_ends_with_the_codes_of_a_shell_is_data()
    {
        Assert.Equal(127, (await RunAsync(["sh", "-c", "no-such-program"])).ExitCode);
        Assert.Equal(126, (await RunAsync(["sh", "-c", "/etc/passwd"])).ExitCode);
        Assert.Equal(1, (await RunAsync(["false"])).ExitCode);
        Assert.Equal(137, (await RunAsync(["sh", "-c", "kill -9 $$"])).ExitCode);
    }

    /// <summary>Longer than anything here takes; only a failure waits for it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private static ExecSpec Spec(IReadOnlyList<string> command, double seconds) => new() { Command = command, Timeout = TimeSpan.FromSeconds(seconds) };

    private static string Text(ExecResult result) => Encoding.UTF8.GetString(result.Stdout.Span);

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(clock.Elapsed < Patience, "it did not come about");
            await Task.Delay(50, Cancel);
        }
    }

    /// <summary>Processes of the sandbox that run <c>sleep 4321</c>.</summary>
    private int Sleepers() => host.Parts.GetRequiredService<ControlGroupTree>().Processes(_owner, _id).Count(pid =>
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline") == "sleep\0" + "4321\0";
        }
        catch (IOException)
        {
            return false; // it ended meanwhile
        }
    });

    private Task<ExecResult> RunAsync(IReadOnlyList<string> command, double seconds = 60) => host.Runtime.Sandboxes.ExecAsync(_id, Spec(command, seconds), Cancel);

    private async Task FailsAsync(ErrorCode code, string words, string command)
    {
        var fault = await Assert.ThrowsAsync<SandboxException>(() => RunAsync([command]));
        Assert.Equal(code, fault.Code);
        Assert.Contains(words, fault.Message, StringComparison.Ordinal);
    }
}
