using System.Diagnostics;
using System.Globalization;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Daemon.ControlGroups;
using Sandbox.Daemon.Isolation;
using Sandbox.Daemon.Linux;
using Sandbox.Daemon.Oci;
using Sandbox.Daemon.Records;

namespace Sandbox.Daemon.Execs;

/// <summary>Runs one command in a sandbox to its end.</summary>
internal sealed class ExecRunner(OciRuntime oci, ProcessWatch watch, ProcessMoves moves)
{
    public async Task<ExecResult> RunAsync(SandboxRecord record, string directory, ExecSpec spec, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.GetTimestamp();
        moves.Expect();
        var user = record.User ?? throw new InvalidOperationException("the user was not looked up");
        var name = Path.Combine(directory, "exec-" + Guid.NewGuid().ToString("N"));
        var (process, pidFile, complaints) = (name + ".json", name + ".pid", name + ".log");
        try
        {
            var environment = ProcessPlan.EnvironmentOf(record.Config, record.Spec.Env, user, terminal: false);
            var plan = new ProcessPlan(spec.Command, environment, record.Spec.Workdir ?? record.Config.Workdir, user);
            await File.WriteAllBytesAsync(process, SandboxBundle.Process(IsolationClasses.Find(record.Isolation), plan), cancellationToken);
            using var pipes = new PipeCapture(spec.Stdin, spec.OutputLimit);
            var pid = Tool.Spawn(oci.Program, oci.ExecArguments(record.Spec.Id, process, pidFile, complaints), pipes.Theirs[0], pipes.Theirs[1], pipes.Theirs[2]);
            foreach (var handle in pipes.Theirs)
            {
                handle.Dispose();
            }

            var ended = watch.WaitAsync(pid);
            var moved = pipes.RunAsync();
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(spec.Timeout);
            int? code;
            try
            {
                code = await ended.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                Kill(record, pid, pidFile);
                await ended;
                pipes.Ended();
                await moved;
                cancellationToken.ThrowIfCancellationRequested();
                throw new SandboxException(ErrorCode.Timeout, $"The command did not end within {spec.Timeout.TotalSeconds:0.###} s and was killed.");
            }

            pipes.Ended();
            await moved;
            if (code != 0 && File.Exists(complaints) && await File.ReadAllTextAsync(complaints, CancellationToken.None) is { Length: > 0 } text)
            {
                throw OciRuntime.IsMissingCommand(text)
                    ? new SandboxException(ErrorCode.CommandNotFound, $"The sandbox has no command '{spec.Command[0]}', or it cannot be executed.")
                    : new SandboxException(ErrorCode.Conflict, "The sandbox does not take commands right now.", new IOException(text));
            }

            return new ExecResult(code ?? 255, pipes.Stdout, pipes.Stderr, pipes.Truncated, Stopwatch.GetElapsedTime(clock));
        }
        finally
        {
            File.Delete(process);
            File.Delete(pidFile);
            File.Delete(complaints);
        }
    }

    /// <summary>Kills the command and what it started in its session; the runtime that waits for it then ends by itself.</summary>
    private static void Kill(SandboxRecord record, int runtime, string pidFile)
    {
        if (File.Exists(pidFile) && int.TryParse(File.ReadAllText(pidFile), CultureInfo.InvariantCulture, out var inner) && IsIn(record, inner))
        {
            _ = Tool.Kill(-inner, 9);
            _ = Tool.Kill(inner, 9);
        }
        else
        {
            _ = Tool.Kill(runtime, 9);
        }
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
