using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Attacks;

/// <summary>What a sandbox could learn about other sandboxes and the host from files of the kernel.</summary>
[Collection(nameof(LinuxHost))]
public sealed class DisclosureAttacks(LinuxHost host) : Attacker(host)
{
    [Fact]
    public async Task No_file_of_the_kernel_names_a_disk_of_somebody_else()
    {
        await LaunchAsync();
        var id = await LaunchAsync();
        var (_, found) = await RunAsync(id, "sh", "-c",
            "find /sys -name 'loop[0-9]*' -o -name backing_file; for f in $(find /proc -maxdepth 1 -type f ! -name kmsg); do grep -sE 'loop[0-9]+ |sandbox-daemon-tests' $f; done");
        Assert.Equal("", found);
    }

    [Theory]
    [InlineData("/proc/diskstats")]
    [InlineData("/proc/partitions")]
    [InlineData("/proc/locks")]
    [InlineData("/proc/cmdline")]
    [InlineData("/proc/keys")]
    [InlineData("/proc/interrupts")]
    public async Task Files_about_the_whole_host_are_empty(string file)
    {
        var id = await LaunchAsync();
        Assert.Equal((0, ""), await RunAsync(id, "cat", file));
        Assert.True(File.Exists(file));
    }

    [Theory]
    [InlineData("/sys/block")]
    [InlineData("/sys/class/block")]
    [InlineData("/sys/devices/virtual/block")]
    [InlineData("/sys/devices/virtual/bdi")]
    [InlineData("/sys/fs/ext4")]
    [InlineData("/sys/module")]
    [InlineData("/proc/fs")]
    [InlineData("/proc/bus")]
    public async Task Directories_about_the_whole_host_are_empty(string directory)
    {
        var id = await LaunchAsync();
        Assert.Equal((0, ""), await RunAsync(id, "ls", "-A", directory));
    }

    [Theory]
    [InlineData("free")]
    [InlineData("top", "-b", "-n", "1")]
    [InlineData("nproc")]
    [InlineData("uptime")]
    [InlineData("ps")]
    [InlineData("df")]
    [InlineData("mount")]
    [InlineData("ip", "address")]
    [InlineData("ping", "-c", "1", "127.0.0.1")]
    [InlineData("cat", "/sys/devices/system/cpu/online")]
    [InlineData("cat", "/sys/kernel/mm/transparent_hugepage/enabled")]
    [InlineData("cat", "/sys/class/net/eth0/mtu")]
    public async Task Programs_that_look_at_the_host_still_work(params string[] command)
    {
        var id = await LaunchAsync();
        var (code, text) = await RunAsync(id, command);
        Assert.True(code == 0 && text.Length > 0, text);
    }
}
