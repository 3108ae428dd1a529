using System.Collections.Concurrent;
using Sandbox.Core.Errors;
using Sandbox.Core.Files;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Daemon.Isolation;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Records;
using Sandbox.Terminals.Flow;

namespace Sandbox.Daemon.Terminals;

/// <summary>
/// The terminals of all sandboxes, by the processes that hold them. The daemon never touches a terminal's bytes: a holder
/// listens on a socket of its own, and the daemon may be killed right after it has started one.
/// </summary>
internal sealed class TerminalHolders(HolderStart start, HolderFiles files, OwnCommands commands, InnerDirectories directories, ProcessWatch watch)
{
    private const int MaxPerSandbox = 16; // each keeps 2 MiB of output outside the sandbox's own memory

    private readonly Lock _claiming = new();
    private readonly ConcurrentDictionary<SandboxId, ConcurrentDictionary<TerminalId, Lazy<Task<Holder>>>> _holders = new();

    /// <summary>Opens a terminal. Idempotent: the same id gives the same terminal.</summary>
    public async Task<TerminalInfo> OpenAsync(SandboxRecord sandbox, string root, TerminalSpec spec, CancellationToken cancellationToken)
    {
        if (TerminalRules.Validate(spec) is { Count: > 0 } mistakes)
        {
            throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
        }

        var holders = _holders.GetOrAdd(sandbox.Spec.Id, _ => new());
        if (!holders.ContainsKey(spec.Id) && Claim(sandbox, spec) is { } own)
        {
            await start.ResizeAsync(sandbox.Spec.Id, own.Id, new TerminalSize(spec.Cols, spec.Rows), cancellationToken);
            return InfoOf(own);
        }

        var lazy = holders.GetOrAdd(spec.Id, _ => new Lazy<Task<Holder>>(() =>
            holders.Count > MostOf(sandbox)
                ? Task.FromException<Holder>(new SandboxException(ErrorCode.Quota, $"A sandbox has at most {MaxPerSandbox} terminals and detached commands. Close one first."))
                : HoldAsync(sandbox, root, spec)));
        try
        {
            var holder = await lazy.Value.WaitAsync(cancellationToken);
            return InfoOf(holder);
        }
        catch when (lazy.Value.IsFaulted)
        {
            holders.TryRemove(new(spec.Id, lazy));
            throw;
        }
    }

    /// <summary>The terminals whose holder runs, oldest first.</summary>
    public async Task<IReadOnlyList<TerminalInfo>> ListAsync(SandboxRecord sandbox, string root)
    {
        var home = SandboxPath.TryParse(sandbox.User?.Home, out var path) ? path : null;
        var living = HoldersOf(sandbox.Spec.Id).Where(holder => holder.IsAlive).OrderBy(holder => holder.CreatedAt).ToList();
        var inside = IsolationClasses.Find(sandbox.Isolation).HasOwnKernel ? await directories.FindAsync(sandbox, [.. living.Select(holder => holder.Id)], root) : null;
        return
        [
            .. living.Select(holder => InfoOf(holder) with
            {
                Cwd = inside is null ? WorkingDirectory.InFront(holder.Id == sandbox.Own ? commands.StateOf(sandbox)?.Pid : WorkingDirectory.ChildOf(holder.Pid), root) : inside.GetValueOrDefault(holder.Id),
                Home = home,
                IsOwn = holder.Id == sandbox.Own,
                IsService = holder.Id == sandbox.Own && !sandbox.Config.IsInteractive,
                IsSeen = holder.Id != sandbox.Own || holder.IsClaimed || commands.StateOf(sandbox) is not { Uses: TtyLogUses.None },
            }),
        ];
    }

    /// <summary>Ends every holder of a sandbox and removes their files.</summary>
    /// <param name="sandbox">The sandbox.</param>
    /// <param name="keep">Called in between, when the holders write no more.</param>
    public async Task CloseAllAsync(SandboxId sandbox, Action? keep = null)
    {
        var holders = HoldersOf(sandbox);
        HangUp(sandbox);

        // One that is killed before it has run again on a busy host loses the end of its log.
        if (!await HaveEndedAsync(holders))
        {
            foreach (var holder in holders.Where(holder => holder.IsAlive))
            {
                _ = Tool.Kill(holder.Pid, 9);
            }

            _ = await HaveEndedAsync(holders);
        }

        _holders.TryRemove(sandbox, out _);
        keep?.Invoke();
        files.Forget(sandbox);
    }

    /// <summary>Waits some seconds for holders to end.</summary>
    private static async Task<bool> HaveEndedAsync(List<Holder> holders)
    {
        for (var attempt = 0; attempt < 1000; attempt++)
        {
            if (!holders.Exists(holder => holder.IsAlive))
            {
                return true;
            }

            await Task.Delay(5);
        }

        return false;
    }

    /// <summary>At start: finds the holders of running sandboxes again, and removes leftovers of others.</summary>
    public async Task AdoptAsync(IReadOnlySet<SandboxId> living)
    {
        Directory.CreateDirectory(files.Root);
        File.SetUnixFileMode(files.Root, (UnixFileMode)0b111_001_001); // passed through, not listed
        foreach (var directory in Directory.GetDirectories(files.Root))
        {
            if (!SandboxId.TryParse(Path.GetFileName(directory), out var sandbox))
            {
                Directory.Delete(directory, recursive: true);
                continue;
            }

            var holders = _holders.GetOrAdd(sandbox, _ => new());
            foreach (var holder in HolderFiles.ReadLiving(directory))
            {
                holders[holder.Id] = new Lazy<Task<Holder>>(Task.FromResult(holder));
                _ = ForgetAsync(sandbox, holder.Id, watch.WaitAsync(holder.Pid));
            }

            if (!living.Contains(sandbox))
            {
                await CloseAllAsync(sandbox);
            }
        }
    }

