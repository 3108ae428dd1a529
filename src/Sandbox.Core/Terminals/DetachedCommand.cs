namespace Sandbox.Core.Terminals;

/// <summary>A command that runs on a terminal of its own while nobody waits for it.</summary>
/// <param name="Id">The id of its terminal, which people may also attach to while it runs.</param>
/// <param name="Command">Its argv.</param>
/// <param name="StartedAt">When it was started.</param>
public sealed record DetachedCommand(TerminalId Id, IReadOnlyList<string> Command, DateTimeOffset StartedAt)
{
    /// <summary>When it ended; null while it runs.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>128 and the signal's number when it was killed. Null while it runs, and if its holder was killed.</summary>
    public int? ExitCode { get; init; }
}
