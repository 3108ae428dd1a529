using System.Globalization;
using System.Net;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Networks;

/// <summary>
/// The sandboxes' resolver: one dnsmasq for all of them, which forwards to the host's resolvers, at one address. A
/// playground of several nodes has one of its own beside it, which knows the names of its nodes and asks the first for
/// all others; the firewall leads the questions of that playground to it.
/// </summary>
internal sealed partial class Resolver(DaemonOptions options, AddressPlan plan, Tool tool, ProcessWatch watch, ILogger logger) : IDisposable
{
    private readonly NodeNames _names = new(options, plan, watch, logger);
    private DnsAccount? _account;
    private Dnsmasq? _main;

    /// <summary>Where the common resolver listens.</summary>
    public IPEndPoint Address { get; } = new(plan.Resolver, Dnsmasq.NamePort);

    /// <summary>The process of the common resolver, for as long as it runs; 0 before the first start.</summary>
    public int ProcessId => _main?.ProcessId ?? 0;

    /// <inheritdoc cref="NodeNames"/>
    public NodeNames Names => _names;

    /// <summary>Takes over what an earlier daemon started, or starts it. From then on starts another whenever one ends.</summary>
    public async Task StartAsync(Surroundings surroundings, CancellationToken cancellationToken)
    {
        var user = options.DnsUser;
        if (await AccountAsync(user, cancellationToken) is not { } account)
        {
            LogNoUser(logger, user);
            account = await AccountAsync("nobody", cancellationToken) ?? throw new IOException($"there is no account {options.DnsUser}, nor nobody");
        }

        _account = account;
        _main = new Dnsmasq(Address, Command(surroundings), account, watch, logger);
        var adopted = 0;
        foreach (var (pid, address, command) in Dnsmasq.Find(account).ToList())
        {
            if (address.Equals(Address) && _main.IsCommand(command) && adopted == 0)
            {
                adopted = pid;
            }
            else if (address.Address.Equals(plan.Resolver))
            {
                await Dnsmasq.EndAsync(pid, watch); // of other options, or a second one
            }
            else if (plan.Pool.Contains(address.Address))
            {
                await _names.FoundAsync(pid, address, command, account);
            }
        }

        _main.Start(adopted);
        _names.Start(account);
    }

    /// <summary>
    /// Replaces the common resolver if the operator's net has got a prefix that it does not refuse yet: dnsmasq reads these
    /// options once. Most prefixes are private, and refused from the start.
    /// </summary>
    public async Task RefreshAsync(Surroundings surroundings)
    {
        var command = Command(surroundings);
        if (_main is not { } before || _account is null || before.IsCommand(command))
        {
            return;
        }

        await before.EndAsync();
        _main = new Dnsmasq(Address, command, _account, watch, logger);
        before.Dispose();
        _main.Start(0);
    }

    /// <summary>Ends all of them for good.</summary>
    public async Task RemoveAsync()
    {
        await StopSupervisingAsync();
        var account = await AccountAsync(options.DnsUser, CancellationToken.None) ?? await AccountAsync("nobody", CancellationToken.None);
        foreach (var (pid, address, _) in account is null ? [] : Dnsmasq.Find(account).ToList())
        {
            if (plan.Pool.Contains(address.Address))
            {
                await Dnsmasq.EndAsync(pid, watch);
            }
        }

        _names.DeleteFiles();
    }

    /// <summary>Leaves them running.</summary>
    public async Task StopSupervisingAsync()
    {
        await (_main?.StopSupervisingAsync() ?? Task.CompletedTask);
        await _names.StopSupervisingAsync();
    }

    public void Dispose()
    {
        _main?.Dispose();
        _names.Dispose();
    }

    private string[] Command(Surroundings surroundings) => Dnsmasq.Command(
        Address,
        [
            $"--host-record={AddressPlan.RegistryName},{plan.Registry}",
            .. options.Nameservers.Count == 0 ? ["--resolv-file=/etc/resolv.conf"] : options.Nameservers.Select(server => $"--server={server}").Prepend("--no-resolv"),
            "--cache-size=1000", "--dns-forward-max=2000", "--max-tcp-connections=200",
            // Names of the operator's own net are not for strangers. stop-dns-rebind would do it, but it counts the documentation nets as private.
            .. Refused(surroundings).SelectMany(prefix => Prefixes.Without(prefix, [.. options.AllowedDestinations.Select(IPNetwork.Parse)]))
                .Select(prefix => $"--bogus-nxdomain={prefix}"),
        ]);

    /// <summary>The ranges that the firewall refuses, each once.</summary>
    private List<IPNetwork> Refused(Surroundings surroundings)
    {
        var refused = new List<IPNetwork>();
        foreach (var prefix in Firewall.SpecialPurpose.Concat(options.RefusedPrefixes).Append(options.AddressPool).Concat(surroundings.OnLink).Select(IPNetwork.Parse))
        {
            if (!refused.Exists(wider => wider.PrefixLength <= prefix.PrefixLength && wider.Contains(prefix.BaseAddress)))
            {
                refused.Add(prefix);
            }
        }

        return refused;
    }

    private async Task<DnsAccount?> AccountAsync(string user, CancellationToken cancellationToken) =>
        await IdAsync("-u", user, cancellationToken) is { } uid ? new DnsAccount(uid, await IdAsync("-g", user, cancellationToken) ?? uid) : null;

    private async Task<int?> IdAsync(string which, string user, CancellationToken cancellationToken)
    {
        var asked = await tool.RunAsync("id", [which, "--", user], default, cancellationToken);
        return asked.Ok ? int.Parse(asked.Text, CultureInfo.InvariantCulture) : null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "There is no account {User}: the sandboxes' resolver runs as nobody. Make the account, so that it shares its uid with no other program.")]
    private static partial void LogNoUser(ILogger logger, string user);
}
