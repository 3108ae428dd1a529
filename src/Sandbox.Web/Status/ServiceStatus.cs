using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.Quotas;
using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Web.Latency;
using Sandbox.Web.Playgrounds;
using Sandbox.Web.Queue;
using Sandbox.Web.Store;

namespace Sandbox.Web.Status;

/// <summary>Puts the status of the service together, once a second at most, however often anybody asks.</summary>
internal sealed class ServiceStatus(SqliteStore store, ISandboxRuntime runtime, Admission admission, QueueBoard queue, LiveLatency latency, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);
    private static readonly string Version = typeof(ServiceStatus).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";

    private readonly Lock _gate = new();
    private readonly DateTimeOffset _since = time.GetUtcNow();
    private Task<StatusView>? _latest;
    private long _asked;

    public Task<StatusView> GetAsync()
    {
        lock (_gate)
        {
            if (_latest is null || (_latest.IsCompleted && (_latest.IsFaulted || time.GetElapsedTime(_asked) > Fresh)))
            {
                _asked = time.GetTimestamp();
                _latest = LookAsync();
            }

            return _latest;
        }
    }

    private async Task<StatusView> LookAsync()
    {
        await Task.Yield();
        var sandboxes = await store.ReadAsync(db => db.Sandboxes.CountAsync(row => row.Playground!.State == PlaygroundStage.Running && row.State == SandboxState.Running));
        CapacityView? capacity = null;
        FeaturesView? features = null;
        try
        {
            using var patience = new CancellationTokenSource(Patience);
            var host = await runtime.GetInfoAsync(patience.Token);
            var waiting = (await queue.LookAsync(admission.CommitmentAsync)).Waiting;
            capacity = host.Capacity?.Refusal is { } refusal ? new CapacityView("full", refusal, waiting) : Capacity(await RoomAsync(host), waiting);
            features = Features(host.Capabilities);
        }
        catch (Exception fault) when (fault is SandboxException or OperationCanceledException)
        {
            // The runtime is down: the status says so.
        }

        var (state, message) = capacity is null
            ? ("down", "Launches are unavailable right now. Running sandboxes and open terminals are not affected.")
            : ("up", "Sandboxes can be launched.");
        return new StatusView(state, message, Version, time.GetUtcNow(), _since, sandboxes, capacity, new LatencyView(Windows(latency.Running), Windows(latency.FirstOutput), Windows(latency.Echo)), features);
    }

    /// <summary>How many more sandboxes of a guest fit, and of how many in all.</summary>
    private async Task<(long Left, double Used)> RoomAsync(RuntimeInfo host)
    {
        var (held, most) = await admission.CommitmentAsync();
        var each = (await store.ReadAsync(db => db.Plans.AsNoTracking().SingleOrDefaultAsync(plan => plan.Name == Plan.Guest.Name)))?.ToPlan().PerSandbox ?? Plan.Guest.PerSandbox;
        var left = Math.Min((most - held) / each.MemoryBytes, host.DiskFreeBytes / each.DiskBytes);
        return (Math.Max(0, left), most <= 0 ? 1 : (double)held / most);
    }

    private static CapacityView Capacity((long Left, double Used) room, int waiting) => (room, waiting) switch
    {
        ({ Left: 0 }, 0) => new("full", "The host is full. A launch waits in the queue until another playground has ended.", waiting),
        ({ Left: 0 }, _) => new("full", $"The host is full. {Waiting(waiting)}", waiting),
        (_, > 0) => new("busy", $"Room for about {room.Left} more sandboxes. {Waiting(waiting)}", waiting),
        ({ Left: 1 }, _) => new("busy", "Room for one more sandbox.", waiting),
        ({ Used: >= 0.8 }, _) => new("busy", $"Getting full: room for about {room.Left} more sandboxes.", waiting),
        _ => new("free", $"Room for about {room.Left} more sandboxes.", waiting),
    };

    private static string Waiting(int launches) => launches == 1 ? "One launch waits in the queue." : $"{launches} launches wait in the queue.";

    private static FeaturesView Features(RuntimeCapabilities capabilities) =>
        new(capabilities.IsolationClasses, capabilities.HasSnapshots, capabilities.HasPorts, capabilities.HasNodes, capabilities.HasVolumes);

    private static LatencyWindows Windows(LatencyHistory history) => new(Window(history.LastHour()), Window(history.LastDay()));

    private static LatencyWindow Window(LatencySpread spread) => new(spread.Count, Milliseconds(spread.Percentile(0.5)), Milliseconds(spread.Percentile(0.99)));

    private static double? Milliseconds(TimeSpan? duration) =>
        duration is { } known ? double.Parse(known.TotalMilliseconds.ToString("G3", System.Globalization.CultureInfo.InvariantCulture), System.Globalization.CultureInfo.InvariantCulture) : null;
}
