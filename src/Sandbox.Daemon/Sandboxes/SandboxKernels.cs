using System.Diagnostics;
using System.Globalization;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Isolation;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Records;
using Sandbox.Daemon.Terminals;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// Sandboxes whose programs run on a kernel of their own. All memory of the programs is that kernel's, so the host ends all of
/// them at once when it runs out; and without a thread of the host for a new process the kernel gives up.
/// </summary>
internal sealed class SandboxKernels(KernelGroups own, ControlGroupTree groups, OciRuntimes runtimes, TerminalHolders terminals, OwnCommands commands, ProcessWatch watch)
{
    /// <summary>The host's tasks that a sandbox may take.</summary>
    public static int TasksOf(SandboxRecord record) => IsolationClasses.Find(record.Isolation).Tasks(record.Spec.Limits);

    /// <summary>Starts the kernel of a sandbox that has its own, with an init that waits.</summary>
    public async Task<int> StartAsync(LiveSandbox sandbox, SandboxRecord record, NamespaceHolder holder, BundlePlan plan)
    {
        var spec = record.Spec;
        var joined = own.Make(spec.Owner, spec.Id, plan.Limits, TasksOf(record), plan.ReadRate);
        using var filled = TemporaryFiles.Fill(sandbox.Root.Root);
        plan = plan with { Init = new ProcessPlan([], ProcessPlan.EnvironmentOf(record.Config, spec.Env, ProcessUser.Root, terminal: false), "/", ProcessUser.Root) };
        return await runtimes.Gvisor.StartAsync(new GvisorStart(spec.Id, sandbox.Range, holder.UserPath, plan, joined), watch);
    }

    /// <summary>The same for a sandbox with a kernel of its own, whose processes the host does not see.</summary>
    public async Task AskToEndAsync(LiveSandbox sandbox, TimeSpan grace)
    {
        var record = sandbox.Record;
        var asked = record.Config.IsInteractive;
        var until = Stopwatch.GetTimestamp() + (long)(grace.TotalSeconds * Stopwatch.Frequency);
        if (asked)
        {
            terminals.HangUp(sandbox.Id);
            _ = await runtimes.Gvisor.AskToEndAsync(sandbox.Id); // its init too: a sandbox ends with that
        }

        while (Stopwatch.GetTimestamp() < until && !sandbox.Ending.IsCancellationRequested && SandboxLauncher.IsAlive(record) && (asked || commands.StateOf(record) is { ExitCode: null }))
        {
            if (!asked && commands.StateOf(record) is { Pid: > 0 and var pid } && terminals.IsOfHolder(record, pid))
            {
                asked = true;
                _ = Tool.Kill(pid, record.Config.StopSignal); // the runtime, which passes it on
                continue;
            }

            await Task.Delay(10);
            asked |= !record.Config.IsInteractive && commands.StateOf(record) is null;
        }
    }

    /// <summary>Removes the control group, once nothing is in it.</summary>
    public void Remove(SandboxRecord record) => own.Remove(record.Spec.Owner, record.Spec.Id);

    /// <summary>The reason in words for the owner; null if there is none, or its class has no such kernel. Ask before the group is removed.</summary>
    public string? WhyOf(SandboxRecord record)
    {
        if (!IsolationClasses.Find(record.Isolation).HasOwnKernel)
        {
            return null;
        }

        var limits = ControlGroupTree.Clamp(record.Spec.Limits, record.Spec.OwnerLimits);
        return groups.MemoryKillsOf(record.Spec.Owner, record.Spec.Id) > 0
            ? string.Create(CultureInfo.InvariantCulture, $"The memory of {limits.MemoryBytes >> 20} MiB ran out, and everything in it was ended: under gVisor, all programs are in one process of the host. The files are there; start it again.")
            : own.RefusedTasksOf(record.Spec.Owner, record.Spec.Id) > 0
                ? "It started more processes than it may, and everything in it was ended: gVisor cannot refuse a single process. The files are there; start it again."
                : null;
    }
}
