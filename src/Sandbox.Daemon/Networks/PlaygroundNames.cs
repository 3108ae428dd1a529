using Sandbox.Core.Networks;

namespace Sandbox.Daemon.Networks;

/// <summary>
/// Which names and which domains the nodes of a playground reach: its resolvers and the firewall's sets, brought to what
/// its places say. The firewall learns an address before a resolver gives it out.
/// </summary>
internal sealed partial class PlaygroundNames(DaemonOptions options, Places places, Firewall firewall, Resolver resolver, ILogger logger)
{
    /// <summary>How long a launch waits for the addresses of its domains. Later ones are added when they come.</summary>
    private static readonly TimeSpan LaunchPatience = TimeSpan.FromSeconds(3);

    private readonly DomainAddresses _domains = new(resolver.Address, options.DomainGrace);

    /// <summary>Names the nodes of an earlier daemon's playgrounds, and ends the resolvers that nobody needs.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var slot in places.All())
        {
            foreach (var host in places.Policies(slot).Where(node => node.Value.Reach() == NetworkReach.Domains).Select(node => node.Key))
            {
                foreach (var domain in resolver.Names.Written(slot.Number, View.Of(host)).GroupBy(name => name.Name, name => name.Address, StringComparer.Ordinal))
                {
                    _domains.Remember(domain.Key, [.. domain]);
                }
            }

            await SetAsync(slot);
        }

        await resolver.Names.EndOthersAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Asks for the addresses of a policy's domains, if nobody has before, and waits for them within a bound.</summary>
    public async Task AskAsync(NetworkPolicy policy)
    {
        if (policy.Reach() != NetworkReach.Domains)
        {
            return;
        }

        using var patience = new CancellationTokenSource(LaunchPatience);
        try
        {
            await _domains.AskNewAsync(Names(policy), patience.Token);
        }
        catch (OperationCanceledException)
        {
            LogLate(logger, string.Join(", ", policy.Domains));
        }
    }

    /// <summary>
    /// Lets the nodes of a playground find each other by name, once there are two, and reach the domains of their lists. A
    /// name that cannot be given is no reason to refuse a launch: without it, less is reached. Under the playground's gate.
    /// </summary>
    public async Task SetAsync(Slot slot)
    {
        var policies = places.Policies(slot);
        var hasLimited = policies.Values.Any(policy => policy.Reach() != NetworkReach.Internet);
        var nodes = places.Named(slot);
        if (!hasLimited && nodes.Count < 2 && !resolver.Names.Has(slot.Number))
        {
            return; // nearly every launch
        }

        try
        {
            var views = ViewsOf(slot, nodes, policies);
            var rules = new PlaygroundRules(
                views.ContainsKey(View.Names),
                policies.Select(node => (Host: node.Key, View: ViewOf(node.Key, node.Value))).Where(node => node.View != View.Names && views.ContainsKey(node.View))
                    .ToDictionary(node => node.Host, node => node.View),
                policies.Where(node => node.Value.Reach() == NetworkReach.Domains).ToDictionary(node => node.Key, node => _domains.Reachable(node.Value.Domains)));
            await resolver.Names.StartAsync(slot.Number, nodes, views);
            await firewall.SetAsync(slot.Number, rules);
            await resolver.Names.TeachAsync(slot.Number, views);
            await resolver.Names.EndAsync(slot.Number, [.. views.Keys]);
        }
        catch (IOException exception)
        {
            LogNotNamed(logger, exception);
        }
    }

    /// <summary>Ends the resolvers of a playground.</summary>
    public async Task ForgetAsync(Slot slot)
    {
        try
        {
            await firewall.SetAsync(slot.Number, PlaygroundRules.None);
            await resolver.Names.EndAsync(slot.Number, []);
        }
        catch (IOException exception)
        {
            LogNotNamed(logger, exception);
        }
    }

    /// <summary>Asks for the domains of all lists again and again, because their addresses change.</summary>
    public async Task FollowDomainsAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(options.DomainRefresh);
        try
        {
            do
            {
                var slots = places.All().Where(slot => places.Policies(slot).Values.Any(policy => policy.Reach() == NetworkReach.Domains)).ToList();
                var domains = slots.SelectMany(slot => places.Policies(slot).Values).SelectMany(Names).ToHashSet(StringComparer.Ordinal);
                await _domains.AskAsync(domains, cancellationToken);
                foreach (var slot in slots)
                {
                    await slot.Gate.WaitAsync(cancellationToken);
                    try
                    {
                        await SetAsync(slot);
                    }
                    finally
                    {
                        slot.Gate.Release();
                    }
                }

                _domains.KeepOnly(places.All().SelectMany(slot => places.Policies(slot).Values).SelectMany(Names).ToHashSet(StringComparer.Ordinal));
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }

    private static IEnumerable<string> Names(NetworkPolicy policy) => DomainRules.Ports(policy.Domains).Select(reached => reached.Domain);

    private static View ViewOf(int host, NetworkPolicy policy) => policy.Reach() switch
    {
        NetworkReach.Internet => View.Names,
        NetworkReach.Playground => View.Playground,
        _ => View.Of(host),
    };

    /// <summary>The views that the nodes need, each with the domains that it knows. Views without domains come with the second name, and stay.</summary>
    private Dictionary<View, IReadOnlyList<NodeName>> ViewsOf(Slot slot, IReadOnlyList<NodeName> nodes, IReadOnlyDictionary<int, NetworkPolicy> policies) =>
        policies.Select(node => (View: ViewOf(node.Key, node.Value), Policy: node.Value))
            .Where(node => node.View.HasDomains || nodes.Count > 1 || resolver.Names.Has(slot.Number, node.View))
            .DistinctBy(node => node.View)
            .ToDictionary(node => node.View, node => node.View.HasDomains ? _domains.Names(node.Policy.Domains) : []);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The addresses of {Domains} are late; a sandbox starts without them.")]
    private static partial void LogLate(ILogger logger, string domains);

    [LoggerMessage(Level = LogLevel.Error, Message = "The names of a playground's nodes could not be changed.")]
    private static partial void LogNotNamed(ILogger logger, Exception exception);
}
