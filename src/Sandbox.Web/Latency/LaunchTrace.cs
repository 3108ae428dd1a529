using System.Diagnostics;
using System.Globalization;

namespace Sandbox.Web.Latency;

/// <summary>Durations of a launch's phases, for the Server-Timing header.</summary>
internal sealed class LaunchTrace
{
    private readonly List<(string Phase, double Milliseconds)> _phases = [];
    private long _since = Stopwatch.GetTimestamp();

    /// <summary>Ends the phase that began with the last mark.</summary>
    public void Mark(string phase)
    {
        var now = Stopwatch.GetTimestamp();
        lock (_phases)
        {
            _phases.Add((phase, Stopwatch.GetElapsedTime(_since, now).TotalMilliseconds));
        }

        _since = now;
    }

    /// <summary><c>admit;dur=0.9, create;dur=41.3</c></summary>
    public override string ToString()
    {
        lock (_phases)
        {
            return string.Join(", ", _phases.Select(phase => string.Create(CultureInfo.InvariantCulture, $"{phase.Phase};dur={phase.Milliseconds:0.##}")));
        }
    }
}
