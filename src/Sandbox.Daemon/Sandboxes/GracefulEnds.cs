using System.Diagnostics;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Images;
using Sandbox.Daemon.Isolation;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Terminals;

namespace Sandbox.Daemon.Sandboxes;

/// <summary>The end of a sandbox's programs that they have time for.</summary>
internal sealed class GracefulEnds(ControlGroupTree groups, OciRuntimes runtimes, TerminalHolders terminals, OwnCommands commands)
{
    /// <summary>Asks the programs to end, and waits as long as the grace.</summary>
    public Task AskAsync(LiveSandbox sandbox, TimeSpan grace) =>
        IsolationClasses.Find(sandbox.Record.Isolation).HasOwnKernel ? AskKernelAsync(sandbox, grace) : AskContainerAsync(sandbox, grace);

    /// <summary>
    /// Asks a service to end, as Docker does. Where somebody types, everything is asked, and shells, which ignore that, are
    /// hung up.
    /// </summary>
    private async Task AskContainerAsync(LiveSandbox sandbox, TimeSpan grace)
    {
        var record = sandbox.Record;
        var isAsked = record.Config.IsInteractive || record.Own is null;
        if (record.Config.IsInteractive)
        {
            Others(sandbox).ForEach(pid => _ = Tool.Kill(pid, StopSignals.Terminate));
            terminals.HangUp(sandbox.Id);
        }
        else if (record.Own is null)
        {
            _ = Tool.Kill(record.Pid, record.Config.StopSignal); // of an earlier daemon: this init ends with its command
        }

        var until = Stopwatch.GetTimestamp() + (long)(grace.TotalSeconds * Stopwatch.Frequency);
        while (Stopwatch.GetTimestamp() < until && !sandbox.Ending.IsCancellationRequested && SandboxLauncher.IsAlive(record) && !HasEnded(sandbox))
        {
            if (!isAsked && commands.StateOf(record) is { Pid: > 0 and var pid }) // 0 for its first moment
            {
                isAsked = true;
                _ = Others(sandbox).Contains(pid) ? Tool.Kill(pid, record.Config.StopSignal) : 0;
            }

            await Task.Delay(10);
        }
    }

    /// <summary>Whether what was asked to end has.</summary>
    private bool HasEnded(LiveSandbox sandbox) => sandbox.Record.Config.IsInteractive
        ? Others(sandbox).Count == 0
        : sandbox.Record.Own is not null && commands.StateOf(sandbox.Record) is not { ExitCode: null };

    /// <summary>All processes of a sandbox but its init.</summary>
    private List<int> Others(LiveSandbox sandbox) => [.. groups.Processes(sandbox.Record.Spec.Owner, sandbox.Id).Where(pid => pid != sandbox.Record.Pid)];

    /// <summary>The host does not see the processes, so the runtime asks them.</summary>
    private async Task AskKernelAsync(LiveSandbox sandbox, TimeSpan grace)
    {
        var record = sandbox.Record;
        var asked = record.Config.IsInteractive;
        var until = Stopwatch.GetTimestamp() + (long)(grace.TotalSeconds * Stopwatch.Frequency);
        if (asked)
        {
            terminals.HangUp(sandbox.Id);
            await runtimes.Gvisor.AskToEndAsync(sandbox.Id); // its init too: a sandbox ends with that
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
}
