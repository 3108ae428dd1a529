using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Sandbox.Daemon.Networks;

/// <summary>A link of the host.</summary>
internal sealed record Link(int Index, string Name, int Mtu);

/// <summary>
/// Bridges and veths, by rtnetlink. Every method blocks for the kernel's network lock (RTNL), so it is called on a
/// thread of its own, not on the pool's.
/// </summary>
internal sealed class Links(AddressPlan plan, string instance)
{
    private const int NoDevice = 19;
    private const int Exists = 17;

    /// <summary>The index of the loopback in every network namespace.</summary>
    private const int Loopback = 1;

    /// <summary>Links that are to be deleted are put into one group: the kernel then waits once for all of them, not once for each.</summary>
    private readonly int _goneGroup = 0x5b00_0000 | instance.Aggregate(0, (number, letter) => (number << 8 | letter) & 0x00ff_ffff);

    /// <summary>Makes the bridge of a playground, up, with the gateway's address, and returns its index.</summary>
    public int AddBridge(RouteSocket host, int slot, int mtu)
    {
        var name = plan.Bridge(slot);
        var made = host.Send(Bridge(new RouteMessages(), name, mtu, AddressPlan.BridgeHardwareAddress(slot)))[0];
        if (made is not (0 or Exists))
        {
            throw new IOException($"bridge: {Marshal.GetPInvokeErrorMessage(made)}", made);
        }

        Kernel.DisableIpv6(name); // before it is up, so that it never has an address that a sandbox could talk to
        var index = host.IndexOf(name);
        var rest = new RouteMessages();
        AddAddress(rest, index, plan.Gateway(slot), AddressPlan.PrefixLength, plan.Broadcast(slot));
        rest.Link(RouteMessages.SetLink, RouteMessages.Acknowledge, index, RouteMessages.Up);
        host.SendOrThrow(rest, "bridge");
        return index;
    }

    /// <summary>
    /// A veth from the bridge into the sandbox's namespace, where it is <c>eth0</c>. The port learns no hardware
    /// addresses: a sandbox that invents millions of them would fill the host's memory; with at most 13 ports,
    /// frames may as well go to all.
    /// </summary>
    public void AddLink(RouteSocket host, NetworkPlace place, NetworkReach reach, int bridge, SafeFileHandle networkNamespace, int mtu)
    {
        var name = plan.Link(place);
        var messages = new RouteMessages();
        messages.Link(RouteMessages.NewLink, RouteMessages.Acknowledge | RouteMessages.Create | RouteMessages.Exclusive, 0, RouteMessages.Up)
            .Attribute(LinkAttribute.Name, name)
            .Attribute(LinkAttribute.Mtu, mtu)
            .Attribute(LinkAttribute.Master, bridge)
            .Attribute(LinkAttribute.Group, AddressPlan.LinkGroup(place.Host, reach))
            .Nested(LinkAttribute.Info, info => info
                .Attribute(LinkAttribute.InfoKind, "veth")
                .Nested(LinkAttribute.InfoData, data => data
                    .Nested(LinkAttribute.VethPeer, peer =>
                    {
                        peer.LinkHeader(0, 0); // not up: at this moment the two ends do not know each other (ENOTCONN)
                        peer.Attribute(LinkAttribute.Name, "eth0")
                            .Attribute(LinkAttribute.HardwareAddress, AddressPlan.HardwareAddress(place))
                            .Attribute(LinkAttribute.Mtu, mtu)
                            .Attribute(LinkAttribute.NamespaceFile, (int)networkNamespace.DangerousGetHandle());
                    })));
        messages.Link(RouteMessages.NewLink, RouteMessages.Acknowledge) // RTM_SETLINK would not read a port's attributes
            .Attribute(LinkAttribute.Name, name)
            .Nested(LinkAttribute.Info, info => info
                .Attribute(LinkAttribute.InfoSlaveKind, "bridge")
                .Nested(LinkAttribute.InfoSlaveData, data => data.Attribute(LinkAttribute.PortLearning, [0])));
        host.SendOrThrow(messages, "veth");
    }

    /// <summary>Puts a link that an earlier daemon made into the group of its address and reach.</summary>
    public void Adopt(RouteSocket host, NetworkPlace place, NetworkReach reach) => host.SendOrThrow(
        new RouteMessages().Link(RouteMessages.SetLink, RouteMessages.Acknowledge)
            .Attribute(LinkAttribute.Name, plan.Link(place))
            .Attribute(LinkAttribute.Group, AddressPlan.LinkGroup(place.Host, reach)),
        "link");

    /// <summary>Sets up the sandbox's namespace: its address, its default route, and the loopback.</summary>
    public void Configure(RouteSocket inside, NetworkPlace place)
    {
        var index = inside.IndexOf("eth0");
        var messages = new RouteMessages();
        messages.Link(RouteMessages.SetLink, RouteMessages.Acknowledge, index, RouteMessages.Up);
        AddAddress(messages, index, plan.Address(place), AddressPlan.PrefixLength, plan.Broadcast(place.Slot));
        messages.Route(RouteMessages.NewRoute, RouteMessages.Acknowledge | RouteMessages.Create)
            .Attribute(LinkAttribute.RouteGateway, plan.Gateway(place.Slot))
            .Attribute(LinkAttribute.RouteLink, index);
        messages.Link(RouteMessages.SetLink, RouteMessages.Acknowledge, Loopback, RouteMessages.Up);
        inside.SendOrThrow(messages, "eth0");
    }

