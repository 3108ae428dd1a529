using System.Collections.Concurrent;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Daemon.Execs;

/// <summary>Answers that cost the host a program each: all who ask about a sandbox while one is under way get its answer.</summary>
internal sealed class SharedAnswers<T>
{
    private readonly ConcurrentDictionary<SandboxId, Lazy<Task<T>>> _underWay = new();

    /// <param name="sandbox">The sandbox.</param>
    /// <param name="ask">Begins to ask. It goes on when a caller leaves, so that leaving and coming back starts no second one.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<T> GetAsync(SandboxId sandbox, Func<Task<T>> ask, CancellationToken cancellationToken) =>
        _underWay.GetOrAdd(sandbox, new Lazy<Task<T>>(() => AskAsync(sandbox, ask))).Value.WaitAsync(cancellationToken);

    private async Task<T> AskAsync(SandboxId sandbox, Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        finally
        {
            _underWay.TryRemove(sandbox, out _);
        }
    }
}
