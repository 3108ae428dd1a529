using Sandbox.Core.People;
using Sandbox.Core.Quotas;
using Xunit;

namespace Sandbox.Core.Tests.Quotas;

public sealed class FairPaceTests
{
    private readonly Clock _clock = new();
    private readonly PersonId _person = PersonId.New();

    [Fact]
    public void A_burst_does_not_wait()
    {
        var pace = new FairPace(burst: 10, perSecond: 2, _clock);

        Assert.Equal(TimeSpan.Zero, pace.Take(_person, 7));
        Assert.Equal(TimeSpan.Zero, pace.Take(_person, 3));
    }

    [Fact]
    public void After_the_burst_each_unit_waits_longer()
    {
        var pace = new FairPace(burst: 10, perSecond: 2, _clock);
        pace.Take(_person, 10);

        Assert.Equal(TimeSpan.FromSeconds(0.5), pace.Take(_person, 1));
        Assert.Equal(TimeSpan.FromSeconds(1), pace.Take(_person, 1));
        _clock.Now += TimeSpan.FromSeconds(1);
        Assert.Equal(TimeSpan.FromSeconds(0.5), pace.Take(_person, 1));
    }

    [Fact]
    public void The_burst_comes_back_and_no_more_than_that()
    {
        var pace = new FairPace(burst: 10, perSecond: 2, _clock);
        pace.Take(_person, 10);
        _clock.Now += TimeSpan.FromHours(1);

        Assert.Equal(TimeSpan.Zero, pace.Take(_person, 10));
        Assert.Equal(TimeSpan.FromSeconds(0.5), pace.Take(_person, 1));
    }

    [Fact]
    public void Units_that_would_wait_too_long_are_not_counted()
    {
        var pace = new FairPace(burst: 10, perSecond: 2, _clock);
        pace.Take(_person, 10);

        Assert.Null(pace.Take(_person, 5, TimeSpan.FromSeconds(1)));
        Assert.Equal(TimeSpan.FromSeconds(0.5), pace.Take(_person, 1, TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void One_person_does_not_wait_for_another()
    {
        var pace = new FairPace(burst: 10, perSecond: 2, _clock);
        pace.Take(_person, 1000);

        Assert.Equal(TimeSpan.Zero, pace.Take(PersonId.New(), 10));
    }

    [Fact]
    public void Many_people_later_a_debt_is_not_forgotten()
    {
        var pace = new FairPace(burst: 10, perSecond: 2, _clock);
        pace.Take(_person, 1010);
        _clock.Now += TimeSpan.FromSeconds(100);
        for (var other = 0; other < 3000; other++)
        {
            pace.Take(PersonId.New(), 1);
            _clock.Now += TimeSpan.FromMilliseconds(10);
        }

        Assert.InRange(pace.Take(_person, 1), TimeSpan.FromSeconds(370), TimeSpan.FromSeconds(371));
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; } = TimeSpan.FromDays(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
