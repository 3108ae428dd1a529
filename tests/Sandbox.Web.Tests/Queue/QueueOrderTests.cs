using System.Globalization;
using Sandbox.Web.Queue;
using Xunit;

namespace Sandbox.Web.Tests.Queue;

public sealed class QueueOrderTests
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Those_who_fit_enter_in_the_order_in_which_they_came()
    {
        var host = new Host { Free = 3 };

        var round = await host.LookAsync(Noon, One("a"), One("b", 2), One("c"));

        Assert.Equal(["a", "b"], Names(round));
        Assert.Equal([("c", RoomState.HostFull)], round.Rooms.Select(each => (each.Waiter.Playground, each.Room)));
    }

    [Fact]
    public async Task A_large_wish_is_passed_for_two_minutes_and_then_holds_back_those_behind_it()
    {
        var host = new Host { Free = 1 };
        Assert.Equal(["small"], Names(await host.LookAsync(Noon.AddMinutes(1), One("large", 3), One("small"))));

        host.Free = 1;
        var held = await host.LookAsync(Noon.AddMinutes(2), One("large", 3), One("small"));
        Assert.Equal((0, true), (held.Entered.Count, held.HoldsBack));

        host.Free = 3;
        Assert.Equal(["large"], Names(await host.LookAsync(Noon.AddMinutes(3), One("large", 3), One("small"))));
    }

    [Theory]
    [InlineData("one", "other", 13, true)] // one lets others pass, though the other one's clock would hold
    [InlineData("one", "other", 15, false)]
    [InlineData("one", "one", 13, false)] // one clock, since minute 6: it holds from 8 to 18
    [InlineData("one", "one", 19, true)]
    public async Task Several_large_wishes_do_not_cover_the_minutes_in_which_they_are_passed(string first, string second, int minute, bool passes)
    {
        var host = new Host { Free = 1 };

        var round = await host.LookAsync(
            Noon.AddMinutes(minute), One("large", 3) with { Owner = first }, One("larger", 4) with { Owner = second, JoinedAt = Noon.AddMinutes(6) }, One("small"));

        Assert.Equal(passes ? ["small"] : [], Names(round));
    }

    [Fact]
    public void It_lets_others_pass_again_and_holds_them_twice_as_long_the_next_time()
    {
        // 2 minutes are passed by, 10 held, 2 passed by, 20 held, 2 passed by, 40 held.
        Assert.Equal(
            [(2, true), (12, false), (14, true), (34, false), (36, true), (76, false)],
            Enumerable.Range(1, 77).Where(minute => Holds(minute) != Holds(minute - 1)).Select(minute => (minute, Holds(minute))));

        static bool Holds(int minute) => QueueOrder.Holds(TimeSpan.FromMinutes(minute));
    }

    [Fact]
    public async Task One_whose_address_has_its_share_keeps_nobody_back()
    {
        var host = new Host { Free = 1, Full = { "shared" } };

        var round = await host.LookAsync(Noon.AddHours(1), One("shared"), One("other"));

        Assert.Equal(["other"], Names(round));
        Assert.Equal((RoomState.AddressFull, false), (round.Rooms.Single().Room, round.HoldsBack));
    }

    [Fact]
    public async Task A_full_host_is_asked_once_however_many_wait()
    {
        var host = new Host();

        await host.LookAsync(Noon, [.. Enumerable.Range(0, 256).Select(at => One($"{at}"))]);

        Assert.Equal(1, host.Asked);
    }

    [Theory]
    [InlineData("", "", null)] // nothing says so
    [InlineData("1:9 1:9 1:9", "", null)] // all at once is no pace
    [InlineData("1:2 5:2 8:2 9:9", "", 360)] // 2 in most of the slots of three minutes, and 4 are missing
    [InlineData("", "5:2 10:2", 600)] // enough after the second lease
    [InlineData("1:2 5:2 8:2", "1:3 2:3", 120)] // the earlier of both
    public void An_estimate_comes_from_the_pace_of_ends_and_from_leases(string ends, string leases, int? seconds) =>
        Assert.Equal(seconds, new RoomForecast(Free: 0, [.. Times(leases, 1)], [.. Times(ends, -1)]).Until(4, Noon)?.TotalSeconds);

    /// <summary>Minutes and memory: <c>5:2 10:2</c>.</summary>
    private static IEnumerable<(DateTimeOffset At, long Memory)> Times(string text, int sign) =>
        text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(each => each.Split(':'))
            .Select(parts => (Noon.AddMinutes(sign * int.Parse(parts[0], CultureInfo.InvariantCulture)), long.Parse(parts[1], CultureInfo.InvariantCulture)));

    private static Waiter One(string name, long memory = 1) => new(name, name, memory, Noon);

    private static IEnumerable<string> Names(QueueRound round) => round.Entered.Select(waiter => waiter.Playground);

    private sealed class Host
    {
        public long Free { get; set; }

        public int Asked { get; private set; }

        public HashSet<string> Full { get; } = [];

        public Task<QueueRound> LookAsync(DateTimeOffset now, params Waiter[] waiting) => QueueOrder.EnterAsync(
            waiting,
            now,
            waiter =>
            {
                Asked++;
                return Task.FromResult(waiter.Memory > Free ? RoomState.HostFull : Full.Contains(waiter.Playground) ? RoomState.AddressFull : RoomState.Free);
            },
            waiter =>
            {
                Free -= waiter.Memory;
                return Task.CompletedTask;
            });
    }
}
