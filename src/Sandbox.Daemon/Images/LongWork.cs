namespace Sandbox.Daemon.Images;

/// <summary>Work that blocks for minutes, and so has a thread of its own.</summary>
internal static class LongWork
{
    public static Task<T> RunAsync<T>(Func<T> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
