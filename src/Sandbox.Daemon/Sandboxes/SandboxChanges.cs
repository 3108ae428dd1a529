using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// Sends every change to all watchers. A watcher that falls behind is disconnected; when it asks again it begins with
/// the current state.
/// </summary>
internal sealed class SandboxChanges
{
    private const int Backlog = 4096;

    private readonly Lock _lock = new();
    private readonly List<Channel<SandboxInfo>> _watchers = [];
    private bool _ended;

    public void Publish(SandboxInfo info)
    {
        lock (_lock)
        {
            _watchers.RemoveAll(watcher =>
            {
                if (watcher.Writer.TryWrite(info))
                {
                    return false;
                }

                watcher.Writer.TryComplete();
                return true;
            });
        }
    }

    /// <summary>Ends the stream of every watcher. New watchers get the current state and nothing after it.</summary>
    public void End()
    {
        lock (_lock)
        {
            _ended = true;
            _watchers.ForEach(watcher => watcher.Writer.TryComplete());
        }
    }

    /// <summary>
    /// The current state, then every change. <paramref name="now"/> reads the state after the watcher is registered, so
    /// that no change is missed.
    /// </summary>
    public async IAsyncEnumerable<SandboxInfo> WatchAsync(Func<IEnumerable<SandboxInfo>> now, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var channel = Channel.CreateBounded<SandboxInfo>(new BoundedChannelOptions(Backlog) { SingleReader = true });
        lock (_lock)
        {
            _watchers.Add(channel);
            if (_ended)
            {
                channel.Writer.TryComplete();
            }
        }

        try
        {
            foreach (var info in now())
            {
                yield return info;
            }

            await foreach (var info in channel.Reader.ReadAllAsync(cancellationToken))
            {
                yield return info;
            }
        }
        finally
        {
            lock (_lock)
            {
                _watchers.Remove(channel);
            }
        }
    }
}
