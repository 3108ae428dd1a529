using Sandbox.Core.Errors;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Attacks;

/// <summary>What a sandbox's root does to its own files must not keep the sandbox from starting again.</summary>
[Collection(nameof(LinuxHost))]
public sealed class TamperingAttacks(LinuxHost host) : Attacker(host)
{
    [Theory]
    [InlineData("rm -rf /etc; ln -s /proc/self/fd/9 /etc")]
    [InlineData("rm -rf /etc; ln -s /nowhere /etc")]
    [InlineData("rm -rf /etc; echo no directory > /etc")]
    [InlineData("rm -rf /etc; mkfifo /etc")]
    [InlineData("rm /etc/passwd /etc/group; mkdir /etc/passwd /etc/group")]
    [InlineData("head -c 1000000 /dev/zero > /etc/passwd; ln -sf /dev/zero /etc/group")]
    [InlineData("chmod 0 /")]
    [InlineData("chown 4321:4321 /; chmod 0 / /etc /root /place")]
    [InlineData("rm -rf /bin /sbin /lib /usr")]
    [InlineData("rm -rf / 2> /dev/null; true")]
    [InlineData("cd /; rmdir /place")]
    [InlineData("cd /; rmdir /place; ln -s /place /place")]
    [InlineData("cd /; rmdir /place; echo no directory > /place")]
    [InlineData("cd /; rmdir /place; ln -s /proc/self/fd/9 /place")]
    [InlineData("dd if=/dev/zero of=/fill bs=1M; dd if=/dev/zero of=/rest bs=1; true")]
    [InlineData("i=0; while mkdir /place/$i; do i=$((i+1)); done 2> /dev/null; true")]
    [InlineData("chattr +i / /etc; setfattr -n trusted.overlay.opaque -v y /etc; true")]
    [InlineData("mknod /dev/null c 1 3; rm -f /dev/null /dev/zero /dev/ptmx /dev/init; true")]
    public async Task A_sandbox_starts_again(string script)
    {
        var id = await LaunchAsync(Spec() with { Workdir = "/place", Limits = new(1, 256L << 20, 128, 16L << 20, 2000) });
        await RunAsync(id, "/attack", "files", "1");
        await RunAsync(id, "sh", "-c", script);
        await Host.Runtime.Sandboxes.StopAsync(id, TimeSpan.Zero, Cancel);
        Assert.Equal(SandboxState.Running, (await Host.Runtime.Sandboxes.StartAsync(id, Cancel)).State);
        try
        {
            Assert.Equal(0, (await RunAsync(id, "/attack", "files", "1")).Code);
        }
        catch (SandboxException fault)
        {
            // It was removed, or nothing can be entered any more; the words say so.
            Assert.NotEqual(ErrorCode.Internal, fault.Code);
        }

        await AssertOthersCanAsync("files");
    }
}
