using CsCheck;
using Sandbox.Core.Errors;
using Sandbox.Core.Leases;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Xunit;

namespace Sandbox.Core.Tests.Leases;

public sealed class LeaseTests
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Plan Plan = Plan.Guest;

    [Fact]
    public void A_lease_is_granted_warns_and_ends()
    {
        var lease = Lease.Grant(Start, Plan);

        Assert.Equal(LeaseState.Granted, lease.StateAt(Start));
        Assert.Equal(LeaseState.Granted, lease.StateAt(Minute(55).AddTicks(-1)));
        Assert.Equal(LeaseState.Warning, lease.StateAt(Minute(55)));
        Assert.Equal(LeaseState.Warning, lease.StateAt(Minute(60).AddTicks(-1)));
        Assert.Null(lease.ReasonAt(Minute(60).AddTicks(-1)));
        Assert.Equal(LeaseState.Ended, lease.StateAt(Minute(60)));
        Assert.Equal(EndReason.Expired, lease.ReasonAt(Minute(60)));
    }

    [Fact]
    public void An_extended_lease_says_so_and_warns_again()
    {
        var lease = Lease.Grant(Start, Plan).Extend(Minute(58), Plan).Lease!;

        Assert.Equal(Minute(120), lease.EndsAt);
        Assert.Equal(LeaseState.Extended, lease.StateAt(Minute(58)));
        Assert.Equal(LeaseState.Warning, lease.StateAt(Minute(116)));
        Assert.Equal(LeaseState.Ended, lease.StateAt(Minute(120)));
    }

    [Fact]
    public void Extending_is_refused_when_the_plan_is_used_up()
    {
        var lease = Lease.Grant(Start, Plan with { MaxMinutes = 90 });

        lease = lease.Extend(Start, Plan with { MaxMinutes = 90 }).Lease!;
        Assert.Equal(Minute(90), lease.EndsAt);

        var refused = lease.Extend(Start, Plan with { MaxMinutes = 90 });
        Assert.Null(refused.Lease);
        Assert.Equal(ErrorCode.Quota, refused.Refusal);
        Assert.NotEmpty(refused.Message!);
    }

    [Fact]
    public void What_has_ended_is_not_extended()
    {
        Assert.Equal(ErrorCode.Conflict, Lease.Grant(Start, Plan).Extend(Minute(60), Plan).Refusal);
        Assert.Equal(ErrorCode.Conflict, Lease.Grant(Start, Plan).End(Minute(1), EndReason.Removed).Extend(Minute(2), Plan).Refusal);
    }

    [Fact]
    public void The_first_end_is_the_one_that_counts()
    {
        var ended = Lease.Grant(Start, Plan).End(Minute(10), EndReason.Operator);

        Assert.Equal(Minute(10), ended.EndsAt);
        Assert.Equal(EndReason.Operator, ended.ReasonAt(Minute(10)));
        Assert.Equal(LeaseState.Ended, ended.StateAt(Start));
        Assert.Equal(ended, ended.End(Minute(11), EndReason.Removed));
        Assert.Equal(EndReason.Expired, Lease.Grant(Start, Plan).End(Minute(61), EndReason.Removed).Reason);
        Assert.Equal(Minute(60), Lease.Grant(Start, Plan).End(Minute(61), EndReason.Removed).EndsAt);
    }

    [Fact]
    public void Nobody_there_ends_it_by_the_plan()
    {
        var lease = Lease.Grant(Start, Plan);

        Assert.Null(lease.DueAt(Minute(59), unattendedSince: null, Plan));
        Assert.Null(lease.DueAt(Minute(39), Minute(10), Plan));
        Assert.Equal(EndReason.Idle, lease.DueAt(Minute(40), Minute(10), Plan));
        Assert.Equal(EndReason.Expired, lease.DueAt(Minute(60), Minute(10), Plan));
        Assert.Equal(EndReason.Expired, lease.DueAt(Minute(60), unattendedSince: null, Plan));
    }

    [Fact]
    public void Idle_time_does_not_begin_before_the_lease()
    {
        var lease = Lease.Grant(Start, Plan);

        Assert.Null(lease.DueAt(Minute(29), Start.AddDays(-1), Plan));
        Assert.Equal(EndReason.Idle, lease.DueAt(Minute(30), Start.AddDays(-1), Plan));
    }

    [Fact]
    public void However_often_it_is_extended_it_never_outlives_the_plan_nor_gets_shorter()
    {
        var plans = Gen.Select(Gen.Int[1, 300], Gen.Int[0, 1000], (minutes, more) => Plan with { Minutes = minutes, MaxMinutes = minutes + more });
        Gen.Select(plans, Gen.Int[0, 400].Array[0, 12]).Sample((plan, steps) =>
        {
            var now = Start;
            var lease = Lease.Grant(now, plan);
            foreach (var step in steps)
            {
                now += TimeSpan.FromMinutes(step);
                var extension = lease.Extend(now, plan);
                Assert.True(extension.Lease is null != extension.Refusal is null);
                if (now >= lease.EndsAt)
                {
                    Assert.Equal(ErrorCode.Conflict, extension.Refusal);
                }

                if (extension.Lease is { } longer)
                {
                    Assert.True(longer.EndsAt > lease.EndsAt);
                    Assert.True(longer.EndsAt <= Start + TimeSpan.FromMinutes(plan.MaxMinutes));
                    lease = longer;
                }

                Assert.Equal(lease.ReasonAt(now) is not null, lease.StateAt(now) == LeaseState.Ended);
            }
        });
    }

    private static DateTimeOffset Minute(double minutes) => Start.AddMinutes(minutes);
}
