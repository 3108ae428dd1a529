using Sandbox.Core.Execs;

namespace Sandbox.Core.Recipes;

/// <summary>The bounds of the terminals that open with a playground.</summary>
public static class RecipeTerminalRules
{
    /// <summary>Terminals.</summary>
    public const int MaxTerminals = 8;

    /// <summary>Characters of a title.</summary>
    public const int MaxTitleLength = 80;

    /// <summary>Characters of a line that is typed: the line buffer of a terminal in the kernel.</summary>
    public const int MaxRunLength = 4095;

    internal static void Check(Recipe recipe, List<string> mistakes)
    {
        if (recipe.Terminals is not { Count: <= MaxTerminals } terminals)
        {
            mistakes.Add($"terminals: at most {MaxTerminals}");
            return;
        }

        for (var at = 0; at < terminals.Count; at++)
        {
            if (terminals[at] is not { Command: { } command } terminal)
            {
                mistakes.Add($"terminals[{at}]: missing");
                continue;
            }

            if (terminal.Node is not null && !recipe.Nodes.Any(node => node?.Name == terminal.Node))
            {
                mistakes.Add($"terminals[{at}].node: the name of a node");
            }

            RecipeRules.CheckLabel(terminal.Title, MaxTitleLength, $"terminals[{at}].title", mistakes);
            if (command.Count > 0)
            {
                CommandRules.CheckCommand(command, $"terminals[{at}].command", mistakes);
            }

            if (terminal.Run is not null && command.Count > 0)
            {
                mistakes.Add($"terminals[{at}]: either command or run");
            }

            // Control characters are keys: they would end the line, or the shell.
            RecipeRules.CheckLabel(terminal.Run, MaxRunLength, $"terminals[{at}].run", mistakes);
        }
    }
}
