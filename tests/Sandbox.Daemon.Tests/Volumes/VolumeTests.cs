using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Files;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Volumes;
using Sandbox.Daemon.Tests.Sandboxes;
using Sandbox.Daemon.Volumes;
using Xunit;

namespace Sandbox.Daemon.Tests.Volumes;

/// <summary>Volumes in real sandboxes, and what programs in there try with them.</summary>
[Collection(nameof(LinuxHost))]
public sealed class VolumeTests(LinuxHost host) : IAsyncLifetime
{
    private readonly List<SandboxId> _made = [];
    private readonly PersonId _owner = PersonId.New();
    private readonly SandboxVolume _volume = new() { Id = VolumeId.New(), Name = "data", Path = "/data", Bytes = 32L << 20 };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Images => Path.Combine(host.Options.DataDirectory, "volumes");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var id in _made)
        {
            await host.Runtime.Sandboxes.RemoveAsync(id, CancellationToken.None);
        }

        foreach (var volume in await host.Runtime.Volumes.ListAsync(CancellationToken.None))
        {
            await host.Runtime.Volumes.RemoveAsync(volume.Id, CancellationToken.None);
        }

        Assert.Empty(Directory.GetDirectories(Images));
        Assert.Empty(Directory.GetDirectories(Path.Combine(host.Options.RunDirectory, "volumes")));
    }

    [Fact]
    public async Task Files_outlive_the_sandbox_with_their_owners_modes_and_links()
    {
        var first = await LaunchAsync(_volume);
        await RunAsync(first, "echo kept > /data/a; chown 1000:50 /data/a; chmod 640 /data/a; mkdir /data/d; chmod 2775 /data/d; ln -s a /data/l; ln /data/a /data/h; chown 33:33 /data");
        var before = await RunAsync(first, "stat -c '%n %u %g %a %F %h' /data /data/*");
        var range = await RunAsync(first, "cat /proc/self/uid_map");
        await RemoveAsync(first);
        var blocker = await LaunchAsync(); // takes the uid range that has become free
        var second = await LaunchAsync(_volume);
        Assert.NotEqual(range, await RunAsync(second, "cat /proc/self/uid_map"));
        Assert.Equal(before, await RunAsync(second, "stat -c '%n %u %g %a %F %h' /data /data/*"));
        Assert.Equal("kept\n", await RunAsync(second, "cat /data/l"));
        await RemoveAsync(blocker);
        var info = Assert.Single(await host.Runtime.Volumes.ListAsync(Cancel));
        Assert.Equal((_volume.Id, _owner, _volume.Bytes, 3L), (info.Id, info.Owner, info.Bytes, info.Files));
        Assert.Equal(new VolumeUse(second, "/data", ReadOnly: false), Assert.Single(info.Uses));
    }

    [Fact]
    public async Task One_sandbox_writes_and_others_read()
    {
        var writer = await LaunchAsync(_volume);
        var playground = (await host.Runtime.Sandboxes.FindAsync(writer, Cancel))!.Playground;
        var refused = await Assert.ThrowsAsync<SandboxException>(() => LaunchAsync(_volume));
        Assert.Equal(ErrorCode.Conflict, refused.Code);
        Assert.Contains($"'data' is in use: main of playground {playground} writes to it", refused.Message, StringComparison.Ordinal);
        var reader = await LaunchAsync(_volume with { Path = "/mnt/in", ReadOnly = true });
        await RunAsync(writer, "echo news > /data/n");
        Assert.Equal("news\n", await RunAsync(reader, "cat /mnt/in/n"));
        Assert.NotEqual(0, await ExitAsync(reader, "echo x > /mnt/in/n"));
        Assert.NotEqual(0, await ExitAsync(reader, "mount -o remount,rw /mnt/in"));
        var write = await Assert.ThrowsAsync<SandboxException>(() => WriteAsync(reader, "/mnt/in/x", "x"));
        Assert.Equal((ErrorCode.Conflict, "The volume 'data' is attached read-only here."), (write.Code, write.Message));

        // Simultaneous launches: one of them writes.
        await RemoveAsync(writer);
        var launches = await Task.WhenAll(Enumerable.Range(0, 3).Select(async _ =>
        {
            try
            {
                return (SandboxId?)await LaunchAsync(_volume);
            }
            catch (SandboxException fault) when (fault.Code == ErrorCode.Conflict)
            {
                return null;
            }
        }));
        var now = Assert.Single(launches, id => id is not null)!.Value;
        Assert.Equal("news\n", await RunAsync(now, "cat /data/n"));
        var fault = await Assert.ThrowsAsync<SandboxException>(() => host.Runtime.Volumes.RemoveAsync(_volume.Id, Cancel));
        Assert.Equal(ErrorCode.Conflict, fault.Code);
        Assert.Single(LoopsOf(_volume.Id));
    }

    [Fact]
    public async Task Bytes_and_files_of_a_volume_are_bounded()
    {
        var id = await LaunchAsync(_volume);
        Assert.NotEqual(0, await ExitAsync(id, "dd if=/dev/zero of=/data/big bs=1M count=40 2>/dev/null"));
        Assert.Equal(0, await ExitAsync(id, "dd if=/dev/zero of=/own bs=1M count=40 2>/dev/null"));
        var full = await Assert.ThrowsAsync<SandboxException>(() => WriteAsync(id, "/data/x", new string('x', 2_000_000)));
        Assert.Equal(ErrorCode.DiskFull, full.Code);
        Assert.StartsWith("On the volume 'data': The volume is full", full.Message, StringComparison.Ordinal);
        await RunAsync(id, "rm /data/big");
        Assert.NotEqual(0, await ExitAsync(id, "mkdir /data/m && cd /data/m && i=0; while [ $i -lt 5000 ]; do : > $i || exit 1; i=$((i+1)); done"));
        Assert.InRange((await host.Runtime.Volumes.ListAsync(Cancel)).Single().Files, 4000, 4300);
        await RunAsync(id, "rm -r /data/m");
        await RemoveAsync(id);
        Assert.InRange(new FileInfo(ImageOf(_volume.Id)).Length, 0, _volume.Bytes);
        Assert.InRange(Linux.SparseCopy.AllocatedBytes(ImageOf(_volume.Id)), 0, 16L << 20); // the room of deleted files is the host's again
    }

    [Fact]
    public async Task File_calls_reach_volumes()
    {
        var id = await LaunchAsync(spec => spec with { User = "1000:50", Volumes = [_volume] });
        await WriteAsync(id, "/data/dir/file", "hello");
        Assert.Equal("1000 50 hello\n", await RunAsync(id, "echo $(stat -c '%u %g' /data/dir/file) $(cat /data/dir/file)"));
        Assert.Equal(["dir"], (await host.Runtime.Files.ListAsync(id, At("/data"), Cancel)).Select(entry => Encoding.UTF8.GetString(entry.Name.Span)));
        Assert.Equal(5, (await host.Runtime.Files.FindAsync(id, At("/data/dir/file"), Cancel))!.Size);
        var upload = UploadId.New();
        await host.Runtime.Files.BeginUploadAsync(id, new UploadSpec { Id = upload, Path = At("/data/up"), Length = 4 }, Cancel);
        await host.Runtime.Files.ContinueUploadAsync(id, upload, 0, Pieces("up"), Cancel);
        Assert.Equal(2, (await host.Runtime.Files.FindUploadAsync(id, upload, Cancel))!.Offset);
        await host.Runtime.Files.ContinueUploadAsync(id, upload, 2, Pieces("up"), Cancel);
        Assert.Equal("1000 upup\n", await RunAsync(id, "echo $(stat -c %u /data/up) $(cat /data/up)"));
        await host.Runtime.Files.DeleteAsync(id, At("/data/dir"), Cancel);
        Assert.Equal("up\n", await RunAsync(id, "ls /data"));
        await FailsAsync(ErrorCode.Invalid, () => host.Runtime.Files.DeleteAsync(id, At("/data"), Cancel));
        Assert.Equal("up\n", await RunAsync(id, "ls /data"));
    }

    [Fact]
    public async Task Links_devices_and_set_uid_bits_on_a_volume_lead_nowhere()
    {
        var id = await LaunchAsync(_volume);
        await RunAsync(id, "ln -s /etc/shadow /data/shadow; ln -s ../../../../etc /data/up; ln -s / /data/root; ln -s /data /way; cp /bin/busybox /data/su; chmod 4755 /data/su; mkfifo /data/fifo");
        await FailsAsync(ErrorCode.NotFound, () => ReadAsync(id, "/data/shadow"));
        await FailsAsync(ErrorCode.NotFound, () => ReadAsync(id, "/data/up/passwd"));
        Assert.Equal(["fifo", "root", "shadow", "su", "up"], (await host.Runtime.Files.ListAsync(id, At("/data/root"), Cancel)).Select(entry => Encoding.UTF8.GetString(entry.Name.Span)).Order(StringComparer.Ordinal));
        var way = await FailsAsync(ErrorCode.Invalid, () => host.Runtime.Files.ListAsync(id, At("/way"), Cancel));
        Assert.Contains("where a volume is mounted", way.Message, StringComparison.Ordinal);
        await FailsAsync(ErrorCode.Invalid, () => ReadAsync(id, "/data/fifo"));
        Assert.NotEqual(0, await ExitAsync(id, "mknod /data/sda b 8 0 && cat /data/sda"));
        var options = await RunAsync(id, "grep ' /data ' /proc/self/mounts");
        Assert.Contains("nosuid", options, StringComparison.Ordinal);
        Assert.Contains("nodev", options, StringComparison.Ordinal);
        Assert.NotEqual(0, await ExitAsync(id, "umount /data"));
        Assert.NotEqual(0, await ExitAsync(id, "rmdir /data"));
        Assert.NotEqual(0, await ExitAsync(id, "ls /dev/loop0 /dev/loop-control"));

        // Set-user-id bits and device nodes have no effect on the host's mount either.
        var mounts = (await File.ReadAllLinesAsync("/proc/self/mounts", Cancel)).Where(line => line.Contains(Path.Combine(host.Options.RunDirectory, "volumes"), StringComparison.Ordinal)).ToList();
        Assert.Equal(2, mounts.Count);
        Assert.All(mounts, mount => Assert.Contains("nosuid,nodev", mount, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/proc")]
    [InlineData("/dev/shm")]
    [InlineData("/bin/busybox")]
    [InlineData("/evil")]
    [InlineData("/evil/x")]
    public async Task Volumes_are_not_mounted_on_the_kernels_directories_or_on_files(string path)
    {
        await FailsAsync(ErrorCode.Invalid, () => LaunchAsync(spec => spec with { Volumes = [_volume with { Path = path == "/evil" ? "/lib/../proc" : path == "/evil/x" ? "/" : path }] }));
        Assert.Empty((await host.Runtime.Volumes.ListAsync(Cancel)).SelectMany(volume => volume.Uses));
    }

    [Fact]
    public async Task Volume_of_somebody_else_is_not_found()
    {
        await LaunchAsync(_volume);
        var fault = await FailsAsync(ErrorCode.NotFound, () => LaunchAsync(spec => spec with { Owner = PersonId.New(), Volumes = [_volume with { ReadOnly = true }] }));
        Assert.Equal("You have no volume 'data'.", fault.Message);
    }

    [Fact]
    public async Task Next_daemon_knows_who_holds_a_volume_and_removes_what_was_half_done()
    {
        var id = await LaunchAsync(_volume);
        await RunAsync(id, "echo 1 > /data/a");
        Directory.CreateDirectory(Path.Combine(Images, VolumeId.New().Value)); // half made
        var orphan = Path.Combine(host.Options.RunDirectory, "volumes", SandboxId.New().Value, "0.disk");
        Directory.CreateDirectory(orphan);
        await host.KillAsync();
        await host.StartAsync();
        Assert.Single(Directory.GetDirectories(Images));
        Assert.False(Directory.Exists(Path.GetDirectoryName(orphan)));
        Assert.Equal("1\n", await RunAsync(id, "cat /data/a"));
        await WriteAsync(id, "/data/b", "2");
        await FailsAsync(ErrorCode.Conflict, () => LaunchAsync(_volume));
        await FailsAsync(ErrorCode.Conflict, () => host.Runtime.Volumes.RemoveAsync(_volume.Id, Cancel));
        await RemoveAsync(id);
        await EventuallyNoLoopAsync(_volume.Id);

        // The host went down while it was attached: it is checked before it is mounted.
        var records = host.Parts.GetRequiredService<VolumeRecords>();
        var record = records.Load().Single();
        Assert.Null(record.MountedIn);
        records.Save(record with { MountedIn = "an earlier boot" });
        await host.KillAsync();
        await host.StartAsync();
        id = await LaunchAsync(_volume);
        Assert.Equal("a\nb\n", await RunAsync(id, "ls /data"));
        await RemoveAsync(id);
        await host.Runtime.Volumes.RemoveAsync(_volume.Id, Cancel);
        await host.Runtime.Volumes.RemoveAsync(_volume.Id, Cancel);
        Assert.Empty(await host.Runtime.Volumes.ListAsync(Cancel));
    }

    [Fact]
    public async Task Save_leaves_the_volume_out()
    {
        var id = await LaunchAsync(_volume);
        await RunAsync(id, "echo secret > /data/s; echo own > /own");
        var contents = await host.Runtime.Sandboxes.InspectAsync(id, Cancel);
        var paths = contents.Changes.Select(change => Encoding.UTF8.GetString(change.Path.Bytes)).ToList();
        Assert.Contains("/own", paths);
        Assert.DoesNotContain("/data/s", paths);
    }

    private async Task<SandboxId> LaunchAsync(params SandboxVolume[] volumes) => await LaunchAsync(spec => spec with { Volumes = volumes });

    private async Task<SandboxId> LaunchAsync(Func<SandboxSpec, SandboxSpec> change)
    {
        var spec = change(new SandboxSpec
        {
            Id = SandboxId.New(),
            Playground = PlaygroundId.New(),
            Owner = _owner,
            Name = "main",
            Image = host.Busybox,
            Limits = new SandboxLimits(1, 128L << 20, 128, 128L << 20, 20_000),
            OwnerLimits = new SandboxLimits(2, 4L << 30, 4096, 4L << 30, 1_000_000),
            Deadline = DateTimeOffset.UtcNow.AddHours(1),
        });
        lock (_made)
        {
            _made.Add(spec.Id);
        }

        return (await host.Runtime.Sandboxes.CreateAsync(spec, Cancel)).Id;
    }

    private Task RemoveAsync(SandboxId id) => host.Runtime.Sandboxes.RemoveAsync(id, Cancel);

    private async Task<string> RunAsync(SandboxId id, string line)
    {
        var result = await host.Runtime.Sandboxes.ExecAsync(id, new ExecSpec { Command = ["sh", "-c", line], Timeout = TimeSpan.FromSeconds(60) }, Cancel);
        Assert.True(result.ExitCode == 0, $"{line} ended with {result.ExitCode}: {Encoding.UTF8.GetString(result.Stderr.Span)}");
        return Encoding.UTF8.GetString(result.Stdout.Span);
    }

    private async Task<int> ExitAsync(SandboxId id, string line) =>
        (await host.Runtime.Sandboxes.ExecAsync(id, new ExecSpec { Command = ["sh", "-c", line], Timeout = TimeSpan.FromSeconds(60) }, Cancel)).ExitCode;

    private Task WriteAsync(SandboxId id, string path, string text) => host.Runtime.Files.WriteAsync(id, At(path), (int?)null, Pieces(text), Cancel);

    private async Task<string> ReadAsync(SandboxId id, string path)
    {
        var text = new StringBuilder();
        await foreach (var part in host.Runtime.Files.ReadAsync(id, At(path), ReadForm.Raw, Cancel))
        {
            text.Append(Encoding.UTF8.GetString(part.Span));
        }

        return text.ToString();
    }

    private static async Task<SandboxException> FailsAsync(ErrorCode code, Func<Task> call)
    {
        var fault = await Assert.ThrowsAsync<SandboxException>(call);
        Assert.True(fault.Code == code, $"expected {code}, got {fault.Code}: {fault.Message}");
        return fault;
    }

    private string ImageOf(VolumeId id) => Path.Combine(Images, id.Value, "disk.ext4");

    private static List<string> LoopsOf(VolumeId id) =>
    [
        .. Directory.GetDirectories("/sys/block", "loop*").Where(loop =>
        {
            try
            {
                return File.ReadAllText(Path.Combine(loop, "loop", "backing_file")).Contains(id.Value, StringComparison.Ordinal);
            }
            catch (IOException)
            {
                return false; // not bound
            }
        }),
    ];

    private static async Task EventuallyNoLoopAsync(VolumeId id)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        while (LoopsOf(id).Count > 0)
        {
            await Task.Delay(20, patience.Token);
        }
    }

    private static SandboxPath At(string text)
    {
        Assert.True(SandboxPath.TryParse(text, out var path));
        return path;
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Pieces(string text)
    {
        await Task.CompletedTask;
        yield return Encoding.UTF8.GetBytes(text);
    }
}
