using System.Globalization;
using Sandbox.Core.People;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Attacks;

/// <summary>Work that the kernel and the host's programs do for one person, at the expense of the others.</summary>
[Collection(nameof(LinuxHost))]
public sealed class FairShareAttacks(LinuxHost host) : Attacker(host)
{
    private const int Writes = 4; // fields of /sys/dev/block/…/stat: https://docs.kernel.org/block/stat.html
    private const int Flushes = 15;

    /// <summary>Each <c>fsync</c> flushed the host's disk: loops of them held up every launch and every write of others.</summary>
    [Fact]
    public async Task Fsync_of_a_sandbox_flushes_nothing()
    {
        var id = await LaunchAsync();
        var before = DiskStatistics(id);
        Assert.Equal(0, (await RunAsync(id, "sh", "-c", "for i in 1 2 3 4 5 6 7 8; do dd if=/dev/zero of=/file bs=64k count=4 conv=fsync; done")).Code);
        Assert.Equal(before[Flushes], DiskStatistics(id)[Flushes]);
        Assert.Equal((0, "262144\n"), await RunAsync(id, "sh", "-c", "cat /file | wc -c"));
    }

    /// <summary><c>sync</c> writes what everybody on the host has written, and waits for it.</summary>
    [Fact]
    public async Task Sync_of_a_sandbox_does_not_write_out_its_neighbours_disk()
    {
        var neighbour = await LaunchAsync();
        await RunAsync(neighbour, "dd", "if=/dev/zero", "of=/file", "bs=1M", "count=4");
        var before = DiskStatistics(neighbour);
        var id = await LaunchAsync();
        Assert.Equal((0, ""), await RunAsync(id, "sync"));
        Assert.Equal((0, ""), await RunAsync(id, "sync", "-f", "/"));
        Assert.Equal((0, ""), await RunAsync(id, "sync", "-f", "/dev/init")); // a file of the host's own disk
        Assert.Equal(before[Writes], DiskStatistics(neighbour)[Writes]);
    }

    /// <summary>Sixteen holders with a share of the CPU each were sixteen times their neighbour's.</summary>
    [Fact]
    public async Task All_holders_of_a_person_have_one_share_together()
    {
        var spec = Spec();
        var id = await LaunchAsync(spec);
        var other = Spec() with { Owner = spec.Owner };
        await LaunchAsync(other);
        for (var number = 0; number < 4; number++)
        {
            await OpenAsync(number % 2 == 0 ? id : other.Id);
        }

        var neighbour = Spec();
        await OpenAsync(await LaunchAsync(neighbour));
        // Each sandbox has one of its own besides. They are moved beside the work of a launch, so it may take a moment.
        await UntilAsync(() => Task.FromResult(HoldersIn(spec.Owner) == 6 && HoldersIn(neighbour.Owner) == 2), "all holders are in the groups of their persons");

        int HoldersIn(PersonId owner) => ProgramsIn(WorkGroupOf(owner)).Count(name => name == "sandbox-tty");
    }

    [Fact]
    public async Task Runtimes_of_commands_are_in_the_share_of_their_person()
    {
        var spec = Spec();
        var id = await LaunchAsync(spec);
        var running = RunAsync(id, "sh", "-c", "until [ -e /go ]; do sleep .05; done");
        while (!ProgramsIn(WorkGroupOf(spec.Owner)).Contains("crun"))
        {
            Assert.False(running.IsCompleted);
            await Task.Delay(20, Cancel);
        }

        await RunAsync(id, "touch", "/go");
        Assert.Equal(0, (await running).Code);
    }

    [Fact]
    public async Task The_share_of_a_person_goes_with_their_last_sandbox()
    {
        var spec = Spec();
        var id = await LaunchAsync(spec);
        await OpenAsync(id);
        Assert.True(Directory.Exists(WorkGroupOf(spec.Owner)));
        await Host.Runtime.Sandboxes.RemoveAsync(id, Cancel);
        Assert.False(Directory.Exists(WorkGroupOf(spec.Owner)));
    }

    /// <summary>What serves everybody comes before any sandbox.</summary>
    [Fact]
    public async Task All_sandboxes_together_weigh_less_than_one_program_of_the_host()
    {
        await LaunchAsync();
        var v1 = $"/sys/fs/cgroup/cpu/{Host.Options.Instance}/cpu.shares";
        var (file, usual) = File.Exists(v1) ? (v1, 1024) : ($"/sys/fs/cgroup/{Host.Options.Instance}/cpu.weight", 100);
        Assert.InRange(int.Parse(await File.ReadAllTextAsync(file, Cancel), CultureInfo.InvariantCulture), 1, usual / 2);
    }

    [Fact]
    public async Task A_person_with_many_sandboxes_weighs_as_much_as_one_with_a_single_sandbox()
    {
        var many = Spec();
        await LaunchAsync(many);
        await LaunchAsync(Spec() with { Owner = many.Owner });
        await LaunchAsync(Spec() with { Owner = many.Owner, Image = Host.Nested });
        var one = Spec();
        await LaunchAsync(one);
        Assert.Equal(WeightOf(one.Owner), WeightOf(many.Owner));

        string WeightOf(PersonId owner) => Directory.Exists("/sys/fs/cgroup/cpu")
            ? File.ReadAllText($"/sys/fs/cgroup/cpu/{Host.Options.Instance}/{owner}/cpu.shares")
            : File.ReadAllText($"/sys/fs/cgroup/{Host.Options.Instance}/{owner}/cpu.weight");
    }

    private Task<TerminalInfo> OpenAsync(SandboxId id) =>
        Host.Runtime.Terminals.OpenAsync(id, new() { Id = TerminalId.New(), Cols = 80, Rows = 24 }, Cancel);

    private string WorkGroupOf(PersonId owner) => (Directory.Exists("/sys/fs/cgroup/cpu") ? "/sys/fs/cgroup/cpu/" : "/sys/fs/cgroup/") + $"{Host.Options.Instance}-work/{owner}";

    private static List<string> ProgramsIn(string group)
    {
        var names = new List<string>();
        foreach (var pid in File.ReadAllLines(group + "/cgroup.procs"))
        {
            try
            {
                names.Add(File.ReadAllText($"/proc/{pid}/comm").Trim());
            }
            catch (IOException)
            {
                // It has just ended.
            }
        }

        return names;
    }

    /// <summary>What the block device of a sandbox's disk has done.</summary>
    private static long[] DiskStatistics(SandboxId id)
    {
        // 31 30 0:27 / /run/sandbox/sandboxes/…/disk rw,noatime - ext4 /dev/loop3 rw
        var line = File.ReadLines("/proc/self/mountinfo").Single(mount => mount.Contains($"/{id}/disk ", StringComparison.Ordinal));
        var text = File.ReadAllText($"/sys/dev/block/{line.Split(' ')[2]}/stat");
        return [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(number => long.Parse(number, CultureInfo.InvariantCulture))];
    }
}
