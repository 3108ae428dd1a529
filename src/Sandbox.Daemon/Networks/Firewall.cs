using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Networks;

/// <summary>
/// The policy, as one nftables table that does not change with sandboxes: it knows playgrounds by the names of their
/// bridges. It is replaced as a whole, in one transaction, so there is no moment without it.
/// https://wiki.nftables.org/wiki-nftables/index.php/Main_Page
/// </summary>
internal sealed partial class Firewall(DaemonOptions options, AddressPlan plan, Tool tool, ILogger logger)
{
    private const string DockerChain = "DOCKER-USER";

    /// <summary>Connections to the registry: each costs it some tens of kilobytes and two descriptors.</summary>
    private const int MostPulls = 1000;

    /// <summary>The same of one sandbox. Docker fetches three layers at once, Podman six.</summary>
    private const int MostPullsOfOne = 16;

    /// <summary>
    /// Prefixes that are never public addresses of others: "this" network, RFC 1918, RFC 6598, loopback, link-local
    /// (RFC 3927, and the metadata service of most clouds), IETF protocol assignments (with Oracle's metadata), Azure's
    /// host agent, multicast and reserved. The documentation nets (RFC 5737) are not here: they harm nobody, and build
    /// farms use them.
    /// </summary>
    public static readonly IReadOnlyList<string> SpecialPurpose =
    [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "224.0.0.0/3",
    ];

    private static readonly IEnumerable<int> Hosts = Enumerable.Range(AddressPlan.FirstHost, AddressPlan.LastHost - AddressPlan.FirstHost + 1);

    /// <summary>What a limited link may not send carries this mark from the bridge to the next hook, which says so to the sender.</summary>
    private const int RefusedMark = 0x5c00_0001;

    private static readonly NetworkReach[] Limited = [NetworkReach.Playground, NetworkReach.Domains];

    /// <summary>The elements of each playground, as they are in the kernel.</summary>
    private readonly ConcurrentDictionary<int, HashSet<(string Set, string Text)>> _elements = new();

    private string Table => TableOf(options);

    /// <summary>
    /// The name of an instance's tables. Its prefix keeps it apart from the words of nftables, which are no names (<c>ne</c>,
    /// <c>lt</c>, <c>and</c>), and from the tables of others.
    /// </summary>
    public static string TableOf(DaemonOptions options) => "sandbox-" + options.Instance;

    /// <summary>Replaces the table, and makes Docker's firewall leave the decision to it.</summary>
    public async Task InstallAsync(Surroundings surroundings, CancellationToken cancellationToken)
    {
        await NftAsync(Script(surroundings), cancellationToken);
        await RemoveFormerAsync(cancellationToken);
        _elements.Clear();
        await AskDockerAsync(add: true, cancellationToken);
        await WarnOfOthersAsync(cancellationToken);
    }

    /// <summary>Replaces the set of on-link prefixes in one transaction.</summary>
    public Task RefreshAsync(Surroundings surroundings, CancellationToken cancellationToken) =>
        NftAsync($"flush set inet {Table} onlink\n" + (surroundings.OnLink.Count == 0 ? "" : $"add element inet {Table} onlink {{ {string.Join(", ", surroundings.OnLink)} }}\n"), cancellationToken);

    /// <summary>
    /// Changes a playground's elements of the sets to those of <paramref name="rules"/> in one transaction. Without any,
    /// questions go to the common resolver, and links of a limited reach lead nowhere.
    /// </summary>
    public async Task SetAsync(int slot, PlaygroundRules rules)
    {
        var wanted = Elements(slot, rules).ToHashSet();
        var present = _elements.GetValueOrDefault(slot) ?? [];
        var script = new StringBuilder();
        foreach (var (act, elements) in new[] { ("delete", present.Except(wanted)), ("add", wanted.Except(present)) })
        {
            foreach (var ofSet in elements.GroupBy(element => element.Set, element => element.Text, StringComparer.Ordinal))
            {
                script.Append(CultureInfo.InvariantCulture, $"{act} element {ofSet.Key} {{ {string.Join(", ", ofSet)} }}\n");
            }
        }

        if (script.Length > 0)
        {
            await NftAsync(script.ToString(), CancellationToken.None);
        }

        if (wanted.Count > 0)
        {
            _elements[slot] = wanted;
        }
        else
        {
            _elements.TryRemove(slot, out _);
        }
    }

    public async Task RemoveAsync()
    {
        await NftAsync($"table inet {Table} {{}}\ndelete table inet {Table}\ntable bridge {Table} {{}}\ndelete table bridge {Table}\n", CancellationToken.None);
        await AskDockerAsync(add: false, CancellationToken.None);
    }

