using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Networks;
using Xunit;

namespace Sandbox.Daemon.Tests.Networks;

[CollectionDefinition("host network", DisableParallelization = true)]
public sealed class HostNetwork;

/// <summary>Needs root: real namespaces, bridges and rules of the instance <c>tn</c>.</summary>
[Collection("host network")]
public sealed class PlaygroundNetworksTests
{
    [Fact]
    public async Task An_attached_sandbox_has_its_address_a_way_out_and_a_loopback()
    {
        await using var net = await TestNet.StartAsync();
        var sandbox = await net.SandboxAsync(PlaygroundId.New());

        Assert.Contains($"{net.Networks.Address(sandbox.Place)}/28", await sandbox.Holder.ShellAsync("ip -4 -o addr show eth0"));
        Assert.Contains("default via 100.127.0.1 dev eth0", await sandbox.Holder.ShellAsync("ip route"));
        Assert.Contains("127.0.0.1/8", await sandbox.Holder.ShellAsync("ip -o addr show lo"));
        Assert.DoesNotContain("inet6", await sandbox.Holder.ShellAsync("ip -o addr show eth0"));
        Assert.DoesNotContain("inet6", await net.ShellAsync("ip -o addr show tn-b0"));
        Assert.Contains("learning off", await net.ShellAsync("ip -d link show tn-v02"));
    }

    [Fact]
    public async Task Sandboxes_of_one_playground_reach_each_other_and_no_other_playground()
    {
        await using var net = await TestNet.StartAsync();
        var playground = PlaygroundId.New();
        var first = await net.SandboxAsync(playground);
        var second = await net.SandboxAsync(playground);
        var stranger = await net.SandboxAsync(PlaygroundId.New());
        second.Holder.Serve();
        stranger.Holder.Serve();

        await TestNet.UntilAsync(() => first.Holder.ReachesAsync(net.Networks.Address(second.Place)), "the server answers");
        await TestNet.UntilAsync(() => stranger.Holder.ReachesAsync(net.Networks.Address(stranger.Place)), "the stranger's server answers itself");
        Assert.False(await first.Holder.ReachesAsync(net.Networks.Address(stranger.Place)));
        Assert.False(await stranger.Holder.ReachesAsync(net.Networks.Address(second.Place)));
    }

