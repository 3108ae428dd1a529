using System.Diagnostics;
using System.Globalization;
using System.Text;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Isolation;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Records;

namespace Sandbox.Daemon.Execs;

/// <summary>
/// Runs one command in a sandbox to its end. The command runs below our init, a subreaper, so that all its descendants
/// stay below that and can be ended with it. A program left in the background by a command that ended by itself goes
/// on, as with <c>docker exec</c>.
/// </summary>
internal sealed class ExecRunner(OciRuntimes runtimes, ProcessWatch watch, ProcessMoves moves, WorkGroups work, LeftOutputs left)
{
    /// <summary>How long a killed command may take to be gone; that of a paused sandbox goes when it is resumed.</summary>
    private static readonly TimeSpan Dying = TimeSpan.FromSeconds(2);

    /// <summary>Runs a command to its end.</summary>
    /// <param name="record">The sandbox.</param>
    /// <param name="directory">A directory for the runtime's files.</param>
    /// <param name="spec">The command.</param>
    /// <param name="printed">Called with each piece of output as it is printed; null for nobody.</param>
    /// <param name="cancellationToken">Kills the command.</param>
    public async Task<ExecResult> RunAsync(SandboxRecord record, string directory, ExecSpec spec, Action<ExecOutput>? printed, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.GetTimestamp();
        var workdir = record.Spec.Workdir ?? record.Config.Workdir;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(spec.Timeout);
        var attempt = await AttemptAsync(record, directory, spec, printed, workdir, patience.Token, cancellationToken);
        string? notice = null;
        if (ExecFailure.IsDirectory(attempt.Complaint))
        {
            var why = attempt.Complaint.Contains("o such file", StringComparison.Ordinal) ? "does not exist" : "cannot be entered";
            notice = $"The working directory {workdir} {why}; the command ran in /.";
            attempt = await AttemptAsync(record, directory, spec, printed, "/", patience.Token, cancellationToken);
        }

        if (ExecFailure.Find(attempt, spec.Command[0]) is { } fault)
        {
            throw fault;
        }

        return new ExecResult(attempt.Code, attempt.Stdout, attempt.Stderr, attempt.Truncated, Stopwatch.GetElapsedTime(clock))
        {
            IsTimedOut = attempt.IsTimedOut,
            Notice = notice,
        };
    }

    private async Task<ExecAttempt> AttemptAsync(
        SandboxRecord record, string directory, ExecSpec spec, Action<ExecOutput>? printed, string workdir, CancellationToken patience, CancellationToken cancellationToken)
    {
        moves.Expect();
        var user = record.User ?? throw new InvalidOperationException("the user was not looked up");
        var oci = runtimes.Of(record.Isolation);
        var kernel = oci as GvisorRuntime;
        var name = Path.Combine(kernel?.FilesOf(record.Spec.Id) ?? directory, "exec-" + Guid.NewGuid().ToString("N"));
        var (process, pidFile, complaints) = (name + ".json", name + ".pid", name + ".log");
        try
        {
            var environment = ProcessPlan.EnvironmentOf(record.Config, record.Variables, user, terminal: false);
            var plan = new ProcessPlan(kernel is null ? SandboxBundle.BelowInit(spec.Command) : SandboxBundle.Become(spec.Command), environment, workdir, user);
            await File.WriteAllBytesAsync(process, SandboxBundle.Process(IsolationClasses.Find(record.Isolation), plan), cancellationToken);
            using var pipes = new PipeCapture(spec.Stdin, spec.OutputLimit, printed);
            var line = oci.ExecCommand(record.Spec.Id, process, pidFile, complaints);
            var pid = Tool.Spawn(line[0], [.. line.Skip(1)], pipes.Theirs[0], pipes.Theirs[1], pipes.Theirs[2]);
            foreach (var handle in pipes.Theirs)
            {
                handle.Dispose();
            }

            _ = work.EnterAsync(record.Spec.Owner, pid);
            var ended = watch.WaitAsync(pid);
            var moved = pipes.RunAsync();
            int? code = null;
            var isTimedOut = false;
            try
            {
                code = await ended.WaitAsync(patience);
            }
            catch (OperationCanceledException)
            {
                isTimedOut = true;
                await (kernel is null ? KillAsync(record, pid, pidFile) : KillInsideAsync(kernel, record, pid, pidFile));
                await Task.WhenAny(ended, Task.Delay(Dying, CancellationToken.None));
            }

            pipes.Ended();
            await moved;
            cancellationToken.ThrowIfCancellationRequested();
            left.Add(record.Spec.Id, pipes.TakeOpenOutputs());
            var complaint = code != 0 ? Tool.ReadText(complaints) : "";
            return new ExecAttempt(code ?? (isTimedOut ? 137 : 255), pipes.Stdout, pipes.Stderr, pipes.Truncated, complaint, isTimedOut);
        }
        finally
        {
            File.Delete(process);
            File.Delete(pidFile);
            File.Delete(complaints);
        }
    }