    /// <summary>Removes the tables of earlier versions, whose name was the instance's alone.</summary>
    private async Task RemoveFormerAsync(CancellationToken cancellationToken)
    {
        foreach (var (family, chain) in new[] { ("inet", "from_playground"), ("bridge", "playground") })
        {
            if ((await tool.RunAsync("nft", ["list", "chain", family, options.Instance, chain], default, cancellationToken)).Ok)
            {
                await tool.RunOrThrowAsync("nft", ["delete", "table", family, options.Instance], default, cancellationToken);
            }
        }
    }

    private IEnumerable<(string Set, string Text)> Elements(int slot, PlaygroundRules rules)
    {
        if (rules.HasNames)
        {
            yield return ($"inet {Table} resolvers", $"\"{plan.Bridge(slot)}\" : {plan.Gateway(slot)}");
        }

        foreach (var (host, view) in rules.Views)
        {
            var source = plan.Address(new NetworkPlace(slot, host));
            yield return ($"inet {Table} views", string.Create(CultureInfo.InvariantCulture, $"{source} : {plan.Gateway(slot)} . {view.Port}"));
            yield return ($"bridge {Table} asking", $"{source} . {plan.Resolver} . 53");
            yield return ($"bridge {Table} asking", string.Create(CultureInfo.InvariantCulture, $"{source} . {plan.Gateway(slot)} . {view.Port}")); // as br_netfilter leaves it
        }

        foreach (var (host, destinations) in rules.Reachable)
        {
            foreach (var destination in destinations)
            {
                yield return ($"bridge {Table} reachable", string.Create(CultureInfo.InvariantCulture, $"{plan.Address(new NetworkPlace(slot, host))} . {destination.Address} . {destination.Port}"));
            }
        }
    }

