using Sandbox.Core.Errors;
using Sandbox.Core.Playgrounds;
using Sandbox.Daemon.Networks;
using Xunit;

namespace Sandbox.Daemon.Tests.Networks;

public sealed class PlacesTests
{
    private static readonly AddressPlan Plan = new(new DaemonOptions { AddressPool = "100.127.0.0/24" });

    private readonly Places _places = new(Plan);

    [Fact]
    public void Sandboxes_of_one_playground_share_a_slot_until_it_is_full()
    {
        var playground = PlaygroundId.New();

        var places = Enumerable.Range(0, 13).Select(_ => _places.Reserve(playground)).ToArray();

        Assert.Equal(Enumerable.Range(2, 13).Select(host => new NetworkPlace(0, host)), places);
        Assert.Equal(ErrorCode.Capacity, Assert.Throws<SandboxException>(() => _places.Reserve(playground)).Code);
    }

    [Fact]
    public void The_pool_ends_before_the_resolvers_slot()
    {
        var slots = Enumerable.Range(0, 15).Select(_ => _places.Reserve(PlaygroundId.New()).Slot).ToArray();

        Assert.Equal(Enumerable.Range(0, 15), slots);
        Assert.Equal("100.127.0.241", Plan.Resolver.ToString());
        Assert.Equal(ErrorCode.Capacity, Assert.Throws<SandboxException>(() => _places.Reserve(PlaygroundId.New())).Code);
    }

    [Fact]
    public void A_slot_is_used_again_only_when_released_and_its_links_are_gone_and_after_the_others()
    {
        var first = PlaygroundId.New();
        var place = _places.Reserve(first);
        var slot = _places.Reserved(first, place);
        _places.Attached(slot, place);

        _places.Release(first, place);
        var others = Enumerable.Range(0, 14).Select(_ => _places.Reserve(PlaygroundId.New()).Slot).ToArray();
        Assert.DoesNotContain(0, others);
        Assert.Throws<SandboxException>(() => _places.Reserve(PlaygroundId.New()));
        _places.Detached(slot, [place.Host]);

        Assert.Equal(0, _places.Reserve(PlaygroundId.New()).Slot);
    }

    [Fact]
    public void An_adopted_place_is_taken()
    {
        var playground = PlaygroundId.New();
        _places.Adopt(playground, new NetworkPlace(0, 2));
        _places.Adopt(playground, new NetworkPlace(0, 2));

        Assert.Equal(new NetworkPlace(0, 3), _places.Reserve(playground));
        Assert.Equal(1, _places.Reserve(PlaygroundId.New()).Slot);
        Assert.Throws<InvalidOperationException>(() => _places.Adopt(PlaygroundId.New(), new NetworkPlace(0, 5)));
        Assert.Throws<InvalidOperationException>(() => _places.Adopt(playground, new NetworkPlace(3, 5)));
        Assert.Throws<InvalidOperationException>(() => _places.Adopt(PlaygroundId.New(), new NetworkPlace(15, 2)));
        Assert.Throws<InvalidOperationException>(() => _places.Adopt(PlaygroundId.New(), new NetworkPlace(4, 15)));
    }

    [Fact]
    public void Two_at_once_never_get_the_same_place()
    {
        var places = new NetworkPlace[150];
        var playgrounds = Enumerable.Range(0, 15).Select(_ => PlaygroundId.New()).ToArray();

        Parallel.For(0, places.Length, number => places[number] = _places.Reserve(playgrounds[number % 15]));

        Assert.Equal(150, places.Distinct().Count());
        Assert.Equal(15, places.Select(place => place.Slot).Distinct().Count());
    }
}
