using Sandbox.Terminals.Flow;
using Xunit;

namespace Sandbox.Terminals.Tests.Flow;

public sealed class TtyLingerTests
{
    private readonly TtyLinger _linger = new();

    [Fact]
    public void Without_an_end_it_stays()
    {
        _linger.Left(5);

        Assert.Equal(long.MaxValue, _linger.OverAt(viewers: 0));
        Assert.False(IsOver(viewers: 0, now: long.MaxValue - 1));
    }

    [Fact]
    public void With_nobody_there_it_waits_a_minute_from_when_the_last_one_left()
    {
        _linger.Drained(1_000);
        Assert.Equal(61_000, _linger.OverAt(viewers: 0));

        _linger.Left(2_000);

        Assert.Equal(62_000, _linger.OverAt(viewers: 0));
        Assert.False(IsOver(viewers: 0, now: 61_999));
        Assert.True(IsOver(viewers: 0, now: 62_000));
    }

    [Fact]
    public void With_somebody_there_it_waits_ten_minutes_and_no_longer()
    {
        _linger.Drained(1_000);

        Assert.False(IsOver(viewers: 1, now: 600_999));
        Assert.True(IsOver(viewers: 1, now: 601_000));
    }

    [Fact]
    public void After_one_viewer_had_everything_the_others_have_moments_more()
    {
        _linger.Drained(1_000);
        _linger.Complete(2_000);
        _linger.Complete(6_000);

        Assert.False(IsOver(viewers: 2, now: 6_999));
        Assert.True(IsOver(viewers: 2, now: 7_000));
        Assert.True(_linger.IsOver(hasExited: true, isEverybodyComplete: true, viewers: 2, now: 2_000));
    }

    [Fact]
    public void Hung_up_it_goes_with_its_process_or_soon()
    {
        _linger.Close(1_000);
        _linger.Close(1_500);

        Assert.False(_linger.IsOver(hasExited: false, isEverybodyComplete: true, viewers: 0, now: 1_999));
        Assert.True(_linger.IsOver(hasExited: true, isEverybodyComplete: false, viewers: 1, now: 1_001));
        Assert.True(_linger.IsOver(hasExited: false, isEverybodyComplete: false, viewers: 1, now: 2_000));
    }

    private bool IsOver(int viewers, long now) => _linger.IsOver(hasExited: true, isEverybodyComplete: false, viewers, now);
}
