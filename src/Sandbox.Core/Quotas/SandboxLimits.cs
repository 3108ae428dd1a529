namespace Sandbox.Core.Quotas;

/// <summary>What one sandbox, or one person in sum, may use of a host.</summary>
/// <param name="Cpus">Cores, 0.01 and up.</param>
/// <param name="MemoryBytes">Memory in bytes; there is no swap on top.</param>
/// <param name="Pids">Processes and threads.</param>
/// <param name="DiskBytes">Bytes a sandbox may write over its image.</param>
/// <param name="Inodes">Files and directories a sandbox may make over its image.</param>
public sealed record SandboxLimits(double Cpus, long MemoryBytes, int Pids, long DiskBytes, long Inodes);
