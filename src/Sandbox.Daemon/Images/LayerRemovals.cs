namespace Sandbox.Daemon.Images;

/// <summary>
/// Removes the files of layers that no image has any more. A million files take half a minute, so nobody waits for it; the
/// next start removes the rest.
/// </summary>
/// <param name="files">The store's directories.</param>
/// <param name="failed">Logs a fault, with the work that it ended.</param>
internal sealed class LayerRemovals(ImageFiles files, Action<Exception, string> failed) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private Task _last = Task.CompletedTask;
    private bool _isDone;

    /// <summary>Removes directories, after those of earlier calls.</summary>
    public void Begin(IReadOnlyList<string> directories)
    {
        if (directories.Count > 0)
        {
            lock (_gate)
            {
                _last = RunAsync(_last, directories);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_isDone)
        {
            _isDone = true;
            await _stop.CancelAsync();
            await _last;
            _stop.Dispose();
        }
    }

    private async Task RunAsync(Task earlier, IReadOnlyList<string> directories)
    {
        await earlier;
        foreach (var directory in directories)
        {
            try
            {
                await files.RemoveAsync(directory, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception exception)
            {
                failed(exception, $"removing {directory}");
            }
        }
    }
}
