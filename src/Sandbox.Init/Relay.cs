using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Sandbox.Init;

/// <summary>
/// Connects sockets of the host to ports of a sandbox whose loopback the host does not reach. Standard input is a unix
/// socket, on which each message is a port, in two bytes, with the host's end of a connection: that end gets one byte, 1 if
/// a program listens. One thread moves the bytes of all connections.
/// </summary>
internal static unsafe class Relay
{
    /// <summary>More are closed at once: each has two buffers, in the sandbox's own memory.</summary>
    private const int MostConnections = 128;

    /// <summary>Milliseconds without a connection after which it ends; the host starts another when there is need.</summary>
    private const int Idle = 30_000;

    private const int Control = 0;
    private const int MessageBytes = 2;

    public static int Run()
    {
        _ = Native.Signal(Native.BrokenPipe, 1 /* SIG_IGN */);
        var connections = new List<RelayedConnection>();
        var isOpen = true;
        var polls = stackalloc Native.PollEntry[1 + (2 * MostConnections)];
        while (isOpen || connections.Count > 0)
        {
            polls[0] = new Native.PollEntry { Descriptor = isOpen ? Control : -1, Events = Native.PollIn };
            for (var i = 0; i < connections.Count; i++)
            {
                connections[i].Ask(polls + 1 + (2 * i));
            }

            var ready = Native.Poll(polls, (nuint)(1 + (2 * connections.Count)), connections.Count == 0 ? Idle : -1);
            if (ready == 0)
            {
                return 0;
            }

            if (ready < 0)
            {
                continue; // a signal
            }

            for (var i = connections.Count - 1; i >= 0; i--)
            {
                if (!connections[i].Move(polls[1 + (2 * i)].Found, polls[2 + (2 * i)].Found))
                {
                    connections[i].Close();
                    connections.RemoveAt(i);
                }
            }

            isOpen = isOpen && (polls[0].Found == 0 || Accept(connections));
        }

        return 0;
    }

    /// <summary>Whether the host still has its end.</summary>
    private static bool Accept(List<RelayedConnection> connections)
    {
        var message = stackalloc byte[MessageBytes];
        var control = stackalloc long[8];
        var vector = new Native.IoVector { Base = message, Length = MessageBytes };
        var header = new Native.MessageHeader { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = 64 };
        var count = Native.ReceiveMessage(Control, &header, Native.CloseReceived);
        if (count != MessageBytes)
        {
            return count < 0 && Marshal.GetLastPInvokeError() is Native.Interrupted or Native.TryAgain;
        }

        // struct cmsghdr { size_t length; int level, type; } and the descriptors
        var length = header.ControlLength < 20 ? 0 : ((int)Math.Min((ulong)control[0], header.ControlLength) - 16) / sizeof(int);
        for (var i = 0; i < length; i++)
        {
            var given = ((int*)control)[4 + i];
            if (i == 0 && connections.Count < MostConnections)
            {
                connections.Add(new RelayedConnection(given, BinaryPrimitives.ReadUInt16BigEndian(new ReadOnlySpan<byte>(message, MessageBytes))));
            }
            else
            {
                _ = Native.Close(given);
            }
        }

        return true;
    }
}
