using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Playgrounds;
using Sandbox.Web.Latency;
using Sandbox.Web.Store;

namespace Sandbox.Web.Links;

/// <summary>Writes down how long visitors of links waited for their first prompt, for the owner's statistics.</summary>
internal sealed partial class LinkPrompts(SqliteStore store, LiveLatency latency, ILogger<LinkPrompts> logger) : IHostedService
{
    private const int MostAwaited = 4096;

    private readonly ConcurrentDictionary<PlaygroundId, bool> _awaited = new();

    public Task StartAsync(CancellationToken cancellationToken)
    {
        latency.Prompted += Prompted;
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        latency.Prompted -= Prompted;
        return Task.CompletedTask;
    }

    /// <summary>A playground was started from a link.</summary>
    public void Await(PlaygroundId playground)
    {
        if (_awaited.Count >= MostAwaited)
        {
            _awaited.Clear();
        }

        _awaited[playground] = true;
    }

    private void Prompted(PlaygroundId playground, TimeSpan time)
    {
        if (_awaited.TryRemove(playground, out _))
        {
            _ = Task.Run(() => RecordAsync(playground, (int)time.TotalMilliseconds), CancellationToken.None);
        }
    }

    private async Task RecordAsync(PlaygroundId playground, int milliseconds)
    {
        try
        {
            await store.WriteAsync(db => db.LinkStarts.Where(row => row.PlaygroundId == playground.Value)
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.PromptMs, milliseconds)));
        }
        catch (Exception fault)
        {
            // One figure of the statistics is missing then, and nothing else.
            Log.NotRecorded(logger, fault, playground.Value);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The time to the first prompt of {Playground} was not recorded")]
        public static partial void NotRecorded(ILogger logger, Exception fault, string playground);
    }
}
