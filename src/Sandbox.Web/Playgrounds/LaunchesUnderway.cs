using System.Collections.Concurrent;
using Sandbox.Core.Playgrounds;
using Sandbox.Web.Store;

namespace Sandbox.Web.Playgrounds;

/// <summary>A launch between admission and its end.</summary>
internal sealed class LaunchUnderway(CancellationTokenSource stop)
{
    private int _answer;

    /// <summary>Ends with the row as it is then; fails with the fault the launch failed with.</summary>
    public Task<PlaygroundRow> Outcome { get; set; } = Task.FromException<PlaygroundRow>(new InvalidOperationException("not begun"));

    public Task StopAsync() => stop.CancelAsync();

    /// <summary>
    /// Who speaks first: the caller who stops waiting (202, so a failure stays on record) or the launch that failed
    /// (the caller gets the fault, so nothing stays). True for the first one only.
    /// </summary>
    public bool Decide() => Interlocked.Exchange(ref _answer, 1) == 0;
}

/// <summary>The launches that are not over, so that an ending and a repeated request find them.</summary>
internal sealed class LaunchesUnderway
{
    private readonly ConcurrentDictionary<PlaygroundId, LaunchUnderway> _launches = new();

    public void Add(PlaygroundId id, LaunchUnderway launch) => _launches[id] = launch;

    public void Remove(PlaygroundId id) => _launches.TryRemove(id, out _);

    public LaunchUnderway? Find(PlaygroundId id) => _launches.GetValueOrDefault(id);

    /// <summary>Stops a launch and waits until it let go of everything.</summary>
    public async Task StopAsync(PlaygroundId id)
    {
        if (Find(id) is { } launch)
        {
            await launch.StopAsync();
            await launch.Outcome.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }
}
