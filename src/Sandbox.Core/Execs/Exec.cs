namespace Sandbox.Core.Execs;

/// <summary>One process to run in a sandbox to its end.</summary>
public sealed record ExecSpec
{
    /// <summary>The argv; its first word is looked up in the sandbox's PATH.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>What it reads on standard input.</summary>
    public ReadOnlyMemory<byte> Stdin { get; init; }

    /// <summary>After this the command and everything it started are killed; the result says so.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>Bytes kept of each of stdout and stderr; what comes after is thrown away.</summary>
    public int OutputLimit { get; init; } = 1024 * 1024;
}

/// <summary>How a process ended. A failing command is data, never an error.</summary>
/// <param name="ExitCode">128 and the signal's number when it was killed.</param>
/// <param name="Stdout">At most the limit asked for.</param>
/// <param name="Stderr">At most the limit asked for.</param>
/// <param name="Truncated">Whether either was longer than the limit.</param>
/// <param name="Duration">From start to end.</param>
public sealed record ExecResult(int ExitCode, ReadOnlyMemory<byte> Stdout, ReadOnlyMemory<byte> Stderr, bool Truncated, TimeSpan Duration)
{
    /// <summary>Whether it was killed because it did not end in time. The outputs hold what was printed until then.</summary>
    public bool IsTimedOut { get; init; }

    /// <summary>What a person should know about how it ran; null when there is nothing: the working directory was gone, so it ran in <c>/</c>.</summary>
    public string? Notice { get; init; }
}
