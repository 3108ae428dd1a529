using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Attacks;

/// <summary>Requests to the daemon that could do more than the sandbox's own root.</summary>
[Collection(nameof(LinuxHost))]
public sealed class RequestAttacks(LinuxHost host) : Attacker(host)
{
    /// <summary>The kernel took the mount away with the directory under it, and all that hides the host's files.</summary>
    [Theory]
    [InlineData("/proc")]
    [InlineData("/sys")]
    [InlineData("/dev")]
    [InlineData("/up/proc")]
    public async Task Mounts_cannot_be_deleted_from_outside(string name)
    {
        var id = await LaunchAsync();
        await RunAsync(id, "ln", "-s", "/", "/up");
        Assert.True(SandboxPath.TryParse(name, out var path));
        Assert.Equal(ErrorCode.Invalid, (await Assert.ThrowsAsync<SandboxException>(() => Host.Runtime.Files.DeleteAsync(id, path, Cancel))).Code);
        Assert.Equal((0, ""), await RunAsync(id, "cat", "/proc/diskstats"));
        await Host.Runtime.Sandboxes.StopAsync(id, TimeSpan.Zero, Cancel);
        await Assert.ThrowsAsync<SandboxException>(() => Host.Runtime.Files.DeleteAsync(id, path, Cancel));
        Assert.Equal(SandboxState.Running, (await Host.Runtime.Sandboxes.StartAsync(id, Cancel)).State);
        Assert.Equal((0, "1\n"), await RunAsync(id, "sh", "-c", "echo 1 > /dev/null; echo 1"));
    }

    [Theory]
    [InlineData("/proc/self/fd/8")]
    [InlineData("/proc")]
    [InlineData("/sys/fs/cgroup")]
    [InlineData("/dev/../proc/self")]
    public async Task Nothing_starts_in_a_directory_of_the_kernel(string workdir)
    {
        var spec = Spec() with { Workdir = workdir };
        Assert.Equal(ErrorCode.Invalid, (await Assert.ThrowsAsync<SandboxException>(() => Host.Runtime.Sandboxes.CreateAsync(spec, Cancel))).Code);
    }

    /// <summary>CVE-2024-21626: descriptors of the runtime, reached through the working directory.</summary>
    [Fact]
    public async Task A_link_as_working_directory_leads_to_nothing_of_the_host()
    {
        var id = await LaunchAsync(Spec() with { Workdir = "/work" });
        for (var descriptor = 3; descriptor < 24; descriptor++)
        {
            await RunAsync(id, "sh", "-c", $"cd /; rmdir /work || rm /work; ln -s /proc/self/fd/{descriptor} /work");
            try
            {
                var (_, text) = await RunAsync(id, "sh", "-c", "readlink /proc/self/cwd; ls -d ../../../../../../../../var/tmp/sandbox-daemon-tests 2> /dev/null");
                Assert.Equal("/\n", text);
            }
            catch (SandboxException fault)
            {
                Assert.NotEqual(ErrorCode.Internal, fault.Code);
            }

            Assert.True(SandboxPath.TryParse("/work", out var path));
            await Host.Runtime.Files.DeleteAsync(id, path, Cancel);
            await Host.Runtime.Files.MakeDirectoryAsync(id, path, Cancel);
        }

        await AssertHostCanAsync("files");
    }
}
