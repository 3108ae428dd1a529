using System.Buffers.Binary;
using System.Net;

namespace Sandbox.Daemon.Networks;

/// <summary>Sets of IPv4 prefixes.</summary>
internal static class Prefixes
{
    /// <summary><paramref name="whole"/> without <paramref name="exceptions"/>: prefixes that overlap one are halved until they do not.</summary>
    public static IEnumerable<IPNetwork> Without(IPNetwork whole, IReadOnlyList<IPNetwork> exceptions)
    {
        if (exceptions.Any(exception => exception.PrefixLength <= whole.PrefixLength && exception.Contains(whole.BaseAddress)))
        {
            return [];
        }

        var inside = exceptions.Where(exception => whole.Contains(exception.BaseAddress)).ToList();
        if (inside.Count == 0)
        {
            return [whole];
        }

        var upper = BinaryPrimitives.ReadUInt32BigEndian(whole.BaseAddress.GetAddressBytes()) | (0x8000_0000u >> whole.PrefixLength);
        return Without(new IPNetwork(whole.BaseAddress, whole.PrefixLength + 1), inside)
            .Concat(Without(new IPNetwork(Address(upper), whole.PrefixLength + 1), inside));
    }

    /// <summary>An address from its number.</summary>
    public static IPAddress Address(uint number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes);
    }
}
