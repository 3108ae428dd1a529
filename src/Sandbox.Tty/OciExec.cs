using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;
using Sandbox.Tty.Linux;

namespace Sandbox.Tty;

/// <summary>
/// Runs an OCI runtime's <c>exec</c> or <c>run</c> to its end: the runtime sends the master of the terminal it made over the
/// console socket, writes the process's id into the pid file, and leaves the process behind.
/// </summary>
internal sealed unsafe class OciExec
{
    private const int TimeoutMilliseconds = 60_000;
    private const int LongestText = 4096;

    // The first after the standard ones, which is what --preserve-fds keeps.
    private const int FirstInherited = 3;
    private const int MostInherited = 2;

    private readonly string _console;
    private readonly string _pidFile;
    private readonly int _text;
    private int _listener;
    private int _sender = -1;
    private int _master = -1;
    private int _reports = -1;
    private int _reportsEnd = -1;

    private OciExec(string directory)
    {
        _console = directory + "/console";
        _pidFile = directory + "/pid";
        _listener = UnixSocket.Listen(_console, 1);
        _text = Native.MemfdCreate("runtime", Native.MemfdCloexec);
        if (_text < 0)
        {
            throw StartFailure.Call("memfd_create");
        }
    }

    /// <summary>Starts the process.</summary>
    /// <exception cref="StartFailure">It does not run.</exception>
    public static StartedProcess Run(Invocation invocation)
    {
        // The runtime's user makes the pid file and connects to the console; nobody else enters the place.
        var directory = invocation.Place is { } place ? place + invocation.Socket[invocation.Socket.LastIndexOf('/')..] + ".d" : invocation.Socket + ".d";
        var own = invocation.Place is null ? 0u : Native.Umask(0);
        if (Native.MakeDirectory(directory, invocation.Place is null ? 0x1C0u : 0x1FFu) < 0)
        {
            throw StartFailure.Call("mkdir");
        }

        try
        {
            var exec = new OciExec(directory);
            _ = invocation.Place is null ? 0u : Native.Umask(own);
            try
            {
                return exec.Start(invocation);
            }
            finally
            {
                exec.CleanUp();
            }
        }
        finally
        {
            _ = Native.RemoveDirectory(directory);
        }
    }

    private StartedProcess Start(Invocation invocation)
    {
        if (invocation.IsOwn)
        {
            OpenReports();
        }

        var status = Finish(Spawn(invocation.Runtime, invocation.Nonce));
        if (status != 0)
        {
            throw Failure(ReadText());
        }

        if (_master < 0 || ReadPid() is not (> 0 and var pid))
        {
            throw new StartFailure("Internal", "the runtime sent no terminal or no process id");
        }

        var handle = (int)Native.SysCall(Native.SysPidfdOpen, pid, 0);
        if (handle < 0)
        {
            throw StartFailure.Call("pidfd_open");
        }

        var pty = Pty.Adopt(_master);
        _master = -1;
        pty.Resize(invocation.Cols, invocation.Rows);
        var reports = _reports < 0 ? null : new InitReports(_reports);
        _reports = -1;
        return new StartedProcess(pid, handle, pty, reports);
    }

    // The runtime and then the init inherit the end that is written to.
    private void OpenReports()
    {
        var ends = stackalloc int[2];
        if (Native.Pipe(ends, Native.OpenCloexec) < 0)
        {
            throw StartFailure.Call("pipe2");
        }

        (_reports, _reportsEnd) = (ends[0], ends[1]);
        _ = Native.Fcntl(_reports, Native.SetStatusFlags, Native.OpenNonBlocking);
    }

