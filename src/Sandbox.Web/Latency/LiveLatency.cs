using System.Collections.Concurrent;
using Sandbox.Core.Playgrounds;

namespace Sandbox.Web.Latency;

/// <summary>How long visitors waited, from what they really did: launches, first prompts and keys.</summary>
internal sealed class LiveLatency(TimeProvider time)
{
    private const int MostAwaited = 4096;

    /// <summary>A terminal opened later than this after the launch was not what the visitor waited for.</summary>
    private static readonly TimeSpan Prompt = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<PlaygroundId, AwaitedLaunch> _awaited = new();

    /// <summary>From a launch's request to its sandboxes running.</summary>
    public LatencyHistory Running { get; } = new(time);

    /// <summary>From a launch's request to the first byte of its first terminal.</summary>
    public LatencyHistory FirstOutput { get; } = new(time);

    /// <summary>From a key's arrival to the next output for the same viewer.</summary>
    public LatencyHistory Echo { get; } = new(time);

#pragma warning disable MA0046 // Handlers need no sender.
    /// <summary>Raised with the time from a launch's request to the first byte of its first terminal; handlers return quickly.</summary>
    public event Action<PlaygroundId, TimeSpan>? Prompted;
#pragma warning restore MA0046

    /// <summary>The clock that timestamps are taken from.</summary>
    public long Now => time.GetTimestamp();

    /// <summary>A playground that was asked for at a timestamp runs.</summary>
    public void Launched(PlaygroundId playground, long asked)
    {
        var now = Now;
        Running.Record(asked, now);
        if (_awaited.Count >= MostAwaited)
        {
            foreach (var (awaited, launch) in _awaited)
            {
                if (time.GetElapsedTime(launch.Ran, now) > Prompt)
                {
                    _awaited.TryRemove(awaited, out _);
                }
            }
        }

        if (_awaited.Count < MostAwaited)
        {
            _awaited[playground] = new AwaitedLaunch(asked, now);
        }
    }

    /// <summary>A terminal is being opened in a playground.</summary>
    public void Opening(PlaygroundId playground)
    {
        if (_awaited.TryGetValue(playground, out var launch) && time.GetElapsedTime(launch.Ran) > Prompt)
        {
            _awaited.TryRemove(playground, out _);
        }
    }

    /// <summary>A viewer is handed the first output of its stream.</summary>
    public void Printed(PlaygroundId playground)
    {
        if (!_awaited.IsEmpty && _awaited.TryRemove(playground, out var launch))
        {
            var now = Now;
            FirstOutput.Record(launch.Asked, now);
            Prompted?.Invoke(playground, time.GetElapsedTime(launch.Asked, now));
        }
    }

    /// <summary>Watches the keys of one viewer.</summary>
    public EchoWatch NewEchoWatch() => new(Echo, time);

    private sealed record AwaitedLaunch(long Asked, long Ran);
}
