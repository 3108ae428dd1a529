namespace Sandbox.Web.Status;

/// <summary>The state of the service, for everybody.</summary>
/// <param name="State"><c>up</c>, or <c>down</c> while nothing can be launched.</param>
/// <param name="Message">The same in words.</param>
/// <param name="Version">Of this service.</param>
/// <param name="Time">When this was true.</param>
/// <param name="Since">When the counting began: the process's start.</param>
/// <param name="Sandboxes">How many run.</param>
/// <param name="Capacity">Free capacity; null while it is unknown.</param>
/// <param name="Latency">How long visitors waited.</param>
/// <param name="Features">What the runtime can do; null while it is unknown.</param>
public sealed record StatusView(
    string State, string Message, string Version, DateTimeOffset Time, DateTimeOffset Since, int Sandboxes, CapacityView? Capacity, LatencyView Latency, FeaturesView? Features);

/// <summary>The optional features of the runtime. A recipe that needs another one is refused.</summary>
/// <param name="IsolationClasses">The values for <c>isolation</c> in a recipe, the default first.</param>
/// <param name="Snapshots">Whether the files of a sandbox can be saved as an image.</param>
/// <param name="Ports">Whether a port of a sandbox can be reached from outside.</param>
/// <param name="Nodes">Whether a recipe may have several nodes.</param>
/// <param name="Volumes">Whether a volume can outlive its sandbox.</param>
public sealed record FeaturesView(IReadOnlyList<string> IsolationClasses, bool Snapshots, bool Ports, bool Nodes, bool Volumes);

/// <summary>What is left of the host.</summary>
/// <param name="State"><c>free</c>, <c>busy</c> when four fifths are promised, or <c>full</c>.</param>
/// <param name="Message">The same in words.</param>
/// <param name="Waiting">How many launches wait for room.</param>
public sealed record CapacityView(string State, string Message, int Waiting);

/// <summary>How long visitors waited, of what they really did.</summary>
/// <param name="Launch">From a launch's request to its sandboxes running, where a recipe has no setup commands.</param>
/// <param name="FirstOutput">From a launch's request to the first byte of its first terminal.</param>
/// <param name="Echo">From a key's arrival to the next output for the same viewer, in terminals that were quiet.</param>
public sealed record LatencyView(LatencyWindows Launch, LatencyWindows FirstOutput, LatencyWindows Echo);

/// <summary>One kind of latency.</summary>
public sealed record LatencyWindows(LatencyWindow LastHour, LatencyWindow Last24Hours);

/// <summary>Milliseconds; null where nothing happened.</summary>
public sealed record LatencyWindow(long Count, double? P50Ms, double? P99Ms);