    private int Spawn(ArraySegment<string> command, string? nonce)
    {
        var arguments = stackalloc byte*[command.Count + 1];
        for (var i = 0; i < command.Count; i++)
        {
            arguments[i] = Text(command[i] switch { "{console}" => _console, "{pid}" => _pidFile, var word => word });
        }

        arguments[command.Count] = null;
        var environment = stackalloc byte*[2];
        environment[0] = Text("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        environment[1] = null;

        // posix_spawn_file_actions_t, posix_spawnattr_t and sigset_t of glibc, with room to spare
        var actions = stackalloc ulong[16];
        var attributes = stackalloc ulong[64];
        var signals = stackalloc ulong[16];
        new Span<ulong>(signals, 16).Fill(ulong.MaxValue);
        var nowhere = Native.Open("/dev/null", Native.OpenReadWrite | Native.OpenCloexec, 0);
        _ = Native.FileActionsInit(actions);
        _ = Native.SpawnAttributesInit(attributes);
        var inherited = stackalloc int[MostInherited];
        var count = 0;
        if (nonce is not null)
        {
            inherited[count++] = Tell(nonce);
        }

        if (_reportsEnd >= 0)
        {
            inherited[count++] = Above(_reportsEnd);
            _reportsEnd = -1;
        }

        _ = Native.FileActionsDup2(actions, nowhere, 0);
        _ = Native.FileActionsDup2(actions, _text, 1);
        _ = Native.FileActionsDup2(actions, _text, 2);
        for (var i = 0; i < count; i++)
        {
            _ = Native.FileActionsDup2(actions, inherited[i], FirstInherited + i);
        }

        _ = Native.SpawnAttributesDefaults(attributes, signals);
        _ = Native.SpawnAttributesFlags(attributes, Native.SpawnSetSignalDefaults);
        int pid;

        // The runtime makes the sandbox's control groups, whose files programs inside read; our own files are nobody's.
        var own = Native.Umask(0x12);
        var error = Native.Spawn(&pid, arguments[0], actions, attributes, arguments, environment);
        _ = Native.Umask(own);
        _ = Native.SpawnAttributesDestroy(attributes);
        _ = Native.FileActionsDestroy(actions);
        _ = Native.Close(nowhere);
        for (var i = 0; i < count; i++)
        {
            _ = Native.Close(inherited[i]);
        }

        for (var i = 0; i < command.Count; i++)
        {
            NativeMemory.Free(arguments[i]);
        }

        NativeMemory.Free(environment[0]);
        return error == 0 ? pid : throw new StartFailure("Internal", $"the runtime cannot be started: errno {error}");
    }

    // A pipe that contains the nonce and has no writer any more: only its first reader gets the nonce.
    private static int Tell(string nonce)
    {
        var ends = stackalloc int[2];
        if (Native.Pipe(ends, Native.OpenCloexec) < 0)
        {
            throw StartFailure.Call("pipe2");
        }

        var line = Encoding.ASCII.GetBytes(nonce + "\n");
        fixed (byte* start = line)
        {
            _ = Native.Write(ends[1], start, (nuint)line.Length);
        }

        // fish opens it by name, as another user than this one.
        _ = Native.ChangeMode(ends[0], 0b100_100_100);
        _ = Native.Close(ends[1]);
        return Above(ends[0]);
    }

    // A descriptor duplicated onto itself would stay closed to the runtime, and one below would be overwritten by its neighbour.
    private static int Above(int fd)
    {
        if (fd >= FirstInherited + MostInherited)
        {
            return fd;
        }

        var other = Native.Fcntl(fd, Native.DuplicateCloexec, FirstInherited + MostInherited);
        _ = Native.Close(fd);
        return other;
    }

    // Waits for the runtime and meanwhile receives the terminal it sends. Returns its wait status.
    private int Finish(int runtime)
    {
        var handle = (int)Native.SysCall(Native.SysPidfdOpen, runtime, 0);
        var entries = stackalloc Native.PollEntry[2];
        var deadline = Environment.TickCount64 + TimeoutMilliseconds;
        while (true)
        {
            entries[0] = new Native.PollEntry { Fd = handle, Events = Native.PollIn };
            entries[1] = new Native.PollEntry { Fd = _sender >= 0 ? _sender : _listener, Events = Native.PollIn };
            var happened = Native.Poll(entries, 2, (int)Math.Max(0, deadline - Environment.TickCount64));
            if (happened > 0 && entries[1].Happened != 0)
            {
                TakeMaster();
            }
            else if (happened > 0)
            {
                break;
            }
            else if (happened == 0)
            {
                _ = Native.Kill(runtime, Native.SigKill);
                deadline = Environment.TickCount64 + TimeoutMilliseconds;
            }
        }

        _ = Native.Close(handle);
        int status;
        return Native.WaitPid(runtime, &status, 0) == runtime ? status : -1;
    }

    private void TakeMaster()
    {
        if (_sender < 0)
        {
            _sender = Native.Accept(_listener, null, null, Native.SockNonBlocking | Native.SockCloexec);
            return;
        }

        _master = UnixSocket.TakeDescriptor(_sender);
        _ = Native.Close(_listener);
        _ = Native.Close(_sender);
        _listener = -1;
        _sender = -1;
    }

    private string ReadText()
    {
        var buffer = stackalloc byte[LongestText];
        var length = Native.ReadAt(_text, buffer, LongestText, 0);
        if (length <= 0 && _master >= 0)
        {
            // output of the process before its program was started
            _ = Native.Fcntl(_master, Native.SetStatusFlags, Native.OpenReadWrite | Native.OpenNonBlocking);
            length = Native.Read(_master, buffer, LongestText);
        }

        return Encoding.UTF8.GetString(buffer, (int)Math.Max(0, length)).Trim();
    }

    // crun: \e[1;31m2026-11-24T03:36:41.359057Z: executable file `nosuch` not found in $PATH: No such file or directory\e[0m
    //       open executable: Permission denied
    // runc: … exec: "nosuch": executable file not found in $PATH
    private static StartFailure Failure(string text)
    {
        var last = WithoutColors(text);
        last = last[(last.LastIndexOf('\n') + 1)..];
        var time = last.IndexOf("Z: ", StringComparison.Ordinal);
        if (time > 0 && last.Length > 10 && last[4] == '-' && last[10] == 'T')
        {
            last = last[(time + 3)..];
        }

        var notFound = last.Contains("executable", StringComparison.Ordinal)
            || last.Contains("exec: \"", StringComparison.Ordinal)
            || last.Contains("exec format error", StringComparison.OrdinalIgnoreCase);
        return new StartFailure(
            notFound ? "CommandNotFound" : "Internal",
            last.Length == 0 ? "the runtime failed and said nothing" : last);
    }

    private static string WithoutColors(string text)
    {
        var plain = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\e')
            {
                var end = text.IndexOf('m', i);
                i = end < 0 ? text.Length : end;
            }
            else
            {
                plain.Append(text[i]);
            }
        }

        return plain.ToString().Trim();
    }

    private int ReadPid()
    {
        var fd = Native.Open(_pidFile, Native.OpenCloexec, 0);
        if (fd < 0)
        {
            return 0;
        }

        var buffer = stackalloc byte[16];
        var length = Native.Read(fd, buffer, 16);
        _ = Native.Close(fd);
        return Utf8Parser.TryParse(new ReadOnlySpan<byte>(buffer, (int)Math.Max(0, length)), out int pid, out _) ? pid : 0;
    }

    private void CleanUp()
    {
        foreach (var fd in (ReadOnlySpan<int>)[_text, _listener, _sender, _master, _reports, _reportsEnd])
        {
            _ = fd < 0 ? 0 : Native.Close(fd);
        }

        _ = Native.Unlink(_console);
        _ = Native.Unlink(_pidFile);
    }

    private static byte* Text(string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        var bytes = (byte*)NativeMemory.Alloc((nuint)length + 1);
        Encoding.UTF8.GetBytes(text, new Span<byte>(bytes, length));
        bytes[length] = 0;
        return bytes;
    }
}
