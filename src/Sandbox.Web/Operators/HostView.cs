using Sandbox.Core.Runtime;

namespace Sandbox.Web.Operators;

/// <summary>The host of the sandboxes, as an operator sees it.</summary>
/// <param name="Adapter">The adapter of the runtime: linux.</param>
/// <param name="OciRuntime">The program that starts sandboxes, with its version.</param>
/// <param name="Architecture">amd64.</param>
/// <param name="Kernel">The release of the kernel.</param>
/// <param name="IsolationClasses">The classes that it can start, the default first.</param>
/// <param name="Checks">What isolates sandboxes, each with its result.</param>
/// <param name="Capacity">How much of it is promised and left; null for a runtime that measures nothing.</param>
public sealed record HostView(
    string Adapter, string OciRuntime, string Architecture, string Kernel, IReadOnlyList<string> IsolationClasses, IReadOnlyList<HostCheck> Checks, HostCapacityView? Capacity)
{
    internal static HostView From(RuntimeInfo info) => new(
        info.Adapter, info.OciRuntime, info.Architecture, info.Kernel, info.Capabilities.IsolationClasses, info.Checks, info.Capacity is { } capacity ? HostCapacityView.From(capacity) : null);
}

/// <summary>How much of a host is promised and left.</summary>
/// <param name="Memory">Its memory.</param>
/// <param name="Disk">The disk of the sandboxes.</param>
/// <param name="Pressure">Percent of the last ten seconds in which some program waited for memory; null where the kernel does not measure it.</param>
/// <param name="Refusal">Why no sandbox is started now; null while they are.</param>
/// <param name="Acts">What was done to sandboxes to free memory or disk since the daemon's start, the latest first, at most 100.</param>
public sealed record HostCapacityView(HostResource Memory, HostResource Disk, double? Pressure, string? Refusal, IReadOnlyList<HostActView> Acts)
{
    internal static HostCapacityView From(HostCapacity capacity) => new(
        capacity.Memory,
        capacity.Disk,
        capacity.Pressure,
        capacity.Refusal,
        [.. capacity.Acts.Select(act => new HostActView(act.At, act.Sandbox.Value, act.Owner.Value, act.Kind, act.Bytes, act.Why))]);
}

/// <summary>One thing done to a sandbox so that the host keeps its reserve.</summary>
/// <param name="At">When.</param>
/// <param name="Sandbox">The sandbox.</param>
/// <param name="Owner">Its owner.</param>
/// <param name="Kind">paused, resumed, stopped (its files are kept) or ended.</param>
/// <param name="Bytes">How much of it the sandbox held.</param>
/// <param name="Why">In words.</param>
public sealed record HostActView(DateTimeOffset At, string Sandbox, string Owner, string Kind, long Bytes, string Why);
