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
    [InlineData("filters", 1)]
    [InlineData("filters-masked", 1)]
    [InlineData("filters-reuse", 1)]
    public async Task Sockets_with_uncounted_memory_are_refused(string kind, int errno)
    {
        var id = await LaunchAsync();
        Assert.Equal(new Loot(0, errno), Assert.Single(await AttackAsync(id, kind, 1)));
    }

    [Theory]
    [InlineData("route", 5000)]
    [InlineData("ping", 2000)]
    [InlineData("raw-icmp", 2000)]
    [InlineData("locks", 3_000_000)]
    [InlineData("multicast", 200_000)]
    public async Task Uncounted_memory_stops_the_sandbox_that_holds_it(string kind, int count)
    {
        var before = HostMemory.Available();
        var id = await LaunchAsync();
        await BeginAsync(id, kind, count);
        var least = before;
        for (var attempt = 0; attempt < 1200 && await StateAsync(id) == SandboxState.Running; attempt++)
        {
            least = Math.Min(least, HostMemory.Available());
            await Task.Delay(50, Cancel);
        }

        if (await StateAsync(id) == SandboxState.Running)
        {
            Assert.Fail($"it was not stopped: {(await RunAsync(id, "sh", "-c", "cat /dev/shm/loot; ps")).Text}");
        }

        await UntilNoticeAsync(id, "stopped because its programs held");
        TestContext.Current.TestOutputHelper?.WriteLine($"{kind}: at most {(before - least) >> 20} MB of the host");
        Assert.InRange(before - least, long.MinValue, 2L << 30);
        await AssertOthersCanAsync(kind);
        var again = await Host.Runtime.Sandboxes.StartAsync(id, Cancel);
        Assert.Equal((SandboxState.Running, null), (again.State, again.Notice));
    }

    /// <summary>A program that the kernel kills for memory says nothing itself.</summary>
    [Fact]
    public async Task Owners_read_that_the_memory_ran_out()
    {
        var id = await LaunchAsync();
        var (code, _) = await RunAsync(id, "sh", "-c", "head -c 600000000 /dev/zero | tail -c 500000000 | wc -c");
        await UntilNoticeAsync(id, "The memory of 256 MiB ran out");
        Assert.Equal(SandboxState.Running, await StateAsync(id));
        TestContext.Current.TestOutputHelper?.WriteLine($"the command ended with {code}");
        var neighbour = await LaunchAsync();
        Assert.Null((await Host.Runtime.Sandboxes.FindAsync(neighbour, Cancel))?.Notice);
        Assert.Equal((0, "1000000\n"), await RunAsync(neighbour, "sh", "-c", "head -c 1000000 /dev/zero | wc -c"));
    }

    private async Task UntilNoticeAsync(SandboxId id, string words)
    {
        string? notice = null;
        for (var attempt = 0; attempt < 1200 && notice is null; attempt++)
        {
            await Task.Delay(50, Cancel);
            notice = (await Host.Runtime.Sandboxes.FindAsync(id, Cancel))?.Notice;
        }

        Assert.Contains(words, notice, StringComparison.Ordinal);
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
