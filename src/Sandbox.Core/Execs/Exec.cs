namespace Sandbox.Core.Execs;

/// <summary>One process to run in a sandbox to its end.</summary>
public sealed record ExecSpec
{
    /// <summary>The argv; its first word is looked up in the sandbox's PATH.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>What it reads on standard input.</summary>
    public ReadOnlyMemory<byte> Stdin { get; init; }

    /// <summary>After this it is killed and the call fails with a timeout.</summary>
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
public sealed record ExecResult(int ExitCode, ReadOnlyMemory<byte> Stdout, ReadOnlyMemory<byte> Stderr, bool Truncated, TimeSpan Duration);
