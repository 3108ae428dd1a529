using Sandbox.Core.Errors;
using Sandbox.Core.Networks;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Recipes;

namespace Sandbox.Daemon.Networks;

/// <summary>
/// Gives each playground a /28, and each sandbox an address of it. A slot is reused after all others of the pool, so
/// that connections that the host still tracks do not reach a stranger, and never before its bridge is gone.
/// </summary>
internal sealed class Places(AddressPlan plan)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<PlaygroundId, Slot> _byPlayground = [];
    private readonly Dictionary<int, Slot> _byNumber = [];
    private int _next;

    /// <summary>Reserves an address for a node. A name is that of the first node that has it.</summary>
    public NetworkPlace Reserve(PlaygroundId playground, string name = "", NetworkPolicy? policy = null)
    {
        lock (_lock)
        {
            if (!_byPlayground.TryGetValue(playground, out var slot))
            {
                slot = Take(playground, FreeNumber());
            }

            for (var host = AddressPlan.FirstHost; host <= AddressPlan.LastHost; host++)
            {
                if (!slot.Attached.Contains(host) && slot.Reserved.Add(host))
                {
                    Name(slot, host, name);
                    slot.Policies[host] = policy ?? NetworkPolicy.Open;
                    return new NetworkPlace(slot.Number, host);
                }
            }

            throw new SandboxException(ErrorCode.Capacity, "A playground holds at most 13 sandboxes.");
        }
    }

    /// <summary>Reserves a place that an earlier daemon gave. Idempotent; a policy that is not given stays.</summary>
    /// <exception cref="InvalidOperationException">The place is not in the pool, or another playground has it.</exception>
    public Slot Adopt(PlaygroundId playground, NetworkPlace place, string name = "", NetworkPolicy? policy = null)
    {
        lock (_lock)
        {
            if (!plan.Holds(place))
            {
                throw new InvalidOperationException($"{place} is not in the address pool: was AddressPool changed while sandboxes ran?");
            }

            if (!_byPlayground.TryGetValue(playground, out var slot))
            {
                slot = _byNumber.ContainsKey(place.Slot)
                    ? throw new InvalidOperationException($"{place} belongs to another playground")
                    : Take(playground, place.Slot);
            }

            if (slot.Number != place.Slot)
            {
                throw new InvalidOperationException($"{place} is not where the other sandboxes of its playground are");
            }

            slot.Reserved.Add(place.Host);
            Name(slot, place.Host, name);
            if (policy is not null || !slot.Policies.ContainsKey(place.Host))
            {
                slot.Policies[place.Host] = policy ?? NetworkPolicy.Open;
            }

            return slot;
        }
    }

    public void Release(PlaygroundId playground, NetworkPlace place)
    {
        lock (_lock)
        {
            if (_byPlayground.TryGetValue(playground, out var slot) && slot.Number == place.Slot && slot.Reserved.Remove(place.Host))
            {
                slot.Names.Remove(place.Host);
                Forget(slot);
            }
        }
    }

    /// <summary>The slot of a playground; null when it has none, or another one than <paramref name="place"/> says.</summary>
    public Slot? Find(PlaygroundId playground, NetworkPlace place)
    {
        lock (_lock)
        {
            return _byPlayground.TryGetValue(playground, out var slot) && slot.Number == place.Slot ? slot : null;
        }
    }

    /// <summary>The slot in which a playground has this place.</summary>
    /// <exception cref="InvalidOperationException">The place was never reserved.</exception>
    public Slot Reserved(PlaygroundId playground, NetworkPlace place)
    {
        lock (_lock)
        {
            return _byPlayground.TryGetValue(playground, out var slot) && slot.Number == place.Slot && slot.Reserved.Contains(place.Host)
                ? slot
                : throw new InvalidOperationException($"{place} was not reserved for this playground");
        }
    }

    /// <summary>Notes that the place has a link in the kernel.</summary>
    public void Attached(Slot slot, NetworkPlace place)
    {
        lock (_lock)
        {
            slot.Attached.Add(place.Host);
        }
    }

    /// <summary>Notes that the links of places are gone, and frees the slot if no place of it is reserved.</summary>
    public void Detached(Slot slot, IEnumerable<int> hosts)
    {
        lock (_lock)
        {
            slot.Attached.ExceptWith(hosts);
            Forget(slot);
        }
    }

    /// <summary>Whether no other host of the slot has a link.</summary>
    public bool AreLast(Slot slot, IEnumerable<int> hosts)
    {
        lock (_lock)
        {
            return slot.Attached.IsSubsetOf(hosts);
        }
    }

    /// <summary>The nodes of a slot that have a link.</summary>
    public IReadOnlyList<NodeName> Named(Slot slot)
    {
        lock (_lock)
        {
            return [.. slot.Names.Where(node => slot.Attached.Contains(node.Key)).OrderBy(node => node.Key)
                .Select(node => new NodeName(node.Value, plan.Address(new NetworkPlace(slot.Number, node.Key))))];
        }
    }

    /// <summary>The policies of those nodes of a slot that have a link, by host.</summary>
    public IReadOnlyDictionary<int, NetworkPolicy> Policies(Slot slot)
    {
        lock (_lock)
        {
            return slot.Policies.Where(node => slot.Attached.Contains(node.Key)).ToDictionary();
        }
    }

    /// <summary>The policy of a place.</summary>
    public NetworkPolicy Policy(Slot slot, NetworkPlace place)
    {
        lock (_lock)
        {
            return slot.Policies[place.Host];
        }
    }

    /// <summary>The slots that have a link.</summary>
    public IReadOnlyList<Slot> All()
    {
        lock (_lock)
        {
            return [.. _byNumber.Values.Where(slot => slot.Attached.Count > 0)];
        }
    }

    private static void Name(Slot slot, int host, string name)
    {
        if (name.Length > 0 && !RecipeRules.IsReservedName(name) && !slot.Names.ContainsValue(name))
        {
            slot.Names[host] = name;
        }
    }

    private int FreeNumber()
    {
        for (var tried = 0; tried < plan.Slots; tried++)
        {
            var number = _next;
            _next = (_next + 1) % plan.Slots;
            if (!_byNumber.ContainsKey(number))
            {
                return number;
            }
        }

        throw new SandboxException(ErrorCode.Capacity, "The host runs as many playgrounds as it has networks for. Try again when others have ended.");
    }

    private Slot Take(PlaygroundId playground, int number)
    {
        var slot = new Slot(number, playground);
        _byPlayground.Add(playground, slot);
        _byNumber.Add(number, slot);
        return slot;
    }

    private void Forget(Slot slot)
    {
        if (slot.Reserved.Count == 0 && slot.Attached.Count == 0)
        {
            _byPlayground.Remove(slot.Playground);
            _byNumber.Remove(slot.Number);
        }
    }
}

/// <summary>A playground's /28. The sets belong to <see cref="Places"/>; the bridge and the links to the holder of the gate.</summary>
internal sealed class Slot(int number, PlaygroundId playground)
{
    public int Number { get; } = number;

    public PlaygroundId Playground { get; } = playground;

    /// <summary>Addresses given to a sandbox.</summary>
    public HashSet<int> Reserved { get; } = [];

    /// <summary>Addresses whose link is there, or not yet gone.</summary>
    public HashSet<int> Attached { get; } = [];

    /// <summary>The names by which the other nodes find those that have a place.</summary>
    public Dictionary<int, string> Names { get; } = [];

    /// <summary>The policies of the hosts that are or were reserved.</summary>
    public Dictionary<int, NetworkPolicy> Policies { get; } = [];

    /// <summary>One change of this playground's links at a time.</summary>
    public SemaphoreSlim Gate { get; } = new(1, 1);

    /// <summary>Links to delete, each with the task that waits for it. Changed under a lock on itself.</summary>
    public Dictionary<int, TaskCompletionSource> Leaving { get; } = [];

    /// <summary>The bridge's interface index; 0 when there is none.</summary>
    public int Bridge { get; set; }
}
