using System.Globalization;
using Sandbox.Core.Errors;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Daemon.Isolation;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Oci;

/// <summary>How a sandbox with a kernel of its own starts.</summary>
/// <param name="Id">The sandbox.</param>
/// <param name="Range">Its uids on the host.</param>
/// <param name="UserNamespace">The namespace of those uids, as a path.</param>
/// <param name="Plan">Everything else; its network namespace has its link and its addresses.</param>
/// <param name="Groups">The control groups that its kernel joins, one for each hierarchy.</param>
internal sealed record GvisorStart(SandboxId Id, UidRange Range, string UserNamespace, BundlePlan Plan, IReadOnlyList<string> Groups);

/// <summary>
/// gVisor's <c>runsc</c>. It is started as the first user of the sandbox's range, in the namespaces of the sandbox, so that
/// neither it nor what it starts ever has a privilege on the host: its kernel then runs as the last user of the range. Each
/// sandbox has a directory for it, which only that user and root may enter.
/// </summary>
internal sealed class GvisorRuntime(string program, string stateDirectory, Tool tool) : OciRuntime(program, stateDirectory, tool)
{
    /// <summary>
    /// Run as root in the network namespace and in a mount namespace of its own. runsc takes a namespace in which it finds
    /// rmem_default for the host's, so that is hidden; a second /proc stands for the first, because the kernel lets somebody
    /// mount a /proc only who sees a whole one. The range's user enters none of the directories of others, so all files come to
    /// its own. Of all processes of the sandbox's group, the kernel is ended first when memory runs out: without it, the others
    /// are nothing.
    /// </summary>
    private const string Script =
        """
        user=$1 own=$2
        shift 2
        while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs"; shift; done
        shift
        mount -n -t tmpfs -o mode=755,size=64k none "$own/stage"
        while [ "$1" != -- ]; do
            if [ -d "$1" ]; then mkdir "$2"; else : > "$2"; fi
            mount -n --rbind "$1" "$2"
            shift 2
        done
        shift
        mkdir "$own/stage/proc" "$own/stage/none"
        mount -n -t proc proc "$own/stage/proc"
        mount -n --bind "$own/stage/none" /proc/sys/net/core
        exec nsenter "--user=$user" --setuid 0 --setgid 0 -- "$@"
        """;

    private const int Hangup = 1;
    private const int Kill = 9;

    /// <summary>How long a call may take that ends processes. In a paused sandbox they end when it is resumed.</summary>
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(5);

    private readonly string _state = stateDirectory;
    private readonly Tool _tool = tool;

