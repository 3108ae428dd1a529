using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Attacks;

/// <summary>Tables that the kernel has once for the host, and limits that it keeps for each of the host's users.</summary>
[Collection(nameof(LinuxHost))]
public sealed class HostTableAttacks(LinuxHost host) : Attacker(host)
{
    /// <summary>Three sandboxes filled <c>fs.file-max</c>, and the web process died of it.</summary>
    [Fact]
    public async Task Three_sandboxes_do_not_fill_the_file_table()
    {
        var attackers = new List<SandboxId>();
        for (var i = 0; i < 3; i++)
        {
            attackers.Add(await LaunchAsync());
            await BeginAsync(attackers[i], "files", 20_000, processes: 70);
        }

        await Task.Delay(4000, Cancel);
        await AssertOthersCanAsync("files");
        var open = (await File.ReadAllTextAsync("/proc/sys/fs/file-nr", Cancel)).Split('\t').Select(long.Parse).ToArray();
        TestContext.Current.TestOutputHelper?.WriteLine($"{open[0]} of {open[2]} files are open");
        Assert.InRange(open[0], 0, open[2] / 4);
    }

    [Fact]
    public async Task One_sandbox_does_not_take_all_asynchronous_requests()
    {
        var id = await LaunchAsync();
        await BeginAsync(id, "aio", 20_000, processes: 4);
        await Task.Delay(1500, Cancel);
        await AssertOthersCanAsync("aio");
    }

    /// <summary>One process took 2,899, and nobody opened a terminal any more.</summary>
    [Fact]
    public async Task Terminals_of_a_sandbox_end_at_a_bound()
    {
        var id = await LaunchAsync();
        var loot = Assert.Single(await AttackAsync(id, "terminals", 5000));
        Assert.InRange(loot.Got, 1, 64);
        await BeginAsync(id, "terminals", 5000);
        await Task.Delay(500, Cancel);
        await AssertOthersCanAsync("terminals");
        var neighbour = await LaunchAsync();
        Assert.NotNull(await Host.Runtime.Terminals.OpenAsync(neighbour, new() { Id = Core.Terminals.TerminalId.New(), Cols = 80, Rows = 24 }, Cancel));
    }

    /// <summary>The kernel charged them to the host's root, who made every sandbox's user namespace.</summary>
    [Fact]
    public async Task Inotify_instances_of_one_sandbox_are_not_its_neighbours()
    {
        var id = await LaunchAsync();
        await BeginAsync(id, "inotify", 20_000, processes: 4);
        await UntilAsync(async () => Assert.Single(await AttackAsync(id, "inotify", 1)).Errno != 0, "it has taken all");
        await AssertOthersCanAsync("inotify");
    }

    [Fact]
    public async Task The_user_namespace_belongs_to_a_user_of_the_sandbox()
    {
        var one = await LaunchAsync();
        var other = await LaunchAsync();
        var maps = (await RunAsync(one, "cat", "/proc/self/uid_map")).Text + (await RunAsync(other, "cat", "/proc/self/uid_map")).Text;
        var first = maps.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]).ToList();
        Assert.Equal(2, first.Distinct(StringComparer.Ordinal).Count());
        Assert.DoesNotContain("0", first, StringComparer.Ordinal);
    }
}
