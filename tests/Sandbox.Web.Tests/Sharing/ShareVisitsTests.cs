using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Web.Sharing;
using Sandbox.Web.Store;
using Xunit;

namespace Sandbox.Web.Tests.Sharing;

public sealed class ShareVisitsTests
{
    private readonly Stopped _time = new();
    private readonly ShareVisits _visits;

    public ShareVisitsTests() => _visits = new ShareVisits(_time);

    [Fact]
    public void A_place_is_given_back_once_however_often_a_visit_ends()
    {
        var pass = Pass();
        var cut = 0;
        var first = _visits.TryEnter(pass, () => cut++)!;
        using var second = _visits.TryEnter(pass, () => cut++)!;
        first.Dispose();
        first.Dispose();
        first.Cut();
        first.Dispose();
        Assert.Equal((1, 1), (_visits.Count(pass.Id), cut));
        for (var more = 1; more < 16; more++)
        {
            Assert.NotNull(_visits.TryEnter(pass, () => { }));
        }

        Assert.Null(_visits.TryEnter(pass, () => { }));
        Assert.True(_visits.IsFull(pass));
    }

    [Fact]
    public void A_links_pace_outlives_its_visits_is_its_own_and_is_forgotten_once_it_has_come_back()
    {
        var pass = Pass();
        var begun = 0;
        for (var refused = false; !refused; begun++)
        {
            using var visit = _visits.TryEnter(pass, () => { })!;
            refused = !visit.TrySpend();
            Assert.InRange(begun, 0, 64);
        }

        Assert.Equal(64, begun - 1);
        using var other = _visits.TryEnter(Pass(), () => { })!;
        Assert.True(other.TrySpend());
        Assert.Equal(2, _visits.Paced);
        _visits.DropExpired();
        Assert.Equal(2, _visits.Paced);

        _time.Elapsed += TimeSpan.FromSeconds(1);
        _visits.DropExpired();
        Assert.Equal(1, _visits.Paced);
        using var again = _visits.TryEnter(pass, () => { })!;
        Assert.Equal([true, true, true, true, false], Enumerable.Range(0, 5).Select(_ => again.TrySpend()));

        _time.Elapsed += TimeSpan.FromSeconds(16);
        _visits.DropExpired();
        Assert.Equal(0, _visits.Paced);
    }

    private static SharePass Pass() => new(Sandbox.Core.Ids.IdText.Random(), PersonId.New(), PlaygroundId.New(), SandboxId.New(), TerminalId.New(), ShareAccess.Watch);

    /// <summary>A clock that goes on when it is told to.</summary>
    private sealed class Stopped : TimeProvider
    {
        public TimeSpan Elapsed { get; set; } = TimeSpan.FromDays(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Elapsed.Ticks;
    }
}
