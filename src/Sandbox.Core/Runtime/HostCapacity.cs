using Sandbox.Core.People;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Core.Runtime;

/// <summary>How much of a host is promised to sandboxes, how much is left of it, and what was done when too little was.</summary>
/// <param name="Memory">Its memory.</param>
/// <param name="Disk">The disk of the sandboxes.</param>
/// <param name="Pressure">Percent of the last ten seconds in which some program waited for memory; null where the kernel does not measure it.</param>
/// <param name="Refusal">Why no sandbox is started now, in words for a visitor; null while they are.</param>
/// <param name="Acts">What was done to sandboxes to free memory or disk, the latest first.</param>
public sealed record HostCapacity(HostResource Memory, HostResource Disk, double? Pressure, string? Refusal, IReadOnlyList<HostAct> Acts);

/// <summary>Bytes of memory, or of a disk.</summary>
/// <param name="Total">All that the host has.</param>
/// <param name="Left">What can still be used: measured.</param>
/// <param name="Reserve">What stays free. With less left, no sandbox is started, and the greediest are paused or ended.</param>
/// <param name="Promised">The limits of all sandboxes together; of the disk, what they may still write.</param>
/// <param name="Promisable">The most that may be promised.</param>
public sealed record HostResource(long Total, long Left, long Reserve, long Promised, long Promisable);

/// <summary>One thing done to a sandbox so that the host keeps its reserve.</summary>
/// <param name="At">When.</param>
/// <param name="Sandbox">The sandbox.</param>
/// <param name="Owner">Its owner.</param>
/// <param name="Kind">paused, resumed, stopped (its files are kept) or ended.</param>
/// <param name="Bytes">How much of it the sandbox held.</param>
/// <param name="Why">In words.</param>
public sealed record HostAct(DateTimeOffset At, SandboxId Sandbox, PersonId Owner, string Kind, long Bytes, string Why);
