using Sandbox.Core.Execs;

namespace Sandbox.Core.Terminals;

/// <summary>The bounds of a terminal to open; both processes check them.</summary>
public static class TerminalRules
{
    /// <summary>Every mistake at once; empty when all is well.</summary>
    public static IReadOnlyList<string> Validate(TerminalSpec spec)
    {
        var mistakes = new List<string>(Validate(new TerminalSize(spec.Cols, spec.Rows), ""));

        if (spec.Command is not null)
        {
            CommandRules.CheckCommand(spec.Command, "command", mistakes);
            if (spec.IsShell)
            {
                mistakes.Add("command: none, for a shell");
            }
        }

        if (spec.IsDetached && spec.Command is null)
        {
            mistakes.Add("command: one, to be detached");
        }

        return mistakes;
    }

    /// <summary>The mistakes of a size, each with a prefix.</summary>
    public static IReadOnlyList<string> Validate(TerminalSize size, string prefix)
    {
        var mistakes = new List<string>();
        if (size.Cols is < 1 or > 1000)
        {
            mistakes.Add(prefix + "cols: 1 to 1000");
        }

        if (size.Rows is < 1 or > 1000)
        {
            mistakes.Add(prefix + "rows: 1 to 1000");
        }

        return mistakes;
    }
}
