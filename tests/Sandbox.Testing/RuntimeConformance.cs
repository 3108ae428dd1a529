using System.Formats.Tar;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Files;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Xunit;

namespace Sandbox.Testing;

/// <summary>
/// What every adapter of the port must do. A concrete class supplies the runtime and an interactive image that holds
/// busybox or the GNU tools. Each test makes sandboxes of its own and removes them.
/// </summary>
public abstract class RuntimeConformance : IAsyncLifetime
{
    private readonly List<SandboxId> _made = [];

    /// <summary>The adapter.</summary>
    protected abstract ISandboxRuntime Runtime { get; }

    /// <summary>An image in its store that is a place to type in.</summary>
    protected abstract Digest InteractiveImage { get; }

    /// <summary>What each sandbox may use.</summary>
    protected virtual SandboxLimits Limits => new(1, 128L << 20, 128, 128L << 20, 20_000);

    /// <summary>What all sandboxes of one test may use.</summary>
    protected virtual SandboxLimits OwnerLimits => new(2, 4L << 30, 4096, 4L << 30, 1_000_000);

    /// <summary>How long to wait for what must happen; far longer than it takes.</summary>
    protected virtual TimeSpan Patience => TimeSpan.FromSeconds(60);

    /// <summary>An argv that ends with this exit code.</summary>
    protected virtual IReadOnlyList<string> ExitWith(int code) => ["sh", "-c", $"exit {code}"];

    /// <summary>An argv that prints a variable of its environment, and a line feed.</summary>
    protected virtual IReadOnlyList<string> PrintVariable(string name) => ["sh", "-c", $"printf '%s\\n' \"${name}\""];

    /// <summary>An argv that kills itself with SIGKILL.</summary>
    protected virtual IReadOnlyList<string> KillItself => ["sh", "-c", "kill -9 $$"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <inheritdoc/>
    public virtual ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public virtual async ValueTask DisposeAsync()
    {
        foreach (var id in _made)
        {
            await Runtime.Sandboxes.RemoveAsync(id, CancellationToken.None);
        }

        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Status_tells_the_adapter_and_its_process()
    {
        var status = await Runtime.GetInfoAsync(Cancellation);

        Assert.NotEmpty(status.Adapter);
        Assert.NotEmpty(status.OciRuntime);
        Assert.True(status.Pid > 0);
        Assert.True(status.MemoryBytes > 0);
        Assert.True(status.DiskFreeBytes > 0);
    }

    // Images

    [Fact]
    public async Task Stored_images_are_listed_with_their_layers()
    {
        var image = Assert.Single(await Runtime.Images.ListAsync(Cancellation), image => image.Digest == InteractiveImage);

        Assert.True(image.Config.IsInteractive);
        Assert.NotEmpty(image.Layers);
        Assert.True(image.Size > 0);
    }

    [Fact]
    public async Task An_unknown_image_recipe_is_ImageNotFound() =>
        await FailsAsync(ErrorCode.ImageNotFound, () => DrainAsync(Runtime.Images.AddAsync(new ImageSource.Recipe("no-such-recipe"), Cancellation)));

    [Theory]
    [InlineData(ArchiveKind.Oci)]
    [InlineData(ArchiveKind.Docker)]
    public async Task An_archive_that_is_none_is_ImageInvalid_and_adds_nothing(ArchiveKind kind)
    {
        var before = await ImageDigestsAsync();
        var rubbish = Enumerable.Repeat((byte)'x', 100_000).ToArray();

        await FailsAsync(ErrorCode.ImageInvalid, () => DrainAsync(Runtime.Images.AddAsync(new ImageSource.Archive(kind, Pieces(rubbish)), Cancellation)));

        Assert.Equal(before, await ImageDigestsAsync());
    }

    [Fact]
    public async Task An_empty_archive_is_ImageInvalid() =>
        await FailsAsync(ErrorCode.ImageInvalid, () => DrainAsync(Runtime.Images.AddAsync(new ImageSource.Archive(ArchiveKind.Oci, Pieces([])), Cancellation)));

    [Fact]
    public async Task Removing_an_unknown_image_is_no_fault() =>
        await Runtime.Images.RemoveAsync(UnknownImage, Cancellation);

    [Fact]
    public async Task An_image_in_use_is_not_removed()
    {
        await CreateAsync();

        await FailsAsync(ErrorCode.ImageInUse, () => Runtime.Images.RemoveAsync(InteractiveImage, Cancellation));

        Assert.Contains(InteractiveImage, await ImageDigestsAsync());
    }

    // Create, find, list, remove

    [Fact]
    public async Task A_created_sandbox_runs_and_is_found()
    {
        var spec = Spec();

        var created = await CreateAsync(spec);

        Assert.Equal(SandboxState.Running, created.State);
        Assert.Equal(spec.Id, created.Id);
        Assert.Equal(spec.Playground, created.Playground);
        Assert.Equal(spec.Owner, created.Owner);
        Assert.Equal(spec.Name, created.Name);
        Assert.Equal(spec.Image, created.Image);
        Assert.Equal(spec.Deadline, created.Deadline);
        Assert.Null(created.Reason);
        var found = await Runtime.Sandboxes.FindAsync(spec.Id, Cancellation);
        Assert.Equal(SandboxState.Running, found?.State);
        Assert.Equal(spec.Deadline, found?.Deadline);
        Assert.Contains(await Runtime.Sandboxes.ListAsync(Cancellation), sandbox => sandbox.Id == spec.Id);
    }

    [Fact]
    public async Task Creating_twice_with_one_id_gives_one_sandbox()
    {
        var spec = Spec();
        var first = await CreateAsync(spec);
        await WriteAsync(spec.Id, "/root/kept", "kept");

        var second = await CreateAsync(spec);

        Assert.Equal(first.CreatedAt, second.CreatedAt);
        Assert.Equal("kept", await ReadAsync(spec.Id, "/root/kept"));
        Assert.Single(await Runtime.Sandboxes.ListAsync(Cancellation), sandbox => sandbox.Id == spec.Id);
    }

    [Fact]
    public async Task Creating_at_the_same_instant_with_one_id_gives_one_sandbox()
    {
        var spec = Spec() with { Files = [new RecipeFile { Path = "/root/a", Text = "a" }] };

        var all = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => CreateAsync(spec)));

        Assert.Single(all.Select(sandbox => sandbox.CreatedAt).Distinct());
        Assert.All(all, sandbox => Assert.Equal(SandboxState.Running, sandbox.State));
    }

