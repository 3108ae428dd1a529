using Port = Sandbox.Core.Runtime;

namespace Sandbox.Rpc.Wire;

/// <summary>What a runtime says of itself in and out of messages.</summary>
internal static class RuntimeMap
{
    internal static RuntimeInfo ToWire(this Port.RuntimeInfo info) => new()
    {
        Adapter = info.Adapter,
        OciRuntime = info.OciRuntime,
        Pid = info.Pid,
        Sandboxes = info.Sandboxes,
        MemoryBytes = info.MemoryBytes,
        DiskFreeBytes = info.DiskFreeBytes,
        Architecture = info.Architecture,
        Kernel = info.Kernel,
        Checks = { info.Checks.Select(check => new HostCheck { Name = check.Name, Title = check.Title, IsProven = check.IsProven, Found = check.Found, Meaning = check.Meaning }) },
        Capabilities = new RuntimeCapabilities
        {
            IsolationClasses = { info.Capabilities.IsolationClasses },
            Snapshots = info.Capabilities.HasSnapshots,
            Ports = info.Capabilities.HasPorts,
            Nodes = info.Capabilities.HasNodes,
            Volumes = info.Capabilities.HasVolumes,
        },
    };

    internal static Port.RuntimeInfo ToCore(this RuntimeInfo wire) => new(
        wire.Adapter,
        wire.OciRuntime,
        wire.Pid,
        wire.Sandboxes,
        wire.MemoryBytes,
        wire.DiskFreeBytes,
        new Port.RuntimeCapabilities
        {
            IsolationClasses = [.. wire.Capabilities.IsolationClasses],
            HasSnapshots = wire.Capabilities.Snapshots,
            HasPorts = wire.Capabilities.Ports,
            HasNodes = wire.Capabilities.Nodes,
            HasVolumes = wire.Capabilities.Volumes,
        })
    {
        Architecture = wire.Architecture,
        Kernel = wire.Kernel,
        Checks = [.. wire.Checks.Select(check => new Port.HostCheck(check.Name, check.Title, check.IsProven, check.Found, check.Meaning))],
    };
}
