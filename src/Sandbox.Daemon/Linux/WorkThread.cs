using System.Collections.Concurrent;

namespace Sandbox.Daemon.Linux;

/// <summary>
/// One thread for calls that wait in the kernel. They wait for one lock there, so a second thread would only wait
/// beside it, and twenty of them would leave the pool none for the rest of the launches.
/// </summary>
internal sealed class WorkThread : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];

    public WorkThread(string name) => new Thread(Loop) { IsBackground = true, Name = name }.Start();

    public Task RunAsync(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                work();
                done.SetResult();
            }
#pragma warning disable CA1031 // every exception goes to the caller
            catch (Exception exception)
#pragma warning restore CA1031
            {
                done.SetException(exception);
            }
        });
        return done.Task;
    }

    public void Dispose() => _work.CompleteAdding();

    private void Loop()
    {
        foreach (var work in _work.GetConsumingEnumerable())
        {
            work();
        }

        _work.Dispose();
    }
}
