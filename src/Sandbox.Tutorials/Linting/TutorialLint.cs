using Sandbox.Recipes.Problems;
using Sandbox.Tutorials.Blocks;

namespace Sandbox.Tutorials.Linting;

/// <summary>Names what can be seen to go wrong without running anything.</summary>
internal static class TutorialLint
{
    public static void Check(Tutorial tutorial, ProblemLog log)
    {
        foreach (var step in tutorial.Steps)
        {
            if (step.Check is { } check && Verifies.CannotFail(check) is { } cannot)
            {
                log.Advice(check.Script.File, 1, $"the check cannot fail: {cannot}");
            }

            for (var i = 0; i < step.Blocks.Count; i++)
            {
                if (step.Blocks[i] is RunBlock run && step.File is { } file && Blocking.Reason(run.Command) is { } reason && !IsEnded(step.Blocks, i))
                {
                    log.Advice(file, run.Line, $"the block may never return: {reason}");
                }
            }
        }
    }

    /// <summary>A later block interrupts it, or types into it: the author has thought of it.</summary>
    private static bool IsEnded(IReadOnlyList<Block> blocks, int at)
    {
        var terminal = ((RunBlock)blocks[at]).Terminal;
        return blocks.Skip(at + 1).Take(8).Any(block => block switch
        {
            InterruptBlock interrupt => interrupt.AllTerminals || interrupt.Terminal == terminal,
            RunBlock run => run.Terminal == terminal && (run.Interrupt || run.Keys || !run.Enter || run.Command.Trim() is "exit" or "quit" or "q" or ":q" or ":q!" or ":wq" or "\\q" or "exit()" or "^C" or "<ctrl+c>"),
            _ => false,
        });
    }
}
