using System.Globalization;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Isolation;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Networks;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// Stops sandboxes of a class that makes namespaces when they use up the host in ways that no limit of the kernel
/// bounds: control groups, of which the host has 65,535, places in its tables of neighbours, and memory that is charged to nobody (unread messages between
/// its netlink sockets, firewall rules, terminals). It cannot be said of all such memory which sandbox holds it. But each
/// of these objects has a part that is charged, so the sandbox with the most kernel memory is the one.
/// </summary>
internal sealed partial class NestedUse(LiveSandboxes sandboxes, ControlGroupTree groups, SandboxLife life, ILogger<NestedUse> logger)
{
    /// <summary>Control groups of one sandbox: an engine makes one for each container, in every hierarchy.</summary>
    public const int MostGroups = 2_000;

    /// <summary>Neighbours of all sandboxes. Beyond them, sandboxes that have a quarter of them are stopped.</summary>
    public const int MostNeighbours = HostTables.MostNeighbours / 8;

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan CountEvery = TimeSpan.FromSeconds(2);

    /// <summary>Watches until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(LookEvery);
        var counted = DateTimeOffset.MinValue;
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            var nested = sandboxes.All
                .Where(sandbox => sandbox.Record.State == SandboxState.Running && IsolationClasses.Find(sandbox.Record.Isolation).MostNamespaces is not null).ToList();
            if (nested.Count == 0)
            {
                continue;
            }

            if (DateTimeOffset.UtcNow - counted > CountEvery)
            {
                counted = DateTimeOffset.UtcNow;
                await Task.Run(() => StopWithMany(nested), cancellationToken);
            }

            if (Neighbours.OfHost() is var neighbours && neighbours > MostNeighbours)
            {
                await Task.Run(() => StopWithNeighbours(nested, neighbours), cancellationToken);
            }

            if (HostMemory.Available() is var available && available < HostMemory.Total / 10 && groups.MemoryOfAll() < (HostMemory.Total - available) / 2)
            {
                Stop(GreediestOf(nested), "most of the host's memory, in a form that no limit of a sandbox counts");
            }
        }
    }

    private void StopWithMany(List<LiveSandbox> nested)
    {
        foreach (var sandbox in nested)
        {
            if (groups.CountBelow(sandbox.Record.Spec.Owner, sandbox.Id, MostGroups) is var count && count > MostGroups)
            {
                Stop(sandbox, string.Create(CultureInfo.InvariantCulture, $"more than {MostGroups} control groups"));
            }
        }
    }

    private void StopWithNeighbours(List<LiveSandbox> nested, int ofAll)
    {
        const int Most = MostNeighbours / 4;
        var counted = nested.Select(sandbox => (Sandbox: sandbox, Count: SandboxNetworks.ProcessesIn(sandbox, groups).Sum(pid => Neighbours.Of(pid, Most)))).ToList();
        foreach (var (sandbox, _) in counted.Where(entry => entry.Count > Most))
        {
            Stop(sandbox, string.Create(CultureInfo.InvariantCulture, $"more than {Most} neighbours in their networks"));
        }

        // Many sandboxes with some each, or namespaces that no process is in.
        if (ofAll > 2 * MostNeighbours && counted.TrueForAll(entry => entry.Count <= Most))
        {
            var isHidden = counted.Sum(entry => entry.Count) < ofAll / 2;
            Stop(isHidden ? GreediestOf(nested) : counted.MaxBy(entry => entry.Count).Sandbox, "most neighbours of all networks on this host");
        }
    }

    private LiveSandbox GreediestOf(List<LiveSandbox> nested) => nested.MaxBy(sandbox => groups.KernelMemoryOf(sandbox.Record.Spec.Owner, sandbox.Id))!;

    private void Stop(LiveSandbox sandbox, string held)
    {
        var record = sandbox.Record;
        if (SandboxLauncher.IsAlive(record))
        {
            LogStopped(logger, sandbox.Id, record.Spec.Owner.ToString(), held);
            _ = Tool.Kill(record.Pid, 9);
            _ = life.NoteAsync(sandbox, record, $"The sandbox was stopped because its programs held {held}. Its files are kept.");
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Sandbox} of {Owner} was stopped: its programs held {Held}")]
    private static partial void LogStopped(ILogger logger, SandboxId sandbox, string owner, string held);
}
