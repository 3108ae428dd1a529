using Sandbox.Core.Databases;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Networks;
using Sandbox.Core.Recipes;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Snapshots;
using Xunit;

namespace Sandbox.Testing;

/// <summary>The suite of <see cref="ISandboxes"/>, apart from its execs.</summary>
public abstract class SandboxesConformance(RuntimeUnderTest under) : RuntimeConformance(under)
{
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
    public async Task A_sandbox_without_a_network_has_no_address_and_runs()
    {
        var spec = Spec() with { Network = NetworkPolicy.None };

        var created = await CreateAsync(spec);

        Assert.Equal(SandboxState.Running, created.State);
        Assert.Null(created.Address);
        Assert.NotNull((await CreateAsync(Spec())).Address);
        await FailsAsync(ErrorCode.Conflict, () => Runtime.Sandboxes.CreateAsync(spec with { Network = NetworkPolicy.Egress }, Cancellation));
    }

    [Fact]
    public async Task A_sandbox_has_the_isolation_class_that_it_asks_for()
    {
        var classes = (await Runtime.GetInfoAsync(Cancellation)).Capabilities.IsolationClasses;
        var spec = Spec() with { Isolation = "no-such-class" };

        var fault = await FailsAsync(ErrorCode.Invalid, () => CreateAsync(spec));

        Assert.Contains(classes[0], fault.Message, StringComparison.Ordinal);
        Assert.Null(await Runtime.Sandboxes.FindAsync(spec.Id, Cancellation));
        var created = await CreateAsync(spec with { Isolation = classes[0] });
        Assert.Equal((SandboxState.Running, classes[0], spec.Limits), (created.State, created.Isolation, created.Limits));
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
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Sandboxes.SnapshotAsync(id, SnapshotSpec.All, Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Sandboxes.InspectAsync(id, Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Terminals.OpenAsync(id, Terminal(), Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Terminals.ListAsync(id, Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.ListAsync(id, path, Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.FindAsync(id, path, Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => DrainAsync(Runtime.Files.ReadAsync(id, path, ReadForm.Raw, Cancellation)));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.WriteAsync(id, path, (int?)null, Pieces([1]), Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.DeleteAsync(id, path, Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.MakeDirectoryAsync(id, path, Cancellation));
        var upload = new UploadSpec { Id = UploadId.New(), Path = path, Length = 1 };
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.BeginUploadAsync(id, upload, Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.FindUploadAsync(id, upload.Id, Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.ContinueUploadAsync(id, upload.Id, 0, Pieces([1]), Cancellation));
        await FailsAsync(ErrorCode.NotFound, () => Runtime.Files.CancelUploadAsync(id, upload.Id, Cancellation));
    }


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
        // A launch may take seconds on a busy host, and must not be what ends at the deadline.
        var spec = Spec();
        await CreateAsync(spec);
        var first = DateTimeOffset.UtcNow.AddSeconds(5);
        Assert.Equal(first, (await Runtime.Sandboxes.ExtendAsync(spec.Id, first, Cancellation)).Deadline);

        var later = first.AddHours(1);
        Assert.Equal(later, (await Runtime.Sandboxes.ExtendAsync(spec.Id, later, Cancellation)).Deadline);

        await EventuallyAsync(() => Task.FromResult(DateTimeOffset.UtcNow > first.AddSeconds(1)));
        var found = await Runtime.Sandboxes.FindAsync(spec.Id, Cancellation);
        Assert.Equal(SandboxState.Running, found?.State);
        Assert.Equal(later, found?.Deadline);
    }

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
    public async Task Commands_find_the_databases_of_their_playground()
    {
        var client = await CreateAsync(Spec() with { Name = "client" });
        SandboxSpec Beside(string name) => Spec() with { Name = name, Playground = client.Playground, Owner = client.Owner };
        await FailsAsync(ErrorCode.Invalid, () => CreateAsync(Beside("x") with { Database = new DatabaseServer("x", null) }));
        await FailsAsync(ErrorCode.Invalid, () => CreateAsync(Beside("x") with { Database = new DatabaseServer("postgres", "a b") }));

        var first = await CreateAsync(Beside("db") with { Database = new DatabaseServer("postgres", "secret1") });
        await CreateAsync(Beside("db-2") with { Database = new DatabaseServer("postgres", "secret2"), Env = new Dictionary<string, string>(StringComparer.Ordinal) { ["POSTGRES_USER"] = "ann" } });
        await CreateAsync(Spec() with { Name = "other", Database = new DatabaseServer("redis", "secret3") });

        Assert.Equal("secret1", await OutputAsync(first.Id, [.. PrintVariable("POSTGRES_PASSWORD")]));
        Assert.Equal("db", await OutputAsync(client.Id, [.. PrintVariable("PGHOST")]));
        Assert.Equal("secret1", await OutputAsync(client.Id, [.. PrintVariable("PGPASSWORD")]));
        Assert.Equal("postgresql://ann:secret2@db-2:5432/ann", await OutputAsync(client.Id, [.. PrintVariable("DB_2_URL")]));
        Assert.Equal("", Text((await ExecAsync(client.Id, PrintVariable("REDIS_URL"))).Stdout).Trim());

        await Runtime.Sandboxes.RemoveAsync(first.Id, Cancellation);
        Assert.Equal("db-2", await OutputAsync(client.Id, [.. PrintVariable("PGHOST")]));
        Assert.DoesNotContain((await Runtime.Sandboxes.SnapshotAsync(client.Id, new SnapshotSpec(), Cancellation)).Image.Config.Env, line => line.Contains("secret", StringComparison.Ordinal));
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

    [Fact]
    public async Task A_snapshot_is_an_image_with_the_same_files_and_the_same_state_is_the_same_image()
    {
        var sandbox = await CreateAsync(Spec() with { Env = new Dictionary<string, string>(StringComparer.Ordinal) { ["KEPT"] = "one", ["DROPPED"] = "two" } });
        await WriteAsync(sandbox.Id, "/root/kept", "kept");
        await WriteAsync(sandbox.Id, "/root/secret", "secret");
        var wish = new SnapshotSpec { ExcludedPaths = [Path("/root/secret")], ExcludedVariables = ["DROPPED"] };

        var saved = await Runtime.Sandboxes.SnapshotAsync(sandbox.Id, wish, Cancellation);
        Assert.NotEqual(InteractiveImage, saved.Image.Digest);
        Assert.Contains("KEPT=one", saved.Image.Config.Env, StringComparer.Ordinal);
        Assert.DoesNotContain("DROPPED=two", saved.Image.Config.Env, StringComparer.Ordinal);
        Assert.Equal(saved.Image.Digest, (await Runtime.Sandboxes.SnapshotAsync(sandbox.Id, wish, Cancellation)).Image.Digest);
        Assert.Contains(await Runtime.Images.ListAsync(Cancellation), image => image.Digest == saved.Image.Digest);

        var again = await CreateAsync(Spec() with { Image = saved.Image.Digest });
        Assert.Equal("kept", await ReadAsync(again.Id, "/root/kept"));
        Assert.Null(await FindAsync(again.Id, "/root/secret"));
        await Runtime.Sandboxes.RemoveAsync(again.Id, Cancellation);
        await Runtime.Images.RemoveAsync(saved.Image.Digest, Cancellation);
    }

    [Fact]
    public async Task An_inspection_lists_changes_and_secrets()
    {
        var sandbox = await CreateAsync();
        await WriteAsync(sandbox.Id, "/root/.netrc", "machine example");
        await WriteAsync(sandbox.Id, "/root/notes", "one\nghp_" + new string('a', 36) + "\n");

        var contents = await Runtime.Sandboxes.InspectAsync(sandbox.Id, Cancellation);
        Assert.Contains(contents.Changes, change => change is { Kind: ChangeKind.Added, Size: 15 } && change.Path.ToString() == "/root/.netrc");
        Assert.Equal(
            [("github-token", "/root/notes", 2), ("netrc", "/root/.netrc", (int?)null)],
            contents.Secrets.Select(secret => (secret.Rule, secret.Path.ToString(), secret.Line)).OrderBy(secret => secret.Rule, StringComparer.Ordinal));
        Assert.True(contents.IsSearchComplete);
    }

    [Fact]
    public async Task A_snapshot_that_leaves_out_too_much_is_Invalid()
    {
        var sandbox = await CreateAsync();
        var wish = new SnapshotSpec { ExcludedPaths = [.. Enumerable.Range(0, SnapshotRules.MaxExcludedPaths + 1).Select(number => Path($"/{number}"))] };
        await FailsAsync(ErrorCode.Invalid, () => Runtime.Sandboxes.SnapshotAsync(sandbox.Id, wish, Cancellation));
        await FailsAsync(ErrorCode.Invalid, () => Runtime.Sandboxes.SnapshotAsync(sandbox.Id, new SnapshotSpec { ExcludedPaths = [SandboxPath.Root] }, Cancellation));
    }
}
