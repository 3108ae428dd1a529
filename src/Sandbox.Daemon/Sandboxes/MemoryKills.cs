using System.Globalization;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Isolation;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// Tells owners that the kernel killed programs in their sandbox because its memory was used up. The programs themselves
/// say nothing, or only "Killed". A sandbox with a kernel of its own ends with it: see <see cref="SandboxKernels"/>.
/// </summary>
internal sealed class MemoryKills(LiveSandboxes sandboxes, SandboxLife life, ControlGroupTree groups)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>Watches until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(LookEvery);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            foreach (var sandbox in sandboxes.All.Where(sandbox => sandbox.Record.State == SandboxState.Running && !IsolationClasses.Find(sandbox.Record.Isolation).HasOwnKernel))
            {
                Look(sandbox);
            }
        }
    }

    private void Look(LiveSandbox sandbox)
    {
        var record = sandbox.Record;
        if (groups.MemoryKillsOf(record.Spec.Owner, sandbox.Id) is not { } kills)
        {
            return;
        }

        // A daemon that has just started does not repeat what an earlier one said; a group made anew counts from zero.
        var known = sandbox.MemoryKills ?? (record.Notice is null ? 0 : kills);
        sandbox.MemoryKills = kills;
        if (kills > known)
        {
            var limit = ControlGroupTree.Clamp(record.Spec.Limits, record.Spec.OwnerLimits).MemoryBytes >> 20;
            _ = life.NoteAsync(sandbox, record, string.Create(
                CultureInfo.InvariantCulture,
                $"The memory of {limit} MiB ran out, and {(kills == 1 ? "a program was" : $"{kills} programs were")} killed. Programs that wanted more are gone; everything else goes on."));
        }
    }
}