    /// <summary>Kills the command and all that it started; the runtime that waits for it then ends by itself.</summary>
    private static async Task KillAsync(SandboxRecord record, int runtime, string pidFile)
    {
        if (File.Exists(pidFile) && int.TryParse(File.ReadAllText(pidFile), CultureInfo.InvariantCulture, out var init) && IsIn(record, init))
        {
            await ProcessTree.KillBelowAsync(init);
            _ = Tool.Kill(init, 9);
        }
        else
        {
            // It writes the file after it has made the process.
            await ProcessTree.KillBelowAsync(runtime);
            _ = Tool.Kill(runtime, 9);
        }
    }

    /// <summary>The same in a sandbox with a kernel of its own: the processes have numbers of its own.</summary>
    private static async Task KillInsideAsync(GvisorRuntime kernel, SandboxRecord record, int runtime, string pidFile)
    {
        if (File.Exists(pidFile) && int.TryParse(await File.ReadAllTextAsync(pidFile), CultureInfo.InvariantCulture, out var init))
        {
            await kernel.KillBelowAsync(record.Spec.Id, init);
        }

        _ = Tool.Kill(runtime, 9);
    }

    private static bool IsIn(SandboxRecord record, int pid)
    {
        try
        {
            return File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/cgroup")).Contains(record.Spec.Id.Value, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}

/// <summary>How one attempt to run a command went; <paramref name="Complaint"/> is the OCI runtime's, empty when it started the process.</summary>
internal sealed record ExecAttempt(int Code, byte[] Stdout, byte[] Stderr, bool Truncated, string Complaint, bool IsTimedOut);

/// <summary>Distinguishes a command that could not be started from one that failed.</summary>
internal static class ExecFailure
{
    /// <summary>Whether the runtime could not enter the working directory: <c>chdir: No such file or directory</c>.</summary>
    public static bool IsDirectory(string complaint) =>
        complaint.Contains("chdir", StringComparison.Ordinal) || complaint.Contains("cwd", StringComparison.Ordinal);

    /// <summary>Why the command did not start; null when it ran.</summary>
    public static SandboxException? Find(ExecAttempt attempt, string command)
    {
        if (attempt.Complaint.Length > 0)
        {
            return new SandboxException(ErrorCode.Conflict, "The sandbox takes no commands right now.", new IOException(attempt.Complaint));
        }

        // ERROR (catatonit:17): failed to exec pid1: No such file or directory
        if (attempt.Code != 1 || !(attempt.Stderr.AsSpan().StartsWith("ERROR (catatonit:"u8) || attempt.Stderr.AsSpan().StartsWith("ERROR (sandbox-init:"u8)))
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(attempt.Stderr);
        return text.Contains("failed to exec pid1: ", StringComparison.Ordinal) ? Explain(text, command) : null;
    }

    private static SandboxException Explain(string text, string command) => text switch
    {
        _ when text.Contains("No such file", StringComparison.Ordinal) =>
            new(ErrorCode.CommandNotFound, $"The sandbox has no command '{command}', or the interpreter that its first line names is missing."),
        _ when text.Contains("Permission denied", StringComparison.Ordinal) =>
            new(ErrorCode.CommandNotExecutable, $"'{command}' is not executable for this user: it is a directory, or lacks the x permission (chmod +x)."),
        _ when text.Contains("Exec format", StringComparison.Ordinal) =>
            new(ErrorCode.CommandFormat, $"'{command}' is not a program for this machine; a script needs a first line like #!/bin/sh."),
        _ => new(ErrorCode.CommandNotExecutable, $"'{command}' could not be started: {text[(text.IndexOf("pid1: ", StringComparison.Ordinal) + 6)..].Trim()}."),
    };
}