    /// <summary>
    /// Starts a sandbox through the holder of its own command's terminal, which is then listed as <see cref="SandboxRecord.Own"/>.
    /// </summary>
    /// <returns>The pid of the init.</returns>
    public async Task<int> StartOwnAsync(SandboxRecord sandbox, TerminalPlan plan, string bundle, Func<Func<int>, Task<int>> spawn)
    {
        var id = sandbox.Own ?? throw new InvalidOperationException("the terminal has no id");
        var holders = _holders.GetOrAdd(sandbox.Spec.Id, _ => new());
        var init = 0;
        var lazy = new Lazy<Task<Holder>>(async () =>
        {
            var started = await start.StartOwnAsync(sandbox, id, plan, bundle, spawn);
            _ = ForgetAsync(sandbox.Spec.Id, id, started.Ended);
            init = started.Process;
            return started.Holder;
        });
        holders[id] = lazy;
        try
        {
            _ = await lazy.Value;
            return init;
        }
        catch
        {
            holders.TryRemove(new(id, lazy));
            throw;
        }
    }

    /// <summary>The same in a sandbox whose kernel runs already.</summary>
    public async Task StartOwnInsideAsync(SandboxRecord sandbox, TerminalPlan plan)
    {
        var id = sandbox.Own ?? throw new InvalidOperationException("the terminal has no id");
        var started = await start.StartOwnInsideAsync(sandbox, id, plan);
        _holders.GetOrAdd(sandbox.Spec.Id, _ => new())[id] = new Lazy<Task<Holder>>(Task.FromResult(started.Holder));
        _ = ForgetAsync(sandbox.Spec.Id, id, started.Ended);
    }

    /// <summary>Whether a process is the one that the holder of the sandbox's own command started, and has not reaped.</summary>
    public bool IsOfHolder(SandboxRecord sandbox, int process) =>
        HoldersOf(sandbox.Spec.Id).Find(holder => holder.Id == sandbox.Own) is { IsAlive: true } holder && WorkingDirectory.ChildOf(holder.Pid) == process;

    /// <summary>The init of a sandbox whose own command has a terminal: its process, and the terminal's size.</summary>
    public static ProcessPlan InitOf(SandboxRecord sandbox, TerminalPlan plan) =>
        new(SandboxBundle.BelowOwnInit(plan.IsMarked ? 4 : 3, plan.Started), plan.Variables, plan.Workdir, sandbox.User ?? throw new InvalidOperationException("the user was not looked up"))
        {
            Terminal = HolderStart.OwnSize(sandbox),
        };

    /// <summary>Hangs up all terminals of a sandbox, which ends shells that ignore being asked.</summary>
    public void HangUp(SandboxId sandbox)
    {
        foreach (var holder in HoldersOf(sandbox).Where(holder => holder.IsAlive))
        {
            _ = Tool.Kill(holder.Pid, 15);
        }
    }

    private async Task<Holder> HoldAsync(SandboxRecord sandbox, string root, TerminalSpec spec)
    {
        var started = await start.StartAsync(sandbox, root, spec);
        _ = ForgetAsync(sandbox.Spec.Id, spec.Id, started.Ended);
        return started.Holder;
    }

    /// <summary>
    /// Gives the terminal of the image's own command to a visitor who asks for just that: the first one gets it, as long
    /// as it runs and nobody has looked at it.
    /// </summary>
    private Holder? Claim(SandboxRecord sandbox, TerminalSpec spec)
    {
        if (!spec.MayBeOwn || !sandbox.Config.IsInteractive || sandbox.Own is not { } own || commands.StateOf(sandbox) is not { ExitCode: null, Uses: TtyLogUses.None })
        {
            return null;
        }

        lock (_claiming)
        {
            if (HoldersOf(sandbox.Spec.Id).Find(holder => holder.Id == own) is not { IsAlive: true, IsClaimed: false } holder)
            {
                return null;
            }

            var claimed = holder with { IsClaimed = true };
            _holders[sandbox.Spec.Id][own] = new Lazy<Task<Holder>>(Task.FromResult(claimed));
            files.Keep(sandbox.Spec.Id, claimed);
            return claimed;
        }
    }

    /// <summary>One terminal more than usual while nobody asked for the one that came with the sandbox.</summary>
    private int MostOf(SandboxRecord sandbox) =>
        sandbox.Own is { } own && HoldersOf(sandbox.Spec.Id).Exists(holder => holder.Id == own && !holder.IsClaimed) ? MaxPerSandbox + 1 : MaxPerSandbox;

    /// <summary>When a holder has ended, its terminal is no longer listed and its files are removed.</summary>
    private async Task ForgetAsync(SandboxId sandbox, TerminalId terminal, Task ended)
    {
        await ended;
        if (_holders.TryGetValue(sandbox, out var holders))
        {
            holders.TryRemove(terminal, out _);
        }

        files.Forget(sandbox, terminal);
        await start.HangUpInsideAsync(sandbox, terminal);
    }

    private List<Holder> HoldersOf(SandboxId sandbox) => _holders.TryGetValue(sandbox, out var holders)
        ? [.. holders.Values.Where(lazy => lazy.IsValueCreated && lazy.Value.IsCompletedSuccessfully).Select(lazy => lazy.Value.Result)]
        : [];

    private static TerminalInfo InfoOf(Holder holder) => new(holder.Id, holder.Command, holder.CreatedAt) { IsMarked = holder.IsMarked };
}
