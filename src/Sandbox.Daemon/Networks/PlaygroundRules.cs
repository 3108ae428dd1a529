using System.Globalization;
using System.Net;

namespace Sandbox.Daemon.Networks;

/// <summary>A resolver at the gateway of a playground: it knows some names and not others.</summary>
/// <param name="Number">0 is for nodes that reach the internet, 1 for those that reach the playground; from 2 on, the one host whose domains it knows.</param>
internal readonly record struct View(int Number)
{
    private const int FirstPort = 5300;

    /// <summary>The names of the nodes, and all of the internet's.</summary>
    public static View Names => new(0);

    /// <summary>The names of the nodes.</summary>
    public static View Playground => new(1);

    /// <summary>The ports of all views, as the firewall reads them.</summary>
    public static string Ports => string.Create(CultureInfo.InvariantCulture, $"{Dnsmasq.NamePort}, {FirstPort + 1}-{FirstPort + AddressPlan.LastHost}");

    /// <summary>Whether it is the one of a host with a list of domains.</summary>
    public bool HasDomains => Number >= AddressPlan.FirstHost;

    /// <summary>The port that it listens on.</summary>
    public int Port => Number == 0 ? Dnsmasq.NamePort : FirstPort + Number;

    /// <summary>The names of the nodes and of the domains that one of them reaches.</summary>
    public static View Of(int host) => new(host);

    /// <summary>The view behind a port; null when there is none.</summary>
    public static View? At(int port) => port switch
    {
        Dnsmasq.NamePort => Names,
        > FirstPort and <= FirstPort + AddressPlan.LastHost => new View(port - FirstPort),
        _ => null,
    };
}

/// <summary>What the firewall's sets hold for a playground.</summary>
/// <param name="HasNames">Whether the questions of its nodes go to <see cref="View.Names"/>.</param>
/// <param name="Views">The view of each host of limited reach that has one.</param>
/// <param name="Reachable">What each host with a list of domains reaches.</param>
internal sealed record PlaygroundRules(bool HasNames, IReadOnlyDictionary<int, View> Views, IReadOnlyDictionary<int, IReadOnlyList<IPEndPoint>> Reachable)
{
    public static PlaygroundRules None { get; } = new(false, new Dictionary<int, View>(), new Dictionary<int, IReadOnlyList<IPEndPoint>>());
}
