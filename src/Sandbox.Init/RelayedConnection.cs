namespace Sandbox.Init;

/// <summary>A connection of the host, and the one to a program of the sandbox: first to 127.0.0.1, then to ::1.</summary>
internal sealed unsafe class RelayedConnection
{
    private const byte Refused = 0;
    private const byte Accepted = 1;

    private readonly int _outer;
    private readonly ushort _port;
    private readonly RelayedBytes _in = new();
    private readonly RelayedBytes _out = new();
    private int _inner;
    private bool _isConnected;
    private bool _isSecond;

    public RelayedConnection(int outer, ushort port)
    {
        _outer = outer;
        _port = port;
        _ = Native.Control(outer, Native.SetStatusFlags, Native.NonBlocking);
        _inner = Connect(Native.Internet);
    }

    /// <summary>Says for what it waits: an entry for the host's end, and one for the program's.</summary>
    public void Ask(Native.PollEntry* entries)
    {
        var (outer, inner) = _isConnected
            ? (Events(_in, _out), Events(_out, _in))
            : ((short)0, Native.PollOut);

        // An end for whose events nobody waits would be reported for ever once it is hung up.
        entries[0] = new Native.PollEntry { Descriptor = outer == 0 && _isConnected ? -1 : _outer, Events = outer };
        entries[1] = new Native.PollEntry { Descriptor = inner == 0 ? -1 : _inner, Events = inner };
    }

    /// <summary>Does what can be done now. False once it is over.</summary>
    public bool Move(short outer, short inner)
    {
        if (!_isConnected)
        {
            return _inner >= 0 && outer == 0 && (inner == 0 || Establish());
        }

        return _in.Move(_outer, _inner, outer != 0, inner != 0) && _out.Move(_inner, _outer, inner != 0, outer != 0) && !(_in.IsOver && _out.IsOver);
    }

    public void Close()
    {
        if (!_isConnected)
        {
            Answer(Refused);
        }

        _ = Native.Close(_outer);
        _ = _inner < 0 ? 0 : Native.Close(_inner);
    }

    private static short Events(RelayedBytes from, RelayedBytes to) => (short)((from.MayRead ? Native.PollIn : 0) | (to.MayWrite ? Native.PollOut : 0));

    /// <summary>The kernel has an answer of the program's end.</summary>
    private bool Establish()
    {
        int error;
        var length = (uint)sizeof(int);
        if (Native.GetOption(_inner, Native.SocketLevel, Native.SocketError, &error, &length) == 0 && error == 0)
        {
            _isConnected = true;
            return Answer(Accepted);
        }

        if (_isSecond)
        {
            return false;
        }

        _isSecond = true;
        _ = Native.Close(_inner);
        _inner = Connect(Native.Internet6);
        return _inner >= 0;
    }

    private bool Answer(byte answer) => Native.Write(_outer, &answer, 1) == 1;

    private int Connect(short family)
    {
        var made = Native.MakeSocket(family, Native.StreamSocket | Native.NonBlocking | Native.CloseOnExec, 0);
        if (made < 0)
        {
            return made;
        }

        // struct sockaddr_in, sockaddr_in6: the family, the port, then the address
        var address = stackalloc byte[28];
        new Span<byte>(address, 28).Clear();
        *(short*)address = family;
        address[2] = (byte)(_port >> 8);
        address[3] = (byte)_port;
        if (family == Native.Internet)
        {
            (address[4], address[7]) = (127, 1);
        }
        else
        {
            address[23] = 1;
        }

        _ = Native.Connect(made, address, family == Native.Internet ? 16u : 28u); // its outcome comes as an event, also when it is known by now
        return made;
    }
}

/// <summary>The bytes of one direction: what was read and is not written yet.</summary>
internal sealed unsafe class RelayedBytes
{
    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;
    private bool _hasEnded;

    public bool MayRead => !_hasEnded && _end == 0;

    public bool MayWrite => _end > 0;

    /// <summary>Whether the end was passed on.</summary>
    public bool IsOver => _hasEnded && _end == 0;

    /// <summary>False if an end is broken.</summary>
    public bool Move(int from, int to, bool mayRead, bool mayWrite)
    {
        fixed (byte* start = _buffer)
        {
            if (mayRead && MayRead)
            {
                var read = Native.Read(from, start, (nuint)_buffer.Length);
                if (read < 0)
                {
                    return MayRetry();
                }

                (_end, _hasEnded) = ((int)read, read == 0);
                mayWrite = true;
                if (_hasEnded)
                {
                    _ = Native.Shutdown(to, Native.ShutdownWrite);
                }
            }

            if (mayWrite && MayWrite)
            {
                var written = Native.Write(to, start + _start, (nuint)(_end - _start));
                if (written < 0)
                {
                    return MayRetry();
                }

                _start += (int)written;
                if (_start == _end)
                {
                    (_start, _end) = (0, 0);
                }
            }
        }

        return true;
    }

    private static bool MayRetry() => System.Runtime.InteropServices.Marshal.GetLastPInvokeError() is Native.TryAgain or Native.Interrupted;
}
