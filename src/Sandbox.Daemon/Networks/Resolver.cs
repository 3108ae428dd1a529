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
    private Dnsmasq? _main;

    /// <summary>The process of the common resolver, for as long as it runs; 0 before the first start.</summary>
    public int ProcessId => _main?.ProcessId ?? 0;

    /// <inheritdoc cref="NodeNames"/>
    public NodeNames Names => _names;

    /// <summary>Takes over what an earlier daemon started, or starts it. From then on starts another whenever one ends.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var user = options.DnsUser;
        if (await AccountAsync(user, cancellationToken) is not { } account)
        {
            LogNoUser(logger, user);
            account = await AccountAsync("nobody", cancellationToken) ?? throw new IOException($"there is no account {options.DnsUser}, nor nobody");
        }

        _main = new Dnsmasq(plan.Resolver, Command(), account, watch, logger);
        var adopted = 0;
        foreach (var (pid, address, command) in Dnsmasq.Find(account).ToList())
        {
            if (address.Equals(plan.Resolver) && _main.IsCommand(command) && adopted == 0)
            {
                adopted = pid;
            }
            else if (address.Equals(plan.Resolver))
            {
                await Dnsmasq.EndAsync(pid, watch); // of other options, or a second one
            }
            else if (plan.Pool.Contains(address))
            {
                await _names.FoundAsync(pid, address, command, account);
            }
        }

        _main.Start(adopted);
        _names.Start(account);
    }

    /// <summary>Ends all of them for good.</summary>
    public async Task RemoveAsync()
    {
        await StopSupervisingAsync();
        var account = await AccountAsync(options.DnsUser, CancellationToken.None) ?? await AccountAsync("nobody", CancellationToken.None);
        foreach (var (pid, address, _) in account is null ? [] : Dnsmasq.Find(account).ToList())
        {
            if (plan.Pool.Contains(address))
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

    private string[] Command() => Dnsmasq.Command(
        plan.Resolver,
        [
            $"--host-record={AddressPlan.RegistryName},{plan.Registry}", "--resolv-file=/etc/resolv.conf", "--cache-size=1000", "--dns-forward-max=2000", "--max-tcp-connections=200",
            // Names of the operator's own net are not for strangers. stop-dns-rebind would do it, but it counts the documentation nets as private.
            .. Firewall.SpecialPurpose.Concat(options.RefusedPrefixes)
                .SelectMany(prefix => Prefixes.Without(IPNetwork.Parse(prefix), [.. options.AllowedDestinations.Select(allowed => IPNetwork.Parse(allowed))]))
                .Select(prefix => $"--bogus-nxdomain={prefix}"),
        ]);

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
