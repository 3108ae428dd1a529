using System.Collections.Concurrent;
using System.Text;
using Sandbox.Core.Execs;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Sandboxes;

namespace Sandbox.Web.Playgrounds;

/// <summary>How far a step of a setup is.</summary>
internal enum SetupState
{
    Waiting,
    Running,
    Done,
    Failed,
}

/// <summary>What a visitor wants of a setup that failed.</summary>
internal enum SetupDecision
{
    /// <summary>Run the step that failed again, and the rest.</summary>
    Retry,

    /// <summary>Leave the rest out and enter.</summary>
    Enter,
}

/// <summary>One command of a setup.</summary>
internal sealed class SetupStep(SandboxId sandbox, IReadOnlyList<string> command)
{
    private const int MaxLine = 200;

    public SandboxId Sandbox => sandbox;

    public IReadOnlyList<string> Command => command;

    /// <summary>What it reads on standard input.</summary>
    public ReadOnlyMemory<byte> Stdin { get; init; }

    /// <summary>The command as a person reads it; a shell's script without the shell before it.</summary>
    public string Line { get; init; } = Short(command is ["/bin/sh", "-c", var script] ? script : string.Join(' ', command));

    public SetupState State { get; set; }

    public int? ExitCode { get; set; }

    /// <summary>The end of what it printed, or why it did not run.</summary>
    public string Output { get; set; } = "";

    public TimeSpan Duration { get; set; }

    /// <summary>Takes over what a command printed.</summary>
    public void Take(ExecResult result)
    {
        ExitCode = result.ExitCode;
        Duration = result.Duration;
        Output = (Encoding.UTF8.GetString(result.Stdout.Span) + Encoding.UTF8.GetString(result.Stderr.Span)).Trim();
    }

    private static string Short(string line) => line.Length > MaxLine ? line[..MaxLine] + "…" : line;
}

/// <summary>The setup of one launch: its steps, and the decision that it waits for after one failed.</summary>
internal sealed class SetupRun(IReadOnlyList<SetupStep> steps)
{
    private TaskCompletionSource<SetupDecision>? _decision;

    public IReadOnlyList<SetupStep> Steps => steps;

    /// <summary>How far it is in words; null when its steps say enough.</summary>
    public string? Progress { get; set; }

    /// <summary>Whether a step failed and its visitor is asked.</summary>
    public bool IsWaiting => Volatile.Read(ref _decision) is { Task.IsCompleted: false };

    /// <summary>Waits for the visitor.</summary>
    public Task<SetupDecision> AskAsync(CancellationToken cancellationToken)
    {
        var decision = new TaskCompletionSource<SetupDecision>(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _decision, decision);
        return decision.Task.WaitAsync(cancellationToken);
    }

    /// <summary>The visitor decided. False when nobody asked.</summary>
    public bool Decide(SetupDecision decision) => Volatile.Read(ref _decision)?.TrySetResult(decision) == true;
}

/// <summary>The setups that run now. A launch does not outlive the process, so they are in memory.</summary>
internal sealed class Setups
{
    private readonly ConcurrentDictionary<PlaygroundId, SetupRun> _runs = new();

    public void Begin(PlaygroundId playground, SetupRun run) => _runs[playground] = run;

    public void End(PlaygroundId playground) => _runs.TryRemove(playground, out _);

    public SetupRun? Find(PlaygroundId playground) => _runs.GetValueOrDefault(playground);
}
