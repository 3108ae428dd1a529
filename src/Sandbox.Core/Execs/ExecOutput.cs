namespace Sandbox.Core.Execs;

/// <summary>A part of a command's output as it is printed. The last part has no data and the result.</summary>
/// <param name="IsError">Whether it was printed on standard error.</param>
/// <param name="Data">The bytes.</param>
public sealed record ExecOutput(bool IsError, ReadOnlyMemory<byte> Data)
{
    /// <summary>How the command ended, with both outputs whole; null while it runs.</summary>
    public ExecResult? Result { get; init; }
}
