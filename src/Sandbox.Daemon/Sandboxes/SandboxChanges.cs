using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// Tells every watcher what changed. A watcher that does not keep up is cut off, not served old news: it asks again
/// and begins with what is.
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

    /// <summary>There will be no more news: every watcher is told so, and whoever comes now sees what is and no more.</summary>
    public void End()
    {
        lock (_lock)
        {
            _ended = true;
            _watchers.ForEach(watcher => watcher.Writer.TryComplete());
        }
    }

    /// <summary>What is, taken by <paramref name="now"/> after the watcher is in place so that nothing is missed, then what changes.</summary>
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