    /// <summary>Inside a namespace: the loopback alone.</summary>
    public static void RaiseLoopback(RouteSocket inside) =>
        inside.SendOrThrow(new RouteMessages().Link(RouteMessages.SetLink, RouteMessages.Acknowledge, Loopback, RouteMessages.Up), "lo");

    /// <summary>Makes a bridge without ports for the addresses of resolver and registry, which the host then has whether or not there are playgrounds.</summary>
    public void AddResolverLink(RouteSocket host)
    {
        var made = host.Send(Bridge(new RouteMessages(), plan.ResolverLink, 1500, AddressPlan.BridgeHardwareAddress(plan.Slots)))[0];
        if (made is not (0 or Exists))
        {
            throw new IOException($"resolver link: {Marshal.GetPInvokeErrorMessage(made)}", made);
        }

        Kernel.DisableIpv6(plan.ResolverLink);
        var index = host.IndexOf(plan.ResolverLink);
        var messages = new RouteMessages();
        AddAddress(messages, index, plan.Resolver, 32, null);
        AddAddress(messages, index, plan.Registry, 32, null);
        messages.Link(RouteMessages.SetLink, RouteMessages.Acknowledge, index, RouteMessages.Up);
        host.SendOrThrow(messages, "resolver link");
    }

    /// <summary>Deletes links, except those that are gone already.</summary>
    public void Delete(RouteSocket host, IReadOnlyCollection<string> names)
    {
        if (names.Count == 0)
        {
            return;
        }

        foreach (var some in names.Chunk(100))
        {
            var messages = new RouteMessages();
            foreach (var name in some)
            {
                messages.Link(RouteMessages.SetLink, RouteMessages.Acknowledge)
                    .Attribute(LinkAttribute.Name, name)
                    .Attribute(LinkAttribute.Group, _goneGroup);
            }

            var grouped = host.Send(messages);
            if (grouped.All(result => result == NoDevice))
            {
                continue;
            }

            var gone = host.Send(new RouteMessages().Link(RouteMessages.DeleteLink, RouteMessages.Acknowledge).Attribute(LinkAttribute.Group, _goneGroup))[0];
            if (gone is not (0 or NoDevice))
            {
                throw new IOException($"deleting links: {Marshal.GetPInvokeErrorMessage(gone)}", gone);
            }
        }
    }

    /// <summary>Every link of the host.</summary>
    public static List<Link> All(RouteSocket host)
    {
        var links = new List<Link>();
        foreach (var answer in host.Dump(new RouteMessages().Link(RouteMessages.GetLink, RouteMessages.Dump)))
        {
            var (name, mtu) = ("", 1500);
            foreach (var (type, value) in Attributes(answer, 16))
            {
                switch (type)
                {
                    case LinkAttribute.Name:
                        name = Encoding.ASCII.GetString(value.Span).TrimEnd('\0');
                        break;
                    case LinkAttribute.Mtu:
                        mtu = MemoryMarshal.Read<int>(value.Span);
                        break;
                    default:
                        break;
                }
            }

            links.Add(new Link(MemoryMarshal.Read<int>(answer.AsSpan(4)), name, mtu));
        }

        return links;
    }

    /// <summary>The attributes behind a header of <paramref name="header"/> bytes.</summary>
    public static IEnumerable<(ushort Type, ReadOnlyMemory<byte> Value)> Attributes(byte[] message, int header)
    {
        for (var at = header; at + 4 <= message.Length;)
        {
            var length = MemoryMarshal.Read<ushort>(message.AsSpan(at));
            if (length < 4 || at + length > message.Length)
            {
                yield break;
            }

            yield return ((ushort)(MemoryMarshal.Read<ushort>(message.AsSpan(at + 2)) & 0x3fff), message.AsMemory(at + 4, length - 4));
            at += (length + 3) & ~3;
        }
    }

    private static RouteMessages Bridge(RouteMessages messages, string name, int mtu, byte[] hardwareAddress) =>
        messages.Link(RouteMessages.NewLink, RouteMessages.Acknowledge | RouteMessages.Create | RouteMessages.Exclusive)
            .Attribute(LinkAttribute.Name, name)
            .Attribute(LinkAttribute.Mtu, mtu)
            .Attribute(LinkAttribute.HardwareAddress, hardwareAddress)
            .Nested(LinkAttribute.Info, info => info
                .Attribute(LinkAttribute.InfoKind, "bridge")
                .Nested(LinkAttribute.InfoData, data => data.Attribute(LinkAttribute.BridgeMulticastSnooping, [0])));

    private static void AddAddress(RouteMessages messages, int index, IPAddress address, byte prefixLength, IPAddress? broadcast)
    {
        messages.Address(RouteMessages.NewAddress, RouteMessages.Acknowledge | RouteMessages.Create | RouteMessages.Replace, prefixLength, index)
            .Attribute(LinkAttribute.AddressLocal, address)
            .Attribute(LinkAttribute.AddressPrefix, address);
        if (broadcast is not null)
        {
            messages.Attribute(LinkAttribute.AddressBroadcast, broadcast);
        }
    }
}
