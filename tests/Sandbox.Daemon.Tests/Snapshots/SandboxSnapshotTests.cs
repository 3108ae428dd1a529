using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Files;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Snapshots;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Sandboxes;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Daemon.Tests.Snapshots;

/// <summary>The state of a real sandbox, saved and started again.</summary>
[Collection(nameof(LinuxHost))]
public sealed class SandboxSnapshotTests(LinuxHost host) : IAsyncLifetime
{
    private readonly List<SandboxId> _made = [];
    private readonly List<Digest> _images = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private SandboxSnapshots Snapshots => host.Parts.GetRequiredService<SandboxSnapshots>();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var id in _made)
        {
            await host.Runtime.Sandboxes.RemoveAsync(id, CancellationToken.None);
        }

        foreach (var image in _images.Distinct())
        {
            await host.Runtime.Images.RemoveAsync(image, CancellationToken.None);
        }

        await StoredUnderTest.IsTidyAsync(host);
    }

    [Fact]
    public async Task What_is_started_from_it_has_the_same_files()
    {
        var id = await LaunchAsync(host.Busybox, spec => spec with { Env = Variables(("GREETING", "hi"), ("TOKEN", "x")), Workdir = "/srv/app", User = "root" });
        await RunAsync(id, """
            mkdir -p /srv/app/data; echo one > /srv/app/one; ln /srv/app/one /srv/app/two; ln -s one /srv/app/link; chown -R 1000:1000 /srv/app; chmod 4755 /srv/app/one
            rm /bin/vi; rm -rf /var; mkdir /var; echo new > /var/new; echo "127.0.0.1 mine" >> /etc/hosts; chmod 1777 /srv; mkfifo /srv/pipe
            dd if=/dev/zero of=/srv/sparse bs=1 count=1 seek=5000000 2>/dev/null; touch -d '2001-02-03 04:05:06' /srv/app/one; printf x > "/srv/$(printf 'a\377b')"
            """);
        var saved = await SaveAsync(id, new SnapshotSpec { ExcludedVariables = ["TOKEN"] });
        Assert.True(saved.LayerBytes > 0);
        Assert.Empty(saved.Skipped);
        Assert.Equal(("/srv/app", "root"), (saved.Image.Config.Workdir, saved.Image.Config.User));
        Assert.Contains("GREETING=hi", saved.Image.Config.Env, StringComparer.Ordinal);
        Assert.DoesNotContain("TOKEN=x", saved.Image.Config.Env, StringComparer.Ordinal);

        var again = await LaunchAsync(saved.Image.Digest);
        string[] given = ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf"];
        Assert.Equal(Tree(id, given), Tree(again, given));
        Assert.Equal(saved.Image.Digest, (await SaveAsync(again)).Image.Digest);
    }

    [Fact]
    public async Task The_same_state_is_the_same_image_and_no_change_is_no_new_one()
    {
        var id = await LaunchAsync(host.Busybox);
        Assert.Equal((host.Busybox, 0), Pair(await SaveAsync(id)));
        Assert.Equal((host.Busybox, 0), Pair(await SaveAsync(await LaunchAsync(host.Busybox))));
        await RunAsync(id, "echo one > /root/one");
        var first = await SaveAsync(id);
        Assert.NotEqual(host.Busybox, first.Image.Digest);
        Assert.Equal(first.Image.Digest, (await SaveAsync(id)).Image.Digest);
        Assert.Equal(host.Busybox, (await SaveAsync(id, new SnapshotSpec { ExcludedPaths = [At("/root")] })).Image.Digest);

        static (Digest, long) Pair(SnapshotResult result) => (result.Image.Digest, result.LayerBytes);
    }

    [Fact]
    public async Task Two_sandboxes_with_the_same_files_give_the_same_image_whenever_they_were_launched()
    {
        const string script = "rm /bin/vi; mkdir /data; echo one > /data/one; touch -d '2020-01-01 00:00:00' /data/one /data /bin; touch -d '2020-01-01 00:00:00' /";
        var one = await LaunchAsync(host.Busybox);
        await RunAsync(one, "echo two > /root/two; touch -d '2020-01-01 00:00:00' /root/two /root");
        await Task.Delay(1100, Cancel);
        var two = await LaunchAsync(host.Busybox);
        await RunAsync(two, "echo two > /root/two; touch -d '2020-01-01 00:00:00' /root/two /root");
        Assert.Equal((await SaveAsync(one)).Image.Digest, (await SaveAsync(two)).Image.Digest);
        await RunAsync(one, script);
        await RunAsync(two, script);
        Assert.Equal((await SaveAsync(one)).Image.Digest, (await SaveAsync(two)).Image.Digest);
    }

    [Fact]
    public async Task It_stands_still_while_it_is_copied_and_goes_on_afterwards()
    {
        var id = await LaunchAsync(host.Busybox);
        await RunAsync(id, "(while :; do echo x >> /root/log; done) >/dev/null 2>&1 & until [ -s /root/log ]; do sleep 0.05; done");
        var saved = await SaveAsync(id);
        var before = await RunAsync(id, "wc -c < /root/log");
        while (await RunAsync(id, "wc -c < /root/log") == before)
        {
            await Task.Delay(50, Cancel);
        }

        Assert.Equal(SandboxState.Running, (await host.Runtime.Sandboxes.FindAsync(id, Cancel))!.State);
        await LaunchAsync(saved.Image.Digest);
    }

    [Fact]
    public async Task A_paused_sandbox_stays_paused_and_a_stopped_one_is_saved_too()
    {
        var id = await LaunchAsync(host.Busybox);
        await RunAsync(id, "echo one > /root/one");
        await host.Runtime.Sandboxes.PauseAsync(id, Cancel);
        var paused = await SaveAsync(id);
        Assert.Equal(SandboxState.Paused, (await host.Runtime.Sandboxes.FindAsync(id, Cancel))!.State);
        await host.Runtime.Sandboxes.StopAsync(id, TimeSpan.Zero, Cancel);
        Assert.Equal(paused.Image.Digest, (await SaveAsync(id)).Image.Digest);
    }

    [Fact]
    public async Task Two_who_save_at_once_get_the_same()
    {
        var id = await LaunchAsync(host.Busybox);
        await RunAsync(id, "echo one > /root/one; head -c 3000000 /dev/urandom > /root/two");
        var both = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => SaveAsync(id))));
        Assert.Single(both.Select(result => result.Image.Digest).Distinct());
    }

    [Fact]
    public async Task A_disk_that_is_full_in_the_middle_leaves_nothing_half_saved_and_the_next_save_works()
    {
        var id = await LaunchAsync(host.Busybox);
        await RunAsync(id, "head -c 6000000 /dev/urandom > /root/large");
        var images = (await host.Runtime.Images.ListAsync(Cancel)).Select(image => image.Digest.Value).Order(StringComparer.Ordinal).ToList();

        // The copy is written there first; a small disk of its own is full after a megabyte.
        var incoming = Path.Combine(host.Options.DataDirectory, "incoming");
        var tool = host.Parts.GetRequiredService<Tool>();
        await tool.RunOrThrowAsync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", incoming], cancellationToken: Cancel);
        try
        {
            var fault = await Assert.ThrowsAsync<SandboxException>(() => Snapshots.SaveAsync(id, SnapshotSpec.All, Cancel));
            Assert.Equal(ErrorCode.DiskFull, fault.Code);
            Assert.Empty(Directory.GetFileSystemEntries(incoming));
        }
        finally
        {
            await tool.RunOrThrowAsync("umount", [incoming], cancellationToken: CancellationToken.None);
        }

        Assert.Equal(images, (await host.Runtime.Images.ListAsync(Cancel)).Select(image => image.Digest.Value).Order(StringComparer.Ordinal));
        Assert.Equal("still\n", await RunAsync(id, "echo still"));
        Assert.True((await SaveAsync(id)).LayerBytes > 6_000_000);
    }

    [Fact]
    public async Task A_sparse_file_larger_than_a_save_is_refused_before_it_is_read()
    {
        var id = await LaunchAsync(host.Busybox);
        await RunAsync(id, "truncate -s 200G /root/sparse");
        var fault = await Assert.ThrowsAsync<SandboxException>(() => Snapshots.SaveAsync(id, SnapshotSpec.All, Cancel));
        Assert.Equal(ErrorCode.TooLarge, fault.Code);
        Assert.Equal("still\n", await RunAsync(id, "echo still"));
        Assert.Equal(host.Busybox, (await SaveAsync(id, new SnapshotSpec { ExcludedPaths = [At("/root")] })).Image.Digest);
    }

    [Fact]
    public async Task A_sandbox_that_ends_meanwhile_ends_at_once_and_nothing_is_saved()
    {
        var id = await LaunchAsync(host.Busybox, spec => spec with { Limits = spec.Limits with { DiskBytes = 2L << 30 } });
        await RunAsync(id, "for i in 1 2 3 4 5 6 7 8; do head -c 100000000 /dev/zero | tr '\\0' $i > /root/$i; done");
        var images = await host.Runtime.Images.ListAsync(Cancel);
        var saving = Task.Run(() => Snapshots.SaveAsync(id, SnapshotSpec.All, Cancel));
        await HasBegunAsync(saving);
        await host.Runtime.Sandboxes.RemoveAsync(id, Cancel);
        var fault = await Assert.ThrowsAsync<SandboxException>(() => saving);
        Assert.Equal(ErrorCode.Conflict, fault.Code);
        Assert.Equal(images.Select(image => image.Digest.Value).Order(StringComparer.Ordinal), (await host.Runtime.Images.ListAsync(Cancel)).Select(image => image.Digest.Value).Order(StringComparer.Ordinal));
        Assert.Null(await host.Runtime.Sandboxes.FindAsync(id, Cancel));
    }

    [Fact]
    public async Task Who_cancels_leaves_it_running_and_nothing_behind()
    {
        var id = await LaunchAsync(host.Busybox, spec => spec with { Limits = spec.Limits with { DiskBytes = 2L << 30 } });
        await RunAsync(id, "for i in 1 2 3 4 5; do head -c 100000000 /dev/zero | tr '\\0' $i > /root/$i; done");
        using var cancel = new CancellationTokenSource();
        var saving = Task.Run(() => Snapshots.SaveAsync(id, SnapshotSpec.All, cancel.Token), CancellationToken.None);
        await HasBegunAsync(saving);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => saving);
        Assert.Equal("still\n", await RunAsync(id, "echo still"));
    }

    [Fact]
    public async Task A_daemon_killed_in_the_middle_leaves_it_running_and_nothing_behind()
    {
        var id = await LaunchAsync(host.Busybox);
        var sandbox = host.Parts.GetRequiredService<LiveSandboxes>().Find(id);
        _ = await host.Parts.GetRequiredService<SandboxFreezing>().FreezeAsync(sandbox); // and never thawed
        var left = Directory.CreateDirectory(Path.Combine(host.Options.DataDirectory, "incoming", "abcdefghijklmnop", "made")).FullName;
        await File.WriteAllTextAsync(Path.Combine(left, "layer.tar"), "half", Cancel);
        await host.KillAsync();
        await host.StartAsync();
        Assert.False(Directory.Exists(left));
        Assert.Equal("still\n", await RunAsync(id, "echo still"));
    }

    [Fact]
    public async Task Uploads_under_way_are_left_out()
    {
        var id = await LaunchAsync(host.Busybox);
        await host.Runtime.Files.BeginUploadAsync(id, new UploadSpec { Id = UploadId.New(), Path = At("/root/large"), Length = 1000 }, Cancel);
        Assert.DoesNotContain(".part", string.Join('\n', (await Snapshots.InspectAsync(id, Cancel)).Changes.Select(change => change.Path)), StringComparison.Ordinal);
        var saved = await SaveAsync(id);
        var again = await LaunchAsync(saved.Image.Digest);
        Assert.Equal("", await RunAsync(again, "find /root -name '.*.part'"));
    }

    [Fact]
    public async Task An_inspection_says_what_is_inside_and_names_secrets()
    {
        var token = "ghp_" + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ";
        var id = await LaunchAsync(host.Busybox, spec => spec with { Env = Variables(("GREETING", "hi")) });
        await RunAsync(id, $"mkdir -p /root/.aws /srv; echo x > /root/.aws/credentials; printf 'one\\ntwo {token}\\n' > /srv/notes; echo PASSWORD=x > /srv/.env; rm /bin/vi; chmod 700 /bin/busybox; ls > /root/.ash_history");
        var contents = await Snapshots.InspectAsync(id, Cancel);
        Assert.Equal(
            [("aws-credentials", "/root/.aws/credentials", null), ("env-file", "/srv/.env", null), ("github-token", "/srv/notes", 2), ("shell-history", "/root/.ash_history", (int?)null)],
            contents.Secrets.Select(secret => (secret.Rule, secret.Path.ToString(), secret.Line)).OrderBy(secret => secret.Rule, StringComparer.Ordinal));
        Assert.Contains(contents.Changes, change => change is { Kind: ChangeKind.Deleted } && change.Path.ToString() == "/bin/vi");
        Assert.Contains(contents.Changes, change => change is { Kind: ChangeKind.Changed } && change.Path.ToString() == "/bin/busybox");
        Assert.Contains(contents.Changes, change => change is { Kind: ChangeKind.Added, Size: 49 } && change.Path.ToString() == "/srv/notes");
        Assert.DoesNotContain(contents.Changes, change => change.Path.ToString() is "/etc/hosts" or "/root" or "/etc");
        Assert.Equal((contents.Changes.Count, true), ((int)(contents.Added + contents.Changed + contents.Deleted), contents.IsSearchComplete));
        Assert.Equal("hi", contents.Env["GREETING"]);
    }

    [Fact]
    public async Task An_ended_sandbox_has_nothing_to_save()
    {
        var id = await LaunchAsync(host.Busybox);
        await host.Runtime.Sandboxes.RemoveAsync(id, Cancel);
        Assert.Equal(ErrorCode.NotFound, (await Assert.ThrowsAsync<SandboxException>(() => Snapshots.SaveAsync(id, SnapshotSpec.All, Cancel))).Code);
        Assert.Equal(ErrorCode.NotFound, (await Assert.ThrowsAsync<SandboxException>(() => Snapshots.InspectAsync(id, Cancel))).Code);
    }

    /// <summary>Figures for whoever asks: <c>SANDBOX_TRACE=1</c>. Nothing is asserted about time.</summary>
    [Fact]
    public async Task A_hundred_megabytes_are_saved()
    {
        var id = await LaunchAsync(host.Busybox, spec => spec with { Limits = spec.Limits with { DiskBytes = 2L << 30 } });
        await SaveAsync(id);
        for (var round = 1; round <= 3; round++)
        {
            await RunAsync(id, $"echo {round} > /root/few");
            var start = Stopwatch.GetTimestamp();
            Trace("few changes", start, await SaveAsync(id));
        }

        await RunAsync(id, "head -c 100000000 /dev/urandom > /root/large");
        var began = Stopwatch.GetTimestamp();
        Trace("100 MB in one file", began, await SaveAsync(id));
        await RunAsync(id, "rm /root/large; mkdir /root/many; cd /root/many; i=0; while [ $i -lt 10000 ]; do head -c 10000 /root/few /bin/busybox > $i; i=$((i+1)); done");
        began = Stopwatch.GetTimestamp();
        var saved = await SaveAsync(id);
        Trace("100 MB in 10,000 files", began, saved);
        Assert.True(saved.LayerBytes > 100_000_000);

        void Trace(string what, long since, SnapshotResult result)
        {
            if (Environment.GetEnvironmentVariable("SANDBOX_TRACE") is not null)
            {
                Console.WriteLine($"{what}: {Stopwatch.GetElapsedTime(since).TotalMilliseconds:0} ms, {result.LayerBytes} bytes");
            }
        }
    }

    /// <summary>Waits until files are copied beside the store.</summary>
    private Task HasBegunAsync(Task saving) =>
        StoredUnderTest.UntilAsync(() => saving.IsCompleted || Directory.GetDirectories(StoredUnderTest.Incoming(host)).Length > 0, "the files are being copied");

    private static SandboxPath At(string text) => SandboxPath.TryParse(text, out var path) ? path : throw new ArgumentException(text, nameof(text));

    private static Dictionary<string, string> Variables(params (string Name, string Value)[] variables) => variables.ToDictionary(one => one.Name, one => one.Value, StringComparer.Ordinal);

    private IReadOnlyList<string> Tree(SandboxId id, string[] without)
    {
        var sandbox = host.Parts.GetRequiredService<LiveSandboxes>().Find(id);
        return TreeListing.Of(sandbox.Root.Root, sandbox.Range.First, without);
    }

    private async Task<SnapshotResult> SaveAsync(SandboxId id, SnapshotSpec? spec = null)
    {
        var result = await Snapshots.SaveAsync(id, spec ?? SnapshotSpec.All, Cancel);
        lock (_images)
        {
            if (result.Image.Digest != host.Busybox)
            {
                _images.Add(result.Image.Digest);
            }
        }

        return result;
    }

    private async Task<SandboxId> LaunchAsync(Digest image, Func<SandboxSpec, SandboxSpec>? change = null)
    {
        var spec = new SandboxSpec
        {
            Id = SandboxId.New(),
            Playground = PlaygroundId.New(),
            Owner = PersonId.New(),
            Name = "main",
            Image = image,
            Limits = new SandboxLimits(2, 512L << 20, 128, 512L << 20, 50_000),
            OwnerLimits = new SandboxLimits(2, 4L << 30, 4096, 8L << 30, 1_000_000),
            Deadline = DateTimeOffset.UtcNow.AddMinutes(10),
        };
        spec = change?.Invoke(spec) ?? spec;
        _made.Add(spec.Id);
        return (await host.Runtime.Sandboxes.CreateAsync(spec, Cancel)).Id;
    }

    private async Task<string> RunAsync(SandboxId id, string script)
    {
        var result = await host.Runtime.Sandboxes.ExecAsync(id, new ExecSpec { Command = ["sh", "-ec", script], Timeout = TimeSpan.FromMinutes(2) }, Cancel);
        Assert.True(result.ExitCode == 0, Encoding.UTF8.GetString(result.Stderr.Span));
        return Encoding.UTF8.GetString(result.Stdout.Span);
    }
}
