using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.Runtime;
using Sandbox.Web.Store;

namespace Sandbox.Web.Catalog;

/// <summary>
/// The one list of what holds an image: an entry of the catalog, an image that a person built, a playground that has not ended, a lock. Nothing else
/// deletes images, and an image that something holds is never deleted. A snapshot is in the store before the row that holds
/// it, so its maker takes part in <see cref="StoringAsync"/> until that row is written.
/// </summary>
internal sealed partial class ImageUse(SqliteStore store, ISandboxRuntime runtime, ILogger<ImageUse> logger) : IDisposable
{
    private const int MostPostponed = 10;

    // Held by the collection, and for a moment by each storing that begins: so none begins during a collection.
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _gate = new();
    private int _storing;
    private int _postponed;
    private TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Dispose() => _turn.Dispose();

    /// <summary>Nothing is deleted until the result is disposed.</summary>
    public async Task<IDisposable> StoringAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        lock (_gate)
        {
            _storing++;
        }

        _turn.Release();
        return new Storing(this);
    }

    /// <summary>
    /// Deletes the images that nothing holds, unless somebody saves right now: then the next collection does, and only after
    /// some were put off it makes new saves wait. Not either while images of the catalog are being made: those are in no row yet.
    /// </summary>
    public async Task CollectAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_storing > 0 && _postponed < MostPostponed)
            {
                _postponed++;
                return;
            }

            _postponed = 0;
        }

        await _turn.WaitAsync(cancellationToken);
        try
        {
            await IdleAsync(cancellationToken);
            if (await store.ReadAsync(db => db.Catalog.AnyAsync(row => row.State == CatalogState.Making && !row.Removed, cancellationToken)))
            {
                return;
            }

            var stored = await runtime.Images.ListAsync(cancellationToken);
            var held = (await store.ReadAsync(db => Held(db).ToListAsync(cancellationToken))).ToHashSet(StringComparer.Ordinal);
            foreach (var image in stored.Where(image => !held.Contains(image.Digest.Value)))
            {
                await RemoveAsync(image.Digest, cancellationToken);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Collects now; a fault waits for the next collection.</summary>
    public async Task TryCollectAsync()
    {
        try
        {
            await CollectAsync(CancellationToken.None);
        }
        catch (SandboxException fault)
        {
            Log.Waits(logger, fault);
        }
    }

    private static IQueryable<string> Held(SandboxDb db) => db.Catalog.Where(row => !row.Removed && row.Digest != null).Select(row => row.Digest!)
        .Union(db.Sandboxes.Where(row => row.Digest != "" && row.Playground!.State != PlaygroundStage.Ended).Select(row => row.Digest))
        .Union(db.LockImages.Select(row => row.Digest))
        .Union(db.OwnImages.Select(row => row.Digest));

    private async Task RemoveAsync(Digest digest, CancellationToken cancellationToken)
    {
        try
        {
            await runtime.Images.RemoveAsync(digest, cancellationToken);
            Log.Removed(logger, digest.Value);
        }
        catch (SandboxException fault) when (fault.Code == ErrorCode.ImageInUse)
        {
            // A sandbox is being removed, or somebody downloads it: the next collection gets it.
        }
    }

    private async Task IdleAsync(CancellationToken cancellationToken)
    {
        Task idle;
        lock (_gate)
        {
            if (_storing == 0)
            {
                return;
            }

            _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            idle = _idle.Task;
        }

        await idle.WaitAsync(cancellationToken);
    }

    private void Stored()
    {
        lock (_gate)
        {
            if (--_storing == 0)
            {
                _idle.TrySetResult();
            }
        }
    }

    private sealed class Storing(ImageUse use) : IDisposable
    {
        private int _isDone;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isDone, 1) == 0)
            {
                use.Stored();
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The image {Digest} was deleted: nothing holds it")]
        public static partial void Removed(ILogger logger, string digest);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Unused images could not be deleted yet")]
        public static partial void Waits(ILogger logger, Exception fault);
    }
}
