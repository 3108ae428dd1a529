namespace Sandbox.Tty;

/// <summary>The terminal could not be started.</summary>
/// <param name="code">The name of an <c>ErrorCode</c>.</param>
/// <param name="message">What failed.</param>
internal sealed class StartFailure(string code, string message) : Exception(message)
{
    public string Code { get; } = code;

    /// <summary>A system call that has no reason to fail did.</summary>
    public static StartFailure Call(string call) => new("Internal", $"{call}: errno {Linux.Native.Error}");
}
