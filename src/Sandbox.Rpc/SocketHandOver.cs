using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Sandbox.Rpc;

/// <summary>
/// Hands an open socket to another process over a unix socket, beside some bytes. From then on the two ends talk without
/// the process that connected them. https://man7.org/linux/man-pages/man7/unix.7.html (SCM_RIGHTS)
/// </summary>
public static partial class SocketHandOver
{
    private const int SolSocket = 1;
    private const int ScmRights = 1;
    private const int DontWait = 0x40;
    private const int NoSignal = 0x4000;
    private const int CloseOnExec = 0x40000000;
    private const int HeaderBytes = 16; // struct cmsghdr
    private const int ControlBytes = HeaderBytes + 8; // and one descriptor, padded

    /// <summary>Sends a byte, and the socket if there is one. The sender keeps its own, and closes it.</summary>
    internal static void Send(Socket over, byte message, Socket? given)
    {
        // One byte always fits: nothing was sent on this connection before.
        if (!TrySend(over, [message], given))
        {
            throw new IOException("the socket was not handed over", new Win32Exception(Marshal.GetLastPInvokeError()));
        }
    }

    /// <summary>Sends some bytes, and the socket if there is one. False if the other end is gone, or has no room for them.</summary>
    public static unsafe bool TrySend(Socket over, ReadOnlySpan<byte> message, Socket? given)
    {
        ArgumentNullException.ThrowIfNull(over);
        fixed (byte* start = message)
        {
            return Send(over, start, message.Length, given);
        }
    }

    private static unsafe bool Send(Socket over, byte* message, int length, Socket? given)
    {
        var control = stackalloc long[ControlBytes / 8];
        var vector = new Vector { Base = message, Length = (nuint)length };
        var header = new Message { Vectors = &vector, VectorCount = 1 };
        if (given is not null)
        {
            control[0] = HeaderBytes + sizeof(int);
            ((int*)control)[2] = SolSocket;
            ((int*)control)[3] = ScmRights;
            ((int*)control)[4] = (int)given.SafeHandle.DangerousGetHandle();
            header.Control = control;
            header.ControlLength = ControlBytes;
        }

        return SendMessage((int)over.SafeHandle.DangerousGetHandle(), &header, DontWait | NoSignal) == length;
    }

    /// <summary>Waits for the byte. The socket is null if none came with it.</summary>
    internal static async Task<(byte Message, Socket? Given)> ReceiveAsync(Socket over, CancellationToken cancellationToken)
    {
        _ = await over.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancellationToken).ConfigureAwait(false); // until there is something
        return Receive(over);
    }

    private static unsafe (byte Message, Socket? Given) Receive(Socket over)
    {
        byte message = 0;
        var control = stackalloc long[ControlBytes / 8];
        var vector = new Vector { Base = &message, Length = 1 };
        var header = new Message { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = ControlBytes };
        var count = ReceiveMessage((int)over.SafeHandle.DangerousGetHandle(), &header, DontWait | CloseOnExec);
        if (count != 1)
        {
            throw new IOException("nothing was handed over", count < 0 ? new Win32Exception(Marshal.GetLastPInvokeError()) : null);
        }

        var hasSocket = header.ControlLength >= HeaderBytes + sizeof(int) && ((int*)control)[2] == SolSocket && ((int*)control)[3] == ScmRights;
        return (message, hasSocket ? new Socket(new SafeSocketHandle(((int*)control)[4], ownsHandle: true)) : null);
    }

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static unsafe partial nint ReceiveMessage(int fd, Message* message, int flags);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static unsafe partial nint SendMessage(int fd, Message* message, int flags);

    /// <summary><c>struct iovec</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct Vector
    {
        public void* Base;
        public nuint Length;
    }

    /// <summary><c>struct msghdr</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct Message
    {
        public void* Name;
        public uint NameLength;
        public Vector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }
}
