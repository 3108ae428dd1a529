using System.Globalization;
using Sandbox.Core.Errors;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Isolation;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Records;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>
/// Sandboxes whose programs run on a kernel of their own. All memory of the programs is that kernel's, so the host ends all of
/// them at once when it runs out; and without a thread of the host for a new process the kernel gives up.
/// </summary>
internal sealed class SandboxKernels(LiveSandboxes sandboxes, KernelGroups own, ControlGroupTree groups, OciRuntimes runtimes, ProcessWatch watch)
{
    private readonly Lock _admission = new();

    /// <summary>The host's tasks that a sandbox may take.</summary>
    public static int TasksOf(SandboxRecord record) => IsolationClasses.Find(record.Isolation).Tasks(record.Spec.Limits);

    /// <summary>The tasks that all kernels together may take: the other half is for sandboxes that share the host's kernel.</summary>
    public static long MostTasks { get; } = ControlGroupTree.TasksOfEverybody / 2;

    /// <summary>
    /// Refuses a kernel of its own to a sandbox while those of others may take all that there is for them; each takes what it
    /// may at once. Until <see cref="Remove"/>. Code: Capacity.
    /// </summary>
    public void Admit(LiveSandbox sandbox)
    {
        if (!HasOwn(sandbox))
        {
            return;
        }

        lock (_admission)
        {
            var taken = sandboxes.All
                .Where(other => !ReferenceEquals(other, sandbox) && HasOwn(other) && (other.HoldsKernel || other.Record.State is SandboxState.Running or SandboxState.Paused))
                .Sum(other => (long)TasksOf(other.Record));
            if (taken + TasksOf(sandbox.Record) > MostTasks)
            {
                throw new SandboxException(ErrorCode.Capacity, "As many sandboxes run under gVisor as this host has process numbers for. Try again when others have ended.") { RetryAfter = TimeSpan.FromMinutes(1) };
            }

            sandbox.HoldsKernel = true;
        }
    }

    private static bool HasOwn(LiveSandbox sandbox) => IsolationClasses.Find(sandbox.Record.Isolation).HasOwnKernel;

    /// <summary>Starts the kernel of a sandbox that has its own, with an init that waits.</summary>
    public async Task<int> StartAsync(LiveSandbox sandbox, SandboxRecord record, NamespaceHolder holder, BundlePlan plan)
    {
        var spec = record.Spec;
        var joined = own.Make(spec.Owner, spec.Id, plan.Limits, TasksOf(record), plan.ReadRate);
        using var filled = TemporaryFiles.Fill(sandbox.Root.Root);
        plan = plan with { Init = new ProcessPlan([], ProcessPlan.EnvironmentOf(record.Config, spec.Env, ProcessUser.Root, terminal: false), "/", ProcessUser.Root) };
        return await runtimes.Gvisor.StartAsync(new GvisorStart(spec.Id, sandbox.Range, holder.UserPath, plan, joined), watch);
    }

    /// <summary>Removes the control group, once nothing is in it.</summary>
    public void Remove(LiveSandbox sandbox)
    {
        own.Remove(sandbox.Record.Spec.Owner, sandbox.Id);
        sandbox.HoldsKernel = false;
    }

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
