using Sandbox.Core.Quotas;
using Xunit;

namespace Sandbox.Core.Tests.Quotas;

public sealed class PlanTests
{
    [Fact]
    public void The_plans_that_come_with_it_are_good()
    {
        Assert.Empty(Plan.Guest.Validate());
        Assert.Empty(Plan.Member.Validate());
    }

    [Fact]
    public void A_guest_gets_what_the_contract_says()
    {
        Assert.Equal(3, Plan.Guest.Playgrounds);
        Assert.Equal(new SandboxLimits(1, 512L << 20, 256, 1L << 30, 100_000), Plan.Guest.PerSandbox);
        Assert.Equal(new SandboxLimits(2, 1536L << 20, 768, 3L << 30, 300_000), Plan.Guest.Total);
        Assert.Equal((60, 240, 30), (Plan.Guest.Minutes, Plan.Guest.MaxMinutes, Plan.Guest.IdleMinutes));
    }

    [Fact]
    public void A_sandbox_with_Docker_gets_no_less_than_its_floor()
    {
        Assert.Equal(new SandboxLimits(1, 512L << 20, 512, 4L << 30, 400_000), Plan.Guest.PerDockerSandbox);
        var small = Plan.Guest with { PerSandbox = new SandboxLimits(0.5, 64 << 20, 600, 5L << 30, 1000), Total = Plan.Guest.Total with { MemoryBytes = 256 << 20 } };

        Assert.Equal(new SandboxLimits(0.5, 256 << 20, 600, 5L << 30, 1000), small.PerDockerSandbox);
        Assert.Equal(3, (Plan.Guest with { Docker = new DockerFloor(-1, -1, -1) }).Validate().Count);
    }

    [Fact]
    public void A_member_gets_twice_a_guests()
    {
        Assert.Equal(Twice(Plan.Guest.PerSandbox), Plan.Member.PerSandbox);
        Assert.Equal(Twice(Plan.Guest.Total), Plan.Member.Total);
        Assert.Equal(Plan.Guest.Playgrounds * 2, Plan.Member.Playgrounds);
        Assert.Equal(Plan.Guest.MaxMinutes * 2, Plan.Member.MaxMinutes);
    }

    [Fact]
    public void Every_mistake_is_named_at_once()
    {
        var bad = new Plan
        {
            Name = "Bad name",
            Playgrounds = 0,
            PerSandbox = new SandboxLimits(0, 1, 1, 1, 1),
            Total = new SandboxLimits(double.PositiveInfinity, long.MaxValue, int.MaxValue, long.MaxValue, long.MaxValue),
            Minutes = 0,
            MaxMinutes = -1,
            IdleMinutes = int.MaxValue,
            StorageBytes = -1,
            LinkPlaces = -1,
        };

        Assert.Equal(17, bad.Validate().Count);
    }

    [Fact]
    public void The_sum_is_no_less_than_one_sandbox()
    {
        var mistake = Assert.Single((Plan.Guest with { Total = Plan.Guest.PerSandbox with { Pids = 255 } }).Validate());

        Assert.StartsWith("total:", mistake, StringComparison.Ordinal);
    }

    [Fact]
    public void All_extensions_together_are_no_shorter_than_the_first_grant() =>
        Assert.StartsWith("maxMinutes:", Assert.Single((Plan.Guest with { MaxMinutes = 59 }).Validate()), StringComparison.Ordinal);

    private static SandboxLimits Twice(SandboxLimits limits) =>
        new(limits.Cpus * 2, limits.MemoryBytes * 2, limits.Pids * 2, limits.DiskBytes * 2, limits.Inodes * 2);
}
