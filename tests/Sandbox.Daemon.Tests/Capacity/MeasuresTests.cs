using Sandbox.Daemon.Capacity;
using Sandbox.Daemon.ControlGroups;
using Xunit;

namespace Sandbox.Daemon.Tests.Capacity;

public sealed class MeasuresTests
{
    [Fact]
    public void Copies_of_files_are_not_held_and_unwritten_bytes_are_those_of_the_groups_below_too()
    {
        string[] first = ["cache 10", "dirty 1", "active_file 1", "total_active_file 300", "total_inactive_file 200", "total_dirty 40", "total_writeback 2"];
        string[] second = ["anon 500", "active_file 300", "inactive_file 200", "file_dirty 40", "file_writeback 2"];
        Assert.Equal(new GroupMemory(500, 42), GroupMemory.Parse(1000, first));
        Assert.Equal(new GroupMemory(500, 42), GroupMemory.Parse(1000, second));
    }

    [Fact]
    public void Pressure_is_that_of_the_last_ten_seconds()
    {
        Assert.Equal(1.25, HostMeasures.PressureOf("some avg10=1.25 avg60=0.08 avg300=0.02 total=1234"));
        Assert.Null(HostMeasures.PressureOf(""));
    }

    [Fact]
    public void Options_of_capacity_are_checked()
    {
        Assert.Empty(new DaemonOptions { MemoryFactor = 1, DiskFactor = 1, MemoryReserveBytes = 64 << 20, DiskReserveBytes = 64 << 20, SandboxMemoryBytes = 256 << 20 }.Validate());
        var mistakes = new DaemonOptions { MemoryFactor = 0.5, DiskFactor = double.NaN, MemoryReserveBytes = long.MaxValue, DiskReserveBytes = 1, SandboxMemoryBytes = 1 }.Validate();
        Assert.Equal(
            ["MemoryFactor", "DiskFactor", "MemoryReserveBytes", "SandboxMemoryBytes", "DiskReserveBytes"],
            mistakes.Select(mistake => mistake[..mistake.IndexOf(':', StringComparison.Ordinal)]));
    }

    [Fact]
    public void Reserves_that_no_ended_sandbox_could_restore_are_refused()
    {
        var disk = new DriveInfo("/").TotalSize;
        var options = new DaemonOptions { DataDirectory = "/no/such", SandboxMemoryBytes = 512 << 20 };
        Assert.Empty((options with { MemoryReserveBytes = 256 << 20, DiskReserveBytes = disk / 2 - 1 }).Validate());
        var mistakes = (options with { MemoryReserveBytes = (256 << 20) + 1, DiskReserveBytes = disk / 2 }).Validate();
        Assert.Equal(2, mistakes.Count);
        Assert.Contains("MemoryReserveBytes: at least 67108864 and at most 268435456, half of SandboxMemoryBytes", mistakes[0], StringComparison.Ordinal);
        Assert.Contains("half of the disk of /no/such", mistakes[1], StringComparison.Ordinal);
        Assert.Equal(64 << 20, new Reserves(options with { DataDirectory = "/" }).Memory);
    }
}
