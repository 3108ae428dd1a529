using Sandbox.Web.Latency;
using Xunit;

namespace Sandbox.Web.Tests.Status;

public sealed class LatencyHistoryTests
{
    private readonly SteppedTime _time = new();

    [Fact]
    public void A_duration_is_read_back_within_six_percent()
    {
        for (var microseconds = 8.0; microseconds < 60_000_000; microseconds *= 1.017)
        {
            var duration = TimeSpan.FromMicroseconds(microseconds);
            var bucket = LatencyScale.Bucket(duration);

            Assert.InRange(duration, LatencyScale.Floor(bucket), LatencyScale.Floor(bucket + 1));
            Assert.InRange(LatencyScale.Middle(bucket) / duration, 0.94, 1.065);
        }
    }

    [Theory]
    [InlineData(-5, 0)]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(long.MaxValue / 100, LatencyScale.Length - 1)]
    public void The_ends_of_the_scale_take_what_is_beyond(long microseconds, int bucket) =>
        Assert.Equal(bucket, LatencyScale.Bucket(TimeSpan.FromMicroseconds(microseconds)));

    [Fact]
    public void Percentiles_are_those_of_what_was_recorded()
    {
        var history = new LatencyHistory(_time);
        Assert.Null(history.LastHour().Percentile(0.5));

        for (var number = 1; number <= 1000; number++)
        {
            Record(history, number);
        }

        var hour = history.LastHour();
        Assert.Equal(1000, hour.Count);
        Assert.InRange(hour.Percentile(0.5)!.Value.TotalMilliseconds, 470, 532);
        Assert.InRange(hour.Percentile(0.99)!.Value.TotalMilliseconds, 930, 1055);
    }

    [Fact]
    public void What_is_old_leaves_the_hour_and_then_the_day()
    {
        var history = new LatencyHistory(_time);
        Record(history, 5);
        _time.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal((1, 1), (history.LastHour().Count, history.LastDay().Count));

        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal((0, 1), (history.LastHour().Count, history.LastDay().Count));

        _time.Advance(TimeSpan.FromHours(23));
        Record(history, 7);
        Assert.Equal((1, 1), (history.LastHour().Count, history.LastDay().Count));
    }

    [Fact]
    public void Nothing_recorded_at_once_is_lost()
    {
        var history = new LatencyHistory(_time);

        Parallel.For(0, 100_000, number => Record(history, number % 50));

        Assert.Equal((100_000, 100_000), (history.LastHour().Count, history.LastDay().Count));
    }

    [Fact]
    public void Only_a_key_into_a_quiet_terminal_has_an_echo()
    {
        var history = new LatencyHistory(_time);
        var watch = new EchoWatch(history, _time);

        watch.Printed(); // output nobody typed for
        Assert.Equal(0, history.LastHour().Count);

        watch.Typed("k"u8); // while output still comes
        watch.Printed();
        Assert.Equal(0, history.LastHour().Count);

        _time.Advance(TimeSpan.FromMilliseconds(200));
        watch.Typed(new byte[4000]); // a paste
        watch.Typed("\e[1;1R"u8); // an emulator's answer
        watch.Printed();
        Assert.Equal(0, history.LastHour().Count);

        _time.Advance(TimeSpan.FromMilliseconds(200));
        watch.Typed("k"u8);
        _time.Advance(TimeSpan.FromMilliseconds(3));
        watch.Printed();
        watch.Printed();
        Assert.Equal(1, history.LastHour().Count);
        Assert.InRange(history.LastHour().Percentile(0.5)!.Value.TotalMilliseconds, 2.8, 3.2);

        _time.Advance(TimeSpan.FromMilliseconds(200));
        watch.Typed("k"u8); // of a password
        _time.Advance(TimeSpan.FromSeconds(5));
        watch.Printed();
        Assert.Equal(1, history.LastHour().Count);
    }

    private void Record(LatencyHistory history, int milliseconds)
    {
        var now = _time.GetTimestamp();
        history.Record(now - (milliseconds * TimeSpan.TicksPerMillisecond), now);
    }

    /// <summary>A clock that stands until it is moved.</summary>
    private sealed class SteppedTime : TimeProvider
    {
        private long _ticks = TimeSpan.TicksPerDay * 3;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(TimeSpan by) => _ticks += by.Ticks;
    }
}