    [Fact]
    public async Task Nothing_of_the_host_answers_on_any_of_its_addresses()
    {
        await using var net = await TestNet.StartAsync();
        await net.OutsideAsync();
        var sandbox = await net.SandboxAsync(PlaygroundId.New());
        using var listener = new TcpListener(IPAddress.Any, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var addresses = (await net.ShellAsync("ip -4 -o addr | awk '{print $4}' | cut -d/ -f1")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Contains("100.127.0.1", addresses, StringComparer.Ordinal);
        Assert.Contains(TestNet.HostOnNeighbours, addresses, StringComparer.Ordinal);
        foreach (var address in addresses.Where(address => !address.StartsWith("127.", StringComparison.Ordinal)))
        {
            Assert.False(await sandbox.Holder.ReachesAsync(address, port), address);
        }

        Assert.False(listener.Pending());
        using var own = new TcpClient();
        await own.ConnectAsync("100.127.0.1", port, CancellationToken.None); // the listener is really there
    }

    [Fact]
    public async Task The_internet_is_reached_and_the_operators_own_net_is_not()
    {
        await using var net = await TestNet.StartAsync();
        var outside = await net.OutsideAsync();
        var sandbox = await net.SandboxAsync(PlaygroundId.New());

        await TestNet.UntilAsync(() => sandbox.Holder.ReachesAsync(TestNet.Internet), "the internet answers");
        await sandbox.Holder.ShellAsync($"busybox ping -c1 -w5 {TestNet.Internet}");
        // The prefix came on-link after the start: the set follows.
        await TestNet.UntilAsync(async () => (await net.ShellAsync("nft list set inet sandbox-tn onlink")).Contains("198.51.100.0/24", StringComparison.Ordinal), "the prefix is refused");
        await net.ShellAsync($"curl -s -o /dev/null --connect-timeout 4 http://{TestNet.Neighbour}/"); // the neighbour is really there
        Assert.False(await sandbox.Holder.ReachesAsync(TestNet.Neighbour));
        Assert.False(await sandbox.Holder.ReachesAsync(TestNet.PrivateNeighbour));
        Assert.True(await sandbox.Holder.ReachesAsync(TestNet.Internet));
        // Peers outside see the host's address, and cannot begin a connection.
        Assert.DoesNotContain("100.127.", await outside.ShellAsync("ip neigh"));
        await outside.ShellAsync($"ip route add 100.127.0.0/16 via {TestNet.HostOnNeighbours}");
        sandbox.Holder.Serve();
        await TestNet.UntilAsync(() => sandbox.Holder.ReachesAsync(net.Networks.Address(sandbox.Place)), "the sandbox's server answers itself");
        Assert.False(await outside.ReachesAsync(net.Networks.Address(sandbox.Place)));
    }

    [Fact]
    public async Task A_refusal_is_told_at_once()
    {
        await using var net = await TestNet.StartAsync();
        var sandbox = await net.SandboxAsync(PlaygroundId.New());

        var refused = await sandbox.Holder.RunAsync("curl -s -v --connect-timeout 20 http://10.1.2.3/ 2>&1 >/dev/null | grep -o 'No route to host'");

        Assert.Equal("No route to host\n", refused.Text); // admin-prohibited is EHOSTUNREACH; silence would be a timeout
    }

    [Fact]
    public async Task An_allowed_destination_is_reached_although_it_is_refused_otherwise()
    {
        await using var net = await TestNet.StartAsync();
        await net.OutsideAsync();
        await net.RestartAsync(TestNet.Options with { AllowedDestinations = [TestNet.PrivateNeighbour + "/32"], RefusedPrefixes = [TestNet.Internet + "/32"] });
        var holder = (await net.SandboxAsync(PlaygroundId.New())).Holder;

        await TestNet.UntilAsync(() => holder.ReachesAsync(TestNet.PrivateNeighbour), "the mirror answers");
        Assert.False(await holder.ReachesAsync(TestNet.Neighbour));
        Assert.False(await holder.ReachesAsync(TestNet.Internet));
    }

    [Fact]
    public async Task Mail_is_not_sent()
    {
        await using var net = await TestNet.StartAsync();
        var outside = await net.OutsideAsync();
        var sandbox = await net.SandboxAsync(PlaygroundId.New());
        outside.Serve(25);

        await TestNet.UntilAsync(() => outside.ReachesAsync(TestNet.Internet, 25), "port 25 answers itself");
        await TestNet.UntilAsync(() => sandbox.Holder.ReachesAsync(TestNet.Internet), "the internet answers");
        var mail = await sandbox.Holder.RunAsync($"busybox nc -w 4 {TestNet.Internet} 25 </dev/null");
        Assert.False(mail.Ok);
    }

    [Fact]
    public async Task A_forged_source_address_does_not_get_out()
    {
        await using var net = await TestNet.StartAsync();
        var outside = await net.OutsideAsync();
        var victim = await net.SandboxAsync(PlaygroundId.New());
        var forger = await net.SandboxAsync(PlaygroundId.New());
        await TestNet.UntilAsync(() => forger.Holder.ReachesAsync(TestNet.Internet), "the internet answers");

        await forger.Holder.ShellAsync($"ip addr add {net.Networks.Address(victim.Place)}/32 dev eth0; ip addr add 8.8.4.4/32 dev eth0");
        foreach (var source in new[] { net.Networks.Address(victim.Place), "8.8.4.4" })
        {
            Assert.False((await forger.Holder.RunAsync($"busybox ping -I {source} -c2 -w3 {TestNet.Internet}")).Ok);
            Assert.Equal("0\n", await EchosAsync());
        }

        await forger.Holder.ShellAsync($"busybox ping -I {net.Networks.Address(forger.Place)} -c1 -w5 {TestNet.Internet}");
        Assert.Equal("1\n", await EchosAsync());

        // Icmp: InMsgs InErrors InCsumErrors InDestUnreachs InTimeExcds InParmProbs InSrcQuenchs InRedirects InEchos …
        Task<string> EchosAsync() => outside.ShellAsync("grep '^Icmp: [0-9]' /proc/net/snmp | cut -d' ' -f10");
    }

    [Fact]
    public async Task IPv6_goes_nowhere()
    {
        await using var net = await TestNet.StartAsync();
        var sandbox = await net.SandboxAsync(PlaygroundId.New());
        await net.ShellAsync("echo 0 > /proc/sys/net/ipv6/conf/tn-b0/disable_ipv6; ip -6 addr add fd53::1/64 dev tn-b0 nodad");
        await sandbox.Holder.ShellAsync("echo 0 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6; ip -6 addr add fd53::2/64 dev eth0 nodad");

        Assert.False((await sandbox.Holder.RunAsync("busybox ping6 -c1 -w2 fd53::1")).Ok);
    }

    [Fact]
    public async Task Names_are_answered_and_the_host_gives_none_away()
    {
        await using var net = await TestNet.StartAsync();
        var sandbox = await net.SandboxAsync(PlaygroundId.New());
        var name = await net.ShellAsync("getent ahostsv4 deb.debian.org | head -1 | cut -d' ' -f1");

        var answer = await sandbox.Holder.ShellAsync($"busybox nslookup -type=a deb.debian.org {net.Networks.ResolverAddress} | tail -n +3");

        Assert.Contains(name.Trim(), answer);
        await sandbox.Holder.ShellAsync($"curl -sf -o /dev/null --connect-timeout 20 --resolve deb.debian.org:80:{name.Trim()} http://deb.debian.org/debian/dists/bookworm/Release");
        var host = await sandbox.Holder.RunAsync($"busybox nslookup -type=a {Dns.GetHostName()} {net.Networks.ResolverAddress}");
        Assert.DoesNotContain("127.0.0.1", host.Text);
        var status = await File.ReadAllTextAsync(string.Create(CultureInfo.InvariantCulture, $"/proc/{net.Networks.ResolverProcess}/status"), TestContext.Current.CancellationToken);
        Assert.Contains("Uid:\t65534\t65534\t65534\t65534", status);
        Assert.Contains("CapBnd:\t0000000000000400", status);
        Assert.Contains("NoNewPrivs:\t1", status);
    }

    [Fact]
    public async Task The_registry_is_reached_by_its_name_on_its_ports_alone_and_only_by_sandboxes()
    {
        await using var net = await TestNet.StartAsync();
        var outside = await net.OutsideAsync();
        var sandbox = await net.SandboxAsync(PlaygroundId.New());
        var address = net.Networks.RegistryAddress;
        Assert.Equal($"{address}:80\n", await File.ReadAllTextAsync(TestNet.Options.RegistryAddressFile, TestContext.Current.CancellationToken));
        using var registry = TestNet.ServeOnHost(address, 80);
        using var other = TestNet.ServeOnHost(address, 81);
        using var upstream = TestNet.ServeOnHost(address, 5001);

        await TestNet.UntilAsync(() => sandbox.Holder.ReachesAsync(address), "the registry answers");
        Assert.Contains(address, await sandbox.Holder.ShellAsync($"busybox nslookup -type=a registry.internal {net.Networks.ResolverAddress} | tail -n +3"), StringComparison.Ordinal);
        await TestNet.UntilAsync(async () => (await net.Tool.RunAsync("curl", ["-s", "-o", "/dev/null", $"http://{address}:81/"])).Ok, "the other server answers the host");
        Assert.False(await sandbox.Holder.ReachesAsync(address, 81));
        await TestNet.UntilAsync(() => sandbox.Holder.ReachesAsync(address, 5001), "the cache of a public registry answers");

        // Somebody on the operator's net who sends packets for that address to the host.
        await outside.ShellAsync($"ip route add {address}/32 via {TestNet.HostOnNeighbours}");
        Assert.False(await outside.ReachesAsync(address));
    }

    [Fact]
    public async Task One_sandbox_does_not_use_the_registry_up()
    {
        await using var net = await TestNet.StartAsync();
        var greedy = await net.SandboxAsync(PlaygroundId.New());
        var other = await net.SandboxAsync(PlaygroundId.New());
        using var registry = TestNet.ServeOnHost(net.Networks.RegistryAddress, 80);
        await TestNet.UntilAsync(() => greedy.Holder.ReachesAsync(net.Networks.RegistryAddress), "the registry answers");

        using var held = greedy.Holder.Start($"for i in $(seq 40); do sleep 60 | busybox nc {net.Networks.RegistryAddress} 80 & done; wait");

        await TestNet.UntilAsync(async () => !await greedy.Holder.ReachesAsync(net.Networks.RegistryAddress), "the greedy one is refused");
        Assert.True(await other.Holder.ReachesAsync(net.Networks.RegistryAddress));
    }

    [Fact]
    public async Task The_resolver_comes_back_when_it_is_killed()
    {
        await using var net = await TestNet.StartAsync();
        var sandbox = await net.SandboxAsync(PlaygroundId.New());
        var first = net.Networks.ResolverProcess;

        Assert.Equal(0, Sandbox.Daemon.Linux.Tool.Kill(first, 9));

        await TestNet.UntilAsync(() => Task.FromResult(net.Networks.ResolverProcess != first), "another process");
        await TestNet.UntilAsync(async () => (await sandbox.Holder.RunAsync($"busybox nslookup -type=a deb.debian.org {net.Networks.ResolverAddress}")).Ok, "it answers");
    }

    [Fact]
    public async Task After_everything_is_detached_nothing_is_left_but_policy_and_resolver_and_after_cleaning_up_not_even_those()
    {
        await using var net = await TestNet.StartAsync();
        var playground = PlaygroundId.New();
        TestSandbox[] sandboxes = [await net.SandboxAsync(playground), await net.SandboxAsync(playground), await net.SandboxAsync(PlaygroundId.New())];
        Assert.Contains("tn-b0", await net.TracesAsync());

        await net.Networks.DetachAsync(playground, sandboxes[0].Id, sandboxes[0].Place);
        Assert.Contains("tn-b0", await net.TracesAsync()); // the second still needs the bridge
        await Task.WhenAll(sandboxes.Select(sandbox => net.Networks.DetachAsync(sandbox.Playground, sandbox.Id, sandbox.Place)));

        Assert.Equal(["tn-dns"], await net.LinksAsync());
        await net.Networks.CleanUpAsync();
        Assert.Equal("", await net.TracesAsync());
    }

    [Fact]
    public async Task Twenty_attach_at_once_and_detach_at_once()
    {
        await using var net = await TestNet.StartAsync();
        var playgrounds = Enumerable.Range(0, 10).Select(_ => PlaygroundId.New()).ToArray();

        var sandboxes = await Task.WhenAll(Enumerable.Range(0, 20).Select(number => net.SandboxAsync(playgrounds[number % 10])));

        Assert.Equal(20, sandboxes.Select(sandbox => net.Networks.Address(sandbox.Place)).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(31, (await net.LinksAsync()).Length); // 20 links, 10 bridges, the resolver's
        foreach (var sandbox in sandboxes)
        {
            var peer = sandboxes.First(other => other.Playground == sandbox.Playground && other.Id != sandbox.Id);
            await sandbox.Holder.ShellAsync($"busybox ping -c1 -w5 {net.Networks.Address(peer.Place)}");
        }

        await Task.WhenAll(sandboxes.Select(sandbox => net.Networks.DetachAsync(sandbox.Playground, sandbox.Id, sandbox.Place)));
        Assert.Equal(["tn-dns"], await net.LinksAsync());
    }

    [Fact]
    public async Task Detaching_and_attaching_the_same_place_at_once_leaves_what_was_asked_for_last()
    {
        await using var net = await TestNet.StartAsync();
        var playground = PlaygroundId.New();
        var sandbox = await net.SandboxAsync(playground);
        for (var round = 0; round < 10; round++)
        {
            var detached = net.Networks.DetachAsync(playground, sandbox.Id, sandbox.Place);
            if (round % 2 == 1)
            {
                await Task.Delay(round, TestContext.Current.CancellationToken);
            }

            sandbox = sandbox with { Holder = await net.HolderAsync() };
            await net.Networks.AttachAsync(playground, sandbox.Id, sandbox.Place, sandbox.Holder.NetworkPath, CancellationToken.None);
            await detached;
            Assert.Contains("100.127.0.2/28", await sandbox.Holder.ShellAsync("ip -4 -o addr show eth0"));
            Assert.Equal(["tn-b0", "tn-dns", "tn-v02"], await net.LinksAsync());
        }

        var again = net.Networks.AttachAsync(playground, SandboxId.New(), net.Networks.Reserve(playground), (await net.HolderAsync()).NetworkPath, CancellationToken.None);
        await net.Networks.DetachAsync(playground, sandbox.Id, new NetworkPlace(0, 3)); // while it attaches: the later word counts
        await again;
        Assert.Equal(["tn-b0", "tn-dns", "tn-v02"], await net.LinksAsync());
    }

    [Fact]
    public async Task A_failed_attach_leaves_nothing()
    {
        await using var net = await TestNet.StartAsync();
        var playground = PlaygroundId.New();
        var place = net.Networks.Reserve(playground);

        await Assert.ThrowsAnyAsync<IOException>(() => net.Networks.AttachAsync(playground, SandboxId.New(), place, "/proc/0/ns/net", CancellationToken.None));
        await net.Networks.DetachAsync(playground, SandboxId.New(), place);
        Assert.Equal(["tn-dns"], await net.LinksAsync());
        await Assert.ThrowsAnyAsync<IOException>(() => net.Networks.AttachAsync(playground, SandboxId.New(), place, "/dev/null", CancellationToken.None));
        await net.Networks.DetachAsync(playground, SandboxId.New(), place);
        Assert.Equal(["tn-dns"], await net.LinksAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(() => net.Networks.AttachAsync(PlaygroundId.New(), SandboxId.New(), place, "/proc/self/ns/net", CancellationToken.None));
    }

    [Fact]
    public async Task The_next_daemon_keeps_the_links_of_the_living_and_removes_orphans()
    {
        await using var net = await TestNet.StartAsync();
        await net.OutsideAsync();
        var living = await net.SandboxAsync(PlaygroundId.New());
        var alone = PlaygroundId.New();
        var kept = await net.SandboxAsync(alone);
        await net.SandboxAsync(alone);
        await net.SandboxAsync(PlaygroundId.New());
        await TestNet.UntilAsync(async () => (await net.TracesAsync()).Contains("--bogus-nxdomain=198.51.100.0/24", StringComparison.Ordinal), "the resolver has heard of the neighbour's net");
        var resolver = net.Networks.ResolverProcess;
        await TestNet.UntilAsync(() => living.Holder.ReachesAsync(TestNet.Internet), "the internet answers");

        await net.RestartAsync(null, (living.Playground, living.Id, living.Place), (alone, kept.Id, kept.Place));

        Assert.Equal(["tn-b0", "tn-b1", "tn-dns", "tn-v02", "tn-v12"], await net.LinksAsync());
        Assert.Equal(resolver, net.Networks.ResolverProcess);
        Assert.True(await living.Holder.ReachesAsync(TestNet.Internet));
        Assert.False(await living.Holder.ReachesAsync(TestNet.PrivateNeighbour));
        Assert.Equal(new NetworkPlace(0, 3), net.Networks.Reserve(living.Playground)); // 2 is taken
        Assert.NotEqual(1, net.Networks.Reserve(PlaygroundId.New()).Slot);
        await net.Networks.DetachAsync(living.Playground, living.Id, living.Place);
        Assert.Equal(["tn-b1", "tn-dns", "tn-v12"], await net.LinksAsync());
    }

    [Fact]
    public async Task Where_Docker_drops_what_is_forwarded_its_chain_lets_sandboxes_pass_once()
    {
        await using var net = await TestNet.StartAsync();
        await net.OutsideAsync();
        var made = (await net.Tool.RunAsync("iptables", ["-w", "-N", "DOCKER-USER"], cancellationToken: TestContext.Current.CancellationToken)).Ok;
        await net.ShellAsync("for rule in '-i tn-b+ -j DROP' '-o tn-b+ -j DROP'; do while iptables -w -D DOCKER-USER $rule 2>/dev/null; do :; done; done"); // of a run that was killed
        await net.ShellAsync("iptables -w -I FORWARD -j DOCKER-USER; for way in -i -o; do iptables -w -A DOCKER-USER $way tn-b+ -j DROP; done");
        try
        {
            await net.RestartAsync(null);
            await net.RestartAsync(null);
            var sandbox = await net.SandboxAsync(PlaygroundId.New());

            await TestNet.UntilAsync(() => sandbox.Holder.ReachesAsync(TestNet.Internet), "the internet answers");
            Assert.False(await sandbox.Holder.ReachesAsync(TestNet.PrivateNeighbour));
            Assert.Equal("2\n", await net.ShellAsync("iptables -w -S DOCKER-USER | grep -c 'tn-b.*ACCEPT'"));
            await net.Networks.CleanUpAsync();
            Assert.DoesNotContain("ACCEPT", await net.ShellAsync("iptables -w -S DOCKER-USER | grep tn-b"));
        }
        finally
        {
            await net.ShellAsync("iptables -w -D FORWARD -j DOCKER-USER; for way in -i -o; do iptables -w -D DOCKER-USER $way tn-b+ -j DROP; done");
            if (made)
            {
                await net.ShellAsync("iptables -w -X DOCKER-USER");
            }
        }
    }
}
