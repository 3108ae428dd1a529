using Sandbox.Core.Playgrounds;
using Xunit;

namespace Sandbox.Daemon.Tests.Networks;

/// <summary>The names of nodes: real links, a real dnsmasq, and lookups from inside. One after the other with the other networks, which share a name.</summary>
[Collection("host network")]
public sealed class NodeNamesTests
{
    [Fact]
    public async Task Nodes_of_one_playground_find_each_other_and_nobody_else_finds_them()
    {
        await using var net = await TestNet.StartAsync();
        var playground = PlaygroundId.New();
        var web = await net.SandboxAsync(playground, "web");
        var database = await net.SandboxAsync(playground, "db");
        var stranger = await net.SandboxAsync(PlaygroundId.New(), "web");
        var strangersOther = await net.SandboxAsync(stranger.Playground, "cache");
        var alone = await net.SandboxAsync(PlaygroundId.New(), "alone");

        Assert.Equal(net.Networks.Address(database.Place), await LookUpAsync(net, web, "db"));
        Assert.Equal(net.Networks.Address(web.Place), await LookUpAsync(net, database, "web"));
        Assert.Equal(net.Networks.Address(stranger.Place), await LookUpAsync(net, strangersOther, "web"));
        Assert.Equal("", await LookUpAsync(net, stranger, "db"));
        Assert.Equal("", await LookUpAsync(net, alone, "db"));
        Assert.Equal("", await LookUpAsync(net, web, "cache"));
        Assert.Equal("", await LookUpAsync(net, web, "localhost1"));

        // Backwards, too.
        Assert.Contains("= db", await AskAsync(net, web, $"-type=ptr {Backwards(net.Networks.Address(database.Place))}"));
        Assert.DoesNotContain("= db", await AskAsync(net, stranger, $"-type=ptr {Backwards(net.Networks.Address(database.Place))}"));

        // Neither the resolver of the others nor their nodes are within reach.
        var gateway = net.Networks.Address(database.Place with { Host = 1 });
        Assert.DoesNotContain(net.Networks.Address(database.Place), (await stranger.Holder.RunAsync($"timeout 3 busybox nslookup -type=a db. {gateway} 2>&1 || true")).Text);
        Assert.False((await stranger.Holder.RunAsync($"busybox ping -c1 -w2 {net.Networks.Address(database.Place)}")).Ok);
        Assert.True((await web.Holder.RunAsync($"busybox ping -c1 -w5 {net.Networks.Address(database.Place)}")).Ok);
    }

    [Fact]
    public async Task A_name_comes_and_goes_with_its_node_and_is_the_first_ones()
    {
        await using var net = await TestNet.StartAsync();
        var playground = PlaygroundId.New();
        var first = await net.SandboxAsync(playground, "node1");
        await net.SandboxAsync(playground, "node1");
        var third = await net.SandboxAsync(playground, "node3");
        await net.SandboxAsync(playground, "localhost");

        Assert.Equal(net.Networks.Address(first.Place), await LookUpAsync(net, third, "node1"));
        Assert.DoesNotContain("100.127.0.5", await LookUpAsync(net, third, "localhost"));

        Assert.True((await first.Holder.RunAsync($"busybox ping -c1 -w5 {net.Networks.Address(third.Place)}")).Ok);
        await net.Networks.DetachAsync(playground, third.Id, third.Place);
        net.Networks.Release(playground, third.Place);
        await TestNet.UntilAsync(async () => (await LookUpAsync(net, first, "node3")).Length == 0, "its name is gone");
        var again = await net.SandboxAsync(playground, "node3");
        await TestNet.UntilAsync(async () => await LookUpAsync(net, first, "node3") == net.Networks.Address(again.Place), "it has a name again");

        // It has the address of the first one, which its neighbours knew under other hardware.
        Assert.Equal(third.Place, again.Place);
        Assert.True((await first.Holder.RunAsync($"busybox ping -c1 -w5 {net.Networks.Address(again.Place)}")).Ok);
    }

    [Fact]
    public async Task Names_go_on_after_a_restart_and_nothing_of_them_is_left_after_the_end()
    {
        await using var net = await TestNet.StartAsync();
        var playground = PlaygroundId.New();
        var one = await net.SandboxAsync(playground, "one");
        var two = await net.SandboxAsync(playground, "two");
        var other = PlaygroundId.New();
        await net.SandboxAsync(other, "three");
        await net.SandboxAsync(other, "four");
        Assert.Equal(3, await ResolversAsync(net));

        await net.RestartAsync(null, [(playground, one.Id, one.Place), (playground, two.Id, two.Place)], ["one", "two"]);

        Assert.Equal(net.Networks.Address(two.Place), await LookUpAsync(net, one, "two"));
        Assert.Equal(2, await ResolversAsync(net));
        await net.ShellAsync("pkill -9 -f -- '--listen-address=100[.]127[.]0[.]1 '");
        await TestNet.UntilAsync(async () => await LookUpAsync(net, one, "two") == net.Networks.Address(two.Place), "a killed resolver comes back");

        await Task.WhenAll(net.Networks.DetachAsync(playground, one.Id, one.Place), net.Networks.DetachAsync(playground, two.Id, two.Place));
        Assert.Equal(1, await ResolversAsync(net));
        Assert.Equal("", await net.ShellAsync("ls /tmp/sandbox-networks/names"));
    }

    /// <summary>The address of a name, as a node's resolver says; empty for none.</summary>
    private static async Task<string> LookUpAsync(TestNet net, TestSandbox from, string name) =>
        (await AskAsync(net, from, $"-type=a {name}.")).Split('\n').Skip(3).FirstOrDefault(line => line.StartsWith("Address: ", StringComparison.Ordinal))?[9..].Trim() ?? "";

    private static async Task<string> AskAsync(TestNet net, TestSandbox from, string question) =>
        (await from.Holder.RunAsync($"busybox nslookup {question} {net.Networks.ResolverAddress} 2>&1 || true")).Text;

    private static string Backwards(string address) => string.Join('.', address.Split('.').Reverse()) + ".in-addr.arpa.";

    private static async Task<int> ResolversAsync(TestNet net) =>
        (await net.TracesAsync()).Split('\n').Count(line => line.Contains("dnsmasq", StringComparison.Ordinal));
}
