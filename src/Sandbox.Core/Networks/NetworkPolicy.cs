namespace Sandbox.Core.Networks;

/// <summary>
/// The reach of a sandbox's network. A plan, an image and a node of a recipe each have a policy, and the strictest of the
/// three applies, see <see cref="Within"/>.
/// </summary>
/// <param name="Network">One of <see cref="All"/>.</param>
/// <param name="Domains">With <see cref="Egress"/>, the only domains that are reached, see <see cref="DomainRules"/>; empty is all of the internet.</param>
public sealed record NetworkPolicy(string Network, IReadOnlyList<string> Domains)
{
    /// <summary>Out to the public internet and to the resolver. This is the default.</summary>
    public const string Egress = "egress";

    /// <summary>Only the other nodes of its playground, by address and by name.</summary>
    public const string Playground = "playground";

    /// <summary>Only its own loopback: no internet, no resolver, no other sandbox.</summary>
    public const string None = "none";

    /// <summary>All values, from open to strict; the default first.</summary>
    public static IReadOnlyList<string> All { get; } = [Egress, Playground, None];

    /// <summary>The whole public internet.</summary>
    public static NetworkPolicy Open { get; } = new(Egress, []);

    /// <summary>In words for the one who sits before the sandbox.</summary>
    public string Words => Network switch
    {
        None => "none",
        Playground => "only the other nodes of this playground",
        _ when Domains.Count > 0 => $"reaches only: {string.Join(", ", Domains)}",
        _ => "the internet, and nothing of this server's network",
    };

    /// <summary>The stricter of two: the stricter network, and of two lists of domains the common part. Lists without one leave the playground.</summary>
    public NetworkPolicy Within(NetworkPolicy other)
    {
        var network = All[Math.Max(Strictness(Network), Strictness(other.Network))];
        if (network != Egress)
        {
            return new NetworkPolicy(network, []);
        }

        if (Domains.Count == 0 || other.Domains.Count == 0)
        {
            return Domains.Count == 0 ? other : this;
        }

        var common = DomainRules.Common(Domains, other.Domains);
        return common.Count == 0 ? new NetworkPolicy(Playground, []) : new NetworkPolicy(Egress, common);
    }

    /// <summary>Every mistake at once; empty when all is well.</summary>
    public IReadOnlyList<string> Validate()
    {
        var mistakes = new List<string>();
        Check(Network, Domains, "", mistakes);
        return mistakes;
    }

    /// <summary>Every mistake at once, each beginning with where it is. Policies come as JSON from anybody, so both members may be null.</summary>
    internal static void Check(string? network, IReadOnlyList<string>? domains, string at, List<string> mistakes)
    {
        if (network is null || !All.Contains(network, StringComparer.Ordinal))
        {
            mistakes.Add($"{at}network: {string.Join(", ", All.SkipLast(1))} or {All[^1]}");
        }
        else if (network != Egress && domains is { Count: > 0 })
        {
            mistakes.Add($"{at}domains: only with the network {Egress}");
        }

        DomainRules.Check(domains, at + "domains", mistakes);
    }

    private static int Strictness(string network)
    {
        for (var at = 0; at < All.Count; at++)
        {
            if (All[at] == network)
            {
                return at;
            }
        }

        return All.Count - 1; // an unknown word opens nothing
    }
}
