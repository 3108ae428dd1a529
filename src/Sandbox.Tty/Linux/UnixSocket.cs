using System.Text;

namespace Sandbox.Tty.Linux;

/// <summary>Sockets of the file system, as unix(7) has them.</summary>
internal static unsafe class UnixSocket
{
    // struct sockaddr_un: two bytes of family, then a path that ends in a zero byte.
    private const int LongestPath = 107;

    /// <summary>Makes a socket at a path that must not exist; its mode is what the umask leaves.</summary>
    public static int Listen(string path, int backlog)
    {
        var address = stackalloc byte[2 + LongestPath + 1];
        new Span<byte>(address, 2 + LongestPath + 1).Clear();
        *(ushort*)address = Native.AfUnix;
        if (Encoding.UTF8.GetByteCount(path) > LongestPath)
        {
            throw new StartFailure("Internal", "the path of the socket is too long");
        }

        Encoding.UTF8.GetBytes(path, new Span<byte>(address + 2, LongestPath));
        var fd = Native.Socket(Native.AfUnix, Native.SockStream | Native.SockNonBlocking | Native.SockCloexec, 0);
        if (fd < 0)
        {
            throw StartFailure.Call("socket");
        }

        if (Native.Bind(fd, address, 2 + LongestPath + 1) < 0)
        {
            throw StartFailure.Call("bind");
        }

        if (Native.Listen(fd, backlog) < 0)
        {
            throw StartFailure.Call("listen");
        }

        return fd;
    }

    /// <summary>The user at the other end, from the kernel.</summary>
    public static bool TryPeer(int fd, out uint uid)
    {
        Native.Credentials peer;
        uint length = (uint)sizeof(Native.Credentials);
        var known = Native.GetSocketOption(fd, Native.SolSocket, Native.SoPeerCred, &peer, &length) == 0;
        uid = peer.Uid;
        return known;
    }

    /// <summary>Receives the one descriptor of a message; negative if it has none.</summary>
    public static int TakeDescriptor(int fd)
    {
        const int ControlLength = 64;
        var text = stackalloc byte[256];
        var control = stackalloc byte[ControlLength];
        var part = new Native.Part { Address = text, Length = 256 };
        var message = new Native.Message { Parts = &part, PartCount = 1, Control = control, ControlLength = ControlLength };
        if (Native.ReceiveMessage(fd, &message, Native.MsgCmsgCloexec) < 0 || message.ControlLength < 20)
        {
            return -1;
        }

        // struct cmsghdr: eight bytes of length, level, type, then the descriptors
        return *(int*)(control + 8) == Native.SolSocket && *(int*)(control + 12) == Native.ScmRights
            ? *(int*)(control + 16)
            : -1;
    }
}
