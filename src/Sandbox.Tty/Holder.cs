using System.Runtime.InteropServices;
using Sandbox.Terminals.Flow;
using Sandbox.Terminals.Marks;
using Sandbox.Tty.Linux;

namespace Sandbox.Tty;

/// <summary>
/// Holds one terminal until it has ended and been read. One thread waits on everything; nothing it calls blocks, and
/// no frame allocates but a screen.
/// </summary>
internal sealed unsafe class Holder
{
    private const int MostConnections = 64;
    private const int MostLeft = 4;
    private const int MostRead = 16;
    private const int Patience = 60_000;

    // How much output of processes that outlive the terminal's own is still read.
    private const int MostAfterEnd = 256 * 1024;

    private const long ListenerTag = -1;
    private const long PtyTag = -2;
    private const long ProcessTag = -3;
    private const long EndingTag = -4;
    private const long ReportsTag = -5;

    private readonly Listener _listener;
    private readonly Pty _pty;
    private readonly int _pid;
    private readonly int _process;

    // Of an image's own command, whose init this program watches and which outlives it.
    private readonly InitReports? _reports;

    // Of an image's own command, or of one that nobody waits for.
    private readonly LogFile? _log;
    private readonly int _ending;
    private readonly int _epoll;
    private readonly byte* _ring;
    private readonly byte* _scratch;
    private readonly Connection?[] _connections = new Connection?[MostConnections];

    // Closed connections that left input. It is written before that of others, so that a viewer who reconnects goes on typing.
    private readonly Queue<Connection> _left = new();

    // The shell's state as its marks report it, for connections that follow it.
    private readonly CommandMarks? _marks;
    private byte[] _state = [];
    private int _stateLength;

    private uint _ptyInterest;
    private bool _canRead;
    private bool _canWrite = true;
    private int _firstToWrite;

    private readonly TtyFloodGate _gate = new();
    private readonly TtyLinger _linger = new();

    private int? _exitCode;
    private int _readAfterEnd;

    public Holder(Listener listener, StartedProcess started, int ending, ushort cols, ushort rows, string? nonce, LogFile? log)
    {
        _reports = started.Reports;
        _log = log;
        _marks = nonce is null ? null : new CommandMarks(nonce);
        StateNumber = nonce is null ? 0 : 1;
        _listener = listener;
        _pty = started.Pty;
        _pid = started.Pid;
        _process = started.Handle;
        _ending = ending;
        _ring = (byte*)Native.Map(
            null, TtyFrame.RingLength, Native.MapReadWrite, Native.MapPrivateAnonymous, -1, 0);
        _scratch = (byte*)NativeMemory.Alloc(Connection.ScratchLength);
        _epoll = Native.EpollCreate(Native.EpollCloexec);
        if (_ring == Native.MapFailed || _epoll < 0)
        {
            Environment.FailFast("no memory");
        }

        // Memory is used once it is written to; with huge pages that would be two megabytes at the first prompt.
        _ = Native.Advise(_ring, TtyFrame.RingLength, Native.AdviseNoHugePage);
        // A viewer has asked for a command's terminal and comes for it. Nobody may ever come to one whose output is kept.
        var since = Environment.TickCount64 - (log is null ? 0 : Patience);
        Flow = new TtyFlow(TtyFrame.RingLength, TtyFrame.OutputWindow, Patience, since, TtyFrame.OutputLead);
        Screen = new TailScreen(_ring, Flow, cols, rows);
    }

    /// <summary>The output and its viewers.</summary>
    public TtyFlow Flow { get; }

    /// <summary>The screen that the output leads to.</summary>
    public TailScreen Screen { get; }

    private int? EndedWith => _linger.IsDrained ? _exitCode : null;

    /// <summary>Counts the states of the shell; 0 if it makes no marks.</summary>
    public int StateNumber { get; private set; }

    /// <summary>The latest state, as it is sent.</summary>
    public ReadOnlySpan<byte> State
    {
        get
        {
            if (_stateLength == 0 && _marks is not null)
            {
                _state = _state.Length == 0 ? new byte[TtyState.MostWritten] : _state;
                _stateLength = _marks.State.Write(_state);
            }

            return _state.AsSpan(0, _stateLength);
        }
    }

    /// <summary>Sets the size of the terminal.</summary>
    public void Resize(ushort cols, ushort rows)
    {
        if (!_pty.IsClosed)
        {
            _pty.Resize(cols, rows);
            Screen.Resize(cols, rows);
        }
    }

    /// <summary>Hangs the terminal up; this program ends when the process has, or soon.</summary>
    public void Close(long now)
    {
        _linger.Close(now);
        Finish(now);
    }

    /// <summary>Notes what somebody did with the terminal of an image's own command.</summary>
    public void Mark(TtyLogUses uses) => _log?.Mark(uses);