    private string Script(Surroundings surroundings)
    {
        var refused = SpecialPurpose.Append(plan.Pool.ToString()).Concat(options.RefusedPrefixes);
        var refuse = "reject with icmpx admin-prohibited";
        return $$"""
            table inet {{Table}} {}
            delete table inet {{Table}}
            table inet {{Table}} {
              {{Set("allowed", options.AllowedDestinations)}}
              {{Set("refused", refused)}}
              {{Set("onlink", surroundings.OnLink)}}
              map resolvers { type ifname : ipv4_addr; }
              map views { type ipv4_addr : ipv4_addr . inet_service; }
              set questions { type ipv4_addr; size 65535; flags dynamic,timeout; timeout 1m; }
              set pulls { type ipv4_addr; size 65535; flags dynamic; }
              set lookups { type ipv4_addr; size 65535; flags dynamic; }
              set asked { type ipv4_addr; size 65535; flags dynamic,timeout; timeout 1m; }
              set answered { type ipv4_addr; size 65535; flags dynamic,timeout; timeout 1m; }
              set connections { type ipv4_addr; size 65535; flags dynamic; }

              # Drops packets that the bridge's table has marked, before anything else may change the mark. Usually the first hook
              # sees them; with br_netfilter that hook runs before the bridge's table, and the other two see them.
              {{Marked("prerouting")}}{{Marked("input")}}{{Marked("forward")}}
              # Sandboxes have no IPv6, and a packet whose answer would not go back through the bridge it came from is forged.
              chain prerouting {
                type filter hook prerouting priority raw; policy accept;
                iifname "{{plan.BridgePrefix}}*" meta nfproto ipv6 drop
                iifname "{{plan.BridgePrefix}}*" fib saddr . iif oif missing drop

                # With br_netfilter, frames between two sandboxes of one playground come here, too. They take no place in the host's table of connections.
                iifname "{{plan.BridgePrefix}}*" fib daddr type unicast fib daddr . iif oif exists notrack
              }

              # Questions of a link of limited reach go to the resolver that knows what it reaches, those of a playground of several nodes to the one that knows their names.
              chain names {
                type nat hook prerouting priority dstnat; policy accept;
                iifname "{{plan.BridgePrefix}}*" ip daddr {{plan.Resolver}} meta l4proto { tcp, udp } th dport 53 dnat ip to ip saddr map @views
                iifname "{{plan.BridgePrefix}}*" ip daddr {{plan.Resolver}} meta l4proto { tcp, udp } th dport 53 dnat ip to iifname map @resolvers
              }

              chain input {
                type filter hook input priority filter - 5; policy accept;
                iifname "{{plan.BridgePrefix}}*" jump to_host
                iifname != "lo" ip daddr {{plan.Registry}} drop
              }

              # Nothing of the host but names and images; so many questions, bytes and connections that no sandbox uses resolver or registry up, or carries much out in names.
              chain to_host {
                ct original ip daddr {{plan.Resolver}} udp dport { {{View.Ports}} } update @questions { ip saddr limit rate over 50/second burst 200 packets } drop
                ct original ip daddr {{plan.Resolver}} udp dport { {{View.Ports}} } accept
                ct original ip daddr {{plan.Resolver}} tcp dport { {{View.Ports}} } ct state new add @lookups { ip saddr ct count over 2 } drop
                ct original ip daddr {{plan.Resolver}} tcp dport { {{View.Ports}} } update @asked { ip saddr limit rate over 8 kbytes/second burst 32 kbytes } drop
                ct original ip daddr {{plan.Resolver}} tcp dport { {{View.Ports}} } accept
                ip daddr {{plan.Registry}} tcp dport { {{AddressPlan.RegistryPort}}, {{AddressPlan.OwnRegistryPort}}, {{AddressPlan.UpstreamPorts}} } ct state new ct count over {{MostPulls}} {{refuse}}
                ip daddr {{plan.Registry}} tcp dport { {{AddressPlan.RegistryPort}}, {{AddressPlan.OwnRegistryPort}}, {{AddressPlan.UpstreamPorts}} } ct state new add @pulls { ip saddr ct count over {{MostPullsOfOne}} } {{refuse}}
                ip daddr {{plan.Registry}} tcp dport { {{AddressPlan.RegistryPort}}, {{AddressPlan.OwnRegistryPort}}, {{AddressPlan.UpstreamPorts}} } accept
                ct state established,related accept
                meta pkttype { broadcast, multicast } drop
                {{refuse}}
              }

              chain output {
                type filter hook output priority filter - 5; policy accept;
                oifname "{{plan.BridgePrefix}}*" ct original ip daddr {{plan.Resolver}} meta l4proto { tcp, udp } th sport { {{View.Ports}} } update @answered { ip daddr limit rate over 64 kbytes/second burst 256 kbytes } drop
              }

              chain forward {
                type filter hook forward priority filter - 5; policy accept;
                iifname "{{plan.BridgePrefix}}*" jump from_playground
                oifname "{{plan.BridgePrefix}}*" jump to_playground
              }

              # Where br_netfilter is on, frames between two sandboxes of one playground come here, too: first rule.
              chain from_playground {
                fib daddr . iif oif exists accept
                oifname "{{plan.LinkPrefix}}*" {{refuse}}
                ip daddr @allowed accept
                ip daddr @refused {{refuse}}
                ip daddr @onlink {{refuse}}
                {{(options.RefuseMail ? $"tcp dport 25 {refuse}" : "")}}
                ct state new add @connections { ip saddr ct count over 4000 } {{refuse}}
              }

              chain to_playground {
                iifname "{{plan.BridgePrefix}}*" accept
                ct state established,related accept
                drop
              }

              chain postrouting {
                type nat hook postrouting priority srcnat; policy accept;
                ip saddr {{plan.Pool}} oifname != "{{plan.LinkPrefix}}*" masquerade
              }
            }

            table bridge {{Table}} {}
            delete table bridge {{Table}}
            table bridge {{Table}} {
              set reachable { type ipv4_addr . ipv4_addr . inet_service; size 1048576; }
              set asking { type ipv4_addr . ipv4_addr . inet_service; size 131070; }

              chain prerouting {
                type filter hook prerouting priority -300; policy accept;
                iifname "{{plan.SandboxLinkPrefix}}*" meta iifgroup vmap { {{Groups([NetworkReach.Internet, .. Limited], (_, host) => $"jump host{host}")}} }
              }

              # Frames for the host or beyond it; those for other links of the bridge do not come here.
              chain input {
                type filter hook input priority -200; policy accept;
                iifname "{{plan.SandboxLinkPrefix}}*" meta iifgroup vmap { {{Groups(Limited, (reach, _) => reach == NetworkReach.Domains ? "goto domains" : "goto playground")}} }
              }

              # The tables above decide about these, too: no list opens a range that is refused.
              chain domains {
                ip saddr . ip daddr . tcp dport @reachable accept
                goto playground
              }

              chain playground {
                ether type arp accept
                meta l4proto { tcp, udp } ip saddr . ip daddr . th dport @asking accept
                meta pkttype { broadcast, multicast } drop
                meta mark set {{RefusedMark}}
              }
              {{string.Concat(Hosts.Select(OneAddress))}}
            }

            """;
    }

    private string Marked(string hook) => $$"""

              chain marked_{{hook}} {
                type filter hook {{hook}} priority raw - 10; policy accept;
                iifname "{{plan.BridgePrefix}}*" meta mark {{RefusedMark}} reject with icmpx admin-prohibited
              }

        """;

    private static string Groups(IEnumerable<NetworkReach> reaches, Func<NetworkReach, int, string> verdict) =>
        string.Join(", ", reaches.SelectMany(reach => Hosts.Select(host => $"{AddressPlan.LinkGroup(host, reach)} : {verdict(reach, host)}")));

