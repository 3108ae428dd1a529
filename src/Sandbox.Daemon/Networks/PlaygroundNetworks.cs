using System.Threading.Channels;
using Sandbox.Core.Networks;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Networks;

/// <summary>
/// The networks of playgrounds: a bridge each, a link from it into every sandbox, and a policy for all of them: out to
/// the public internet, or less far (<see cref="NetworkReach"/>), and nowhere else. They stay when the daemon ends, and the next daemon takes them over.
/// </summary>
internal sealed partial class PlaygroundNetworks : IAsyncDisposable
{
    private readonly AddressPlan _plan;
    private readonly RegistryAddressFile _registryAddress;
    private readonly Places _places;
    private readonly Links _links;
    private readonly Firewall _firewall;
    private readonly Resolver _resolver;
    private readonly PlaygroundNames _names;
    private readonly ILogger _logger;
    private readonly WorkThread _attaching = new("network-attach");
    private readonly WorkThread _tearing = new("network-teardown");
    private readonly Channel<Slot> _leaving = Channel.CreateUnbounded<Slot>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private Task _background = Task.CompletedTask;
    private int _launches;
    private volatile Surroundings _surroundings = new([], 1500);

    public PlaygroundNetworks(DaemonOptions options, Tool tool, ProcessWatch watch, ILogger<PlaygroundNetworks> logger)
    {
        _logger = logger;
        _plan = new AddressPlan(options);
        _registryAddress = new RegistryAddressFile(options.RegistryAddressFile);
        _places = new Places(_plan);
        _links = new Links(_plan, options.Instance);
        _firewall = new Firewall(options, _plan, tool, logger);
        _resolver = new Resolver(options, _plan, tool, watch, logger);
        _names = new PlaygroundNames(options, _places, _firewall, _resolver, logger);
    }

    /// <summary>The nameserver for a sandbox's <c>/etc/resolv.conf</c>.</summary>
    public string ResolverAddress => _plan.Resolver.ToString();

    /// <summary>The address of the registry.</summary>
    public string RegistryAddress => _plan.Registry.ToString();

    /// <summary>The pid of the resolver; 0 before the start.</summary>
    public int ResolverProcess => _resolver.ProcessId;

    /// <summary>
    /// Gives a sandbox its place; the first of a playground reserves a /28. While it is attached, the other nodes of its
    /// playground find it by its name. Its link reaches as far as the policy says, by default the public internet.
    /// </summary>
    /// <exception cref="Core.Errors.SandboxException">Capacity: no /28, or no address in it, is left.</exception>
    public NetworkPlace Reserve(PlaygroundId playground, string name = "", NetworkPolicy? policy = null) => _places.Reserve(playground, name, policy);

    /// <summary>Reserves the place of a sandbox that an earlier daemon started.</summary>
    public void Adopt(PlaygroundId playground, NetworkPlace place, string name = "", NetworkPolicy? policy = null) => _places.Adopt(playground, place, name, policy);

    /// <summary>Gives a place back. It is given to nobody else before its link, if it has one, is detached.</summary>
    public void Release(PlaygroundId playground, NetworkPlace place) => _places.Release(playground, place);

    /// <summary>The address of a place.</summary>
    public string Address(NetworkPlace place) => _plan.Address(place).ToString();

    /// <summary>Installs the policy and the resolver, takes over the links of live sandboxes, and removes every other link of this daemon's name.</summary>
    public async Task StartAsync(IReadOnlyCollection<(PlaygroundId Playground, SandboxId Sandbox, NetworkPlace Place)> live, CancellationToken cancellationToken)
    {
        if (Kernel.EnableForwarding())
        {
            LogForwarding(_logger);
        }

        _surroundings = Surroundings.Read(_plan);
        await _firewall.InstallAsync(_surroundings, cancellationToken); // first, so that no link is ever without it
        await _tearing.RunAsync(() => TakeOver(live));
        await _registryAddress.WriteAsync(_plan.Registry, cancellationToken);
        await _resolver.StartAsync(_surroundings, cancellationToken);
        await _names.StartAsync(cancellationToken);
        _background = Task.WhenAll(TearDownAsync(), WatchSurroundingsAsync(), _names.FollowDomainsAsync(_stop.Token));
    }

