using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Capacity;
using Xunit;

namespace Sandbox.Daemon.Tests.Capacity;

public sealed class ReserveRuleTests
{
    private const long Mib = 1L << 20;
    private const long Reserve = 1000 * Mib;

    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch;
    private const string Ann = "ann";
    private const string Bob = "bob";
    private const string Cleo = "cleo";

    private readonly ReserveRule _rule = new(Reserve, growth: Mib, least: 1);

    [Fact]
    public void Nothing_is_done_above_the_reserve()
    {
        var decision = _rule.Decide(Reserve, [Use(Ann, 9000, grown: 500)], Now);
        Assert.False(decision.IsTouched);
        Assert.Empty(decision.Pause);
        Assert.Empty(decision.Free);
    }

    [Fact]
    public void Below_it_only_those_that_grow_are_paused_and_nobody_ends_at_once()
    {
        var (grows, idle) = (Use(Ann, 10, grown: 5), Use(Bob, 9000));
        var decision = _rule.Decide(Reserve - 1, [grows, idle], Now);
        Assert.True(decision.IsTouched);
        Assert.Equal([grows], decision.Pause);
        Assert.Empty(decision.Free);
    }

    [Fact]
    public void After_two_seconds_the_largest_of_the_person_who_holds_the_most_ends()
    {
        SandboxUse[] uses = [Use(Ann, 600), Use(Bob, 500), Use(Bob, 550), Use(Cleo, 1, grown: 1)];
        _rule.Decide(900 * Mib, uses, Now);
        var decision = _rule.Decide(900 * Mib, uses, Now + ReserveRule.Patience);
        Assert.Equal([uses[2]], decision.Free); // Ann's is larger, but Bob holds more
        Assert.Equal([uses[3]], decision.Pause);
    }

    [Fact]
    public void With_half_of_the_reserve_gone_nothing_is_waited_for_and_as_many_end_as_are_needed()
    {
        SandboxUse[] uses = [Use(Ann, 300), Use(Ann, 350), Use(Bob, 400), Use(Cleo, 2)];
        var decision = _rule.Decide(400 * Mib, uses, Now);
        Assert.Equal([uses[1], uses[2], uses[0]], decision.Free); // 850 MiB are missing for 1250
    }

    [Fact]
    public void Sandboxes_that_are_being_ended_count_and_nobody_is_chosen_beside_them()
    {
        SandboxUse[] uses = [Use(Ann, 900) with { IsGoing = true }, Use(Bob, 300)];
        Assert.Empty(_rule.Decide(400 * Mib, uses, Now).Free);
    }

    [Fact]
    public void Nobody_ends_if_all_sandboxes_together_cannot_free_what_is_missing()
    {
        SandboxUse[] uses = [Use(Ann, 500), Use(Bob, 349) with { Held = 90_000 * Mib }, Use(Cleo, 2, grown: 2)];
        var decision = _rule.Decide(400 * Mib, uses, Now); // 850 MiB are missing, and they hold 849 that count
        Assert.True(decision.IsTouched && _rule.IsBeyondSandboxes);
        Assert.Empty(decision.Free);
        Assert.Equal([uses[2]], decision.Pause);

        Assert.Equal(2, _rule.Decide(401 * Mib, uses, Now).Free.Count);
        Assert.False(_rule.IsBeyondSandboxes);
    }

    [Fact]
    public void Of_memory_that_the_host_itself_took_sandboxes_free_half_or_nothing()
    {
        var memory = new ReserveRule(Reserve, growth: Mib, least: 0.5);
        Assert.Empty(memory.Decide(400 * Mib, [Use(Ann, 300), Use(Bob, 100)], Now).Free);
        Assert.Equal(2, memory.Decide(400 * Mib, [Use(Ann, 300), Use(Bob, 125)], Now).Free.Count);
    }

    [Fact]
    public void Volumes_count_for_the_person_and_do_not_end_a_sandbox_that_frees_little()
    {
        SandboxUse[] uses = [Use(Ann, 10) with { Held = 9000 * Mib }, Use(Bob, 900) with { Held = 1500 * Mib }, Use(Cleo, 1000)];
        Assert.Equal([uses[1]], _rule.Decide(400 * Mib, uses, Now).Free); // Cleo's is larger, but Bob holds more
    }

    [Fact]
    public void Small_sandboxes_end_only_if_the_large_ones_are_not_enough()
    {
        SandboxUse[] uses = [Use(Bob, 845), .. Enumerable.Range(0, 3).Select(_ => Use(Ann, 10))];
        Assert.Equal([uses[0], uses[1]], _rule.Decide(400 * Mib, uses, Now).Free);
    }

    [Fact]
    public void Small_sandboxes_do_not_end_for_what_the_host_itself_took()
    {
        var decision = _rule.Decide(0, [Use(Ann, 2), Use(Bob, 3)], Now);
        Assert.True(decision.IsTouched);
        Assert.Empty(decision.Free);
    }

    [Fact]
    public void The_reserve_is_touched_until_a_quarter_more_is_left()
    {
        _rule.Decide(Reserve - 1, [], Now);
        Assert.True(_rule.Decide(Reserve + Mib, [], Now).IsTouched);
        Assert.False(_rule.Decide(ReserveRule.TargetOf(Reserve), [], Now).IsTouched);
        Assert.False(_rule.Decide(Reserve + Mib, [], Now).IsTouched);
    }

    [Fact]
    public void After_an_end_its_room_is_waited_for_before_the_next()
    {
        SandboxUse[] uses = [Use(Ann, 900), Use(Bob, 900)];
        Assert.Single(_rule.Decide(400 * Mib, uses, Now).Free);
        Assert.Empty(_rule.Decide(400 * Mib, [uses[1]], Now + TimeSpan.FromSeconds(1)).Free);
        Assert.Single(_rule.Decide(400 * Mib, [uses[1]], Now + ReserveRule.Patience).Free);
    }

    [Fact]
    public void What_may_need_no_room_pauses_writers_and_ends_nobody()
    {
        SandboxUse[] uses = [Use(Ann, 300, grown: 5), Use(Bob, 900)];
        var decision = _rule.Decide(400 * Mib, uses, Now, free: 2 * Reserve);
        Assert.True(decision.IsTouched);
        Assert.Equal([uses[0]], decision.Pause);
        Assert.Empty(decision.Free);
        Assert.NotEmpty(_rule.Decide(400 * Mib, uses, Now, free: 450 * Mib).Free);
    }

    private static SandboxUse Use(string owner, long mebibytes, long grown = 0) => new(SandboxId.New(), owner, mebibytes * Mib, grown * Mib);
}
