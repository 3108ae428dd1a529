using Microsoft.Win32.SafeHandles;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Daemon.Execs;

/// <summary>
/// Reads and discards the output of programs that a command left in the background: a server started with <c>&amp;</c>
/// would otherwise be killed by its first line of log (SIGPIPE). One thread for all of them. A sandbox's pipes take
/// turns, and one is read each time: 256 KiB a second, as for terminals that nobody watches.
/// </summary>
internal sealed class LeftOutputs : IDisposable
{
    /// <summary>Pipes kept for one sandbox; when there are more, the oldest is closed.</summary>
    internal const int MostPerSandbox = 64;

    private const int MostAtOnce = 13 * 1024;

    /// <summary>Between two reads of one sandbox's pipes.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly List<(SandboxId Sandbox, SafeFileHandle Pipe)> _pipes = [];
    private readonly SemaphoreSlim _some = new(0);
    private volatile bool _over;

    public LeftOutputs() => new Thread(Loop) { IsBackground = true, Name = "left-outputs" }.Start();

    /// <summary>How many of a sandbox are being read.</summary>
    public int CountOf(SandboxId sandbox)
    {
        lock (_gate)
        {
            return _pipes.Count(entry => entry.Sandbox == sandbox);
        }
    }

    /// <summary>Takes over non-blocking read ends, until everybody who holds their other ends is gone.</summary>
    public void Add(SandboxId sandbox, IReadOnlyList<SafeFileHandle> pipes)
    {
        if (pipes.Count == 0)
        {
            return;
        }

        lock (_gate)
        {
            _pipes.AddRange(pipes.Select(pipe => (sandbox, pipe)));
            var surplus = _pipes.Count(entry => entry.Sandbox == sandbox) - MostPerSandbox;
            foreach (var entry in _pipes.Where(entry => entry.Sandbox == sandbox).Take(Math.Max(0, surplus)).ToList())
            {
                entry.Pipe.Dispose();
                _pipes.Remove(entry);
            }
        }

        _some.Release();
    }

    public void Dispose()
    {
        _over = true;
        _some.Release();
    }

    private void Loop()
    {
        var buffer = new byte[MostAtOnce];
        for (var turn = 0; !_over; turn++)
        {
            List<(SandboxId Sandbox, SafeFileHandle Pipe)> next;
            lock (_gate)
            {
                next = [.. _pipes.GroupBy(entry => entry.Sandbox).Select(own => own.ElementAt(turn % own.Count()))];
            }

            if (next.Count == 0)
            {
                _some.Wait();
                continue;
            }

            var over = next.FindAll(entry => IsOver(entry.Pipe, buffer));
            lock (_gate)
            {
                _pipes.RemoveAll(over.Contains);
            }

            Thread.Sleep(Pause);
        }

        lock (_gate)
        {
            _pipes.ForEach(entry => entry.Pipe.Dispose());
            _pipes.Clear();
        }
    }

    private static bool IsOver(SafeFileHandle pipe, byte[] buffer)
    {
        try
        {
            if (PipeCapture.ReadSome(pipe, buffer) != 0)
            {
                return false;
            }
        }
        catch (ObjectDisposedException)
        {
            return true; // a newer pipe took its place
        }

        pipe.Dispose();
        return true;
    }
}
