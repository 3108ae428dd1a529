using Sandbox.Tty.Linux;

namespace Sandbox.Tty;

/// <summary>A pseudo-terminal, from its master's end.</summary>
internal sealed unsafe class Pty
{
    private readonly int _slave;

    private Pty(int master, int slave)
    {
        Master = master;
        _slave = slave;
    }

    public int Master { get; }

    /// <summary>Whether it was hung up.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>
    /// Takes over a master. The slave is opened too: with it open, the master reads EAGAIN when all that was written
    /// has been read, and never EIO, which it reads while a program has closed its terminal for a moment.
    /// </summary>
    public static Pty Adopt(int master)
    {
        var slave = Native.Ioctl(
            master,
            Native.TiocGetPeer,
            Native.OpenReadWrite | Native.OpenNoControllingTty | Native.OpenCloexec);
        if (slave < 0)
        {
            throw StartFailure.Call("ioctl(TIOCGPTPEER)");
        }

        return Native.Fcntl(master, Native.SetStatusFlags, Native.OpenReadWrite | Native.OpenNonBlocking) < 0
            ? throw StartFailure.Call("fcntl(F_SETFL)")
            : new Pty(master, slave);
    }

    public void Resize(ushort cols, ushort rows)
    {
        var size = new Native.WindowSize { Cols = Math.Max(cols, (ushort)1), Rows = Math.Max(rows, (ushort)1) };
        _ = Native.Ioctl(Master, Native.TiocSetWindowSize, (nint)(&size));
    }

    /// <summary>Reads output; 0 when there is none now.</summary>
    public int Read(byte* buffer, int count)
    {
        var read = Native.Read(Master, buffer, (nuint)count);
        return read > 0 ? (int)read : 0;
    }

    /// <summary>Writes input; 0 when the terminal accepts none now.</summary>
    public int Write(byte* buffer, int count)
    {
        var written = Native.Write(Master, buffer, (nuint)count);
        return written > 0 ? (int)written : 0;
    }

    /// <summary>Closes the master, upon which the kernel sends the session SIGHUP.</summary>
    public void HangUp()
    {
        if (!IsClosed)
        {
            IsClosed = true;
            _ = Native.Close(_slave);
            _ = Native.Close(Master);
        }
    }
}
