using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Web.Lifecycle;

/// <summary>
/// Records the states of sandboxes. An event of the runtime may be older than an action's result, so its content is not
/// recorded: the runtime is asked again, one question at a time, so the newest state is written last.
/// </summary>
internal sealed class SandboxStates(PlaygroundLife life, ISandboxRuntime runtime) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);

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
            return info;
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();
}
