using Sandbox.Core.Runtime;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Capacity;
using Sandbox.Daemon.Oci;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>The port on one Linux host.</summary>
internal sealed class LinuxRuntime(
    LinuxImages images,
    LinuxSandboxes all,
    LinuxTerminals terminals,
    LinuxFiles files,
    LinuxPorts ports,
    LinuxVolumes volumes,
    LiveSandboxes sandboxes,
    SandboxLife life,
    OciRuntimes runtimes,
    HostRoom room,
    HostProof proof) : ISandboxRuntime
{
    private RuntimeCapabilities Capabilities => new()
    {
        IsolationClasses = proof.Classes,
        HasSnapshots = true,
        HasPorts = true,
        HasVolumes = true,
    };

    private static readonly string Kernel = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();

    private string? _version;

    public IImages Images => images;

    public ISandboxes Sandboxes => all;

    public ITerminals Terminals => terminals;

    public ISandboxFiles Files => files;

    public ISandboxPorts Ports => ports;

    public IVolumes Volumes => volumes;

    public async Task<RuntimeInfo> GetInfoAsync(CancellationToken cancellationToken)
    {
        _version ??= await runtimes.All[0].VersionAsync(cancellationToken);
        var live = sandboxes.All.Count(sandbox => sandbox.Record.State != SandboxState.Ended);
        var capacity = room.Describe(life.PromisedMemory(), life.PromisedBytes());
        return new RuntimeInfo("linux", _version, System.Environment.ProcessId, live, capacity.Memory.Total, capacity.Disk.Promisable - capacity.Disk.Promised, Capabilities)
        {
            Capacity = capacity,
            Architecture = "amd64",
            Kernel = Kernel,
            Checks = proof.Results,
        };
    }
}
