using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Store;

namespace Sandbox.Web.Playgrounds;

/// <summary>
/// Writes down what sandboxes are doing. An event may be older than what an action just did, so nothing it says is
/// written: the runtime is asked again, one at a time, and the last one to ask writes last.
/// </summary>
internal sealed class SandboxStates(SqliteStore store, ISandboxRuntime runtime) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>What it does now, which is on record then; null when the runtime has none.</summary>
    public async Task<SandboxInfo?> RefreshAsync(SandboxId id)
    {
        await _turn.WaitAsync();
        try
        {
            if (await runtime.Sandboxes.FindAsync(id, CancellationToken.None) is not { } info)
            {
                return null;
            }

            await store.WriteAsync(db => db.Sandboxes.Where(row => row.Id == id.Value && (row.State != info.State || row.ExitCode != info.ExitCode))
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.State, info.State).SetProperty(row => row.ExitCode, info.ExitCode)));
            return info;
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();
}
