using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Runtime;
using Xunit;

namespace Sandbox.Testing;

/// <summary>The suite of <see cref="ISandboxes.ExecAsync"/>.</summary>
public abstract class ExecsConformance(RuntimeUnderTest under) : RuntimeConformance(under)
{
    [Fact]
    public async Task An_exec_tells_stdout_stderr_and_exit_code_apart()
    {
        var sandbox = await CreateAsync();

        var good = await ExecAsync(sandbox.Id, ["echo", "hello  world"]);
        Assert.Equal(0, good.ExitCode);
        Assert.Equal("hello  world\n", Text(good.Stdout));
        Assert.True(good.Stderr.IsEmpty);
        Assert.False(good.Truncated);

        var bad = await ExecAsync(sandbox.Id, ["cat", "/no/such/file"]);
        Assert.Equal(1, bad.ExitCode);
        Assert.True(bad.Stdout.IsEmpty);
        Assert.NotEqual(0, bad.Stderr.Length);
    }

    [Fact]
    public async Task Streamed_output_is_that_of_the_result_which_comes_last()
    {
        var sandbox = await CreateAsync();
        var parts = await Runtime.Sandboxes.ExecStreamAsync(sandbox.Id, Exec(["echo", "hello"]), Cancellation).ToListAsync(Cancellation);

        var result = Assert.IsType<ExecResult>(parts[^1].Result);
        Assert.Equal((0, "hello\n"), (result.ExitCode, Text(result.Stdout)));
        Assert.All(parts[..^1], part => Assert.Null(part.Result));
        Assert.Equal("hello\n", string.Concat(parts[..^1].Where(part => !part.IsError).Select(part => Text(part.Data))));
        await FailsAsync(ErrorCode.CommandNotFound, async () => await Runtime.Sandboxes.ExecStreamAsync(sandbox.Id, Exec(["/no/such/program"]), Cancellation).ToListAsync(Cancellation));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(42)]
    [InlineData(255)]
    public async Task An_exit_code_comes_back_as_it_is(int code)
    {
        var sandbox = await CreateAsync();

        Assert.Equal(code, (await ExecAsync(sandbox.Id, ExitWith(code))).ExitCode);
    }

    [Fact]
    public async Task A_killed_command_ends_with_128_and_the_signal()
    {
        var sandbox = await CreateAsync();

        Assert.Equal(128 + 9, (await ExecAsync(sandbox.Id, KillItself)).ExitCode);
    }

    [Fact]
    public async Task Stdin_reaches_the_command_byte_for_byte()
    {
        var sandbox = await CreateAsync();
        var bytes = new byte[300_000];
        new Random(1).NextBytes(bytes);

        var result = await Runtime.Sandboxes.ExecAsync(sandbox.Id, Exec(["cat"]) with { Stdin = bytes }, Cancellation);

        Assert.Equal(bytes, result.Stdout.ToArray());
    }

    [Fact]
    public async Task Without_stdin_a_command_reads_its_end_at_once()
    {
        var sandbox = await CreateAsync();

        var result = await ExecAsync(sandbox.Id, ["cat"]);

        Assert.Equal(0, result.ExitCode);
        Assert.True(result.Stdout.IsEmpty);
    }

    [Fact]
    public async Task Output_beyond_the_limit_is_cut_and_said_to_be()
    {
        var sandbox = await CreateAsync();

        var cut = await Runtime.Sandboxes.ExecAsync(sandbox.Id, Exec(["head", "-c", "500000", "/dev/zero"]) with { OutputLimit = 1000 }, Cancellation);
        Assert.True(cut.Truncated);
        Assert.Equal(1000, cut.Stdout.Length);
        Assert.Equal(0, cut.ExitCode);

        var whole = await Runtime.Sandboxes.ExecAsync(sandbox.Id, Exec(["head", "-c", "1000", "/dev/zero"]) with { OutputLimit = 1000 }, Cancellation);
        Assert.False(whole.Truncated);
        Assert.Equal(1000, whole.Stdout.Length);
    }

    [Fact]
    public async Task A_command_that_takes_too_long_is_killed_and_the_sandbox_goes_on()
    {
        var sandbox = await CreateAsync();

        var result = await Runtime.Sandboxes.ExecAsync(sandbox.Id, Exec(["sleep", "600"]) with { Timeout = TimeSpan.FromSeconds(1) }, Cancellation);

        Assert.True(result.IsTimedOut);
        Assert.Equal(137, result.ExitCode);

        Assert.Equal("here", await OutputAsync(sandbox.Id, "echo", "here"));
    }

    [Fact]
    public async Task A_cancelled_exec_throws_and_the_sandbox_goes_on()
    {
        var sandbox = await CreateAsync();
        using var cut = new CancellationTokenSource();
        var exec = Runtime.Sandboxes.ExecAsync(sandbox.Id, Exec(WriteAndSleep("/tmp/begun")) with { Timeout = TimeSpan.FromMinutes(10) }, cut.Token);
        await EventuallyAsync(async () => await FindAsync(sandbox.Id, "/tmp/begun") is not null);
        await cut.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => exec);

        Assert.Equal("here", await OutputAsync(sandbox.Id, "echo", "here"));
    }

    [Fact]
    public async Task A_stop_ends_what_an_exec_runs()
    {
        var sandbox = await CreateAsync();
        var exec = Runtime.Sandboxes.ExecAsync(sandbox.Id, Exec(WriteAndSleep("/tmp/begun")) with { Timeout = TimeSpan.FromMinutes(10) }, Cancellation);
        await EventuallyAsync(async () => await FindAsync(sandbox.Id, "/tmp/begun") is not null);

        await Runtime.Sandboxes.StopAsync(sandbox.Id, TimeSpan.Zero, Cancellation);

        Assert.NotEqual(0, (await exec.WaitAsync(Patience, Cancellation)).ExitCode);
    }

    [Theory]
    [InlineData("no-such-program")]
    [InlineData("/no/such/program")]
    public async Task A_command_that_does_not_exist_is_CommandNotFound(string command)
    {
        var sandbox = await CreateAsync();

        await FailsAsync(ErrorCode.CommandNotFound, () => ExecAsync(sandbox.Id, [command, "x"]));
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("/etc")]
    public async Task A_command_without_permission_to_execute_is_CommandNotExecutable(string command)
    {
        var sandbox = await CreateAsync();

        await FailsAsync(ErrorCode.CommandNotExecutable, () => ExecAsync(sandbox.Id, [command, "x"]));
    }

    [Fact]
    public async Task Many_execs_at_once_keep_their_outputs_apart()
    {
        var sandbox = await CreateAsync();

        var outputs = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => OutputAsync(sandbox.Id, "echo", $"number {number}")));

        Assert.Equal(Enumerable.Range(0, 8).Select(number => $"number {number}"), outputs);
    }
}
