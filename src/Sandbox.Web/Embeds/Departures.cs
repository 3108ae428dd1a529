using System.Collections.Concurrent;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Lifecycle;
using Sandbox.Web.Playgrounds;

namespace Sandbox.Web.Embeds;

/// <summary>
/// Playgrounds whose frame is gone with the page around it. The reader may be back in a moment, by a reload or the browser's
/// way back; after that nobody is, and many pages have many readers. In memory: after a restart the plan's idle time counts.
/// </summary>
internal sealed partial class Departures(Endings endings, Presence presence, TimeProvider time, ILogger<Departures> logger) : BackgroundService
{
    /// <summary>How long a reader may be away.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    /// <summary>From then on the reader is away.</summary>
    private readonly ConcurrentDictionary<PlaygroundId, DateTimeOffset> _left = new();

    /// <summary>The frame of a playground is gone.</summary>
    public void Leave(PlaygroundId id) => _left[id] = time.GetUtcNow();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await SweepAsync();
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                // The idle time of the plan ends what this did not.
                Log.Failed(logger, fault);
            }
        }
    }

    internal async Task SweepAsync()
    {
        var now = time.GetUtcNow();
        foreach (var (id, since) in _left)
        {
            if (presence.UnattendedSince(id, since) is not { } alone)
            {
                // Somebody came back.
                _left.TryRemove(id, out _);
            }
            else if (now - alone >= Grace)
            {
                _left.TryRemove(id, out _);
                await endings.EndAsync(id, EndReason.Idle, "The page it was in was closed.");
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Playgrounds of closed pages could not be ended")]
        public static partial void Failed(ILogger logger, Exception fault);
    }
}
