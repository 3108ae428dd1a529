using System.Text.Json.Nodes;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Snapshots;
using Sandbox.Core.Volumes;
using Sandbox.Daemon.Tests.Images;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Attacks;

/// <summary>What one sandbox leaves for the next: volumes, saved states, images that strangers made.</summary>
[Collection(nameof(LinuxHost))]
public sealed class HandOverAttacks(LinuxHost host) : Attacker(host)
{
    private readonly PersonId _owner = PersonId.New();
    private readonly SandboxVolume _volume = new() { Id = VolumeId.New(), Name = "data", Path = "/data", Bytes = 32L << 20 };
    private readonly SandboxVolume _second = new() { Id = VolumeId.New(), Name = "inner", Path = "/data/x", Bytes = 32L << 20 };

    /// <summary>CVE-2021-30465, CVE-2017-1002101: a volume is mounted at a path that a volume before it decides about.</summary>
    [Theory]
    [InlineData("ln -s / /data/x")]
    [InlineData("ln -s ../../../../../../../../var/tmp /data/x")]
    [InlineData("ln -s /proc/self/fd /data/x")]
    [InlineData("ln -s /proc /data/x")]
    [InlineData("ln -s /dev /data/x")]
    [InlineData("ln -s /bin /data/x")]
    [InlineData("mkfifo /data/x")]
    [InlineData("cp /bin/busybox /data/x")]
    public async Task Volumes_in_volumes_are_mounted_inside_or_not_at_all(string script)
    {
        var first = await LaunchAsync(With(_volume));
        Assert.Equal(0, (await RunAsync(first, "sh", "-c", script)).Code);
        await Host.Runtime.Sandboxes.RemoveAsync(first, Cancel);
        var before = await File.ReadAllLinesAsync("/proc/self/mounts", Cancel);
        try
        {
            var id = await LaunchAsync(With(_volume, _second));
            await RunAsync(id, "sh", "-c", "echo mine > /data/x/mine");
            Assert.False(File.Exists("/mine") || File.Exists("/var/tmp/mine") || File.Exists("/bin/mine"));
            Assert.Equal(0, (await RunAsync(id, "sh", "-c", "echo > /dev/null && cat /proc/uptime")).Code);
            await Host.Runtime.Sandboxes.RemoveAsync(id, Cancel);
        }
        catch (SandboxException fault)
        {
            Assert.NotEqual(ErrorCode.Internal, fault.Code);
        }

        Assert.Equal(before.Order(StringComparer.Ordinal), (await File.ReadAllLinesAsync("/proc/self/mounts", Cancel)).Order(StringComparer.Ordinal));
        foreach (var volume in await Host.Runtime.Volumes.ListAsync(Cancel))
        {
            await Host.Runtime.Volumes.RemoveAsync(volume.Id, Cancel);
        }

        await AssertOthersCanAsync("files");
    }

    /// <summary>Root may put anything into its state: the next sandbox gets it as files of its own, and nothing more.</summary>
    [Fact]
    public async Task A_saved_state_gives_the_next_sandbox_no_privilege()
    {
        var id = await LaunchAsync(Spec() with { Owner = _owner });
        await RunAsync(id, "sh", "-c", "cp /bin/busybox /su; chmod 6755 /su; ln /su /su2; ln -s /proc/1/root /up; truncate -s 1P /hole || truncate -s 900G /hole; mkfifo /pipe; mknod /wh c 0 0; touch /.wh.bin /.wh..wh..opq; setfattr -n trusted.overlay.redirect -v /../../.. /su; setfattr -n user.overlay.redirect -v / /su; true");
        Digest saved;
        try
        {
            saved = await SaveAsync(id);
        }
        catch (SandboxException fault)
        {
            Assert.Equal(ErrorCode.TooLarge, fault.Code); // the hole is more than may be saved; the rest is not
            await RunAsync(id, "rm", "/hole");
            saved = await SaveAsync(id);
        }

        var next = await LaunchAsync(Spec() with { Image = saved });
        Assert.Equal((0, "fine\n"), await RunAsync(next, "sh", "-c", "[ -x /bin/busybox ] && [ ! -e /wh ] && ! ls /up/var/tmp/sandbox-daemon-tests 2> /dev/null && echo fine"));
        Assert.NotEqual(0, (await RunAsync(next, "sh", "-c", "/su mount -t tmpfs none /mnt")).Code);
        await AssertOthersCanAsync("files");
    }

    public static TheoryData<string> Images { get; } = ["proc", "sys", "dev", "etc", "run", "dev/shm", "sys/fs/cgroup", "dev/null"];

    /// <summary>CVE-2019-19921, CVE-2025-31133, CVE-2025-52565: links in an image where the runtime mounts.</summary>
    [Theory]
    [MemberData(nameof(Images))]
    public async Task Links_in_an_image_where_the_runtime_mounts_lead_nowhere(string name)
    {
        foreach (var target in (string[])[name == "dev" ? "/" : "/proc/sys/kernel/core_pattern", "../../../../../../../var/tmp"])
        {
            var tar = await BusyboxAsync();
            var image = new ImageBuilder().Layer(tar.Symlink(name, target)).Config("WorkingDir", JsonValue.Create("/proc/self/fd/9")).Config("User", JsonValue.Create("0"));
            var before = await File.ReadAllTextAsync("/proc/sys/kernel/core_pattern", Cancel);
            try
            {
                Digest? digest = null;
                await foreach (var progress in Host.Runtime.Images.AddAsync(new ImageSource.Archive(ArchiveKind.Oci, Once(image.OciArchive())), Cancel))
                {
                    digest = progress.Image?.Digest ?? digest;
                }

                var id = await LaunchAsync(Spec() with { Image = digest!.Value, Workdir = "/" });
                var (_, text) = await RunAsync(id, "/bin/busybox", "ls", "/var/tmp/sandbox-daemon-tests", "/proc/1/root/var/tmp/sandbox-daemon-tests");
                Assert.DoesNotContain("data", text.Split('\n'));
                Assert.NotEqual(0, (await RunAsync(id, "/bin/busybox", "sh", "-c", "echo owned > /proc/sys/kernel/core_pattern")).Code);
                Assert.NotEqual(0, (await RunAsync(id, "/bin/busybox", "sh", "-c", "echo h > /proc/sysrq-trigger")).Code);
                await Host.Runtime.Sandboxes.RemoveAsync(id, Cancel);
            }
            catch (SandboxException fault)
            {
                Assert.True(fault.Code != ErrorCode.Internal, $"{name} -> {target}: {fault.Message} {fault.InnerException?.Message}");
            }

            Assert.Equal(before, await File.ReadAllTextAsync("/proc/sys/kernel/core_pattern", Cancel));
        }

        await AssertOthersCanAsync("files");
    }

    private static async Task<TarBuilder> BusyboxAsync() =>
        new TarBuilder().Directory("bin").Executable("bin/busybox", await File.ReadAllBytesAsync("/bin/busybox", Cancel)).Symlink("bin/sh", "busybox");

    private async Task<Digest> SaveAsync(SandboxId id) => (await Host.Runtime.Sandboxes.SnapshotAsync(id, SnapshotSpec.All, Cancel)).Image.Digest;

    private SandboxSpec With(params SandboxVolume[] volumes) => Spec() with { Owner = _owner, Volumes = volumes };
}
