using Sandbox.Core.Execs;

namespace Sandbox.Core.Terminals;

/// <summary>The bounds of a terminal to open; both processes check them.</summary>
public static class TerminalRules
{
    /// <summary>Every mistake at once; empty when all is well.</summary>
    public static IReadOnlyList<string> Validate(TerminalSpec spec)
    {
        var mistakes = new List<string>();
        if (spec.Cols is < 1 or > 1000)
        {
            mistakes.Add("cols: 1 to 1000");
        }

        if (spec.Rows is < 1 or > 1000)
        {
            mistakes.Add("rows: 1 to 1000");
        }

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
}