    /// <summary>
    /// Drops packets that do not bear the address of their link, in IP and in ARP. Together with the bridge's prefix,
    /// which the table above checks, this leaves one address to a sandbox, so limits by address are limits by sandbox.
    /// </summary>
    private static string OneAddress(int host) => $$"""

        chain host{{host}} {
          ether type ip ip saddr & 0.0.0.15 != 0.0.0.{{host}} drop
          ether type arp arp saddr ip & 0.0.0.15 != 0.0.0.{{host}} drop
          ether type != { ip, arp } drop
        }

        """;

    private static string Set(string name, IEnumerable<string> prefixes)
    {
        var elements = string.Join(", ", prefixes);
        return $"set {name} {{ type ipv4_addr; flags interval; auto-merge; {(elements.Length == 0 ? "" : $"elements = {{ {elements} }}")} }}";
    }

    /// <summary>
    /// Docker makes the host drop what it forwards unless it is Docker's own, and asks others to put their exceptions into
    /// this chain. Ours only let our table, which is asked first, decide.
    /// https://docs.docker.com/engine/network/packet-filtering-firewalls/
    /// </summary>
    private async Task AskDockerAsync(bool add, CancellationToken cancellationToken)
    {
        ToolResult chain;
        try
        {
            chain = await tool.RunAsync("iptables", ["-w", "-n", "-L", DockerChain], default, cancellationToken);
        }
        catch (IOException)
        {
            return; // no iptables, no Docker
        }

        if (!chain.Ok)
        {
            return;
        }

        string[][] rules =
        [
            ["-i", plan.BridgePrefix + "+", "-j", "ACCEPT"],
            ["-o", plan.BridgePrefix + "+", "-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED", "-j", "ACCEPT"],
        ];
        foreach (var rule in rules)
        {
            var there = (await tool.RunAsync("iptables", ["-w", "-C", DockerChain, .. rule], default, cancellationToken)).Ok;
            if (there != add)
            {
                await tool.RunOrThrowAsync("iptables", ["-w", add ? "-I" : "-D", DockerChain, .. rule], default, cancellationToken);
            }
        }
    }

    /// <summary>
    /// A packet passes when every table lets it pass, so a firewall whose chains drop by default (ufw, firewalld) cuts
    /// sandboxes off. The rules are the operator's to write; a warning in the log saves them the search.
    /// </summary>
    private async Task WarnOfOthersAsync(CancellationToken cancellationToken)
    {
        // {"nftables": [{"metainfo": {…}}, {"chain": {"family": "ip", "table": "filter", "name": "FORWARD", "hook": "forward", "policy": "drop", …}}, …]}
        var listed = await tool.RunAsync("nft", ["-j", "list", "chains"], default, cancellationToken);
        if (!listed.Ok)
        {
            return;
        }

        using var json = JsonDocument.Parse(listed.Stdout);
        var docker = false;
        var dropping = new List<string>();
        foreach (var item in json.RootElement.GetProperty("nftables").EnumerateArray())
        {
            if (!item.TryGetProperty("chain", out var chain))
            {
                continue;
            }

            docker |= chain.GetProperty("name").ValueEquals(DockerChain);
            if (chain.TryGetProperty("policy", out var policy) && policy.ValueEquals("drop")
                && chain.TryGetProperty("hook", out var hook) && (hook.ValueEquals("forward") || hook.ValueEquals("input"))
                && !chain.GetProperty("table").ValueEquals(Table))
            {
                dropping.Add($"{chain.GetProperty("family")} {chain.GetProperty("table")} {chain.GetProperty("name")}");
            }
        }

        foreach (var chain in dropping.Where(chain => !(docker && chain == "ip filter FORWARD")))
        {
            LogDropping(logger, chain, plan.BridgePrefix + "*", plan.Resolver, plan.Registry, AddressPlan.RegistryPort, AddressPlan.OwnRegistryPort, AddressPlan.UpstreamPorts);
        }
    }

    private Task<ToolResult> NftAsync(string script, CancellationToken cancellationToken) =>
        tool.RunOrThrowAsync("nft", ["-f", "-"], Encoding.ASCII.GetBytes(script), cancellationToken);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The chain {Chain} drops by default. Let it accept what comes from and goes to interfaces {Links}, questions to {Resolver} port 53, and pulls from {Registry} ports {Port}, {OwnPort} and {UpstreamPorts}; otherwise sandboxes have no network.")]
    private static partial void LogDropping(ILogger logger, string chain, string links, System.Net.IPAddress resolver, System.Net.IPAddress registry, int port, int ownPort, string upstreamPorts);
}
