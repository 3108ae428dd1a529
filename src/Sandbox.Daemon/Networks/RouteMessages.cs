using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace Sandbox.Daemon.Networks;

/// <summary>
/// Several rtnetlink requests in one buffer, which the kernel handles in order. Layouts and numbers:
/// https://man7.org/linux/man-pages/man7/rtnetlink.7.html and linux/if_link.h.
/// </summary>
internal sealed class RouteMessages
{
    public const ushort NewLink = 16;
    public const ushort DeleteLink = 17;
    public const ushort GetLink = 18;
    public const ushort SetLink = 19;
    public const ushort NewAddress = 20;
    public const ushort GetAddress = 22;
    public const ushort NewRoute = 24;
    public const ushort GetRoute = 26;
    public const ushort GetNeighbour = 30;

    public const ushort Request = 1;
    public const ushort Acknowledge = 4;
    public const ushort Dump = 0x300;
    public const ushort Create = 0x400;
    public const ushort Exclusive = 0x200;
    public const ushort Replace = 0x100;

    public const byte Internet = 2; // AF_INET
    public const uint Up = 1; // IFF_UP
    private const int HeaderLength = 16;

    private byte[] _buffer = new byte[1024];
    private int _message;
    private uint _sequence;

    /// <summary>How many requests there are.</summary>
    public int Count { get; private set; }

    /// <summary>The requests as the kernel takes them.</summary>
    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, Length);

    private int Length { get; set; }

    /// <summary>Begins a request about a link (<c>struct ifinfomsg</c>).</summary>
    public RouteMessages Link(ushort type, ushort flags, int index = 0, uint set = 0)
    {
        Begin(type, flags);
        LinkHeader(index, set);
        return this;
    }

    /// <summary>Begins a request about an address (<c>struct ifaddrmsg</c>).</summary>
    public RouteMessages Address(ushort type, ushort flags, byte prefixLength = 0, int index = 0)
    {
        Begin(type, flags);
        var header = Append(8);
        header[0] = Internet;
        header[1] = prefixLength;
        MemoryMarshal.Write(header[4..], index);
        return this;
    }

    /// <summary>Begins a request about an IPv4 unicast route of the main table (<c>struct rtmsg</c>).</summary>
    public RouteMessages Route(ushort type, ushort flags)
    {
        Begin(type, flags);
        var header = Append(12);
        header[0] = Internet;
        header[4] = 254; // RT_TABLE_MAIN
        header[5] = 4; // RTPROT_STATIC
        header[7] = 1; // RTN_UNICAST
        return this;
    }

    /// <summary>Begins a request about neighbours of all families (<c>struct ndmsg</c>).</summary>
    public RouteMessages Neighbour(ushort type, ushort flags)
    {
        Begin(type, flags);
        _ = Append(12);
        return this;
    }

    public RouteMessages Attribute(ushort type, ReadOnlySpan<byte> value)
    {
        var target = Append(4 + value.Length);
        MemoryMarshal.Write(target, (ushort)(4 + value.Length));
        MemoryMarshal.Write(target[2..], type);
        value.CopyTo(target[4..]);
        return this;
    }

    public RouteMessages Attribute(ushort type, string text) => Attribute(type, Encoding.ASCII.GetBytes(text + "\0"));

    public RouteMessages Attribute(ushort type, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        MemoryMarshal.Write(bytes, value);
        return Attribute(type, bytes);
    }

    public RouteMessages Attribute(ushort type, IPAddress address) => Attribute(type, address.GetAddressBytes());

    /// <summary>An attribute that holds what <paramref name="content"/> appends.</summary>
    public RouteMessages Nested(ushort type, Action<RouteMessages> content)
    {
        var start = Length;
        Attribute(type, []);
        content(this);
        MemoryMarshal.Write(_buffer.AsSpan(start), (ushort)(Length - start));
        SealMessage();
        return this;
    }

    /// <summary>A <c>struct ifinfomsg</c>, also where one stands inside an attribute (the peer of a veth).</summary>
    public void LinkHeader(int index, uint set)
    {
        var header = Append(16);
        MemoryMarshal.Write(header[4..], index);
        MemoryMarshal.Write(header[8..], set);
        MemoryMarshal.Write(header[12..], set); // ifi_change: touch no other flag
    }

    private void Begin(ushort type, ushort flags)
    {
        _message = Length;
        Count++;
        var header = Append(HeaderLength);
        MemoryMarshal.Write(header[4..], type);
        MemoryMarshal.Write(header[6..], (ushort)(flags | Request));
        MemoryMarshal.Write(header[8..], ++_sequence);
        SealMessage();
    }

    /// <summary>Zeroed room, aligned to four bytes as netlink wants it.</summary>
    private Span<byte> Append(int length)
    {
        var start = Length;
        var aligned = (length + 3) & ~3;
        if (start + aligned > _buffer.Length)
        {
            Array.Resize(ref _buffer, (start + aligned) * 2);
        }

        Length += aligned;
        if (Length - _message >= HeaderLength)
        {
            SealMessage();
        }

        return _buffer.AsSpan(start, length);
    }

    private void SealMessage() => BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(_message), Length - _message);
}
