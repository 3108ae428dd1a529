using Sandbox.Core.Networks;

namespace Sandbox.Daemon.Networks;

/// <summary>How far a sandbox's link reaches; part of the link's group, so that it holds from the first packet and without the daemon.</summary>
internal enum NetworkReach
{
    /// <summary>The public internet.</summary>
    Internet = 0,

    /// <summary>The links of the same bridge.</summary>
    Playground = 1,

    /// <summary>These, and the addresses of listed domains.</summary>
    Domains = 2,
}

internal static class NetworkReaches
{
    /// <summary>The reach of a policy. One without a network has no link; if it had one, it would lead nowhere.</summary>
    public static NetworkReach Reach(this NetworkPolicy policy) => policy switch
    {
        { Network: NetworkPolicy.Egress, Domains.Count: 0 } => NetworkReach.Internet,
        { Network: NetworkPolicy.Egress } => NetworkReach.Domains,
        _ => NetworkReach.Playground,
    };
}
