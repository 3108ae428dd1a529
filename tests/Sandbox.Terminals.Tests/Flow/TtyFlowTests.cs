using CsCheck;
using Sandbox.Terminals.Flow;
using Xunit;

namespace Sandbox.Terminals.Tests.Flow;

/// <summary>The rules of output, over every interleaving a generator comes up with.</summary>
public sealed class TtyFlowTests
{
    private const int Length = 32;
    private const int Window = 8;
    private const int Patience = 60;

    private static readonly Gen<(int What, int Who, int Much)[]> Steps =
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 2], Gen.Int[0, 40]).Array[1, 400];

    [Fact]
    public void Every_viewer_gets_the_stream_in_order_with_only_marked_gaps() => Steps.Sample(steps =>
    {
        var terminal = new Model();
        foreach (var (what, who, much) in steps)
        {
            terminal.Step(what, who, much);
        }
    });

    [Fact]
    public void A_lone_viewer_that_acknowledges_in_time_misses_no_byte() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 10], Gen.Int[0, Patience - 1]).Array[1, 300].Sample(steps =>
        {
            var terminal = new Model();
            terminal.Attach(0, 0);
            foreach (var (write, send, time) in steps)
            {
                terminal.Write(write);
                terminal.Send(0, send);
                terminal.Pass(time);
                terminal.AckAll(0);
            }

            terminal.Drain(0);
            Assert.Equal(0UL, terminal.LostBy(0));
        });

    [Fact]
    public void The_program_goes_on_while_the_fastest_viewer_does() => Steps.Sample(steps =>
    {
        var terminal = new Model();
        terminal.Attach(0, 0);
        foreach (var (what, who, much) in steps)
        {
            terminal.Step(what, 1 + (who % 2), much);
            terminal.Drain(0);
            Assert.True(terminal.Room > 0);
        }

        Assert.Equal(0UL, terminal.LostBy(0));
    });

    [Fact]
    public void The_program_waits_at_a_full_ring_for_a_viewer_that_is_gone_and_goes_on_after_the_patience()
    {
        var flow = new TtyFlow(Length, Window, Patience, 0);
        flow.Detach(flow.Attach(0, 0), 5);
        flow.Wrote(Length, 10);
        Assert.Equal(0, flow.Room(64));
        Assert.Equal(65, flow.GoesOnAt);
        Assert.Equal(Length, flow.Room(65));
    }

    [Fact]
    public void What_nobody_sees_is_read_slowly()
    {
        const int Ring = 64 * 1024;
        var flow = new TtyFlow(Ring, Window, Patience, 0);
        flow.Wrote(Ring, 0);
        var (read, now) = (0L, 60L);
        for (; now < 10_060; now = Math.Max(now + 1, flow.GoesOnAt))
        {
            while (flow.Room(now) is > 0 and var room)
            {
                flow.Wrote(room, now);
                read += room;
            }
        }

        Assert.InRange(read, 1 << 20, 4 << 20); // in ten seconds
    }

    [Fact]
    public void A_viewer_that_was_quiet_for_long_has_the_whole_patience_from_the_moment_the_ring_is_full()
    {
        var flow = new TtyFlow(Length, Window, Patience, 0);
        flow.Attach(0, 0);
        flow.Wrote(1, 0);
        flow.Wrote(Length - 1, 10_000);
        Assert.Equal(0, flow.Room(10_059));
        Assert.Equal(Length, flow.Room(10_060));
    }

    [Fact]
    public void The_program_stays_near_a_viewer_that_acknowledges_and_fills_the_ring_for_a_silent_one()
    {
        const int Lead = 12;
        var flow = new TtyFlow(Length, Window, Patience * 1000, 0, Lead);
        var viewer = flow.Attach(0, 0);
        Assert.Equal(Lead, flow.Room(0));
        flow.Wrote(Lead, 10);
        Assert.Equal(0, flow.Room(10));
        Assert.True(flow.TryNext(viewer, 5, out _, out var count));
        flow.Advance(viewer, count);
        flow.Acknowledge(viewer, 5, 500);
        Assert.Equal(5, flow.Room(500));
        flow.Wrote(5, 600);
        Assert.Equal(0, flow.Room(600 + TtyFlow.Pulse - 1));
        Assert.Equal(600 + TtyFlow.Pulse, flow.GoesOnAt);

        // It is silent: the rest of the ring, and then the patience.
        Assert.Equal(Length - Lead, flow.Room(600 + TtyFlow.Pulse));
        flow.Wrote(Length - Lead, 5000);
        Assert.Equal(0, flow.Room(5000));
        Assert.Equal(5000 + (Patience * 1000), flow.GoesOnAt);

        // It is back: the program waits until it is near again.
        Assert.True(flow.TryNext(viewer, 100, out _, out count));
        flow.Advance(viewer, count);
        flow.Acknowledge(viewer, 5 + (ulong)count, 6000);
        Assert.Equal(0, flow.Room(6000));

        // Nobody is near when nobody is there.
        flow.Detach(viewer, 6001);
        Assert.Equal(count, flow.Room(6001));
    }

    [Fact]
    public void A_viewer_that_is_behind_does_not_keep_the_program_near_one_that_is_silent()
    {
        const int Lead = 12;
        var flow = new TtyFlow(Length, Window, Patience * 1000, 0, Lead);
        var fast = flow.Attach(0, 0);
        flow.Wrote(8, 0);
        Assert.True(flow.TryNext(fast, 8, out _, out var count));
        flow.Advance(fast, count);
        flow.Acknowledge(fast, (ulong)count, 0);
        var slow = flow.Attach(0, TtyFlow.Pulse - 10);
        flow.Wrote(flow.Room(TtyFlow.Pulse - 10), TtyFlow.Pulse - 10);
        Assert.Equal(0, flow.Room(TtyFlow.Pulse - 10));
        Assert.True(flow.TryNext(slow, 1, out _, out count));
        flow.Advance(slow, count);

        flow.Acknowledge(slow, (ulong)count, (2 * TtyFlow.Pulse) - 11);
        Assert.Equal(0, flow.Room((2 * TtyFlow.Pulse) - 11));
        Assert.Equal(Length - Lead, flow.Room((2 * TtyFlow.Pulse) - 10));
    }

    [Fact]
    public void A_viewer_that_was_quiet_for_long_is_near_from_the_moment_it_is_reached()
    {
        var flow = new TtyFlow(Length, Window, Patience, 0, 12);
        flow.Attach(0, 0);
        flow.Wrote(11, 10_000);
        flow.Wrote(1, 10_001);
        Assert.Equal(0, flow.Room(10_001));
        Assert.Equal(Length - 12, flow.Room(10_001 + TtyFlow.Pulse));
    }

    [Fact]
    public void The_program_does_not_wait_for_a_viewer_that_comes_late_to_read_what_was_there()
    {
        var flow = new TtyFlow(Length, Window, Patience * 1000, 0, 12);
        flow.Wrote(Length - 10, 0);
        var viewer = flow.Attach(0, 0);
        Assert.Equal(10, flow.Room(0));
        Assert.True(flow.TryNext(viewer, 100, out _, out var count));
        flow.Advance(viewer, count);
        flow.Acknowledge(viewer, (ulong)count, 1);
        Assert.Equal(12, flow.Room(1));
        flow.Wrote(12, 1);
        Assert.Equal(0, flow.Room(1));
    }

    [Fact]
    public void A_viewer_that_claims_more_than_there_is_stands_at_the_end()
    {
        var flow = new TtyFlow(Length, Window, Patience, 0);
        flow.Wrote(10, 0);
        var viewer = flow.Attach(ulong.MaxValue, 0);
        Assert.Equal(10UL, viewer.Sent);
        flow.Acknowledge(viewer, ulong.MaxValue, 0);
        Assert.Equal(10UL, viewer.Held);
        Assert.False(flow.TryNext(viewer, 100, out _, out _));
    }

    [Fact]
    public void A_gap_gives_a_viewer_that_acknowledges_nothing_no_second_window()
    {
        var flow = new TtyFlow(Length, Window, Patience, 0);
        var viewer = flow.Attach(0, 0);
        flow.Wrote(Length, 0);
        Assert.True(flow.TryNext(viewer, 5, out _, out var count));
        flow.Advance(viewer, count);
        flow.Wrote(Length, Patience);

        // A screen of three quarters of the window has no room beside five bytes, and has beside two.
        Assert.False(flow.HasGap(viewer));
        flow.Acknowledge(viewer, 3, Patience);
        Assert.True(flow.HasGap(viewer));
        Assert.False(flow.TryNext(viewer, 100, out _, out _));
        flow.Skip(viewer, sent: 1);
        Assert.Equal(2UL * Length, viewer.Sent);
        flow.Wrote(Length, 2 * Patience);
        Assert.True(flow.TryNext(viewer, 100, out _, out count));
        Assert.Equal(Window - 2 - 1, count);
        flow.Advance(viewer, count);
        Assert.False(flow.TryNext(viewer, 100, out _, out _));
    }

    [Fact]
    public void A_viewer_that_skipped_holds_nothing_for_the_program_before_it_says_so()
    {
        var flow = new TtyFlow(Length, Window, Patience, 0);
        var owner = flow.Attach(0, 0);
        flow.Wrote(Length, 0);
        Assert.True(flow.TryNext(owner, 5, out _, out var count));
        flow.Advance(owner, count);
        flow.Acknowledge(owner, 5, 0);
        flow.Wrote(5, 0);
        var late = flow.Attach(0, 1);
        Assert.True(flow.HasGap(late));
        flow.Skip(late, 10);
        Assert.Equal(0, flow.Room(1));
        flow.Acknowledge(late, (ulong)Length + 5, 1);
        Assert.Equal(Length, flow.Room(1));
    }

    [Fact]
    public void A_viewer_that_only_watches_does_not_govern()
    {
        var flow = new TtyFlow(Length, Window, Patience, 0);
        var owner = flow.Attach(0, 0);
        var watcher = flow.Attach(ulong.MaxValue, 0, governs: false);
        flow.Wrote(Length, 0);
        flow.Acknowledge(watcher, ulong.MaxValue, 1);
        Assert.Equal(0, flow.Room(1));
        flow.Detach(owner, 2);
        Assert.True(flow.TryNext(watcher, 5, out _, out var count));
        flow.Advance(watcher, count);
        flow.Acknowledge(watcher, (ulong)count, Patience);
        Assert.Equal(0, flow.Room(Patience + 1));
        Assert.Equal(Length, flow.Room(Patience + 2));
    }

    // A terminal whose byte at an offset is known, and viewers that check what they are sent.
    private sealed class Model
    {
        private readonly TtyFlow _flow = new(Length, Window, Patience, 0, Window + 3);
        private readonly byte[] _ring = new byte[Length];
        private readonly Reader?[] _readers = new Reader?[3];
        private readonly ulong[] _lost = new ulong[3];
        private long _now;
        private long _changed;
        private ulong _held;

        public int Room => _flow.Room(_now);

        public ulong LostBy(int who) => _lost[who];

        public void Step(int what, int who, int much)
        {
            switch (what)
            {
                case 0 or 1 or 2:
                    Write(much);
                    break;
                case 3 or 4:
                    Send(who, much);
                    break;
                case 5:
                    AckAll(who);
                    break;
                case 6:
                    Ack(who, much);
                    break;
                case 7:
                    Attach(who, (ulong)much * 7);
                    break;
                case 8:
                    Detach(who);
                    break;
                default:
                    Pass(much);
                    break;
            }
        }

        public void Pass(long time) => _now += time;

        public void Write(int count)
        {
            var allowed = _flow.Room(_now);
            count = Math.Min(count, Math.Min(allowed, Length - _flow.WritePosition));
            var start = _flow.Start;
            for (var i = 0; i < count; i++)
            {
                _ring[_flow.WritePosition + i] = ByteAt(_flow.End + (ulong)i);
            }

            _flow.Wrote(count, _now);
            if (_flow.Start > start && _now - _changed < Patience)
            {
                var fastest = _readers.Any(r => r is not null) ? _readers.Max(r => r?.Acked ?? 0) : _held;
                Assert.True(_flow.Start <= Math.Max(fastest, start), "a byte went that the fastest viewer does not hold");
            }
        }

        public void Send(int who, int most)
        {
            if (_readers[who] is not { } reader)
            {
                return;
            }

            if (_flow.HasGap(reader.Viewer))
            {
                _flow.Skip(reader.Viewer, most % (Window / 4 * 3 + 1));
                Assert.True(reader.Viewer.Outstanding <= Window);
                Assert.Equal(_flow.End, reader.Viewer.Sent);
                _lost[who] += _flow.End - reader.Got;
                reader.Got = _flow.End;
            }

            if (!_flow.TryNext(reader.Viewer, Math.Max(most, 1), out var position, out var count))
            {
                return;
            }

            var offset = reader.Viewer.Sent;
            Assert.Equal(reader.Got, offset);

            Assert.InRange(count, 1, Window);
            for (var i = 0; i < count; i++)
            {
                Assert.Equal(ByteAt(offset + (ulong)i), _ring[position + i]);
            }

            _flow.Advance(reader.Viewer, count);
            reader.Got = offset + (ulong)count;
            Assert.True(reader.Viewer.Outstanding <= Window);
        }

        public void AckAll(int who) => Acknowledge(who, reader => reader.Got);

        public void Ack(int who, int much) => Acknowledge(who, reader => Math.Min(reader.Got, reader.Acked + (ulong)much));

        public void Attach(int who, ulong after)
        {
            if (_readers[who] is null)
            {
                var viewer = _flow.Attach(after, _now);
                _readers[who] = new Reader(viewer) { Got = viewer.Sent, Acked = viewer.Sent };
                _changed = _now;
            }
        }

        public void Detach(int who)
        {
            if (_readers[who] is { } reader)
            {
                _flow.Detach(reader.Viewer, _now);
                _readers[who] = null;
                _held = reader.Acked;
                _changed = _now;
            }
        }

        public void Drain(int who)
        {
            while (_readers[who]!.Viewer.Held < _flow.End)
            {
                Send(who, Length);
                AckAll(who);
            }

            Assert.Equal(_flow.End, _readers[who]!.Got);
        }

        private void Acknowledge(int who, Func<Reader, ulong> held)
        {
            if (_readers[who] is { } reader && held(reader) > reader.Acked)
            {
                reader.Acked = held(reader);
                _flow.Acknowledge(reader.Viewer, reader.Acked, _now);
                _changed = _now;
            }
        }

        private static byte ByteAt(ulong offset) => (byte)((offset * 31) ^ (offset >> 5));

        private sealed class Reader(TtyViewer viewer)
        {
            public TtyViewer Viewer { get; } = viewer;

            public ulong Got { get; set; }

            public ulong Acked { get; set; }
        }
    }
}
