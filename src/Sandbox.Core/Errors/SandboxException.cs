namespace Sandbox.Core.Errors;

/// <summary>
/// A fault with a code. Expected outcomes are return values, bugs are BCL exceptions; this is what lies between.
/// The message is written for the person who caused it: it says what to do, and holds no path or secret of the host.
/// </summary>
public sealed class SandboxException : Exception
{
    /// <summary>A fault with its code and a message for the person who caused it.</summary>
    public SandboxException(ErrorCode code, string message, Exception? cause = null)
        : base(message, cause) => Code = code;

    /// <summary>What went wrong, for a program.</summary>
    public ErrorCode Code { get; }

    /// <summary>When the same may go well, if that is known: over HTTP it is the header <c>Retry-After</c>.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
