using System.Collections.Concurrent;
using System.Net;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Networks;

/// <summary>A name and an address that it has.</summary>
internal sealed record NodeName(string Name, IPAddress Address);

/// <summary>
/// The resolvers of playgrounds at their gateways, see <see cref="View"/>. Each knows the names of its own playground and
/// no others, so no question, of whatever form, gets an answer about another playground.
/// </summary>
internal sealed partial class NodeNames(DaemonOptions options, AddressPlan plan, ProcessWatch watch, ILogger logger) : IDisposable
{
    private readonly ConcurrentDictionary<(int Slot, View View), Dnsmasq> _running = new();
    private readonly ConcurrentDictionary<string, string> _written = new(StringComparer.Ordinal);
    private readonly Dictionary<(int Slot, View View), int> _found = [];
    private DnsAccount? _account;

    private string Files => Path.Combine(options.RunDirectory, "names");

    /// <summary>Whether a playground has resolvers of its own.</summary>
    public bool Has(int slot) => _running.Keys.Any(running => running.Slot == slot);

    /// <summary>Whether a playground has a resolver with this view.</summary>
    public bool Has(int slot, View view) => _running.ContainsKey((slot, view));

    /// <summary>Remembers a process of an earlier daemon, which is ended unless it is wanted before <see cref="EndOthersAsync"/>.</summary>
    public async Task FoundAsync(int pid, IPEndPoint address, string[] command, DnsAccount account)
    {
        var slot = plan.SlotOf(address.Address);
        if (plan.Gateway(slot).Equals(address.Address) && View.At(address.Port) is { } view)
        {
            using var wanted = Make(slot, view, account);
            if (wanted.IsCommand(command) && _found.TryAdd((slot, view), pid))
            {
                return;
            }
        }

        await Dnsmasq.EndAsync(pid, watch); // of other options, or a second one
    }

    /// <summary>From now on resolvers may be started.</summary>
    public void Start(DnsAccount account)
    {
        _account = account;
        Directory.CreateDirectory(Files);
    }

    /// <summary>The domains that an earlier daemon wrote down for a host.</summary>
    public IEnumerable<NodeName> Written(int slot, View view)
    {
        var path = FileOf(slot, view);
        return !File.Exists(path) ? [] : File.ReadAllLines(path).Select(line => line.Split(' ')).Where(words => words.Length == 2).Select(words => new NodeName(words[1], IPAddress.Parse(words[0])));
    }

    /// <summary>
    /// Gives the resolvers of a playground the names of its nodes, and starts those that are missing; they know their domains
    /// from the first question on. The others learn new domains by <see cref="TeachAsync"/>. One call for a playground at a time.
    /// </summary>
    public async Task StartAsync(int slot, IReadOnlyList<NodeName> nodes, IReadOnlyDictionary<View, IReadOnlyList<NodeName>> views)
    {
        var account = _account ?? throw new InvalidOperationException("not started");
        if (await WriteAsync(FileOf(slot), nodes))
        {
            foreach (var (_, running) in _running.Where(running => running.Key.Slot == slot))
            {
                running.Reload();
            }
        }

        foreach (var (view, domains) in views.Where(view => !_running.ContainsKey((slot, view.Key))))
        {
            if (view.HasDomains)
            {
                await WriteAsync(FileOf(slot, view), domains);
            }

            var resolver = _running[(slot, view)] = Make(slot, view, account);
            var isFound = _found.Remove((slot, view), out var pid);
            resolver.Start(pid);
            if (isFound)
            {
                resolver.Reload();
            }
            else if (!await resolver.IsListeningAsync())
            {
                LogSilent(logger, plan.Gateway(slot));
            }
        }
    }

    /// <summary>Gives the resolvers of a playground the domains of now, with their addresses.</summary>
    public async Task TeachAsync(int slot, IReadOnlyDictionary<View, IReadOnlyList<NodeName>> views)
    {
        foreach (var (view, domains) in views)
        {
            if (view.HasDomains && await WriteAsync(FileOf(slot, view), domains))
            {
                _running[(slot, view)].Reload();
            }
        }
    }

    /// <summary>Ends the resolvers of a playground that have none of these views.</summary>
    public async Task EndAsync(int slot, IReadOnlyCollection<View> kept)
    {
        foreach (var (_, view) in _running.Keys.Where(running => running.Slot == slot && !kept.Contains(running.View)).ToList())
        {
            if (_running.TryRemove((slot, view), out var resolver))
            {
                await resolver.EndAsync();
                resolver.Dispose();
                Delete(FileOf(slot, view));
            }
        }

        if (kept.Count == 0)
        {
            Delete(FileOf(slot));
        }
    }

    /// <summary>Ends the resolvers of an earlier daemon that nobody wanted.</summary>
    public async Task EndOthersAsync()
    {
        foreach (var ((slot, view), pid) in _found)
        {
            await Dnsmasq.EndAsync(pid, watch);
            Delete(FileOf(slot, view));
            if (!Has(slot))
            {
                Delete(FileOf(slot));
            }
        }

        _found.Clear();
    }

    /// <summary>Deletes the files of resolvers that have ended.</summary>
    public void DeleteFiles()
    {
        if (Directory.Exists(Files))
        {
            Directory.Delete(Files, recursive: true);
        }
    }

    /// <summary>Leaves them running.</summary>
    public async Task StopSupervisingAsync()
    {
        foreach (var resolver in _running.Values)
        {
            await resolver.StopSupervisingAsync();
        }
    }

    public void Dispose()
    {
        foreach (var resolver in _running.Values)
        {
            resolver.Dispose();
        }
    }

    /// <summary>
    /// Only the view for the internet asks another resolver; the others answer every name that they do not know with
    /// NXDOMAIN. REFUSED would be as true, but musl waits five seconds after it.
    /// </summary>
    private Dnsmasq Make(int slot, View view, DnsAccount account)
    {
        var gateway = new IPEndPoint(plan.Gateway(slot), view.Port);
        string[] names = view == View.Names
            ? [$"--server={plan.Resolver}", $"--addn-hosts={FileOf(slot)}", "--cache-size=100"]
            : ["--address=/#/", $"--addn-hosts={FileOf(slot)}", .. view.HasDomains ? [$"--addn-hosts={FileOf(slot, view)}"] : Array.Empty<string>(), "--cache-size=0"];
        return new Dnsmasq(gateway, Dnsmasq.Command(gateway, ["--no-resolv", .. names, "--dns-forward-max=200", "--max-tcp-connections=20"]), account, watch, logger);
    }

    private string FileOf(int slot) => Path.Combine(Files, plan.Bridge(slot));

    private string FileOf(int slot, View view) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{FileOf(slot)}.{view.Number}");

    /// <summary>Renamed into place, so that no half of it is ever read. False when it held just that.</summary>
    private async Task<bool> WriteAsync(string path, IReadOnlyList<NodeName> names)
    {
        var text = string.Concat(names.Select(node => $"{node.Address} {node.Name}\n"));
        if (_written.GetValueOrDefault(path) == text)
        {
            return false;
        }

        await File.WriteAllTextAsync(path + ".new", text);
        File.SetUnixFileMode(path + ".new", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        File.Move(path + ".new", path, overwrite: true);
        _written[path] = text;
        return true;
    }

    private void Delete(string path)
    {
        _written.TryRemove(path, out _);
        File.Delete(path);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The resolver of the nodes at {Address} does not answer.")]
    private static partial void LogSilent(ILogger logger, IPAddress address);
}
