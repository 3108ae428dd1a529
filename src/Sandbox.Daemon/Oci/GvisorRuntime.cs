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
            var text = File.Exists(complaints) ? await File.ReadAllTextAsync(complaints) : "";
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
    public uint UserOf(SandboxId id) => uint.Parse(Words(id)[2], CultureInfo.InvariantCulture);

    public override Task DeleteAsync(string id)
    {
        if (Directory.Exists(DirectoryOf(id)))
        {
            Directory.Delete(DirectoryOf(id), recursive: true); // its processes are gone with their group
        }

        return Task.CompletedTask;
    }

    public override Task PauseAsync(SandboxId id) => RunAsync(id, "pause", id.Value);

    public override Task ResumeAsync(SandboxId id) => RunAsync(id, "resume", id.Value);

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
            await SignalBelowAsync(id, process, "HUP", rounds: 1);
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

    /// <summary>The whole command line that runs a program of ours as root in a sandbox, with the input and the output of whoever starts it.</summary>
    public IReadOnlyList<string> OwnCommand(SandboxId id, IReadOnlyList<string> command) => [.. Inside(id), "exec", "--user", "0:0", "--cwd", "/", id.Value, .. command];

    /// <summary>Asks all processes of a sandbox to end.</summary>
    public Task<ToolResult> AskToEndAsync(SandboxId id) => TryAsync(id, "kill", "--all", id.Value, "TERM");

    /// <summary>Kills a process of a sandbox, by the number that it has inside, and everything below it.</summary>
    public Task KillBelowAsync(SandboxId id, int process) => SignalBelowAsync(id, process, "KILL", rounds: 16); // what one round kills may have started others

    private async Task SignalBelowAsync(SandboxId id, int process, string signal, int rounds)
    {
        for (var round = 0; round < rounds; round++)
        {
            var listed = await TryAsync(id, "ps", id.Value);
            if (!listed.Ok)
            {
                return; // it ended
            }

            var parents = ParentsOf(listed.Text);
            var below = parents.Keys.Where(one => one == process || IsBelow(parents, one, process)).ToList();
            if (below.Count == 0)
            {
                return;
            }

            foreach (var one in below)
            {
                _ = await TryAsync(id, "kill", "--pid", one.ToString(CultureInfo.InvariantCulture), id.Value, signal);
            }
        }
    }

    /// <summary>
    /// The parents of processes. Neither a user nor a number has a blank in it.
    /// <code>
    /// UID       PID       PPID      C         TTY       STIME     TIME      CMD
    /// 0         1         0         0         ?         21:24     30ms      catatonit
    /// </code>
    /// </summary>
    private static Dictionary<int, int> ParentsOf(string table)
    {
        var parents = new Dictionary<int, int>();
        foreach (var words in table.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(words => words.Length >= 3))
        {
            if (int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var process) && int.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out var parent))
            {
                parents[process] = parent;
            }
        }

        return parents;
    }

    private async Task<int?> TakeProcessAsync(SandboxId id, TerminalId terminal)
    {
        var file = ProcessOf(id, terminal);
        if (!File.Exists(file))
        {
            return null;
        }

        try
        {
            var text = await File.ReadAllTextAsync(file);
            File.Delete(file);
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var process) ? process : null;
        }
        catch (IOException)
        {
            return null; // the sandbox is taken apart
        }
    }

    private string ProcessOf(SandboxId id, TerminalId terminal) => Path.Combine(FilesOf(id), terminal.Value + ".inside");

    private static bool IsBelow(Dictionary<int, int> parents, int process, int above)
    {
        for (var steps = 0; steps < parents.Count && parents.TryGetValue(process, out var parent); steps++)
        {
            if (parent == above)
            {
                return true;
            }

            process = parent;
        }

        return false;
    }

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

    /// <summary>Starts the program as the sandbox's own user, who has no privilege, where the socket of the sandbox's kernel is.</summary>
    private IReadOnlyList<string> Inside(SandboxId id)
    {
        var words = Words(id);
        return ["nsenter", $"--net=/proc/{words[0]}/ns/net", "setpriv", "--reuid", words[2], "--regid", words[2], "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", .. Command(FilesOf(id))];
    }

    /// <summary>The pid of the sandbox's kernel, when it started, and its user's range.</summary>
    private string[] Words(SandboxId id)
    {
        var file = Path.Combine(DirectoryOf(id.Value), "kernel");
        var words = File.Exists(file) ? File.ReadAllText(file).Split(' ') : [];
        if (words.Length != 3 || ProcessIdentity.StartedAt(int.Parse(words[0], CultureInfo.InvariantCulture)) != long.Parse(words[1], CultureInfo.InvariantCulture))
        {
            throw new SandboxException(ErrorCode.Conflict, "The sandbox has stopped at this very moment.");
        }

        return words;
    }

    private async Task RunAsync(SandboxId id, params string[] arguments)
    {
        var command = Inside(id);
        await _tool.RunOrThrowAsync(command[0], [.. command.Skip(1), .. arguments]);
    }

    private async Task<ToolResult> TryAsync(SandboxId id, params string[] arguments)
    {
        IReadOnlyList<string> command;
        try
        {
            command = Inside(id);
        }
        catch (SandboxException)
        {
            return new ToolResult(1, [], []); // it has stopped
        }

        return await _tool.RunAsync(command[0], [.. command.Skip(1), .. arguments]);
    }
}
