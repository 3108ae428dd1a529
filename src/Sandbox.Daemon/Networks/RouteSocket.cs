using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Networks;

/// <summary>
/// A NETLINK_ROUTE socket. It belongs to the network namespace in which it was opened, on any thread. A launch needs
/// six requests; starting <c>ip</c> for them would cost more than the kernel's work.
/// https://man7.org/linux/man-pages/man7/netlink.7.html
/// </summary>
internal sealed partial class RouteSocket : IDisposable
{
    private const int AfNetlink = 16;
    private const int RawCloseOnExec = 3 | 0x80000;
    private const int SolSocket = 1;
    private const int SoRcvTimeO = 20;
    private const ushort Error = 2;
    private const ushort Done = 3;
    private const ushort Interrupted = 0x10; // NLM_F_DUMP_INTR
    private const int HeaderLength = 16;
    private const int DontWait = 0x40;
    private const int Again = 11;

    private readonly SafeFileHandle _socket;
    private readonly byte[] _buffer;

    private RouteSocket(SafeFileHandle socket, int bufferLength)
    {
        _socket = socket;
        _buffer = new byte[bufferLength];
    }

    /// <summary>A socket in the daemon's own network namespace.</summary>
    public static RouteSocket Open(int bufferLength = 8192) => new(Create(), bufferLength);

    /// <summary>
    /// A socket in another network namespace. IPv6 is off for links made later, unless the namespace is only to be looked at.
    /// </summary>
    public static RouteSocket OpenIn(SafeFileHandle networkNamespace, bool isForReading = false) =>
        new(
            OtherNetwork.Do(networkNamespace, () =>
            {
                if (!isForReading)
                {
                    Kernel.DisableIpv6("default"); // /proc/sys/net is the calling thread's namespace's
                }

                return Create();
            }),
            8192);

    /// <summary>A socket that receives every change of the host's IPv4 addresses and routes.</summary>
    public static RouteSocket Subscribe()
    {
        var route = Open(65_536);
        Span<int> address = [AfNetlink, 0, 0x10 | 0x40]; // sockaddr_nl: family, pid, RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE
        Native.Check(Bind(route._socket, address, 12), "bind");
        return route;
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>Sends requests and returns the result of each: 0, or an errno.</summary>
    public int[] Send(RouteMessages messages)
    {
        Transmit(messages);
        var results = new int[messages.Count];
        Array.Fill(results, -1);
        for (var open = messages.Count; open > 0;)
        {
            var length = Receive();
            for (var at = 0; at + HeaderLength <= length; at += Align(MemoryMarshal.Read<int>(_buffer.AsSpan(at))))
            {
                var header = _buffer.AsSpan(at);
                var sequence = MemoryMarshal.Read<int>(header[8..]);
                if (MemoryMarshal.Read<ushort>(header[4..]) == Error && sequence >= 1 && sequence <= results.Length && results[sequence - 1] < 0)
                {
                    results[sequence - 1] = -MemoryMarshal.Read<int>(header[HeaderLength..]);
                    open--;
                }
            }
        }

        return results;
    }

    /// <summary>Sends requests and throws on the first that failed.</summary>
    public void SendOrThrow(RouteMessages messages, string what)
    {
        var error = Array.Find(Send(messages), result => result != 0);
        if (error != 0)
        {
            throw new IOException($"{what}: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }
    }

    /// <summary>The index of a link; 0 when there is none of that name.</summary>
    public int IndexOf(string link)
    {
        var question = new RouteMessages().Link(RouteMessages.GetLink, 0).Attribute(LinkAttribute.Name, link);
        Transmit(question);
        _ = Receive();
        return MemoryMarshal.Read<ushort>(_buffer.AsSpan(4)) == RouteMessages.NewLink ? MemoryMarshal.Read<int>(_buffer.AsSpan(HeaderLength + 4)) : 0;
    }

    /// <summary>Everything a dump returns: the messages without their netlink header.</summary>
    public List<byte[]> Dump(RouteMessages question)
    {
        for (var attempt = 0; ; attempt++)
        {
            var (answers, interrupted) = DumpOnce(question);
            if (!interrupted || attempt == 5)
            {
                return answers;
            }
        }
    }

    /// <summary>How many messages a dump returns. Counting ends above <paramref name="most"/>, and the socket then answers nothing else.</summary>
    public int Count(RouteMessages question, int most)
    {
        Transmit(question);
        for (var count = 0; ;)
        {
            var length = Receive();
            for (var at = 0; at + HeaderLength <= length; at += Align(MemoryMarshal.Read<int>(_buffer.AsSpan(at))))
            {
                if (MemoryMarshal.Read<ushort>(_buffer.AsSpan(at + 4)) is Done or Error || ++count > most)
                {
                    return count;
                }
            }
        }
    }

    /// <summary>Whether anything has changed since this was last asked.</summary>
    public bool Changed()
    {
        var changed = false;
        while (true)
        {
            var length = ReceiveCall(_socket, _buffer, _buffer.Length, DontWait);
            if (length < 0 && Marshal.GetLastPInvokeError() is Again)
            {
                return changed;
            }

            changed = true; // also when there were more changes than the socket holds (ENOBUFS)
        }
    }

    private static int Align(int length) => Math.Max((length + 3) & ~3, HeaderLength);

    private static SafeFileHandle Create()
    {
        var socket = new SafeFileHandle(Native.Check(Socket(AfNetlink, RawCloseOnExec, 0), "socket"), ownsHandle: true);
        Span<long> time = [30, 0]; // the kernel answers at once; this is against waiting for ever
        Native.Check(SetOption(socket, SolSocket, SoRcvTimeO, time, 16), "setsockopt");
        return socket;
    }

    private (List<byte[]> Answers, bool Interrupted) DumpOnce(RouteMessages question)
    {
        Transmit(question);
        var answers = new List<byte[]>();
        var interrupted = false;
        while (true)
        {
            var length = Receive();
            for (var at = 0; at + HeaderLength <= length; at += Align(MemoryMarshal.Read<int>(_buffer.AsSpan(at))))
            {
                var header = _buffer.AsSpan(at);
                interrupted |= (MemoryMarshal.Read<ushort>(header[6..]) & Interrupted) != 0;
                switch (MemoryMarshal.Read<ushort>(header[4..]))
                {
                    case Done:
                        return (answers, interrupted);
                    case Error:
                        throw new IOException($"netlink dump: {Marshal.GetPInvokeErrorMessage(-MemoryMarshal.Read<int>(header[HeaderLength..]))}");
                    default:
                        answers.Add(header[HeaderLength..MemoryMarshal.Read<int>(header)].ToArray());
                        break;
                }
            }
        }
    }

    private void Transmit(RouteMessages messages) =>
        Native.Check((int)SendCall(_socket, messages.Bytes, messages.Bytes.Length, 0), "netlink send");

    private int Receive()
    {
        while (true)
        {
            var length = (int)ReceiveCall(_socket, _buffer, _buffer.Length, 0);
            if (length >= 0 || Marshal.GetLastPInvokeError() != Native.Eintr)
            {
                return Native.Check(length, "netlink receive");
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(SafeFileHandle socket, ReadOnlySpan<int> address, int length);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetOption(SafeFileHandle socket, int level, int option, ReadOnlySpan<long> value, int length);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint SendCall(SafeFileHandle socket, ReadOnlySpan<byte> data, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint ReceiveCall(SafeFileHandle socket, [Out] byte[] data, nint length, int flags);
}
