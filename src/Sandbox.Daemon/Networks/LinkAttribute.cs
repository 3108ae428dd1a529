namespace Sandbox.Daemon.Networks;

/// <summary>The attributes of links, addresses and routes that are used here: linux/if_link.h, if_addr.h, rtnetlink.h.</summary>
internal static class LinkAttribute
{
    public const ushort HardwareAddress = 1; // IFLA_ADDRESS
    public const ushort Name = 3;
    public const ushort Mtu = 4;
    public const ushort Master = 10;
    public const ushort Info = 18; // IFLA_LINKINFO
    public const ushort Group = 27;
    public const ushort NamespaceFile = 28; // IFLA_NET_NS_FD
    public const ushort InfoKind = 1;
    public const ushort InfoData = 2;
    public const ushort InfoSlaveKind = 4;
    public const ushort InfoSlaveData = 5;
    public const ushort VethPeer = 1;
    public const ushort BridgeMulticastSnooping = 23;
    public const ushort PortLearning = 8; // IFLA_BRPORT_LEARNING

    public const ushort AddressPrefix = 1; // IFA_ADDRESS
    public const ushort AddressLocal = 2;
    public const ushort AddressBroadcast = 4;

    public const ushort RouteDestination = 1; // RTA_DST
    public const ushort RouteLink = 4; // RTA_OIF
    public const ushort RouteGateway = 5;
    public const ushort RouteMultipath = 9;
    public const ushort RouteVia = 18;
}