    /// <summary>Serves the terminal to its end.</summary>
    public void Run()
    {
        const int MostEvents = 32;
        var events = stackalloc Native.EpollEvent[MostEvents];
        Watch(_listener.Fd, ListenerTag, Native.EpollIn, Native.EpollCtlAdd);
        Watch(_process, ProcessTag, Native.EpollIn, Native.EpollCtlAdd);
        Watch(_ending, EndingTag, Native.EpollIn, Native.EpollCtlAdd);
        if (_reports is not null)
        {
            Watch(_reports.File, ReportsTag, Native.EpollIn, Native.EpollCtlAdd);
        }

        Watch(_pty.Master, PtyTag, _ptyInterest = Native.EpollIn, Native.EpollCtlAdd);
        var now = Environment.TickCount64;
        while (!IsOver(now))
        {
            var count = Native.EpollWait(_epoll, events, MostEvents, Timeout(now));
            now = Environment.TickCount64;
            for (var i = 0; i < count; i++)
            {
                Happen(events[i], now);
            }

            WriteInput();
            ReadOutput(now);
            Send(now);
            WatchPty(now);
        }
    }

    private void Happen(in Native.EpollEvent happened, long now)
    {
        switch (happened.Data)
        {
            case ListenerTag:
                Accept();
                break;
            case PtyTag:
                _canRead |= (happened.Events & ~Native.EpollOut) != 0;
                _canWrite |= (happened.Events & Native.EpollOut) != 0;
                break;
            case ProcessTag:
                Reap(now);
                break;
            case EndingTag:
                Watch(_ending, EndingTag, 0, Native.EpollCtlDel);
                _canRead = true;
                ReadOutput(now);
                Close(now);
                break;
            case ReportsTag:
                TakeReports(now);
                break;
            default:
                if (_connections[happened.Data] is { } connection)
                {
                    if ((happened.Events & Native.EpollOut) != 0)
                    {
                        connection.IsBlocked = false;
                    }

                    if ((happened.Events & ~Native.EpollOut) != 0 && !connection.Receive(_scratch, now))
                    {
                        Drop((int)happened.Data, now);
                    }
                }

                break;
        }
    }

    private void Accept()
    {
        while (_listener.Accept() is >= 0 and var fd)
        {
            var slot = Array.IndexOf(_connections, null);
            if (slot < 0)
            {
                _ = Native.Close(fd);
                continue;
            }

            _connections[slot] = new Connection(fd, this);
            Watch(fd, slot, Native.EpollIn, Native.EpollCtlAdd);
        }
    }

    private void Drop(int slot, long now)
    {
        var connection = _connections[slot]!;
        _connections[slot] = null;
        connection.Close();
        if (connection.InputCount > 0 && _left.Count < MostLeft && !_pty.IsClosed)
        {
            _left.Enqueue(connection);
        }
        else
        {
            connection.DropInput();
        }

        if (connection.Viewer is { } viewer)
        {
            Flow.Detach(viewer, now);
            _linger.Left(now);
        }
    }

    private void Reap(long now)
    {
        // the runtime may leave helpers behind, which have to be reaped too
        int status;
        int pid;
        while ((pid = Native.WaitPid(-1, &status, Native.WaitNoHang)) > 0)
        {
            if (pid == _pid && _reports is null)
            {
                var signal = status & 0x7F;
                _exitCode = signal == 0 ? (status >> 8) & 0xFF : 128 + signal;
            }
        }

        Watch(_process, ProcessTag, 0, Native.EpollCtlDel);

        if (_reports is null)
        {
            // if the runtime reaps the process itself, it is no child of ours, and its exit code is unknown
            Ended(_exitCode ?? 0, now);
        }
    }

    private void TakeReports(long now)
    {
        var before = _reports!.HasStarted;
        if (!_reports.Read())
        {
            // The init is gone, and the command was killed with it.
            Watch(_reports.File, ReportsTag, 0, Native.EpollCtlDel);
            Ended(_reports.ExitCode ?? 128 + Native.SigKill, now);
            return;
        }

        if (_reports.HasStarted && !before && Children.FirstOf(_pid) is { } command)
        {
            _log?.Started(command);
        }

        if (_reports.ExitCode is { } code && _exitCode is null)
        {
            Ended(code, now);
        }
    }

    private void Ended(int code, long now)
    {
        // A reader of the log stops at the exit code: what the command printed last comes before it.
        _canRead = true;
        ReadOutput(now);
        _exitCode ??= code;
        _log?.Ended(_exitCode.Value);
        if (_pty.IsClosed)
        {
            _linger.Drained(now);
        }
    }

    private void WriteInput()
    {
        WriteLeft();
        for (var i = 0; i < MostConnections && _canWrite; i++)
        {
            var slot = (_firstToWrite + i) % MostConnections;
            if (_connections[slot] is not { InputCount: > 0 } connection)
            {
                continue;
            }

            if (_pty.IsClosed)
            {
                connection.DropInput();
            }
            else if (!connection.WriteInput(_pty))
            {
                // the next connection is first when the terminal accepts input again
                _canWrite = false;
                _firstToWrite = slot + 1;
            }
        }
    }

