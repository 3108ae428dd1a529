using System.Collections.Concurrent;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Audit;
using Sandbox.Web.Store;

namespace Sandbox.Web.Lifecycle;

/// <summary>
/// Records the states of sandboxes. An event of the runtime may be older than an action's result, so its content is not
/// recorded: the runtime is asked again, one question at a time, so the newest state is written last. The runtime's words
/// for owners stay in memory: it says them again when this process has been restarted.
/// </summary>
internal sealed class SandboxStates(PlaygroundLife life, ISandboxRuntime runtime, AuditLog audit) : IWhenPlaygroundEnds, IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly ConcurrentDictionary<SandboxId, (PlaygroundId Playground, string Words)> _notices = new();

    /// <inheritdoc cref="SandboxInfo.Notice"/>
    public string? NoticeOf(SandboxId id) => _notices.TryGetValue(id, out var notice) ? notice.Words : null;

    public void Ended(PlaygroundId playground)
    {
        foreach (var (sandbox, notice) in _notices)
        {
            if (notice.Playground == playground)
            {
                _notices.TryRemove(sandbox, out _);
            }
        }
    }

    /// <summary>Reads and records the current state of a sandbox; null if the runtime does not know it.</summary>
    public async Task<SandboxInfo?> RefreshAsync(SandboxId id)
    {
        await _turn.WaitAsync();
        try
        {
            if (await runtime.Sandboxes.FindAsync(id, CancellationToken.None) is not { } info)
            {
                return null;
            }

            await life.RecordAsync(info);
            if (info.Notice is { } words && info.State != SandboxState.Ended)
            {
                if (words != NoticeOf(id))
                {
                    audit.Add(new AuditEvent(AuditKind.Limit, words) { Person = info.Owner, Playground = info.Playground });
                }

                _notices[id] = (info.Playground, words);
            }
            else
            {
                _notices.TryRemove(id, out _);
            }

            return info;
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();
}
