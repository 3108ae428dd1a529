using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Records;
using Sandbox.Terminals.Flow;

namespace Sandbox.Daemon.Terminals;

/// <summary>The state and the output of the commands that start with their sandboxes. The holder of such a terminal writes both to a log.</summary>
internal sealed class OwnCommands(HolderFiles files, ProcessWatch watch)
{
    /// <summary>The state of a sandbox's own command; null if it has none, or its sandbox does not run.</summary>
    public TtyLogState? StateOf(SandboxRecord sandbox) => sandbox.Own is { } own ? OwnLog.StateOf(files.LogOf(sandbox.Spec.Id, own)) : null;

    /// <summary>The kept output since the sandbox's last start; null when there is none.</summary>
    public OwnLog? OpenLog(SandboxRecord sandbox) => sandbox.Own is { } own ? OwnLog.Open(files.LogOf(sandbox.Spec.Id, own)) : null;

    /// <summary>Whether <see cref="OpenLog"/> would find a log.</summary>
    public bool HasLog(SandboxRecord sandbox) => sandbox.Own is { } own && File.Exists(files.LogOf(sandbox.Spec.Id, own));

    /// <summary>Completes when the command has ended, with its last state; null when nobody knows.</summary>
    public async Task<TtyLogState?> EndedAsync(SandboxRecord sandbox)
    {
        TtyLogState? state;
        for (var wait = 1; (state = StateOf(sandbox)) is { ExitCode: null, Pid: 0 } && wait < 4096; wait *= 2)
        {
            await Task.Delay(wait); // the init has not said yet which process it is
        }

        if (state is { ExitCode: null, Pid: > 0 and var pid })
        {
            _ = await watch.WaitAsync(pid);
            for (var attempt = 0; attempt < 100 && (state = StateOf(sandbox)) is { ExitCode: null }; attempt++)
            {
                await Task.Delay(10); // the holder learns it from the init
            }
        }

        return state;
    }
}
