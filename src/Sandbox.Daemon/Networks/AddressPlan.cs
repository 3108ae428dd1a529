using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace Sandbox.Daemon.Networks;

/// <summary>
/// The addresses of a place and the names of its links, which follow from the options alone. A name begins with the
/// instance and a dash, which no instance can hold, so that the rules of one daemon never match the links of another.
/// </summary>
internal sealed class AddressPlan
{
    public const int PrefixLength = 28;
    public const int FirstHost = 2;
    public const int LastHost = 14;

    /// <summary>The registry's name in sandboxes. The image <c>docker</c> is configured for it. <c>internal</c> is reserved for names like this.</summary>
    public const string RegistryName = "registry.internal";

    /// <summary>HTTP: the packets do not leave the host.</summary>
    public const int RegistryPort = 80;

    /// <summary>At the same address, the registry of people's own images: served by the web process, which has no privileges for lower ports.</summary>
    public const int OwnRegistryPort = 5000;

    /// <summary>At the same address, caches of public registries, one a port. The image <c>docker</c> knows those of docker.io, quay.io and ghcr.io.</summary>
    public const string UpstreamPorts = "5001-5009";

    private const string Digits = "0123456789abcdefghijklmnopqrstuvwxyz";

    private readonly uint _base;

    public AddressPlan(DaemonOptions options)
    {
        Pool = IPNetwork.Parse(options.AddressPool);
        _base = BinaryPrimitives.ReadUInt32BigEndian(Pool.BaseAddress.GetAddressBytes());
        Slots = (1 << (PrefixLength - Pool.PrefixLength)) - 1; // the last one has the host's services
        LinkPrefix = options.Instance + "-";
    }

    /// <summary>All addresses of this daemon.</summary>
    public IPNetwork Pool { get; }

    /// <summary>How many playgrounds fit.</summary>
    public int Slots { get; }

    /// <summary>Begins the name of every link of this daemon.</summary>
    public string LinkPrefix { get; }

    /// <summary>Begins the name of every playground's bridge: what the firewall's rules match.</summary>
    public string BridgePrefix => LinkPrefix + "b";

    /// <summary>The link that holds the addresses of the resolver and the registry.</summary>
    public string ResolverLink => LinkPrefix + "dns";

    /// <summary>Begins the name of the host's end of every sandbox's link.</summary>
    public string SandboxLinkPrefix => LinkPrefix + "v";

    /// <summary>
    /// The device group of a sandbox's link: how far it reaches, and the last four bits of the one address that may be used
    /// on it. The firewall reads them from there, so it needs no rule per sandbox.
    /// </summary>
    public static int LinkGroup(int host, NetworkReach reach) => 0x5c00_0000 | ((int)reach << 8) | host;

    /// <summary>The address of the sandboxes' resolver.</summary>
    public IPAddress Resolver => At(Slots, 1);

    /// <summary>The address of the registry that sandboxes pull from, at <see cref="RegistryPort"/>.</summary>
    public IPAddress Registry => At(Slots, 2);

    public string Bridge(int slot) => BridgePrefix + Base36(slot);

    /// <summary>The host's end of a sandbox's link.</summary>
    public string Link(NetworkPlace place) => SandboxLinkPrefix + Base36(place.Slot) + Digits[place.Host];

    /// <summary>The bridge's own address, the sandboxes' gateway.</summary>
    public IPAddress Gateway(int slot) => At(slot, 1);

    public IPAddress Address(NetworkPlace place) => At(place.Slot, place.Host);

    public IPAddress Broadcast(int slot) => At(slot, 15);

    /// <summary>The slot that an address of the pool lies in.</summary>
    public int SlotOf(IPAddress address) => (int)((BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes()) - _base) >> (32 - PrefixLength));

    /// <summary>Whether a place read from a record lies in this pool.</summary>
    public bool Holds(NetworkPlace place) => place.Slot >= 0 && place.Slot < Slots && place.Host is >= FirstHost and <= LastHost;

    /// <summary>A bridge takes the lowest address of its ports unless it has one: then the gateway's would change under the sandboxes.</summary>
    public static byte[] BridgeHardwareAddress(int slot) =>
        [0x02, 0x53, (byte)(slot >> 24), (byte)(slot >> 16), (byte)(slot >> 8), (byte)slot];

    /// <summary>
    /// The sandbox's end of a link: the same for the same place. Neighbours remember which hardware has an address, for
    /// minutes, and a node that was started again or has a predecessor's address would not hear them.
    /// </summary>
    public static byte[] HardwareAddress(NetworkPlace place) =>
        [0x02, 0x54, (byte)(place.Slot >> 16), (byte)(place.Slot >> 8), (byte)place.Slot, (byte)place.Host];

    private IPAddress At(int slot, int host) => Prefixes.Address(_base + ((uint)slot << (32 - PrefixLength)) + (uint)host);

    private static string Base36(int number)
    {
        var text = "";
        do
        {
            text = string.Concat(Digits[number % 36].ToString(CultureInfo.InvariantCulture), text);
            number /= 36;
        }
        while (number > 0);
        return text;
    }
}
