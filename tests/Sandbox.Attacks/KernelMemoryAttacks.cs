using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Sandboxes;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Attacks;

/// <summary>Kernel memory that no control group counts. The host's MemAvailable is the judge.</summary>
[Collection(nameof(LinuxHost))]
public sealed class KernelMemoryAttacks(LinuxHost host) : Attacker(host)
{
    /// <summary>Queues of user sockets took 5.1 GB of the host in 12 seconds.</summary>
    [Theory]
    [InlineData("usersock", 93)]
    [InlineData("audit", 93)]
    [InlineData("generic", 93)]
    [InlineData("crypto", 38)]
    [InlineData("vsock", 38)]
    public async Task Socket_families_with_uncounted_memory_are_refused(string kind, int errno)
    {
        var id = await LaunchAsync();
        Assert.Equal(new Loot(0, errno), Assert.Single(await AttackAsync(id, kind, 1)));
    }

    [Theory]
    [InlineData("route", 5000)]
    [InlineData("ping", 2000)]
    [InlineData("raw-icmp", 2000)]
    [InlineData("locks", 3_000_000)]
    public async Task Uncounted_memory_stops_the_sandbox_that_holds_it(string kind, int count)
    {
        var before = HostMemory.Available();
        var id = await LaunchAsync();
        await BeginAsync(id, kind, count);
        var least = before;
        for (var attempt = 0; attempt < 400 && await StateAsync(id) == SandboxState.Running; attempt++)
        {
            least = Math.Min(least, HostMemory.Available());
            await Task.Delay(50, Cancel);
        }

        if (await StateAsync(id) == SandboxState.Running)
        {
            Assert.Fail($"it was not stopped: {(await RunAsync(id, "sh", "-c", "cat /dev/shm/loot; ps")).Text}");
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{kind}: at most {(before - least) >> 20} MB of the host");
        Assert.InRange(before - least, long.MinValue, 2L << 30);
        await AssertOthersCanAsync(kind);
        Assert.Equal(SandboxState.Running, (await Host.Runtime.Sandboxes.StartAsync(id, Cancel)).State);
    }

    [Fact]
    public async Task Datagrams_that_wait_are_bounded()
    {
        var before = HostMemory.Available();
        var id = await LaunchAsync();
        await AttackAsync(id, "udp", 1000, seconds: 1);
        Assert.InRange(before - HostMemory.Available(), long.MinValue, 1L << 30);
        await AssertOthersCanAsync("udp");
    }
}
