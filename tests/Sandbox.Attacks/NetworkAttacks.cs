using Microsoft.Extensions.DependencyInjection;
using Sandbox.Core.Networks;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Networks;
using Sandbox.Daemon.Sandboxes;
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
        var heard = await HearAsync(hearer, async () =>
        {
            for (var i = 2; i < 15; i++)
            {
                await RunAsync(attacker, "/attack", "forge", $"{own[..own.LastIndexOf('.')]}.{(byte.Parse(own[(own.LastIndexOf('.') + 1)..], System.Globalization.CultureInfo.InvariantCulture) & 0xf0) + i}", target);
            }

            await RunAsync(attacker, "/attack", "forge", own, target, "last");
        });
        Assert.Equal(own + "\n", heard);
    }

    /// <summary>With br_netfilter, frames between two sandboxes pass the host's rules, and each took a place in a table that all share.</summary>
    [Fact]
    public async Task Datagrams_between_nodes_do_not_fill_the_hosts_table_of_connections()
    {
        var first = Spec();
        var attacker = await LaunchAsync(first);
        var node = await LaunchAsync(Spec() with { Playground = first.Playground, Owner = first.Owner });
        var target = await AddressAsync(node);
        await RunAsync(node, "sh", "-c", "mkdir /www && echo reached > /www/index.html && httpd -p 80 -h /www");
        var before = Connections();
        Assert.Equal((0, "20000 0\n"), await RunAsync(attacker, "/attack", "flows", target, "20000"));
        Assert.InRange(Connections() - before, long.MinValue, 5000);
        Assert.Equal((0, "reached\n"), await FetchAsync(attacker, target, seconds: 30));

        static long Connections() => long.Parse(File.ReadAllText("/proc/sys/net/netfilter/nf_conntrack_count"), System.Globalization.CultureInfo.InvariantCulture);
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

    /// <summary>Without a network, nothing is reached: with root's privileges inside, and with every privilege over its own namespace.</summary>
    [Fact]
    public async Task A_sandbox_without_a_network_reaches_nothing()
    {
        var neighbour = Spec();
        var target = await LaunchAsync(neighbour);
        await RunAsync(target, "sh", "-c", "mkdir /www && echo reached > /www/index.html && httpd -p 80 -h /www");
        var address = await AddressAsync(target);
        var sibling = await LaunchAsync(Spec() with { Playground = neighbour.Playground, Owner = neighbour.Owner });
        Assert.Equal((0, "reached\n"), await FetchAsync(sibling, address, seconds: 30));
        var alone = Spec() with { Playground = neighbour.Playground, Owner = neighbour.Owner, Network = NetworkPolicy.None };
        await LaunchAsync(alone);

        await AssertAloneAsync(alone.Id, address);
        await Host.KillAsync();
        await Host.StartAsync();
        await AssertAloneAsync(alone.Id, address);
        await Host.Runtime.Sandboxes.StopAsync(alone.Id, TimeSpan.Zero, Cancel);
        Assert.Null((await Host.Runtime.Sandboxes.StartAsync(alone.Id, Cancel)).Address);
        await AssertAloneAsync(alone.Id, address);
        Assert.Equal((0, "reached\n"), await FetchAsync(sibling, address, seconds: 30));
    }

    private Task<(int Code, string Text)> FetchAsync(SandboxId from, string address, int seconds = 3) =>
        RunAsync(from, "sh", "-c", $"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w {seconds} {address} 80 | tail -n 1");

    private async Task AssertAloneAsync(SandboxId id, string neighbour)
    {
        var networks = Host.Parts.GetRequiredService<PlaygroundNetworks>();
        Assert.Equal(0, (await RunAsync(id, "ping", "-c", "1", "127.0.0.1")).Code);
        Assert.Equal((0, "lo\n"), await RunAsync(id, "ls", "/sys/class/net"));
        Assert.DoesNotContain("reached", (await FetchAsync(id, neighbour)).Text, StringComparison.Ordinal);
        Assert.NotEqual(0, (await RunAsync(id, "ping", "-c", "1", "-W", "1", networks.ResolverAddress)).Code);
        Assert.NotEqual(0, (await RunAsync(id, "timeout", "5", "nslookup", "localhost", networks.ResolverAddress)).Code);

        // As if it had CAP_NET_ADMIN: links, addresses and routes of its own lead nowhere.
        var pid = Host.Parts.GetRequiredService<LiveSandboxes>().Find(id).Record.Pid;
        var own = neighbour[..(neighbour.LastIndexOf('.') + 1)] + "13";
        var made = await Host.Parts.GetRequiredService<Tool>().RunAsync(
            "nsenter",
            [
                $"--user=/proc/{pid}/ns/user", $"--net=/proc/{pid}/ns/net", "--setuid=0", "--setgid=0", "--", "sh", "-c",
                $"ip link add a type veth peer name b; ip link set a up; ip link set b up; ip addr add {own}/28 dev a; ip route add default dev a"
                + $"; ip link set a netns 1; busybox wget -q -T 2 -O - http://{neighbour}/; busybox ping -c 1 -W 1 {networks.ResolverAddress} > /dev/null && echo pong; ip link del b",
            ],
            cancellationToken: Cancel);
        Assert.Equal("", made.Text);
    }

    private async Task<string> AddressAsync(SandboxId id) =>
        (await Host.Runtime.Sandboxes.FindAsync(id, Cancel))?.Address ?? throw new InvalidOperationException("no address");
}
