using System.Collections.Concurrent;
using System.Net;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Networks;

/// <summary>A node as the others of its playground find it.</summary>
internal sealed record NodeName(string Name, IPAddress Address);

/// <summary>
/// The resolvers of playgrounds with several nodes, one at each gateway. Each knows the names of its own playground and
/// no others, so no question, of whatever form, gets an answer about another playground.
/// </summary>
internal sealed partial class NodeNames(DaemonOptions options, AddressPlan plan, ProcessWatch watch, ILogger logger) : IDisposable
{
    private readonly ConcurrentDictionary<int, Dnsmasq> _bySlot = new();
    private readonly Dictionary<int, int> _found = [];
    private DnsAccount? _account;

    private string Files => Path.Combine(options.RunDirectory, "names");

    /// <summary>Whether a playground has a resolver of its own.</summary>
    public bool Has(int slot) => _bySlot.ContainsKey(slot);

    /// <summary>Remembers a process of an earlier daemon, which is ended unless its playground is named before <see cref="EndOthersAsync"/>.</summary>
    public async Task FoundAsync(int pid, IPAddress address, string[] command, DnsAccount account)
    {
        var slot = plan.SlotOf(address);
        using var wanted = Make(slot, account);
        if (!plan.Gateway(slot).Equals(address) || !wanted.IsCommand(command) || !_found.TryAdd(slot, pid))
        {
            await Dnsmasq.EndAsync(pid, watch); // of other options, or a second one
        }
    }

    /// <summary>From now on resolvers may be started.</summary>
    public void Start(DnsAccount account)
    {
        _account = account;
        Directory.CreateDirectory(Files);
    }

    /// <summary>
    /// Gives a playground's resolver the names of its nodes, and starts it if there is none. One call for a playground at a
    /// time. True if it was started just now, so that questions are to be led to it.
    /// </summary>
    public async Task<bool> NameAsync(int slot, IReadOnlyList<NodeName> names)
    {
        var account = _account ?? throw new InvalidOperationException("not started");
        await WriteAsync(slot, names);
        if (_bySlot.TryGetValue(slot, out var running))
        {
            running.Reload();
            return false;
        }

        var resolver = _bySlot[slot] = Make(slot, account);
        var isFound = _found.Remove(slot, out var pid);
        resolver.Start(pid);
        if (isFound)
        {
            resolver.Reload();
        }
        else if (!await resolver.IsListeningAsync())
        {
            LogSilent(logger, plan.Gateway(slot));
        }

        return true;
    }

    /// <summary>Ends a playground's resolver.</summary>
    public async Task ForgetAsync(int slot)
    {
        if (_bySlot.TryRemove(slot, out var resolver))
        {
            await resolver.EndAsync();
            resolver.Dispose();
            File.Delete(FileOf(slot));
        }
    }

    /// <summary>Ends the resolvers of an earlier daemon whose playgrounds have not been named.</summary>
    public async Task EndOthersAsync()
    {
        foreach (var (slot, pid) in _found)
        {
            await Dnsmasq.EndAsync(pid, watch);
            File.Delete(FileOf(slot));
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
        foreach (var resolver in _bySlot.Values)
        {
            await resolver.StopSupervisingAsync();
        }
    }

    public void Dispose()
    {
        foreach (var resolver in _bySlot.Values)
        {
            resolver.Dispose();
        }
    }

    private Dnsmasq Make(int slot, DnsAccount account)
    {
        var gateway = plan.Gateway(slot);
        var command = Dnsmasq.Command(
            gateway, "--no-resolv", $"--server={plan.Resolver}", $"--addn-hosts={FileOf(slot)}", "--cache-size=100", "--dns-forward-max=200", "--max-tcp-connections=20");
        return new Dnsmasq(gateway, command, account, watch, logger);
    }

    private string FileOf(int slot) => Path.Combine(Files, plan.Bridge(slot));

    /// <summary>Renamed into place, so that no half of it is ever read.</summary>
    private async Task WriteAsync(int slot, IReadOnlyList<NodeName> names)
    {
        var path = FileOf(slot);
        await File.WriteAllLinesAsync(path + ".new", names.Select(node => $"{node.Address} {node.Name}"));
        File.SetUnixFileMode(path + ".new", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        File.Move(path + ".new", path, overwrite: true);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The resolver of the nodes at {Address} does not answer.")]
    private static partial void LogSilent(ILogger logger, IPAddress address);
}
