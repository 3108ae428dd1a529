using Sandbox.Tty.Linux;

namespace Sandbox.Tty;

/// <summary>The socket viewers connect to.</summary>
internal sealed unsafe class Listener
{
    private const int Backlog = 64;

    private readonly string _path;
    private readonly uint _client;

    private Listener(string path, uint client, int fd)
    {
        _path = path;
        _client = client;
        Fd = fd;
    }

    public int Fd { get; }

    /// <summary>Listens. The socket's file belongs to the client, and nobody else may open it.</summary>
    public static Listener Open(string path, uint client)
    {
        var fd = UnixSocket.Listen(path, Backlog);
        if (Native.ChangeOwner(path, client, uint.MaxValue) < 0)
        {
            var failure = StartFailure.Call("chown");
            _ = Native.Unlink(path);
            throw failure;
        }

        return new Listener(path, client, fd);
    }

    /// <summary>The next waiting connection, or -1. Closes connections of users who may not connect.</summary>
    public int Accept()
    {
        while (true)
        {
            var fd = Native.Accept(Fd, null, null, Native.SockNonBlocking | Native.SockCloexec);
            if (fd < 0)
            {
                return -1;
            }

            if (UnixSocket.TryPeer(fd, out var uid) && (uid == _client || uid == 0))
            {
                return fd;
            }

            _ = Native.Close(fd);
        }
    }

    public void Remove()
    {
        _ = Native.Close(Fd);
        _ = Native.Unlink(_path);
    }
}
