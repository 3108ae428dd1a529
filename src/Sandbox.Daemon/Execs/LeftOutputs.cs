using Microsoft.Win32.SafeHandles;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Daemon.Execs;

/// <summary>
/// Reads and discards what programs print that a command left in the background: a server started with <c>&amp;</c>
/// would otherwise be killed by its first line of log (SIGPIPE). One thread for all of them, at a pace at which a
/// flood costs the host nothing.
/// </summary>
internal sealed class LeftOutputs : IDisposable
{
    /// <summary>Pipes kept for one sandbox; when there are more, the oldest is closed.</summary>
    internal const int MostPerSandbox = 64;

    /// <summary>Between two looks at all pipes; each look reads at most a pipe's own 64 KiB of each.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly List<(SandboxId Sandbox, SafeFileHandle Pipe)> _pipes = [];
    private readonly SemaphoreSlim _some = new(0);
    private volatile bool _over;

    public LeftOutputs() => new Thread(Loop) { IsBackground = true, Name = "left-outputs" }.Start();

    /// <summary>How many are being read.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _pipes.Count;
            }
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
        var buffer = new byte[64 * 1024];
        while (!_over)
        {
            if (Count == 0)
            {
                _some.Wait();
                continue;
            }

            lock (_gate)
            {
                _pipes.RemoveAll(entry => IsOver(entry.Pipe, buffer));
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
        if (PipeCapture.ReadSome(pipe, buffer) != 0)
        {
            return false;
        }

        pipe.Dispose();
        return true;
    }
}
