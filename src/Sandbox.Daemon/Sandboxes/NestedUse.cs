using System.Globalization;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Isolation;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// Stops sandboxes of a class that makes namespaces when they use up the host in ways that no limit of the kernel
/// bounds: control groups, of which the host has 65,535, and memory that is charged to nobody (unread messages between
/// its netlink sockets, firewall rules, terminals). It cannot be said of all such memory which sandbox holds it. But each
/// of these objects has a part that is charged, so the sandbox with the most kernel memory is the one.
/// </summary>
internal sealed partial class NestedUse(LiveSandboxes sandboxes, ControlGroupTree groups, SandboxLife life, ILogger<NestedUse> logger)
{
    /// <summary>Control groups of one sandbox: an engine makes one for each container, in every hierarchy.</summary>
    public const int MostGroups = 2_000;

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

            if (HostMemory.Available() is var available && available < HostMemory.Total / 10 && groups.MemoryOfAll() < (HostMemory.Total - available) / 2)
            {
                var greediest = nested.MaxBy(sandbox => groups.KernelMemoryOf(sandbox.Record.Spec.Owner, sandbox.Id))!;
                Stop(greediest, "most of the host's memory, in a form that no limit of a sandbox counts");
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