    [Fact]
    public async Task Creating_again_with_another_spec_is_Conflict()
    {
        var spec = Spec() with { Env = new Dictionary<string, string> { ["A"] = "a" } };
        await CreateAsync(spec);

        await FailsAsync(ErrorCode.Conflict, () => Runtime.Sandboxes.CreateAsync(spec with { Name = "other" }, Cancellation));
        await FailsAsync(ErrorCode.Conflict, () => Runtime.Sandboxes.CreateAsync(spec with { Env = new Dictionary<string, string> { ["A"] = "b" } }, Cancellation));
        await FailsAsync(ErrorCode.Conflict, () => Runtime.Sandboxes.CreateAsync(spec with { Files = [new RecipeFile { Path = "/a", Text = "a" }] }, Cancellation));

        Assert.Equal("main", (await Runtime.Sandboxes.FindAsync(spec.Id, Cancellation))?.Name);
    }

    [Fact]
    public async Task An_unknown_image_is_ImageNotFound_and_leaves_nothing()
    {
        var spec = Spec() with { Image = UnknownImage };

        await FailsAsync(ErrorCode.ImageNotFound, () => CreateAsync(spec));

        Assert.Null(await Runtime.Sandboxes.FindAsync(spec.Id, Cancellation));
    }

    [Fact]
    public async Task A_create_cancelled_before_it_began_leaves_nothing()
    {
        var spec = Spec();
        using var cut = new CancellationTokenSource();
        await cut.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Runtime.Sandboxes.CreateAsync(Track(spec), cut.Token));

