namespace Sandbox.Core.Runtime;

/// <summary>A runtime: which adapter it is, its present state, and its capabilities.</summary>
/// <param name="Adapter">The adapter's name: <c>linux</c>.</param>
/// <param name="OciRuntime">The program that starts sandboxes, with its version: <c>crun 1.8.1</c>.</param>
/// <param name="Pid">The daemon's process.</param>
/// <param name="Sandboxes">Sandboxes that have not ended.</param>
/// <param name="MemoryBytes">Memory of the host.</param>
/// <param name="DiskFreeBytes">Bytes of the data disk that can still be promised: what may be promised of the free space, less what sandboxes may still write.</param>
/// <param name="Capabilities">The optional features of this runtime.</param>
public sealed record RuntimeInfo(string Adapter, string OciRuntime, int Pid, int Sandboxes, long MemoryBytes, long DiskFreeBytes, RuntimeCapabilities Capabilities)
{
    /// <summary>The processor architecture of its sandboxes, in OCI's words: <c>amd64</c>.</summary>
    public string Architecture { get; init; } = "";

    /// <summary>The release of the kernel that its sandboxes see: <c>6.1.0-18-amd64</c>.</summary>
    public string Kernel { get; init; } = "";

    /// <summary>What isolates its sandboxes, as it found it at its start; empty for a runtime that tries nothing.</summary>
    public IReadOnlyList<HostCheck> Checks { get; init; } = [];

    /// <summary>What is promised and left of the host; null for a runtime that measures nothing.</summary>
    public HostCapacity? Capacity { get; init; }
}
