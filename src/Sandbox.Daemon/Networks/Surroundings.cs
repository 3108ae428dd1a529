using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Sandbox.Daemon.Networks;

/// <summary>The host's own network at this moment.</summary>
/// <param name="OnLink">Every IPv4 prefix that the host reaches without a router, sorted: the operator's own net.</param>
/// <param name="Mtu">The smallest MTU of the links that lead out, at most 1500: a sandbox's packets then need no fragments.</param>
internal sealed record Surroundings(IReadOnlyList<string> OnLink, int Mtu)
{
    /// <summary>A default route without a router (PPP, or the halves that VPNs split it into) is the way out, not the operator's net.</summary>
    private const int ShortestOnLink = 8;

    public override string ToString() => string.Join(", ", OnLink);

    public bool SameAs(Surroundings other) => Mtu == other.Mtu && OnLink.SequenceEqual(other.OnLink, StringComparer.Ordinal);

    public static Surroundings Read(AddressPlan plan)
    {
        using var host = RouteSocket.Open(65_536);
        var links = Links.All(host).ToDictionary(link => link.Index);
        bool IsForeign(int index) => links.TryGetValue(index, out var link) && !link.Name.StartsWith(plan.LinkPrefix, StringComparison.Ordinal);

        var prefixes = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var answer in host.Dump(new RouteMessages().Address(RouteMessages.GetAddress, RouteMessages.Dump)))
        {
            var prefix = Links.Attributes(answer, 8).FirstOrDefault(attribute => attribute.Type == LinkAttribute.AddressPrefix).Value;
            if (prefix.Length == 4 && answer[1] >= ShortestOnLink && IsForeign(MemoryMarshal.Read<int>(answer.AsSpan(4))))
            {
                prefixes.Add(Prefix(prefix.Span, answer[1]));
            }
        }

        var mtu = 1500;
        foreach (var answer in host.Dump(new RouteMessages().Route(RouteMessages.GetRoute, RouteMessages.Dump)))
        {
            var route = RouteTo.Parse(answer);
            if (route.Unicast && IsForeign(route.Link))
            {
                if (route.DirectTo is { } destination && route.PrefixLength >= ShortestOnLink)
                {
                    prefixes.Add(Prefix(destination.Span, route.PrefixLength));
                }
                else if (route.PrefixLength == 0)
                {
                    mtu = Math.Clamp(links[route.Link].Mtu, 576, mtu);
                }
            }
        }

        return new Surroundings([.. prefixes], mtu);
    }

    private static string Prefix(ReadOnlySpan<byte> address, int length)
    {
        var number = BinaryPrimitives.ReadUInt32BigEndian(address) & (uint)(ulong.MaxValue << (32 - length));
        return $"{Prefixes.Address(number)}/{length}";
    }

    /// <summary>A route, as far as it matters; <c>DirectTo</c> is its destination when no router stands before it.</summary>
    private readonly record struct RouteTo(bool Unicast, int Link, int PrefixLength, ReadOnlyMemory<byte>? DirectTo)
    {
        /// <summary>Behind a <c>struct rtmsg</c>: family, destination length, source length, tos, table, protocol, scope, type.</summary>
        public static RouteTo Parse(byte[] answer)
        {
            var (link, routed) = (0, false);
            ReadOnlyMemory<byte>? destination = null;
            foreach (var (type, value) in Links.Attributes(answer, 12))
            {
                switch (type)
                {
                    case LinkAttribute.RouteDestination:
                        destination = value;
                        break;
                    case LinkAttribute.RouteLink:
                        link = MemoryMarshal.Read<int>(value.Span);
                        break;
                    case LinkAttribute.RouteGateway or LinkAttribute.RouteVia or LinkAttribute.RouteMultipath:
                        routed = true;
                        break;
                    default:
                        break;
                }
            }

            return new RouteTo(answer[7] == 1, link, answer[1], routed ? null : destination);
        }
    }
}