        Assert.Null(await Runtime.Sandboxes.FindAsync(spec.Id, Cancellation));
    }

    [Fact]
    public async Task A_create_cancelled_on_the_way_leaves_nothing_or_came_through()
    {
        for (var wait = 0; wait < 8; wait++)
        {
            var spec = Track(Spec());
            using var cut = new CancellationTokenSource();
            var create = Runtime.Sandboxes.CreateAsync(spec, cut.Token);
            await Task.Delay(wait * 8, Cancellation);
            await cut.CancelAsync();
            try
            {
                await create;
                Assert.Equal(SandboxState.Running, (await Runtime.Sandboxes.FindAsync(spec.Id, Cancellation))?.State);
            }
            catch (OperationCanceledException)
            {
                // Over a wire the cancellation is answered at once, and the undoing may still be under way; a create
                // that had come through when the cancellation reached it is whole, and that is fine as well.
                await EventuallyAsync(async () => await Runtime.Sandboxes.FindAsync(spec.Id, Cancellation) is null or { State: SandboxState.Running or SandboxState.Ended });
            }
        }
    }

    [Fact]
    public async Task Ten_created_at_once_all_run_and_are_told_apart()
    {
        var all = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => CreateAsync()));

        Assert.All(all, sandbox => Assert.Equal(SandboxState.Running, sandbox.State));
        await Task.WhenAll(all.Select(sandbox => WriteAsync(sandbox.Id, "/root/me", sandbox.Id.Value)));
        foreach (var sandbox in all)
        {
            Assert.Equal(sandbox.Id.Value, await OutputAsync(sandbox.Id, "cat", "/root/me"));
        }
    }

    [Fact]
    public async Task A_removed_sandbox_is_gone()
    {
        var sandbox = await CreateAsync();

        await Runtime.Sandboxes.RemoveAsync(sandbox.Id, Cancellation);

        Assert.Null(await Runtime.Sandboxes.FindAsync(sandbox.Id, Cancellation));
        Assert.DoesNotContain(await Runtime.Sandboxes.ListAsync(Cancellation), other => other.Id == sandbox.Id);
        await FailsAsync(ErrorCode.NotFound, () => ExecAsync(sandbox.Id, ["true"]));
    }

    [Fact]
    public async Task Removing_what_is_unknown_or_removed_is_no_fault()
    {
        var sandbox = await CreateAsync();
        await Runtime.Sandboxes.RemoveAsync(sandbox.Id, Cancellation);

        await Runtime.Sandboxes.RemoveAsync(sandbox.Id, Cancellation);
        await Runtime.Sandboxes.RemoveAsync(SandboxId.New(), Cancellation);
    }

    [Fact]
    public async Task A_stopped_and_a_paused_sandbox_can_be_removed()
    {
        var stopped = await CreateAsync();
        await Runtime.Sandboxes.StopAsync(stopped.Id, TimeSpan.Zero, Cancellation);
        var paused = await CreateAsync();
        await Runtime.Sandboxes.PauseAsync(paused.Id, Cancellation);

        await Runtime.Sandboxes.RemoveAsync(stopped.Id, Cancellation);
        await Runtime.Sandboxes.RemoveAsync(paused.Id, Cancellation);

        Assert.Null(await Runtime.Sandboxes.FindAsync(stopped.Id, Cancellation));
        Assert.Null(await Runtime.Sandboxes.FindAsync(paused.Id, Cancellation));
    }

    [Fact]
    public async Task Whatever_is_asked_of_an_unknown_sandbox_is_NotFound()
    {
        var id = SandboxId.New();
        var path = Path("/etc/passwd");

        Assert.Null(await Runtime.Sandboxes.FindAsync(id, Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Sandboxes.StartAsync(id, Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Sandboxes.StopAsync(id, TimeSpan.Zero, Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Sandboxes.PauseAsync(id, Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Sandboxes.ResumeAsync(id, Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Sandboxes.ExtendAsync(id, DateTimeOffset.UtcNow.AddHours(1), Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => ExecAsync(id, ["true"]));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Terminals.OpenAsync(id, Terminal(), Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Terminals.ListAsync(id, Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.ListAsync(id, path, Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.FindAsync(id, path, Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => DrainAsync(Runtime.Files.ReadAsync(id, path, ReadForm.Raw, Cancellation)));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.WriteAsync(id, path, null, Pieces([1]), Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.DeleteAsync(id, path, Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.MakeDirectoryAsync(id, path, Cancellation));
        var upload = new UploadSpec { Id = UploadId.New(), Path = path, Length = 1 };
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.BeginUploadAsync(id, upload, Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.FindUploadAsync(id, upload.Id, Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.ContinueUploadAsync(id, upload.Id, 0, Pieces([1]), Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.CancelUploadAsync(id, upload.Id, Cancellation));
    }

    // Start, stop, pause, resume

    [Fact]
    public async Task A_stopped_sandbox_starts_again_over_its_files()
    {
        var sandbox = await CreateAsync();
        await WriteAsync(sandbox.Id, "/root/kept", "kept");

        var stopped = await Runtime.Sandboxes.StopAsync(sandbox.Id, TimeSpan.FromSeconds(1), Cancellation);
        Assert.Equal(SandboxState.Stopped, stopped.State);
        Assert.Equal(SandboxState.Stopped, (await Runtime.Sandboxes.FindAsync(sandbox.Id, Cancellation))?.State);

        var started = await Runtime.Sandboxes.StartAsync(sandbox.Id, Cancellation);
        Assert.Equal(SandboxState.Running, started.State);
        Assert.Equal("kept", await OutputAsync(sandbox.Id, "cat", "/root/kept"));
    }

    [Fact]
    public async Task Starting_what_runs_and_stopping_what_is_stopped_is_no_fault()
    {
        var sandbox = await CreateAsync();

        Assert.Equal(SandboxState.Running, (await Runtime.Sandboxes.StartAsync(sandbox.Id, Cancellation)).State);
        await Runtime.Sandboxes.StopAsync(sandbox.Id, TimeSpan.Zero, Cancellation);
        Assert.Equal(SandboxState.Stopped, (await Runtime.Sandboxes.StopAsync(sandbox.Id, TimeSpan.Zero, Cancellation)).State);
    }

    [Fact]
    public async Task A_paused_sandbox_resumes()
    {
        var sandbox = await CreateAsync();

        Assert.Equal(SandboxState.Paused, (await Runtime.Sandboxes.PauseAsync(sandbox.Id, Cancellation)).State);
        Assert.Equal(SandboxState.Paused, (await Runtime.Sandboxes.PauseAsync(sandbox.Id, Cancellation)).State);
        Assert.Equal(SandboxState.Paused, (await Runtime.Sandboxes.FindAsync(sandbox.Id, Cancellation))?.State);
        Assert.Equal(SandboxState.Running, (await Runtime.Sandboxes.ResumeAsync(sandbox.Id, Cancellation)).State);
        Assert.Equal(SandboxState.Running, (await Runtime.Sandboxes.ResumeAsync(sandbox.Id, Cancellation)).State);
        Assert.Equal("here", await OutputAsync(sandbox.Id, "echo", "here"));
    }

    [Fact]
    public async Task What_a_stopped_sandbox_cannot_do_is_Conflict()
    {
        var sandbox = await CreateAsync();
        await Runtime.Sandboxes.StopAsync(sandbox.Id, TimeSpan.Zero, Cancellation);

        await FailsAsync(ErrorCode.Conflict, () => Runtime.Sandboxes.PauseAsync(sandbox.Id, Cancellation));
        await FailsAsync(ErrorCode.Conflict, () => Runtime.Sandboxes.ResumeAsync(sandbox.Id, Cancellation));
        await FailsAsync(ErrorCode.Conflict, () => ExecAsync(sandbox.Id, ["true"]));
        await FailsAsync(ErrorCode.Conflict, () => Runtime.Terminals.OpenAsync(sandbox.Id, Terminal(), Cancellation));
    }

    [Fact]
    public async Task What_a_paused_sandbox_cannot_do_is_Conflict()
    {
        var sandbox = await CreateAsync();
        await Runtime.Sandboxes.PauseAsync(sandbox.Id, Cancellation);

        await FailsAsync(ErrorCode.Conflict, () => Runtime.Sandboxes.StartAsync(sandbox.Id, Cancellation));
        await FailsAsync(ErrorCode.Conflict, () => ExecAsync(sandbox.Id, ["true"]));
        await FailsAsync(ErrorCode.Conflict, () => Runtime.Terminals.OpenAsync(sandbox.Id, Terminal(), Cancellation));
    }

    [Fact]
    public async Task A_paused_sandbox_can_be_stopped()
    {
        var sandbox = await CreateAsync();
        await Runtime.Sandboxes.PauseAsync(sandbox.Id, Cancellation);

        Assert.Equal(SandboxState.Stopped, (await Runtime.Sandboxes.StopAsync(sandbox.Id, TimeSpan.Zero, Cancellation)).State);
        Assert.Equal(SandboxState.Running, (await Runtime.Sandboxes.StartAsync(sandbox.Id, Cancellation)).State);
    }

    // Watch and deadlines

    [Fact]
    public async Task A_watch_begins_with_what_there_is_and_tells_every_change()
    {
        var sandbox = await CreateAsync();
        await using var watch = Watch();
        await watch.SeeAsync(sandbox.Id, SandboxState.Running);

        await Runtime.Sandboxes.PauseAsync(sandbox.Id, Cancellation);
        await watch.SeeAsync(sandbox.Id, SandboxState.Paused);
        await Runtime.Sandboxes.ResumeAsync(sandbox.Id, Cancellation);
        await watch.SeeAsync(sandbox.Id, SandboxState.Running);
        await Runtime.Sandboxes.StopAsync(sandbox.Id, TimeSpan.Zero, Cancellation);
        await watch.SeeAsync(sandbox.Id, SandboxState.Stopped);
        await Runtime.Sandboxes.RemoveAsync(sandbox.Id, Cancellation);
        Assert.Equal(EndReason.Removed, (await watch.SeeAsync(sandbox.Id, SandboxState.Ended)).Reason);
    }

    [Fact]
    public async Task A_sandbox_ends_at_its_deadline_and_says_so()
    {
        var spec = Spec() with { Deadline = DateTimeOffset.UtcNow.AddSeconds(4) };
        await CreateAsync(spec);
        await using var watch = Watch();

        var ended = await watch.SeeAsync(spec.Id, SandboxState.Ended);

        Assert.Equal(EndReason.Expired, ended.Reason);
        Assert.True(DateTimeOffset.UtcNow >= spec.Deadline);
        var found = await Runtime.Sandboxes.FindAsync(spec.Id, Cancellation);
        Assert.Equal(SandboxState.Ended, found?.State);
        Assert.Equal(EndReason.Expired, found?.Reason);
        await FailsAsync(ErrorCode.Conflict, () => ExecAsync(spec.Id, ["true"]));
        await FailsAsync(ErrorCode.Conflict, () => Runtime.Sandboxes.StartAsync(spec.Id, Cancellation));
    }

    [Fact]
    public async Task An_extended_sandbox_outlives_its_first_deadline()
    {
        var first = DateTimeOffset.UtcNow.AddSeconds(4);
        var spec = Spec() with { Deadline = first };
        await CreateAsync(spec);

        var later = first.AddHours(1);
        Assert.Equal(later, (await Runtime.Sandboxes.ExtendAsync(spec.Id, later, Cancellation)).Deadline);

        await EventuallyAsync(() => Task.FromResult(DateTimeOffset.UtcNow > first.AddSeconds(1)));
        var found = await Runtime.Sandboxes.FindAsync(spec.Id, Cancellation);
        Assert.Equal(SandboxState.Running, found?.State);
        Assert.Equal(later, found?.Deadline);
    }

    // Exec

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
        var exec = Runtime.Sandboxes.ExecAsync(sandbox.Id, Exec(["sleep", "600"]) with { Timeout = TimeSpan.FromMinutes(10) }, cut.Token);
        await Task.Delay(200, Cancellation);
        await cut.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => exec);

        Assert.Equal("here", await OutputAsync(sandbox.Id, "echo", "here"));
    }

    [Fact]
    public async Task A_stop_ends_what_an_exec_runs()
    {
        var sandbox = await CreateAsync();
        var exec = Runtime.Sandboxes.ExecAsync(sandbox.Id, Exec(["sleep", "600"]) with { Timeout = TimeSpan.FromMinutes(10) }, Cancellation);
        await Task.Delay(500, Cancellation);

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

    // What the spec says

    [Fact]
    public async Task Env_workdir_and_host_name_are_honoured()
    {
        var sandbox = await CreateAsync(Spec() with
        {
            Name = "node-1",
            Env = new Dictionary<string, string> { ["GREETING"] = "hällo = wörld\nagain", ["EMPTY"] = "" },
            Workdir = "/tmp",
        });

        Assert.Equal("hällo = wörld\nagain", await OutputAsync(sandbox.Id, [.. PrintVariable("GREETING")]));
        Assert.Equal("", await OutputAsync(sandbox.Id, [.. PrintVariable("EMPTY")]));
        Assert.Contains("/bin", await OutputAsync(sandbox.Id, [.. PrintVariable("PATH")]), StringComparison.Ordinal);
        Assert.Equal("/tmp", await OutputAsync(sandbox.Id, "pwd"));
        Assert.Equal("node-1", await OutputAsync(sandbox.Id, "hostname"));
    }

    [Fact]
    public async Task Without_a_user_commands_run_as_the_images_own()
    {
        var sandbox = await CreateAsync();

        Assert.Equal("0", await OutputAsync(sandbox.Id, "id", "-u"));
    }

    [Fact]
    public async Task The_user_is_honoured()
    {
        var sandbox = await CreateAsync(Spec() with { User = "1000:1001" });

        Assert.Equal("1000", await OutputAsync(sandbox.Id, "id", "-u"));
        Assert.Equal("1001", await OutputAsync(sandbox.Id, "id", "-g"));
    }

    [Fact]
    public async Task The_files_of_the_spec_are_there_when_it_runs()
    {
        var sandbox = await CreateAsync(Spec() with
        {
            Files =
            [
                new RecipeFile { Path = "/root/deep/er/text", Text = "grüß\n" },
                new RecipeFile { Path = "/root/bytes", Base64 = "AP8QCg==", Mode = "0600" },
                new RecipeFile { Path = "/root/empty", Text = "" },
            ],
        });

        Assert.Equal("grüß", await OutputAsync(sandbox.Id, "cat", "/root/deep/er/text"));
        Assert.Equal(new byte[] { 0, 255, 16, 10 }, (await ExecAsync(sandbox.Id, ["cat", "/root/bytes"])).Stdout.ToArray());
        Assert.Equal(0x180, (await FindAsync(sandbox.Id, "/root/bytes"))?.Mode);
        Assert.Equal(0x1A4, (await FindAsync(sandbox.Id, "/root/deep/er/text"))?.Mode);
        Assert.Equal(0, (await FindAsync(sandbox.Id, "/root/empty"))?.Size);
    }

    [Fact]
    public async Task Two_sandboxes_of_one_image_never_see_each_others_files()
    {
        var one = await CreateAsync();
        var other = await CreateAsync();

        await WriteAsync(one.Id, "/root/mine", "one");
        await WriteAsync(one.Id, "/etc/passwd", "root:x:0:0:changed:/root:/bin/sh\n");

        Assert.Null(await FindAsync(other.Id, "/root/mine"));
        Assert.Equal(1, (await ExecAsync(other.Id, ["cat", "/root/mine"])).ExitCode);
        Assert.DoesNotContain("changed", await ReadAsync(other.Id, "/etc/passwd"), StringComparison.Ordinal);
        var later = await CreateAsync();
        Assert.Null(await FindAsync(later.Id, "/root/mine"));
        Assert.DoesNotContain("changed", await ReadAsync(later.Id, "/etc/passwd"), StringComparison.Ordinal);
    }

    // Files

    [Fact]
    public async Task A_file_written_is_read_and_seen_by_programs()
    {
        var sandbox = await CreateAsync();
        var bytes = new byte[700_001];
        new Random(2).NextBytes(bytes);

        await Runtime.Files.WriteAsync(sandbox.Id, Path("/root/new/dir/file"), 0x1C0, Pieces(bytes), Cancellation);

        Assert.Equal(bytes, await ReadBytesAsync(sandbox.Id, "/root/new/dir/file"));
        Assert.Equal(bytes, (await ExecAsync(sandbox.Id, ["cat", "/root/new/dir/file"])).Stdout.ToArray());
        var entry = await FindAsync(sandbox.Id, "/root/new/dir/file");
        Assert.Equal(FileKind.File, entry?.Kind);
        Assert.Equal(bytes.Length, entry?.Size);
        Assert.Equal(0x1C0, entry?.Mode);
        Assert.Equal("file", Text(entry!.Name));
        Assert.Equal(FileKind.Directory, (await FindAsync(sandbox.Id, "/root/new/dir"))?.Kind);
    }

    [Fact]
    public async Task A_file_replaced_keeps_its_mode_unless_told()
    {
        var sandbox = await CreateAsync();
        await Runtime.Files.WriteAsync(sandbox.Id, Path("/root/file"), 0x1C9, Pieces([1]), Cancellation);

        await WriteAsync(sandbox.Id, "/root/file", "second");

        Assert.Equal(0x1C9, (await FindAsync(sandbox.Id, "/root/file"))?.Mode);
        Assert.Equal("second", await ReadAsync(sandbox.Id, "/root/file"));
        await Runtime.Files.WriteAsync(sandbox.Id, Path("/root/file"), 0x180, Pieces([]), Cancellation);
        Assert.Equal(0x180, (await FindAsync(sandbox.Id, "/root/file"))?.Mode);
        Assert.Equal("", await ReadAsync(sandbox.Id, "/root/file"));
    }

    [Fact]
    public async Task A_write_cut_off_leaves_the_file_as_it_was()
    {
        var sandbox = await CreateAsync();
        await WriteAsync(sandbox.Id, "/root/file", "first");
        var before = (await Runtime.Files.ListAsync(sandbox.Id, Path("/root"), Cancellation)).Count;

        await Assert.ThrowsAnyAsync<IOException>(() => Runtime.Files.WriteAsync(sandbox.Id, Path("/root/file"), null, BrokenPieces(), Cancellation));
        await Assert.ThrowsAnyAsync<IOException>(() => Runtime.Files.WriteAsync(sandbox.Id, Path("/root/other"), null, BrokenPieces(), Cancellation));

        Assert.Equal("first", await ReadAsync(sandbox.Id, "/root/file"));
        Assert.Null(await FindAsync(sandbox.Id, "/root/other"));
        await EventuallyAsync(async () => (await Runtime.Files.ListAsync(sandbox.Id, Path("/root"), Cancellation)).Count == before);
    }

    [Fact]
    public async Task A_directory_is_made_with_its_parents()
    {
        var sandbox = await CreateAsync();

        await Runtime.Files.MakeDirectoryAsync(sandbox.Id, Path("/root/a/b"), Cancellation);
        await WriteAsync(sandbox.Id, "/root/a/b/file", "kept");
        await Runtime.Files.MakeDirectoryAsync(sandbox.Id, Path("/root/a/b"), Cancellation);

        Assert.Equal("kept", await ReadAsync(sandbox.Id, "/root/a/b/file"));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.MakeDirectoryAsync(sandbox.Id, Path("/root/a/b/file"), Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.MakeDirectoryAsync(sandbox.Id, Path("/root/a/b/file/c"), Cancellation));
    }

    // Uploads

    [Fact]
    public async Task An_upload_in_parts_appears_with_its_last_byte()
    {
        var sandbox = await CreateAsync();
        var bytes = new byte[700_001];
        new Random(3).NextBytes(bytes);
        var upload = await BeginAsync(sandbox.Id, "/root/new/dir/file", bytes.Length, 0x1C0);
        Assert.Equal(0, upload.Offset);

        upload = await Runtime.Files.ContinueUploadAsync(sandbox.Id, upload.Id, 0, Pieces(bytes[..400_000]), Cancellation);

        Assert.Equal(400_000, upload.Offset);
        Assert.Equal(upload, await Runtime.Files.FindUploadAsync(sandbox.Id, upload.Id, Cancellation));
        Assert.Null(await FindAsync(sandbox.Id, "/root/new/dir/file"));

        upload = await Runtime.Files.ContinueUploadAsync(sandbox.Id, upload.Id, 400_000, Pieces(bytes[400_000..]), Cancellation);

        Assert.Equal(bytes.Length, upload.Offset);
        Assert.Equal(bytes, await ReadBytesAsync(sandbox.Id, "/root/new/dir/file"));
        Assert.Equal(0x1C0, (await FindAsync(sandbox.Id, "/root/new/dir/file"))?.Mode);
        Assert.Single(await Runtime.Files.ListAsync(sandbox.Id, Path("/root/new/dir"), Cancellation));

        // Whoever missed the answer to the last part asks, and is told that all is there.
        Assert.Equal(upload, await Runtime.Files.FindUploadAsync(sandbox.Id, upload.Id, Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.ContinueUploadAsync(sandbox.Id, upload.Id, bytes.Length, Pieces([]), Cancellation));
    }

    [Fact]
    public async Task An_upload_of_nothing_is_complete_at_once_and_keeps_the_mode_of_what_it_replaces()
    {
        var sandbox = await CreateAsync();
        await Runtime.Files.WriteAsync(sandbox.Id, Path("/root/file"), 0x1C9, Pieces([1]), Cancellation);

        var upload = await BeginAsync(sandbox.Id, "/root/file", 0);

        Assert.Equal(0, upload.Length);
        Assert.Equal("", await ReadAsync(sandbox.Id, "/root/file"));
        Assert.Equal(0x1C9, (await FindAsync(sandbox.Id, "/root/file"))?.Mode);
    }

    [Fact]
    public async Task An_upload_cut_off_goes_on_where_it_stopped()
    {
        var sandbox = await CreateAsync();
        var upload = await BeginAsync(sandbox.Id, "/root/file", 10);

        await Assert.ThrowsAnyAsync<IOException>(() => Runtime.Files.ContinueUploadAsync(sandbox.Id, upload.Id, 0, BrokenPieces(), Cancellation));

        // What was on its way may yet arrive; whoever began before that is told where to go on.
        var whole = "half and so"u8.ToArray()[..10];
        await EventuallyAsync(async () =>
        {
            var offset = (int)(await Runtime.Files.FindUploadAsync(sandbox.Id, upload.Id, Cancellation))!.Offset;
            try
            {
                return (await Runtime.Files.ContinueUploadAsync(sandbox.Id, upload.Id, offset, Pieces(whole[offset..]), Cancellation)).Offset == 10;
            }
            catch (SandboxException fault) when (fault.Code == ErrorCode.Conflict)
            {
                return false;
            }
        });
        Assert.Equal("half and s", await ReadAsync(sandbox.Id, "/root/file"));
    }

    [Fact]
    public async Task Of_two_who_send_one_upload_one_wins()
    {
        var sandbox = await CreateAsync();
        var upload = await BeginAsync(sandbox.Id, "/root/file", 8);
        var slow = Channel.CreateUnbounded<ReadOnlyMemory<byte>>();
        var first = Runtime.Files.ContinueUploadAsync(sandbox.Id, upload.Id, 0, slow.Reader.ReadAllAsync(Cancellation), Cancellation);
        await slow.Writer.WriteAsync("mine"u8.ToArray(), Cancellation);
        await EventuallyAsync(async () => (await Runtime.Files.FindUploadAsync(sandbox.Id, upload.Id, Cancellation))!.Offset == 4);

        await FailsAsync(ErrorCode.Conflict, () => Runtime.Files.ContinueUploadAsync(sandbox.Id, upload.Id, 4, Pieces("your"u8.ToArray()), Cancellation));
        await slow.Writer.WriteAsync("own."u8.ToArray(), Cancellation);
        slow.Writer.Complete();

        Assert.Equal(8, (await first).Offset);
        Assert.Equal("mineown.", await ReadAsync(sandbox.Id, "/root/file"));
    }

    [Fact]
    public async Task A_part_that_does_not_fit_is_refused()
    {
        var sandbox = await CreateAsync();
        await WriteAsync(sandbox.Id, "/root/dir/file", "x");
        var upload = await BeginAsync(sandbox.Id, "/root/file", 4);

        await FailsAsync(ErrorCode.Conflict, () => Runtime.Files.ContinueUploadAsync(sandbox.Id, upload.Id, 1, Pieces([1]), Cancellation));
        await FailsAsync(ErrorCode.TooLarge, () => Runtime.Files.ContinueUploadAsync(sandbox.Id, upload.Id, 0, Pieces([1, 2, 3, 4, 5]), Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.ContinueUploadAsync(sandbox.Id, UploadId.New(), 0, Pieces([1]), Cancellation));
        await FailsAsync(ErrorCode.Conflict, () => Runtime.Files.BeginUploadAsync(sandbox.Id, new UploadSpec { Id = upload.Id, Path = Path("/root/other"), Length = 1 }, Cancellation));
        await FailsAsync(ErrorCode.Invalid, () => BeginAsync(sandbox.Id, "/root/dir", 1));
        await FailsAsync(ErrorCode.NotFound, () => BeginAsync(sandbox.Id, "/root/dir/file/below", 1));
        await FailsAsync(ErrorCode.Invalid, () => BeginAsync(sandbox.Id, "/root/other", -1));
        await FailsAsync(ErrorCode.Invalid, () => BeginAsync(sandbox.Id, "/root/other", 1, 0x1000));

        var full = await Assert.ThrowsAsync<SandboxException>(() => BeginAsync(sandbox.Id, "/root/other", Limits.DiskBytes + 1));
        Assert.Equal(ErrorCode.DiskFull, full.Code);
        Assert.Contains("needed", full.Message, StringComparison.Ordinal);
        Assert.Contains("free", full.Message, StringComparison.Ordinal);
        Assert.Null(await FindAsync(sandbox.Id, "/root/other"));
    }

    [Fact]
    public async Task A_sandbox_takes_32_uploads_at_once_and_gives_back_what_is_cancelled()
    {
        var sandbox = await CreateAsync();
        await Runtime.Files.MakeDirectoryAsync(sandbox.Id, Path("/root/here"), Cancellation);
        var uploads = new List<UploadInfo>();
        for (var number = 0; number < UploadSpec.MostPerSandbox; number++)
        {
            uploads.Add(await BeginAsync(sandbox.Id, "/root/here/file", 2));
        }

        await FailsAsync(ErrorCode.Quota, () => BeginAsync(sandbox.Id, "/root/here/file", 2));
        foreach (var upload in uploads)
        {
            await Runtime.Files.ContinueUploadAsync(sandbox.Id, upload.Id, 0, Pieces([1]), Cancellation);
            await Runtime.Files.CancelUploadAsync(sandbox.Id, upload.Id, Cancellation);
            await Runtime.Files.CancelUploadAsync(sandbox.Id, upload.Id, Cancellation);
            Assert.Null(await Runtime.Files.FindUploadAsync(sandbox.Id, upload.Id, Cancellation));
        }

        Assert.Empty(await Runtime.Files.ListAsync(sandbox.Id, Path("/root/here"), Cancellation));
        await BeginAsync(sandbox.Id, "/root/here/file", 2);
    }

    [Fact]
    public async Task An_upload_that_is_cancelled_stops_whoever_sends_it()
    {
        var sandbox = await CreateAsync();
        var upload = await BeginAsync(sandbox.Id, "/root/here/file", 8);
        var slow = Channel.CreateUnbounded<ReadOnlyMemory<byte>>();
        var sending = Runtime.Files.ContinueUploadAsync(sandbox.Id, upload.Id, 0, slow.Reader.ReadAllAsync(Cancellation), Cancellation);
        await slow.Writer.WriteAsync("mine"u8.ToArray(), Cancellation);
        await EventuallyAsync(async () => (await Runtime.Files.FindUploadAsync(sandbox.Id, upload.Id, Cancellation))!.Offset == 4);

        await Runtime.Files.CancelUploadAsync(sandbox.Id, upload.Id, Cancellation);

        Assert.Empty(await Runtime.Files.ListAsync(sandbox.Id, Path("/root/here"), Cancellation));
        slow.Writer.Complete();
        await FailsAsync(ErrorCode.NotFound, () => sending);
    }

    [Fact]
    public async Task A_write_in_the_way_of_something_else_says_what()
    {
        var sandbox = await CreateAsync();
        await WriteAsync(sandbox.Id, "/root/dir/file", "x");

        await FailsAsync(ErrorCode.Invalid, () => WriteAsync(sandbox.Id, "/root/dir", "x"));
        await FailsAsync(ErrorCode.Invalid, () => Runtime.Files.WriteAsync(sandbox.Id, SandboxPath.Root, null, Pieces([1]), Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => WriteAsync(sandbox.Id, "/root/dir/file/below", "x"));

        Assert.Equal("x", await ReadAsync(sandbox.Id, "/root/dir/file"));
    }

    [Fact]
    public async Task A_directory_is_listed_by_name_and_a_file_as_itself()
    {
        var sandbox = await CreateAsync();
        await WriteAsync(sandbox.Id, "/root/list/b", "bb");
        await WriteAsync(sandbox.Id, "/root/list/a", "a");
        await WriteAsync(sandbox.Id, "/root/list/c/d", "d");

        var entries = await Runtime.Files.ListAsync(sandbox.Id, Path("/root/list"), Cancellation);

        Assert.Equal(["a", "b", "c"], entries.Select(entry => Text(entry.Name)));
        Assert.Equal([FileKind.File, FileKind.File, FileKind.Directory], entries.Select(entry => entry.Kind));
        Assert.Equal(2, entries[1].Size);
        var itself = Assert.Single(await Runtime.Files.ListAsync(sandbox.Id, Path("/root/list/b"), Cancellation));
        Assert.Equal("b", Text(itself.Name));
        var root = await Runtime.Files.ListAsync(sandbox.Id, SandboxPath.Root, Cancellation);
        Assert.Contains(root, entry => Text(entry.Name) == "etc" && entry.Kind == FileKind.Directory);
    }

    [Fact]
    public async Task A_name_that_is_not_text_survives()
    {
        var sandbox = await CreateAsync();
        byte[] raw = [.. "/root/raw/"u8, 0xFF, 0xFE, (byte)'\n', (byte)' '];
        Assert.True(SandboxPath.TryParse(raw, out var path));

        await Runtime.Files.WriteAsync(sandbox.Id, path, null, Pieces("x"u8.ToArray()), Cancellation);

        var entry = Assert.Single(await Runtime.Files.ListAsync(sandbox.Id, Path("/root/raw"), Cancellation));
        Assert.Equal(new byte[] { 0xFF, 0xFE, (byte)'\n', (byte)' ' }, entry.Name.ToArray());
        await Runtime.Files.DeleteAsync(sandbox.Id, path, Cancellation);
        Assert.Empty(await Runtime.Files.ListAsync(sandbox.Id, Path("/root/raw"), Cancellation));
    }

    [Fact]
    public async Task A_tree_is_packed_as_a_tar()
    {
        var sandbox = await CreateAsync();
        await WriteAsync(sandbox.Id, "/root/tree/a", "content of a");
        await WriteAsync(sandbox.Id, "/root/tree/sub/b", "content of b");

        using var packed = new MemoryStream(await ReadBytesAsync(sandbox.Id, "/root/tree", ReadForm.Tar));
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        using var tar = new TarReader(packed);
        while (await tar.GetNextEntryAsync(copyData: true, Cancellation) is { } entry)
        {
            if (entry.DataStream is { } data)
            {
                using var reader = new StreamReader(data);
                found[entry.Name.Split('/')[^1]] = await reader.ReadToEndAsync(Cancellation);
            }
        }

        Assert.Equal("content of a", found["a"]);
        Assert.Equal("content of b", found["b"]);
        Assert.Equal(2, found.Count);
    }

    [Fact]
    public async Task What_is_removed_is_gone_with_all_below_it()
    {
        var sandbox = await CreateAsync();
        await WriteAsync(sandbox.Id, "/root/tree/a", "a");
        await WriteAsync(sandbox.Id, "/root/tree/sub/b", "b");
        await WriteAsync(sandbox.Id, "/root/treehouse", "stays");

        await Runtime.Files.DeleteAsync(sandbox.Id, Path("/root/tree"), Cancellation);

        Assert.Null(await FindAsync(sandbox.Id, "/root/tree"));
        Assert.Null(await FindAsync(sandbox.Id, "/root/tree/sub/b"));
        Assert.Equal("stays", await ReadAsync(sandbox.Id, "/root/treehouse"));
        await FailsAsync(ErrorCode.Invalid, () => Runtime.Files.DeleteAsync(sandbox.Id, SandboxPath.Root, Cancellation));
    }

    [Fact]
    public async Task What_is_not_there_is_NotFound()
    {
        var sandbox = await CreateAsync();

        Assert.Null(await FindAsync(sandbox.Id, "/root/nothing"));
        Assert.Null(await FindAsync(sandbox.Id, "/etc/passwd/below"));
        await FailsAsync(ErrorCode.NotFound, () => ReadAsync(sandbox.Id, "/root/nothing"));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.ListAsync(sandbox.Id, Path("/root/nothing"), Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.DeleteAsync(sandbox.Id, Path("/root/nothing"), Cancellation));
        await FailsAsync(ErrorCode.Invalid, () => ReadAsync(sandbox.Id, "/etc"));
    }

    [Fact]
    public async Task Links_are_followed_inside_the_sandbox_only()
    {
        var sandbox = await CreateAsync();
        await WriteAsync(sandbox.Id, "/inside", "inside");
        await OutputAsync(sandbox.Id, "ln", "-s", "../../../../../../inside", "/root/up");
        await OutputAsync(sandbox.Id, "ln", "-s", "/", "/root/top");
        await OutputAsync(sandbox.Id, "ln", "-s", "/root/loop", "/root/loop");

        Assert.Equal("inside", await ReadAsync(sandbox.Id, "/root/up"));
        Assert.Equal("inside", await ReadAsync(sandbox.Id, "/root/top/inside"));
        Assert.Equal(FileKind.Directory, (await FindAsync(sandbox.Id, "/root/top"))?.Kind);
        Assert.Contains(
            await Runtime.Files.ListAsync(sandbox.Id, Path("/root"), Cancellation),
            entry => Text(entry.Name) == "top" && entry.Kind == FileKind.Symlink);
        Assert.Null(await FindAsync(sandbox.Id, "/root/loop/x"));

        // The link goes, and what it points at stays.
        await Runtime.Files.DeleteAsync(sandbox.Id, Path("/root/top"), Cancellation);
        Assert.Equal("inside", await ReadAsync(sandbox.Id, "/inside"));
    }

    // Terminals

    [Fact]
    public async Task Opening_twice_with_one_id_gives_one_terminal()
    {
        var sandbox = await CreateAsync();
        var spec = Terminal();

        var first = await Runtime.Terminals.OpenAsync(sandbox.Id, spec, Cancellation);
        var second = await Runtime.Terminals.OpenAsync(sandbox.Id, spec, Cancellation);

        Assert.Equal(spec.Id, first.Id);
        Assert.NotEmpty(first.Command);
        Assert.Equal(first.CreatedAt, second.CreatedAt);
        Assert.Equal(first.Command, second.Command);
        Assert.Equal(spec.Id, Assert.Single(await Runtime.Terminals.ListAsync(sandbox.Id, Cancellation)).Id);
    }

    [Fact]
    public async Task Terminals_are_listed_oldest_first_and_go_with_a_stop()
    {
        var sandbox = await CreateAsync();
        Assert.Empty(await Runtime.Terminals.ListAsync(sandbox.Id, Cancellation));
        var first = await Runtime.Terminals.OpenAsync(sandbox.Id, Terminal(), Cancellation);
        var second = await Runtime.Terminals.OpenAsync(sandbox.Id, Terminal() with { Command = ["cat"] }, Cancellation);

        var listed = await Runtime.Terminals.ListAsync(sandbox.Id, Cancellation);

        Assert.Equal([first.Id, second.Id], listed.Select(terminal => terminal.Id));
        Assert.Equal(["cat"], listed[1].Command);
        await Runtime.Sandboxes.StopAsync(sandbox.Id, TimeSpan.Zero, Cancellation);
        await EventuallyAsync(async () => (await Runtime.Terminals.ListAsync(sandbox.Id, Cancellation)).Count == 0);
    }

    [Fact]
    public async Task A_terminal_for_a_command_that_does_not_exist_is_CommandNotFound_and_is_not_opened()
    {
        var sandbox = await CreateAsync();

        await FailsAsync(ErrorCode.CommandNotFound, () => Runtime.Terminals.OpenAsync(sandbox.Id, Terminal() with { Command = ["no-such-program"] }, Cancellation));

        Assert.Empty(await Runtime.Terminals.ListAsync(sandbox.Id, Cancellation));
    }

    [Fact]
    public async Task A_terminal_can_be_connected_to_until_it_ends()
    {
        var sandbox = await CreateAsync();
        var spec = Terminal() with { Command = ["cat"] };
        await Runtime.Terminals.OpenAsync(sandbox.Id, spec, Cancellation);

        await using (var first = await Runtime.Terminals.ConnectAsync(sandbox.Id, spec.Id, Cancellation))
        await using (var second = await Runtime.Terminals.ConnectAsync(sandbox.Id, spec.Id, Cancellation))
        {
            Assert.True(first.CanRead && first.CanWrite);
            Assert.True(second.CanRead && second.CanWrite);
        }

        await FailsAsync(ErrorCode.NotFound, () => Runtime.Terminals.ConnectAsync(sandbox.Id, TerminalId.New(), Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Terminals.ConnectAsync(SandboxId.New(), spec.Id, Cancellation));
        await Runtime.Sandboxes.StopAsync(sandbox.Id, TimeSpan.Zero, Cancellation);
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Terminals.ConnectAsync(sandbox.Id, spec.Id, Cancellation));
    }

    [Fact]
    public async Task The_seventeenth_terminal_is_Quota()
    {
        var sandbox = await CreateAsync(Spec() with { Limits = Limits with { Pids = 512 } });
        for (var count = 0; count < 16; count++)
        {
            await Runtime.Terminals.OpenAsync(sandbox.Id, Terminal() with { Command = ["cat"] }, Cancellation);
        }

        await FailsAsync(ErrorCode.Quota, () => Runtime.Terminals.OpenAsync(sandbox.Id, Terminal(), Cancellation));

        Assert.Equal(16, (await Runtime.Terminals.ListAsync(sandbox.Id, Cancellation)).Count);
    }

    /// <summary>A digest that no store holds.</summary>
    private static Digest UnknownImage { get; } = Digest.Parse("sha256:" + new string('0', 64));

    /// <summary>A fresh spec of the interactive image, of an owner and a playground of its own, that lives for an hour.</summary>
    protected SandboxSpec Spec() => new()
    {
        Id = SandboxId.New(),
        Playground = PlaygroundId.New(),
        Owner = PersonId.New(),
        Name = "main",
        Image = InteractiveImage,
        Limits = Limits,
        OwnerLimits = OwnerLimits,
        Deadline = DateTimeOffset.UtcNow.AddHours(1),
    };

    /// <summary>Creates a sandbox that is removed after the test.</summary>
    protected Task<SandboxInfo> CreateAsync(SandboxSpec? spec = null) => Runtime.Sandboxes.CreateAsync(Track(spec ?? Spec()), Cancellation);

    /// <summary>Runs a command.</summary>
    protected Task<ExecResult> ExecAsync(SandboxId id, IReadOnlyList<string> command) => Runtime.Sandboxes.ExecAsync(id, Exec(command), Cancellation);

    /// <summary>Runs a command that must succeed; its output without the closing newline.</summary>
    protected async Task<string> OutputAsync(SandboxId id, params string[] command)
    {
        var result = await ExecAsync(id, command);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', command)} ended with {result.ExitCode}: {Text(result.Stderr)}");
        var text = Text(result.Stdout);
        return text.EndsWith('\n') ? text[..^1] : text;
    }

    /// <summary>Asserts that a call fails with a code and words.</summary>
    protected static async Task FailsAsync(ErrorCode code, Func<Task> call)
    {
        var fault = await Assert.ThrowsAsync<SandboxException>(call);
        Assert.True(fault.Code == code, $"expected {code}, got {fault.Code}: {fault.Message}");
        Assert.NotEmpty(fault.Message);
    }

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    private static SandboxPath Path(string text)
    {
        Assert.True(SandboxPath.TryParse(text, out var path));
        return path;
    }

    private static ExecSpec Exec(IReadOnlyList<string> command) => new() { Command = command, Timeout = TimeSpan.FromSeconds(60) };

    private static TerminalSpec Terminal() => new() { Id = TerminalId.New(), Cols = 80, Rows = 24 };

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Pieces(byte[] bytes)
    {
        ReadOnlyMemory<byte> content = bytes;
        for (; content.Length > 0; content = content[Math.Min(content.Length, 100_000)..])
        {
            yield return content[..Math.Min(content.Length, 100_000)];
            await Task.Yield();
        }
    }

    private Task<UploadInfo> BeginAsync(SandboxId id, string path, long length, int? mode = null) =>
        Runtime.Files.BeginUploadAsync(id, new UploadSpec { Id = UploadId.New(), Path = Path(path), Length = length, Mode = mode }, Cancellation);

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> BrokenPieces([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        yield return "half"u8.ToArray();
        await Task.Delay(20, cancellationToken);
        throw new IOException("the sender went away");
    }

    private static async Task DrainAsync<T>(IAsyncEnumerable<T> items)
    {
        await foreach (var _ in items)
        {
        }
    }

    private SandboxSpec Track(SandboxSpec spec)
    {
        lock (_made)
        {
            _made.Add(spec.Id);
        }

        return spec;
    }

    private async Task<List<Digest>> ImageDigestsAsync() =>
        [.. (await Runtime.Images.ListAsync(Cancellation)).Select(image => image.Digest).OrderBy(digest => digest.Value, StringComparer.Ordinal)];

    private Task WriteAsync(SandboxId id, string path, string text) =>
        Runtime.Files.WriteAsync(id, Path(path), null, Pieces(Encoding.UTF8.GetBytes(text)), Cancellation);

    private async Task<string> ReadAsync(SandboxId id, string path) => Encoding.UTF8.GetString(await ReadBytesAsync(id, path));

    private async Task<byte[]> ReadBytesAsync(SandboxId id, string path, ReadForm form = ReadForm.Raw)
    {
        using var whole = new MemoryStream();
        await foreach (var part in Runtime.Files.ReadAsync(id, Path(path), form, Cancellation))
        {
            whole.Write(part.Span);
        }

        return whole.ToArray();
    }

    private Task<FileEntry?> FindAsync(SandboxId id, string path) => Runtime.Files.FindAsync(id, Path(path), Cancellation);

    private async Task EventuallyAsync(Func<Task<bool>> isTrue)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(Patience);
        while (!await isTrue())
        {
            await Task.Delay(50, patience.Token);
        }
    }

    private WatchReader Watch() => new(Runtime, Patience, Cancellation);

    /// <summary>Reads a watch in order.</summary>
    private sealed class WatchReader : IAsyncDisposable
    {
        private readonly CancellationTokenSource _end;
        private readonly IAsyncEnumerator<SandboxInfo> _changes;

        public WatchReader(ISandboxRuntime runtime, TimeSpan patience, CancellationToken cancellation)
        {
            _end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            _end.CancelAfter(patience);
            _changes = runtime.Sandboxes.WatchAsync(_end.Token).GetAsyncEnumerator(_end.Token);
        }

        /// <summary>Waits until a sandbox is seen in a state.</summary>
        public async Task<SandboxInfo> SeeAsync(SandboxId id, SandboxState state)
        {
            while (await _changes.MoveNextAsync())
            {
                if (_changes.Current.Id == id && _changes.Current.State == state)
                {
                    return _changes.Current;
                }
            }

            throw new InvalidOperationException("the watch ended by itself");
        }

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            await _changes.DisposeAsync();
            _end.Dispose();
        }
    }
}