    /// <summary>
    /// Connects a network namespace: <c>eth0</c> with the place's address, a default route, the loopback. The policy
    /// holds from the first packet. When it fails, nothing stays.
    /// </summary>
    /// <param name="networkNamespace">A path such as <c>/proc/PID/ns/net</c>.</param>
    public async Task AttachAsync(PlaygroundId playground, SandboxId sandbox, NetworkPlace place, string networkNamespace, CancellationToken cancellationToken)
    {
        var slot = _places.Reserved(playground, place);
        TaskCompletionSource? leaving;
        lock (slot.Leaving)
        {
            slot.Leaving.Remove(place.Host, out leaving); // of this sandbox's last run; a detach that comes from now on means this one
        }

        Interlocked.Increment(ref _launches);
        try
        {
            var domains = _names.AskAsync(_places.Policy(slot, place));
            await slot.Gate.WaitAsync(cancellationToken);
            try
            {
                _places.Attached(slot, place);
                await _attaching.RunAsync(() => Connect(slot, place, networkNamespace, leaving is not null));
                await domains;
                await _names.SetAsync(slot);
            }
            finally
            {
                slot.Gate.Release();
            }
        }
        catch (Exception exception)
        {
            LogNotAttached(_logger, sandbox, exception);
            _ = DetachAsync(playground, sandbox, place);
            throw;
        }
        finally
        {
            Interlocked.Decrement(ref _launches);
            leaving?.TrySetResult();
        }
    }

    /// <summary>Gives a network namespace its loopback and nothing else.</summary>
    /// <param name="networkNamespace">A path such as <c>/proc/PID/ns/net</c>.</param>
    public Task AttachLoopbackAsync(string networkNamespace) => _attaching.RunAsync(() =>
    {
        using var file = File.OpenHandle(networkNamespace);
        using var inside = RouteSocket.OpenIn(file);
        Links.RaiseLoopback(inside);
    });

    /// <summary>
    /// Removes a sandbox's link, and the bridge with the last one. Done in the background, after launches that are under
    /// way; the task says when. Not attached is fine.
    /// </summary>
    public Task DetachAsync(PlaygroundId playground, SandboxId sandbox, NetworkPlace place)
    {
        if (_places.Find(playground, place) is not { } slot)
        {
            return Task.CompletedTask;
        }

        Task gone;
        lock (slot.Leaving)
        {
            if (!slot.Leaving.TryGetValue(place.Host, out var leaving))
            {
                leaving = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                slot.Leaving.Add(place.Host, leaving);
            }

            gone = leaving.Task;
        }

        LogDetaching(_logger, sandbox);
        return _leaving.Writer.TryWrite(slot) ? gone : Task.CompletedTask; // stopping: the next daemon finds an orphan
    }

    /// <summary>
    /// Removes everything of this daemon's name: links, policy, resolver. Forwarding stays on, because other programs
    /// may need it by now.
    /// </summary>
    public async Task CleanUpAsync()
    {
        await StopAsync();
        await _tearing.RunAsync(() => TakeOver([]));
        await _resolver.RemoveAsync();
        _registryAddress.Delete();
        await _tearing.RunAsync(() =>
        {
            using var host = RouteSocket.Open();
            _links.Delete(host, [_plan.ResolverLink]);
        });
        await _firewall.RemoveAsync();
    }

