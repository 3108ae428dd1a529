namespace Sandbox.Core.Recipes;

/// <summary>
/// A terminal that opens with the playground. It runs the node's shell, unless it has a command of its own.
/// <code>{"title":"Log","command":["tail","-f","/var/log/syslog"]}</code>
/// </summary>
public sealed record RecipeTerminal
{
    /// <summary>The node's name; null is the first node.</summary>
    public string? Node { get; init; }

    /// <summary>The tab's title; null is the terminal's own.</summary>
    public string? Title { get; init; }

    /// <summary>The argv of the terminal's program; empty is the shell.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>A line that is typed into the shell once it is up, without its Enter. Never beside <see cref="Command"/>.</summary>
    public string? Run { get; init; }
}
