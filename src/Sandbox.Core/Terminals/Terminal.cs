using Sandbox.Core.Files;

namespace Sandbox.Core.Terminals;

/// <summary>A terminal to open.</summary>
public sealed record TerminalSpec
{
    /// <summary>Chosen by the asker: asking twice with one id gives one terminal.</summary>
    public required TerminalId Id { get; init; }

    /// <summary>Columns, 1 to 1000.</summary>
    public required int Cols { get; init; }

    /// <summary>Rows, 1 to 1000.</summary>
    public required int Rows { get; init; }

    /// <summary>The argv; null is the image's command if it is a shell or a REPL, else the first of bash, ash, sh.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>Instead of a command: the first of bash, ash, sh, also where the image has a REPL of its own.</summary>
    public bool IsShell { get; init; }

    /// <summary>
    /// Whether the terminal may be that of the image's own command, which started with the sandbox, if this is a shell or
    /// a REPL that still runs and that nobody has looked at: the answer then has another id than <see cref="Id"/>.
    /// </summary>
    public bool MayBeOwn { get; init; }

    /// <summary>
    /// Whether nobody waits for the command: its output and its end are kept, see <see cref="DetachedCommand"/>. It and
    /// everything it started end together when it is killed.
    /// </summary>
    public bool IsDetached { get; init; }

    /// <summary>Where it begins, if that is a directory of the sandbox; else, and by default, where the recipe or the image says.</summary>
    public SandboxPath? Directory { get; init; }
}

/// <summary>An open terminal.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Command">What runs in it.</param>
/// <param name="CreatedAt">When it was opened.</param>
public sealed record TerminalInfo(TerminalId Id, IReadOnlyList<string> Command, DateTimeOffset CreatedAt)
{
    /// <summary>The working directory of the program in front. Null when it is not among the sandbox's files, or was not asked for.</summary>
    public SandboxPath? Cwd { get; init; }

    /// <summary>Whether the image's own command runs in it, which started with the sandbox.</summary>
    public bool IsOwn { get; init; }

    /// <summary>Whether the image's own command runs in it and is a service: it prints a log, and reads nothing.</summary>
    public bool IsService { get; init; }

    /// <summary>Whether anybody has looked at it. A terminal that somebody opened is seen at once.</summary>
    public bool IsSeen { get; init; } = true;

    /// <summary>Whether its shell was given marks to make, so that its holder tells a <c>TtyState</c>.</summary>
    public bool IsMarked { get; init; }

    /// <summary>The home directory of who runs in it.</summary>
    public SandboxPath? Home { get; init; }
}