    /// <summary>Stops watching; links, policy and resolver stay for the next daemon.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _attaching.Dispose();
        _tearing.Dispose();
        _resolver.Dispose();
        _stop.Dispose();
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        _leaving.Writer.TryComplete();
        await _resolver.StopSupervisingAsync();
        await _background;
    }

    private void Connect(Slot slot, NetworkPlace place, string networkNamespace, bool again)
    {
        using var host = RouteSocket.Open();
        if (again)
        {
            _links.Delete(host, [_plan.Link(place)]);
        }

        using var file = File.OpenHandle(networkNamespace);
        using var inside = RouteSocket.OpenIn(file);
        var mtu = _surroundings.Mtu;
        if (slot.Bridge == 0)
        {
            slot.Bridge = _links.AddBridge(host, slot.Number, mtu);
        }

        _links.AddLink(host, place, _places.Policy(slot, place).Reach(), slot.Bridge, file, mtu);
        _links.Configure(inside, place);
    }

    /// <summary>Keeps the links of running sandboxes, and deletes the others.</summary>
    private void TakeOver(IReadOnlyCollection<(PlaygroundId Playground, SandboxId Sandbox, NetworkPlace Place)> live)
    {
        using var host = RouteSocket.Open(65_536);
        var ours = Links.All(host).Where(link => link.Name.StartsWith(_plan.LinkPrefix, StringComparison.Ordinal)).ToDictionary(link => link.Name, StringComparer.Ordinal);
        var orphans = ours.Keys.ToHashSet(StringComparer.Ordinal);
        orphans.Remove(_plan.ResolverLink);
        foreach (var (playground, _, place) in live)
        {
            var slot = _places.Adopt(playground, place);
            if (ours.ContainsKey(_plan.Link(place)) && ours.TryGetValue(_plan.Bridge(place.Slot), out var bridge))
            {
                _places.Attached(slot, place);
                slot.Bridge = bridge.Index;
                _links.Adopt(host, place, _places.Policy(slot, place).Reach());
                orphans.Remove(_plan.Link(place));
                orphans.Remove(bridge.Name);
            }
        }

        if (orphans.Count > 0)
        {
            LogOrphans(_logger, orphans.Count);
            _links.Delete(host, orphans);
        }

        if (!_stop.IsCancellationRequested)
        {
            _links.AddResolverLink(host);
        }
    }

    /// <summary>
    /// The kernel holds one lock while it deletes a link, for tens of milliseconds, and every launch needs that lock.
    /// So playgrounds are torn down one by one, and each waits up to 200 ms for a moment without a launch.
    /// </summary>
    private async Task TearDownAsync()
    {
        await foreach (var slot in _leaving.Reader.ReadAllAsync(CancellationToken.None))
        {
            for (var waited = 0; waited < 10 && Volatile.Read(ref _launches) > 0; waited++)
            {
                await Task.Delay(20, CancellationToken.None);
            }

            await slot.Gate.WaitAsync(CancellationToken.None);
            try
            {
                await TearDownAsync(slot);
            }
            finally
            {
                slot.Gate.Release();
            }
        }
    }

    private async Task TearDownAsync(Slot slot)
    {
        Dictionary<int, TaskCompletionSource> leaving;
        lock (slot.Leaving)
        {
            leaving = new Dictionary<int, TaskCompletionSource>(slot.Leaving);
            slot.Leaving.Clear();
        }

        if (leaving.Count == 0)
        {
            return; // done with an earlier one, or attached again
        }

        var names = leaving.Keys.Select(host => _plan.Link(new NetworkPlace(slot.Number, host))).ToList();
        if (_places.AreLast(slot, leaving.Keys))
        {
            names.Add(_plan.Bridge(slot.Number));
            slot.Bridge = 0;
            await _names.ForgetAsync(slot);
        }

        try
        {
            await _tearing.RunAsync(() =>
            {
                using var host = RouteSocket.Open();
                _links.Delete(host, names);
            });
        }
        catch (IOException exception)
        {
            // Their places stay reserved until the next start finds the links as orphans.
            LogNotDetached(_logger, exception);
            foreach (var waiting in leaving.Values)
            {
                waiting.SetException(exception);
            }

            return;
        }

        _places.Detached(slot, leaving.Keys);
        await _names.SetAsync(slot);
        foreach (var waiting in leaving.Values)
        {
            waiting.SetResult();
        }
    }

    /// <summary>The operator's net changes: a new address or route is refused to sandboxes within about a second.</summary>
    private async Task WatchSurroundingsAsync()
    {
        using var changes = RouteSocket.Subscribe();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            await RefreshAsync(); // between the first reading and the subscription something may have happened
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                if (changes.Changed()) // our own launches are changes, too: read once for many of them
                {
                    await RefreshAsync();
                }
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }

    private async Task RefreshAsync()
    {
        try
        {
            var now = Surroundings.Read(_plan);
            if (!now.SameAs(_surroundings))
            {
                await _firewall.RefreshAsync(now, _stop.Token);
                await _resolver.RefreshAsync(now);
                _surroundings = now;
                LogSurroundings(_logger, now);
            }
        }
        catch (IOException exception)
        {
            LogNotRefreshed(_logger, exception);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "IP forwarding was off and is now on (net.ipv4.ip_forward): sandboxes need it to reach the internet.")]
    private static partial void LogForwarding(ILogger logger);

    [LoggerMessage(Level = LogLevel.Error, Message = "Sandbox {Sandbox} could not be connected to its network.")]
    private static partial void LogNotAttached(ILogger logger, SandboxId sandbox, Exception exception);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Sandbox {Sandbox} is being disconnected from its network.")]
    private static partial void LogDetaching(ILogger logger, SandboxId sandbox);

    [LoggerMessage(Level = LogLevel.Error, Message = "Links could not be removed.")]
    private static partial void LogNotDetached(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} links without a sandbox were removed.")]
    private static partial void LogOrphans(ILogger logger, int count);

    [LoggerMessage(Level = LogLevel.Information, Message = "The host's net changed; refused to sandboxes now: {Surroundings}.")]
    private static partial void LogSurroundings(ILogger logger, Surroundings surroundings);

    [LoggerMessage(Level = LogLevel.Error, Message = "The host's net could not be read; the prefixes refused so far stay.")]
    private static partial void LogNotRefreshed(ILogger logger, Exception exception);
}
