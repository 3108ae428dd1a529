using Sandbox.Core.Errors;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Linux;

namespace Sandbox.Daemon.Oci;

/// <summary>
/// One program that starts and isolates sandboxes: crun or runc, or runsc in the class below.
/// https://github.com/opencontainers/runtime-spec/blob/main/runtime.md
/// </summary>
internal class OciRuntime(string program, string stateDirectory, Tool tool)
{
    /// <summary>The program's name: <c>crun</c>.</summary>
    public string Program { get; } = program;

    /// <summary>Name and version, from the program itself.</summary>
    public async Task<string> VersionAsync(CancellationToken cancellationToken)
    {
        var result = await tool.RunOrThrowAsync(Program, ["--version"], cancellationToken: cancellationToken);
        return result.Text.Split('\n')[0].Replace("version ", "", StringComparison.Ordinal).Trim();
    }

    /// <summary>Creates and starts a sandbox without a command of its own from a bundle.</summary>
    /// <returns>The pid of its init, which is a child of this process: the daemon is a subreaper.</returns>
    /// <param name="id">The sandbox.</param>
    /// <param name="bundle">The directory of its <c>config.json</c>.</param>
    /// <param name="watch">Waits for the program.</param>
    /// <param name="spawn">Starts it where the sandbox's mounts are.</param>
    public async Task<int> RunAsync(SandboxId id, string bundle, ProcessWatch watch, Func<Func<int>, Task<int>> spawn)
    {
        var complaints = ComplaintsOf(bundle);
        var pidFile = Path.Combine(bundle, "init.pid");
        File.Delete(complaints);
        int pid;
        using (var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            pid = await spawn(() => Tool.Spawn(Program, [.. Global, "--log", complaints, "run", "--detach", "--bundle", bundle, "--pid-file", pidFile, id.Value], nothing, nothing, nothing));
        }

        var code = await watch.WaitAsync(pid);
        if (code != 0)
        {
            throw Failure(complaints, $"{Program} run ended with {code}");
        }

        return int.Parse(File.ReadAllText(pidFile), System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Deletes a sandbox and its control group. Kills its processes if there are any left.</summary>
    public Task DeleteAsync(SandboxId id) => DeleteAsync(id.Value);

    /// <summary>The same for a name that came from <see cref="Known"/>.</summary>
    public virtual Task DeleteAsync(string id) => tool.RunAsync(Program, [.. Global, "delete", "--force", id]);

    /// <summary>Freezes all its processes.</summary>
    /// <exception cref="IOException">It does not run, or the runtime cannot.</exception>
    public virtual Task PauseAsync(SandboxId id, CancellationToken cancellationToken = default) =>
        tool.RunOrThrowAsync(Program, [.. Global, "pause", id.Value], cancellationToken: cancellationToken);

    /// <summary>Thaws them.</summary>
    /// <exception cref="IOException">It does not run, or the runtime cannot.</exception>
    public virtual Task ResumeAsync(SandboxId id, CancellationToken cancellationToken = default) =>
        tool.RunOrThrowAsync(Program, [.. Global, "resume", id.Value], cancellationToken: cancellationToken);

    /// <summary>The machine code that it made of a running sandbox's system call filter; null if it keeps none.</summary>
    public byte[]? FilterOf(string id)
    {
        var file = Path.Combine(stateDirectory, id, "seccomp.bpf");
        return Program == "crun" && File.Exists(file) && File.ReadAllBytes(file) is { Length: > 0 } code ? code : null;
    }

    /// <summary>The ids of its sandboxes: a directory each.</summary>
    public IReadOnlyList<string> Known() =>
        Directory.Exists(stateDirectory) ? [.. Directory.GetDirectories(stateDirectory).Select(path => Path.GetFileName(path)!)] : [];

    /// <summary>The whole command line that runs one more process in a sandbox and waits for it.</summary>
    public virtual IReadOnlyList<string> ExecCommand(SandboxId id, string process, string pidFile, string complaints) =>
        [Program, .. Global, "--log", complaints, "exec", "--process", process, "--pid-file", pidFile, id.Value];

    /// <summary>The whole command line that gives one more process in a sandbox a terminal and hands its other end to a socket.</summary>
    /// <param name="id">The sandbox.</param>
    /// <param name="process">The file with the process to run.</param>
    /// <param name="hasNonce">Whether the process reads its nonce from descriptor 3.</param>
    public virtual IReadOnlyList<string> TerminalCommand(SandboxId id, string process, bool hasNonce) =>
        [Program, .. Global, "exec", "--detach", "--tty", "--console-socket", "{console}", "--pid-file", "{pid}", .. hasNonce ? ["--preserve-fds", "1"] : (string[])[], "--process", process, id.Value];

    /// <summary>
    /// The whole command line that creates and starts a sandbox whose init gets a terminal, and hands its other end to a socket.
    /// </summary>
    /// <param name="id">The sandbox.</param>
    /// <param name="bundle">The directory of its <c>config.json</c>.</param>
    /// <param name="inherited">How many descriptors the init inherits, from 3 up.</param>
    public IReadOnlyList<string> RunCommand(SandboxId id, string bundle, int inherited) =>
    [
        Program, .. Global, "--log", ComplaintsOf(bundle), "run", "--detach", "--console-socket", "{console}", "--pid-file", "{pid}",
        "--preserve-fds", inherited.ToString(System.Globalization.CultureInfo.InvariantCulture), "--bundle", bundle, id.Value,
    ];

    /// <summary>The runtime's own errors when it starts a sandbox.</summary>
    public static string ComplaintsOf(string bundle) => Path.Combine(bundle, "runtime.log");

    /// <summary>Translates the runtime's message into an error for the caller.</summary>
    public static SandboxException Failure(string complaints, string otherwise)
    {
        var text = Tool.ReadText(complaints);
        return InTheWay(text) is { } reason
            ? new SandboxException(ErrorCode.Invalid, $"The sandbox could not be started: {reason}", new IOException(text))
            : IsMissingCommand(text)
                ? new SandboxException(ErrorCode.CommandNotFound, "The image has no such command, or it cannot be executed.")
                : new SandboxException(ErrorCode.Internal, "The sandbox could not be started.", new IOException(text.Length == 0 ? otherwise : text));
    }

    /// <summary>
    /// The reason, in words for people, when files of the image or of the sandbox are in the runtime's way; null otherwise.
    /// <code>
    /// 2026-11-29T20:30:00.000000Z: cannot chdir to `/work`: Not a directory
    /// 2026-11-29T20:30:00.000000Z: mount `proc` to `proc`: Not a directory
    /// 2026-11-29T20:30:00.000000Z: the target `/proc` is invalid: Not a directory
    /// 2026-11-29T20:30:00.000000Z: create device `/dev/null`: Permission denied
    /// </code>
    /// </summary>
    private static string? InTheWay(string complaint) => complaint switch
    {
        _ when complaint.Contains("chdir", StringComparison.Ordinal) => "its working directory is missing, or is no directory.",
        _ when complaint.Contains("mount `", StringComparison.Ordinal) || complaint.Contains("mounting", StringComparison.Ordinal)
            || complaint.Contains("creating file", StringComparison.Ordinal) || complaint.Contains("creating directory", StringComparison.Ordinal)
            || complaint.Contains("the target `", StringComparison.Ordinal) || complaint.Contains("openat2 `", StringComparison.Ordinal) || complaint.Contains("create device `", StringComparison.Ordinal) =>
            "/proc, /sys and /dev must be directories, and something else is in their place.",
        _ => null,
    };

    /// <summary>Whether the command is missing, by the messages of crun and of runc.</summary>
    public static bool IsMissingCommand(string complaint) =>
        complaint.Contains("open executable", StringComparison.Ordinal)
        || complaint.Contains("executable file", StringComparison.Ordinal) && complaint.Contains("not found", StringComparison.Ordinal)
        || complaint.Contains("No such file or directory", StringComparison.Ordinal) && complaint.Contains("exec", StringComparison.Ordinal)
        || complaint.Contains("ermission denied", StringComparison.Ordinal) && complaint.Contains("exec", StringComparison.Ordinal);

    private IReadOnlyList<string> Global => Program == "crun" ? ["--root", stateDirectory, "--cgroup-manager", "cgroupfs"] : ["--root", stateDirectory];
}
