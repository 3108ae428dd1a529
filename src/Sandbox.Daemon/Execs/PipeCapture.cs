using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Sandbox.Core.Execs;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Execs;

/// <summary>
/// Feeds a process's standard input and keeps the beginning of its output; the rest is read and discarded, so that the
/// process neither blocks nor fails. One thread of its own for the three pipes: .NET's pipes would block three.
/// </summary>
internal sealed partial class PipeCapture : IDisposable
{
    private const short In = 1;
    private const short Out = 4;
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int SetFlags = 4;

    /// <summary>
    /// How long a process that was left in the background may still hold the pipes once the command itself has ended,
    /// whether it prints or not.
    /// </summary>
    private const int StragglerMilliseconds = 100;

    private const int PollMilliseconds = 10;

    /// <summary>Pause between reads of discarded output, so that a flood costs the host a few hundredths of a core and not one.</summary>
    private const int DiscardPause = 1;

    private readonly SafeFileHandle[] _ours = new SafeFileHandle[3];
    private readonly MemoryStream[] _kept = [new(), new()];
    private readonly ReadOnlyMemory<byte> _input;
    private readonly int _limit;
    private readonly Action<ExecOutput>? _printed;
    private volatile bool _ended;

    /// <param name="input">The process's standard input.</param>
    /// <param name="limit">Bytes kept of each output.</param>
    /// <param name="printed">Called for each piece that is kept, on the thread that reads it; null for nobody.</param>
    public PipeCapture(ReadOnlyMemory<byte> input, int limit, Action<ExecOutput>? printed = null)
    {
        _input = input;
        _limit = limit;
        _printed = printed;
        (var read, _ours[0]) = Pipe();
        (_ours[1], var stdout) = Pipe();
        (_ours[2], var stderr) = Pipe();
        Theirs = [read, stdout, stderr];
        foreach (var handle in _ours)
        {
            Native.Check(Control(handle, SetFlags, NonBlocking), "fcntl");
        }
    }

    /// <summary>The process's ends; to be disposed once it has them.</summary>
    public SafeFileHandle[] Theirs { get; }

    public bool Truncated { get; private set; }

    public byte[] Stdout => _kept[0].ToArray();

    public byte[] Stderr => _kept[1].ToArray();

    /// <summary>Moves bytes until both outputs are at their end, or the command is and nobody else writes.</summary>
    public Task RunAsync() => Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>The command itself has ended.</summary>
    public void Ended() => _ended = true;

    /// <summary>Outputs still open after the command's end, held by programs in the background. The caller owns them now.</summary>
    public IReadOnlyList<SafeFileHandle> TakeOpenOutputs()
    {
        var open = new List<SafeFileHandle>();
        for (var i = 1; i < 3; i++)
        {
            if (!_ours[i].IsClosed)
            {
                open.Add(_ours[i]);
                _ours[i] = new SafeFileHandle();
            }
        }

        return open;
    }

    public void Dispose()
    {
        foreach (var handle in (ReadOnlySpan<SafeFileHandle>)[.. _ours, .. Theirs])
        {
            handle.Dispose();
        }
    }

    private unsafe void Run()
    {
        var written = 0;
        var buffer = new byte[64 * 1024];
        var polls = stackalloc PollFd[3];
        var straggling = 0L;
        var before = Environment.TickCount64;
        if (_input.IsEmpty)
        {
            _ours[0].Dispose();
        }

        while (true)
        {
            for (var i = 0; i < 3; i++)
            {
                polls[i] = new PollFd { Fd = _ours[i].IsClosed ? -1 : (int)_ours[i].DangerousGetHandle(), Events = i == 0 ? Out : In };
            }

            if (_ours[1].IsClosed && _ours[2].IsClosed)
            {
                return;
            }

            var ready = Poll(polls, 3, PollMilliseconds);
            var now = Environment.TickCount64;
            // A turn counts at most its own timeout: output is not lost because a busy host delayed this thread.
            straggling += _ended ? Math.Min(now - before, PollMilliseconds) : 0;
            before = now;
            if (straggling >= StragglerMilliseconds)
            {
                return;
            }

            if (ready <= 0)
            {
                continue;
            }

            if (polls[0].Returned != 0)
            {
                fixed (byte* from = _input.Span[written..])
                {
                    var count = Write(_ours[0], from, (nuint)(_input.Length - written));
                    written += Math.Max(0, (int)count);
                    if (count < 0 || written == _input.Length)
                    {
                        _ours[0].Dispose(); // it stopped reading, or has everything
                    }
                }
            }

            for (var i = 1; i < 3; i++)
            {
                if (polls[i].Returned == 0)
                {
                    continue;
                }

                nint count;
                fixed (byte* to = buffer)
                {
                    count = Read(_ours[i], to, (nuint)buffer.Length);
                }

                if (count <= 0)
                {
                    _ours[i].Dispose();
                    continue;
                }

                var kept = _kept[i - 1];
                var room = Math.Min((int)count, _limit - (int)kept.Length);
                kept.Write(buffer, 0, room);
                if (room > 0)
                {
                    _printed?.Invoke(new ExecOutput(IsError: i == 2, buffer.AsSpan(0, room).ToArray()));
                }

                Truncated |= room < count;
                if (room == 0)
                {
                    Thread.Sleep(DiscardPause);
                }
            }
        }
    }

    /// <summary>Reads from a non-blocking pipe: how many bytes, 0 at its end, less when there is nothing now.</summary>
    internal static unsafe nint ReadSome(SafeFileHandle pipe, byte[] buffer)
    {
        fixed (byte* to = buffer)
        {
            return Read(pipe, to, (nuint)buffer.Length);
        }
    }

    private static unsafe (SafeFileHandle Read, SafeFileHandle Write) Pipe()
    {
        var ends = stackalloc int[2];
        Native.Check(Pipe2(ends, CloseOnExec), "pipe2");
        return (new SafeFileHandle(ends[0], ownsHandle: true), new SafeFileHandle(ends[1], ownsHandle: true));
    }

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    private static unsafe partial int Pipe2(int* ends, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, int command, int argument);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static unsafe partial int Poll(PollFd* polls, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static unsafe partial nint Read(SafeFileHandle file, byte* to, nuint length);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static unsafe partial nint Write(SafeFileHandle file, byte* from, nuint length);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollFd
    {
        public int Fd;
        public short Events;
        public short Returned;
    }
}
