namespace Sandbox.Terminals.Marks;

/// <summary>One command of a terminal's shell.</summary>
public sealed record ShellCommand
{
    /// <summary>The line that was entered; null when the shell does not tell. It may hold anything, several lines too; a holder tells at most <see cref="TtyState.LongestTold"/> bytes.</summary>
    public string? Line { get; init; }

    /// <summary>Whether <see cref="Line"/> is only its beginning.</summary>
    public bool IsCut { get; init; }

    /// <summary>The shell's directory when it began.</summary>
    public string? Cwd { get; init; }

    /// <summary>How it ended; null while it runs, and when the shell lost track.</summary>
    public int? ExitCode { get; init; }

    /// <summary>When it began, in milliseconds since 1970.</summary>
    public long StartedAt { get; init; }

    /// <summary>When it was over; 0 while it runs.</summary>
    public long EndedAt { get; init; }

    /// <summary>The offset of its prompt.</summary>
    public ulong PromptAt { get; init; }

    /// <summary>The offset of the first byte it prints.</summary>
    public ulong OutputAt { get; init; }

    /// <summary>The offset after the last byte it printed; 0 while it runs.</summary>
    public ulong OutputEnd { get; init; }
}