    private void WriteLeft()
    {
        while (_canWrite && _left.TryPeek(out var left))
        {
            if (_pty.IsClosed)
            {
                left.DropInput();
            }

            // Input that the program does not read makes the others wait: in the terminal, a key would not pass it either.
            _canWrite = left.WriteInput(_pty);
            if (_canWrite)
            {
                _left.Dequeue();
            }
        }
    }

    private void ReadOutput(long now)
    {
        var left = TtyFrame.MaxData;
        while (!_pty.IsClosed && (_canRead || _exitCode is not null) && left > 0)
        {
            var position = Flow.WritePosition;
            var most = Math.Min(Math.Min(left, Flow.Room(now)), Flow.Length - position);
            if (most == 0)
            {
                return;
            }

            Screen.BeforeWriting(most);
            var read = _pty.Read(_ring + position, most);
            if (read == 0)
            {
                _canRead = false;
                if (_exitCode is not null)
                {
                    Finish(now);
                }

                return;
            }

            if (_marks is not null && _marks.Read(new ReadOnlySpan<byte>(_ring + position, read), DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()))
            {
                StateNumber++;
                _stateLength = 0;
            }

            _log?.Append(_ring + position, read);
            Flow.Wrote(read, now);
            left -= read;
            if (_exitCode is not null && (_readAfterEnd += read) >= MostAfterEnd)
            {
                Finish(now);
            }
        }
    }

    // No more output comes: processes that still have the terminal open are hung up.
    private void Finish(long now)
    {
        if (!_pty.IsClosed)
        {
            Watch(_pty.Master, PtyTag, 0, Native.EpollCtlDel);
            _pty.HangUp();
            _linger.Drained(now);
            _canWrite = true;
        }
    }

    private void Send(long now)
    {
        // If the ring has no room, there is no output to wait for.
        _gate.Decide(Flow.End, _exitCode is null && Flow.Room(now) > 0, now);
        for (var slot = 0; slot < MostConnections; slot++)
        {
            if (_connections[slot] is not { } connection)
            {
                continue;
            }

            if (!connection.Send(Flow, _ring, EndedWith, now, _gate.IsShut))
            {
                // Its last frames can still be read, and then its end.
                for (var read = 0; read < MostRead && connection.Receive(_scratch, now); read++)
                {
                }

                Drop(slot, now);
                continue;
            }

            if (connection.IsBlocked != connection.IsWatchedForRoom)
            {
                connection.IsWatchedForRoom = connection.IsBlocked;
                var interest = Native.EpollIn | (connection.IsBlocked ? Native.EpollOut : 0);
                Watch(connection.Fd, slot, interest, Native.EpollCtlMod);
            }

            if (_linger.IsDrained && !_linger.WasRead && connection.IsComplete(Flow))
            {
                _linger.Complete(now);
            }
        }
    }

    private void WatchPty(long now)
    {
        if (_pty.IsClosed)
        {
            return;
        }

        var interest = (Flow.Room(now) > 0 ? Native.EpollIn : 0) | (_canWrite ? 0 : Native.EpollOut);
        if (interest != _ptyInterest)
        {
            _ptyInterest = interest;
            Watch(_pty.Master, PtyTag, interest, Native.EpollCtlMod);
        }
    }

    private bool IsOver(long now) =>
        (_linger.IsClosed || _linger.IsDrained)
        && (_linger.IsOver(_exitCode is not null, IsEveryoneComplete(), Flow.Viewers, now) || (IsDetached && _exitCode is not null && Flow.Viewers == 0));

    // Nobody will come for a detached command's output: its log has it.
    private bool IsDetached => _log is not null && _reports is null;

    private bool IsEveryoneComplete()
    {
        foreach (var connection in _connections)
        {
            if (connection?.Viewer is not null && !connection.IsComplete(Flow))
            {
                return false;
            }
        }

        return true;
    }

    // Milliseconds until the next timeout; -1 if there is none.
    private int Timeout(long now)
    {
        var due = _linger.OverAt(Flow.Viewers);
        if (_linger.IsClosed || _linger.IsDrained)
        {
            // Nothing else wakes the loop.
        }
        else if (Flow.Room(now) == 0)
        {
            due = Flow.GoesOnAt;
        }
        else if (_exitCode is not null)
        {
            // whether there is more to read is known only by reading
            due = now;
        }

        due = Math.Min(due, _gate.OpensAt);
        foreach (var connection in _connections)
        {
            due = Math.Min(due, connection?.StateDueAt ?? long.MaxValue);
        }

        return due == long.MaxValue ? -1 : (int)Math.Clamp(due - now, 0, int.MaxValue);
    }

    private void Watch(int fd, long tag, uint interest, int operation)
    {
        var entry = new Native.EpollEvent { Events = interest, Data = tag };
        _ = Native.EpollControl(_epoll, operation, fd, &entry);
    }
}
