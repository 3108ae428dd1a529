using Sandbox.Terminals.Flow;
using Xunit;

namespace Sandbox.Terminals.Tests.Flow;

public sealed class TtyFloodGateTests
{
    private readonly TtyFloodGate _gate = new();

    [Fact]
    public void What_comes_after_quiet_leaves_at_once()
    {
        Assert.False(IsShut(end: 1, now: 0));
        Assert.False(IsShut(end: 2, now: 0));
        Assert.False(IsShut(end: 5000, now: 0));
    }

    [Fact]
    public void What_follows_a_flood_waits_for_a_piece_of_it()
    {
        _gate.Decide(5000, true, 10);

        Assert.True(IsShut(end: 5001, now: 10));
        Assert.Equal(12, _gate.OpensAt);
        Assert.True(IsShut(end: 5000 + (32 * 1024) - 1, now: 11));
        Assert.False(IsShut(end: 5000 + (32 * 1024), now: 11));
        Assert.Equal(long.MaxValue, _gate.OpensAt);
    }

    [Fact]
    public void It_waits_no_longer_than_a_moment_and_a_flood_that_ends_is_none()
    {
        _gate.Decide(5000, true, 10);

        Assert.False(IsShut(end: 5001, now: 12));
        Assert.False(IsShut(end: 5002, now: 12));
    }

    [Fact]
    public void Nothing_waits_where_no_more_comes()
    {
        _gate.Decide(5000, true, 10);
        _gate.Decide(5001, false, 10);

        Assert.False(_gate.IsShut);
    }

    private bool IsShut(ulong end, long now)
    {
        _gate.Decide(end, mayCome: true, now);
        return _gate.IsShut;
    }
}
