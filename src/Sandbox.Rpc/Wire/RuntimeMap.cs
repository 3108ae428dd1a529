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
        Capacity = info.Capacity?.ToWire(),
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
        Capacity = wire.Capacity?.ToCore(),
    };

    private static HostCapacity ToWire(this Port.HostCapacity capacity)
    {
        var wire = new HostCapacity
        {
            Memory = capacity.Memory.ToWire(),
            Disk = capacity.Disk.ToWire(),
            Acts = { capacity.Acts.Select(act => new HostAct { At = act.At.ToWire(), Sandbox = act.Sandbox.Value, Owner = act.Owner.Value, Kind = act.Kind, Bytes = act.Bytes, Why = act.Why }) },
        };
        if (capacity.Pressure is { } pressure)
        {
            wire.Pressure = pressure;
        }

        if (capacity.Refusal is { } refusal)
        {
            wire.Refusal = refusal;
        }

        return wire;
    }

    private static Port.HostCapacity ToCore(this HostCapacity wire) => new(
        wire.Memory.ToCore(),
        wire.Disk.ToCore(),
        wire.HasPressure ? wire.Pressure : null,
        wire.HasRefusal ? wire.Refusal : null,
        [.. wire.Acts.Select(act => new Port.HostAct(Values.ToTime(act.At), Values.ToSandboxId(act.Sandbox), Values.ToPersonId(act.Owner), act.Kind, act.Bytes, act.Why))]);

    private static HostResource ToWire(this Port.HostResource resource) =>
        new() { Total = resource.Total, Left = resource.Left, Reserve = resource.Reserve, Promised = resource.Promised, Promisable = resource.Promisable };

    private static Port.HostResource ToCore(this HostResource wire) => new(wire.Total, wire.Left, wire.Reserve, wire.Promised, wire.Promisable);
}
