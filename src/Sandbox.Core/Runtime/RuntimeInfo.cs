namespace Sandbox.Core.Runtime;

/// <summary>What a runtime says of itself.</summary>
/// <param name="Adapter">Which one: <c>linux</c>.</param>
/// <param name="OciRuntime">What starts sandboxes, with its version: <c>crun 1.8.1</c>.</param>
/// <param name="Pid">The daemon's process.</param>
/// <param name="Sandboxes">How many it holds that have not ended.</param>
/// <param name="MemoryBytes">Memory of the host.</param>
/// <param name="DiskFreeBytes">What may still be promised on the data disk: free space less what sandboxes may yet write.</param>
public sealed record RuntimeInfo(string Adapter, string OciRuntime, int Pid, int Sandboxes, long MemoryBytes, long DiskFreeBytes);
