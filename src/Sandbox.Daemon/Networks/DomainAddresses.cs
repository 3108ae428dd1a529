using System.Collections.Concurrent;
using System.Net;
using Sandbox.Core.Networks;

namespace Sandbox.Daemon.Networks;

/// <summary>
/// The addresses of the domains that sandboxes may reach. The daemon asks the sandboxes' resolver, which keeps answers for
/// as long as they are valid and refuses addresses of forbidden ranges. Sandboxes get these answers and no others, so the
/// firewall knows every address before a sandbox does.
/// </summary>
/// <param name="resolver">The common resolver.</param>
/// <param name="grace">How long an address that a domain has no longer stays open to connections that began with it.</param>
internal sealed class DomainAddresses(IPEndPoint resolver, TimeSpan grace)
{
    /// <summary>Addresses of one domain; a name that hands out more has the rest refused.</summary>
    private const int MaxAddresses = 64;

    private readonly ConcurrentDictionary<string, Known> _byDomain = new(StringComparer.Ordinal);

    /// <summary>Asks for domains again. A question without an answer changes nothing.</summary>
    public async Task AskAsync(IEnumerable<string> domains, CancellationToken cancellationToken)
    {
        await Parallel.ForEachAsync(domains.Distinct(StringComparer.Ordinal), new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = cancellationToken }, async (domain, stop) =>
        {
            if (await DnsQuestion.AskAsync(resolver, domain, stop) is { } answer)
            {
                _byDomain.AddOrUpdate(domain, _ => Known.Nothing.With(answer, Now, grace), (_, known) => known.With(answer, Now, grace));
            }
        });
    }

    /// <summary>Asks for those domains that have not been asked for yet.</summary>
    public Task AskNewAsync(IEnumerable<string> domains, CancellationToken cancellationToken) =>
        AskAsync(domains.Where(domain => !_byDomain.ContainsKey(domain)), cancellationToken);

    /// <summary>Takes addresses that an earlier daemon knew, until there is an answer.</summary>
    public void Remember(string domain, IReadOnlyList<IPAddress> addresses) =>
        _byDomain.TryAdd(domain, Known.Nothing.With(addresses, Now, grace));

    /// <summary>Forgets all domains but these.</summary>
    public void KeepOnly(IReadOnlySet<string> domains)
    {
        foreach (var domain in _byDomain.Keys.Where(domain => !domains.Contains(domain)))
        {
            _byDomain.TryRemove(domain, out _);
        }
    }

    /// <summary>The names of a list with their addresses.</summary>
    public IReadOnlyList<NodeName> Names(IReadOnlyList<string> domains) =>
    [
        .. DomainRules.Ports(domains).Select(reached => reached.Domain).Distinct(StringComparer.Ordinal)
            .SelectMany(domain => Find(domain).Current.Select(address => new NodeName(domain, address))),
    ];

    /// <summary>The addresses and ports of a list, with those that were right a short while ago.</summary>
    public IReadOnlyList<IPEndPoint> Reachable(IReadOnlyList<string> domains) =>
        [.. DomainRules.Ports(domains).SelectMany(reached => Find(reached.Domain).Seen.Keys.Select(address => new IPEndPoint(address, reached.Port))).Distinct()];

    private static long Now => TimeProvider.System.GetTimestamp();

    private Known Find(string domain) => _byDomain.GetValueOrDefault(domain) ?? Known.Nothing;

    /// <summary>The last answer, and every address of the last answers with the moment of the last one that held it.</summary>
    private sealed record Known(IReadOnlyList<IPAddress> Current, IReadOnlyDictionary<IPAddress, long> Seen)
    {
        public static Known Nothing { get; } = new([], new Dictionary<IPAddress, long>());

        public Known With(IReadOnlyList<IPAddress> answer, long now, TimeSpan grace)
        {
            var current = answer.Take(MaxAddresses).OrderBy(address => address.ToString(), StringComparer.Ordinal).ToList();
            var before = Seen.Where(seen => TimeProvider.System.GetElapsedTime(seen.Value, now) < grace && !current.Contains(seen.Key))
                .OrderByDescending(seen => seen.Value).Take(MaxAddresses - current.Count);
            return new Known(current, current.Select(address => KeyValuePair.Create(address, now)).Concat(before).ToDictionary());
        }
    }
}
