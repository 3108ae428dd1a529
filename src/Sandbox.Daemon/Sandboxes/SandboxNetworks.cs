using System.Globalization;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Isolation;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>The network namespaces of a sandbox.</summary>
internal static class SandboxNetworks
{
    /// <summary>A process in each of its network namespaces: its init, and for each other one that it made any of those in it.</summary>
    public static IEnumerable<int> ProcessesIn(LiveSandbox sandbox, ControlGroupTree groups)
    {
        var record = sandbox.Record;
        return IsolationClasses.Find(record.Isolation).MostNamespaces is null
            ? [record.Pid]
            : groups.ProcessesBelow(record.Spec.Owner, sandbox.Id).Prepend(record.Pid)
                .Select(pid => (Pid: pid, Network: new FileInfo(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/ns/net")).LinkTarget))
                .Where(process => process.Network is not null).DistinctBy(process => process.Network, StringComparer.Ordinal).Select(process => process.Pid);
    }
}