    /// <summary>Starts a sandbox whose first process waits for others.</summary>
    /// <returns>The pid of its kernel, which is a child of this process: the daemon is a subreaper.</returns>
    public async Task<int> StartAsync(GvisorStart start, ProcessWatch watch)
    {
        Directory.CreateDirectory(_state);
        File.SetUnixFileMode(_state, (UnixFileMode)0b111_001_001); // passed through, not listed
        var directory = DirectoryOf(start.Id.Value);
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true); // of a start that failed
        }

        Directory.CreateDirectory(directory);
        File.SetUnixFileMode(directory, (UnixFileMode)0b111_001_001);
        var files = FilesOf(start.Id);
        var staged = Path.Combine(files, "stage");
        foreach (var made in (ReadOnlySpan<string>)[files, staged])
        {
            Directory.CreateDirectory(made);
            File.SetUnixFileMode(made, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            Mounting.Chown(made, start.Range.First, start.Range.First);
        }

        var (plan, moves) = Stage(start.Plan, staged);
        await File.WriteAllBytesAsync(Path.Combine(files, "config.json"), SandboxBundle.Configuration(plan));
        var complaints = Path.Combine(files, "start.log");
        var pidFile = Path.Combine(files, "kernel.pid");
        int pid;
        using var words = Tool.MemoryFile("start");
        using (var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            pid = Tool.Spawn(
                "nsenter",
                [
                    "--net=" + plan.NetworkNamespace, "unshare", "--mount", "--propagation", "private", "sh", "-ec", Script, "sh",
                    start.UserNamespace, files, .. start.Groups, "--", .. moves, "--",
                    .. Command(files), "--log", complaints, "--ignore-cgroups", "--overlay2=none", "--file-access=shared", "--net-raw",
                    "run", "--detach", "--bundle", files, "--pid-file", pidFile, start.Id.Value,
                ],
                nothing, nothing, words);
        }

        var code = await watch.WaitAsync(pid);
        if (code != 0)
        {
            var text = Tool.ReadText(complaints);
            throw new SandboxException(ErrorCode.Internal, "The sandbox could not be started.", new IOException($"{Program} ended with {code}: {Tool.ReadText(words)} {text}"));
        }

        var kernel = int.Parse(await File.ReadAllTextAsync(pidFile), CultureInfo.InvariantCulture);
        await File.WriteAllTextAsync(Path.Combine(directory, "kernel"), string.Create(CultureInfo.InvariantCulture, $"{kernel} {ProcessIdentity.StartedAt(kernel)} {start.Range.First}"));
        await File.WriteAllTextAsync(string.Create(CultureInfo.InvariantCulture, $"/proc/{kernel}/oom_score_adj"), "1000");
        return kernel;
    }

    /// <summary>The directory for files that the runtime reads and writes while a sandbox runs.</summary>
    public string FilesOf(SandboxId id) => Path.Combine(DirectoryOf(id.Value), "files");

    /// <summary>The host's user who starts programs in it, and may enter the directory of files.</summary>
    public uint UserOf(SandboxId id) => (FindKernel(id) ?? throw Stopped()).User;

    public override Task DeleteAsync(string id)
    {
        if (Directory.Exists(DirectoryOf(id)))
        {
            Directory.Delete(DirectoryOf(id), recursive: true); // its processes are gone with their group
        }

        return Task.CompletedTask;
    }

    public override Task PauseAsync(SandboxId id, CancellationToken cancellationToken = default) => RunAsync(id, "pause", cancellationToken);

    public override Task ResumeAsync(SandboxId id, CancellationToken cancellationToken = default) => RunAsync(id, "resume", cancellationToken);

    public override IReadOnlyList<string> ExecCommand(SandboxId id, string process, string pidFile, string complaints) =>
        [.. Inside(id), "--log", complaints, "exec", "--process", process, "--internal-pid-file", pidFile, id.Value];

    /// <summary>The whole command line that gives one more process in a sandbox a terminal.</summary>
    public IReadOnlyList<string> TerminalCommand(SandboxId id, string process, TerminalId terminal) =>
        [.. Inside(id), "exec", "--detach", "--console-socket", "{console}", "--pid-file", "{pid}", "--internal-pid-file", ProcessOf(id, terminal), "--process", process, id.Value];

    /// <summary>
    /// Hangs up what still runs of a terminal that is gone: the kernel of the sandbox does not learn that the host's terminal is.
    /// Does nothing in sandboxes of other classes.
    /// </summary>
    public async Task HangUpAsync(SandboxId id, TerminalId terminal)
    {
        if (await TakeProcessAsync(id, terminal) is { } process)
        {
            await SignalBelowAsync(id, process, Hangup);
        }
    }

    /// <summary>Kills what runs in a terminal. Does nothing in sandboxes of other classes.</summary>
    public async Task KillTerminalAsync(SandboxId id, TerminalId terminal)
    {
        if (await TakeProcessAsync(id, terminal) is { } process)
        {
            await KillBelowAsync(id, process);
        }
    }

    /// <summary>The command line that runs a program of ours as root in a sandbox. It has the input and output of its parent.</summary>
    public IReadOnlyList<string> OwnCommand(SandboxId id, IReadOnlyList<string> command) => [.. Inside(id), "exec", "--user", "0:0", "--cwd", "/", id.Value, .. command];

    /// <summary>
    /// The same for one that looks into processes. The sandbox's kernel lets a program see the directories of its own children only,
    /// unless it may trace all.
    /// </summary>
    public IReadOnlyList<string> TracingCommand(SandboxId id, IReadOnlyList<string> command) =>
        [.. Inside(id), "exec", "--user", "0:0", "--cap", "CAP_SYS_PTRACE", "--cwd", "/", id.Value, .. command];

    /// <summary>Asks all processes of a sandbox to end.</summary>
    public Task AskToEndAsync(SandboxId id) => TryAsync(id, "kill", "--all", id.Value, "TERM");

    /// <summary>Kills a process of a sandbox, by the number that it has inside, and everything below it.</summary>
    public Task KillBelowAsync(SandboxId id, int process) => SignalBelowAsync(id, process, Kill);

    /// <summary>A program of ours inside looks for them, so this costs the host one start, and the sandbox the rest, however many they are.</summary>
    private async Task SignalBelowAsync(SandboxId id, int process, int signal)
    {
        if (await TryAsync(id, ["exec", "--user", "0:0", "--cwd", "/", id.Value, .. SandboxBundle.Signal(process, signal)]) is false)
        {
            // It could not start inside.
            await TryAsync(id, "kill", "--pid", process.ToString(CultureInfo.InvariantCulture), id.Value, signal.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>The number that the program of a terminal has inside; null if it is not known.</summary>
    public async Task<int?> FindProcessAsync(SandboxId id, TerminalId terminal)
    {
        try
        {
            return File.Exists(ProcessOf(id, terminal)) && int.TryParse(await File.ReadAllTextAsync(ProcessOf(id, terminal)), NumberStyles.None, CultureInfo.InvariantCulture, out var process) ? process : null;
        }
        catch (IOException)
        {
            return null; // the sandbox is taken apart
        }
    }

    private async Task<int?> TakeProcessAsync(SandboxId id, TerminalId terminal)
    {
        var process = await FindProcessAsync(id, terminal);
        try
        {
            File.Delete(ProcessOf(id, terminal));
        }
        catch (IOException)
        {
            // The sandbox is taken apart.
        }

        return process;
    }

    private string ProcessOf(SandboxId id, TerminalId terminal) => Path.Combine(FilesOf(id), terminal.Value + ".inside");

    /// <summary>Makes all files of a plan reachable below one directory, which the script mounts.</summary>
    private static (BundlePlan Plan, IReadOnlyList<string> Moves) Stage(BundlePlan plan, string staged)
    {
        var root = Path.Combine(staged, "root");
        var moves = new List<string> { plan.Root, root };
        var init = SandboxBundle.InitMount;
        var mounts = new List<SandboxMount>();
        foreach (var mount in plan.Mounts.Append(init))
        {
            var target = Path.Combine(staged, mounts.Count.ToString(CultureInfo.InvariantCulture));
            moves.AddRange([mount.Source, target]);
            mounts.Add(mount with { Source = target });
        }

        return (plan with { Root = root, Mounts = mounts[..^1], InitSource = mounts[^1].Source, UserNamespace = null }, moves);
    }

    private string DirectoryOf(string id) => Path.Combine(_state, id);

    private IReadOnlyList<string> Command(string files) => [Program, "--root", files];

    /// <exception cref="SandboxException">Conflict: the sandbox has stopped.</exception>
    private IReadOnlyList<string> Inside(SandboxId id) => Inside(id, FindKernel(id) ?? throw Stopped());

    /// <summary>Starts the program as the sandbox's own user, who has no privilege, where the socket of the sandbox's kernel is.</summary>
    private IReadOnlyList<string> Inside(SandboxId id, (int Pid, uint User) kernel)
    {
        var user = kernel.User.ToString(CultureInfo.InvariantCulture);
        return
        [
            "nsenter", string.Create(CultureInfo.InvariantCulture, $"--net=/proc/{kernel.Pid}/ns/net"),
            "setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", .. Command(FilesOf(id)),
        ];
    }

    /// <summary>The sandbox's kernel and the user of its runtime; null once the kernel has stopped.</summary>
    private (int Pid, uint User)? FindKernel(SandboxId id)
    {
        try
        {
            // 4711 123456 1879048192: the pid, when it started, the first user of the range
            var words = File.ReadAllText(Path.Combine(DirectoryOf(id.Value), "kernel")).Split(' ');
            return words.Length == 3 && int.Parse(words[0], CultureInfo.InvariantCulture) is var pid && ProcessIdentity.StartedAt(pid) == long.Parse(words[1], CultureInfo.InvariantCulture)
                ? (pid, uint.Parse(words[2], CultureInfo.InvariantCulture))
                : null;
        }
        catch (IOException)
        {
            return null; // it is taken apart
        }
    }

    private static SandboxException Stopped() => new(ErrorCode.Conflict, "The sandbox has stopped at this very moment.");

    private async Task RunAsync(SandboxId id, string verb, CancellationToken cancellationToken)
    {
        var command = Inside(id, FindKernel(id) ?? throw new IOException($"{Program} {verb} {id}: its kernel has stopped"));
        await _tool.RunOrThrowAsync(command[0], [.. command.Skip(1), verb, id.Value], cancellationToken: cancellationToken);
    }

    /// <summary>Whether it succeeded; null if it was not done in time, or the sandbox has stopped.</summary>
    private async Task<bool?> TryAsync(SandboxId id, params string[] arguments)
    {
        if (FindKernel(id) is not { } kernel)
        {
            return null;
        }

        var command = Inside(id, kernel);
        using var bound = new CancellationTokenSource(LongestEnd);
        try
        {
            return (await _tool.RunAsync(command[0], [.. command.Skip(1), .. arguments], cancellationToken: bound.Token)).Ok;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        catch (IOException)
        {
            return false; // the program could not be started
        }
    }
}
