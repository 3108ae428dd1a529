using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Tests.Sandboxes;
using Xunit;

namespace Sandbox.Attacks;

/// <summary>What a sandbox could send in another's name.</summary>
[Collection(nameof(LinuxHost))]
public sealed class NetworkAttacks(LinuxHost host) : Attacker(host)
{
    [Theory]
    [InlineData("raw", 1)]
    [InlineData("raw-tcp", 1)]
    [InlineData("raw6", 1)]
    [InlineData("packet", 38)]
    public async Task Raw_sockets_are_refused_to_root(string kind, int errno)
    {
        var id = await LaunchAsync();
        Assert.Equal(new Loot(0, errno), Assert.Single(await AttackAsync(id, kind, 1)));
        Assert.Equal(0, (await RunAsync(id, "ping", "-c", "1", "127.0.0.1")).Code);
        await AssertHostCanAsync(kind);
    }

    /// <summary>Thirteen sources of one's own network had thirteen times the share of one.</summary>
    [Fact]
    public async Task A_neighbours_address_cannot_be_forged()
    {
        var first = Spec();
        var attacker = await LaunchAsync(first);
        var hearer = await LaunchAsync(Spec() with { Playground = first.Playground, Owner = first.Owner });
        var own = await AddressAsync(attacker);
        var target = await AddressAsync(hearer);
        var heard = RunAsync(hearer, "/attack", "hear", "3");
        await Task.Delay(500, Cancel);
        for (var i = 2; i < 15; i++)
        {
            await RunAsync(attacker, "/attack", "forge", $"{own[..own.LastIndexOf('.')]}.{(byte.Parse(own[(own.LastIndexOf('.') + 1)..], System.Globalization.CultureInfo.InvariantCulture) & 0xf0) + i}", target);
        }

        Assert.Equal(own + "\n", (await heard).Text);
    }

    [Theory]
    [InlineData("pair-inet")]
    [InlineData("pair-tipc")]
    public async Task Pairs_of_other_families_are_refused(string kind)
    {
        var id = await LaunchAsync();
        Assert.Equal(new Loot(0, 97), Assert.Single(await AttackAsync(id, kind, 1)));
        await AssertOthersCanAsync("pair-unix");
    }

    private async Task<string> AddressAsync(SandboxId id) =>
        (await Host.Runtime.Sandboxes.FindAsync(id, Cancel))?.Address ?? throw new InvalidOperationException("no address");
}
