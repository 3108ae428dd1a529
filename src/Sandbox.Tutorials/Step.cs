using Sandbox.Tutorials.Blocks;
using Sandbox.Tutorials.Checks;

namespace Sandbox.Tutorials;

public enum StepKind
{
    /// <summary>The page before the first step.</summary>
    Intro,
    Step,

    /// <summary>The page after the last step.</summary>
    Finish,
}

/// <summary>One page of a tutorial.</summary>
public sealed record Step
{
    public required string Title { get; init; }

    public StepKind Kind { get; init; } = StepKind.Step;

    /// <summary>The Markdown file, relative to the root of the import; null when it is missing.</summary>
    public string? File { get; init; }

    public IReadOnlyList<Passage> Passages { get; init; } = [];

    /// <summary>The blocks of all passages; a token in the Markdown is an index into them.</summary>
    public IReadOnlyList<Block> Blocks { get; init; } = [];

    /// <summary>Runs once when the step is first entered, as root, unseen.</summary>
    public Script? Setup { get; init; }

    /// <summary>Typed into the first terminal when the step is first entered.</summary>
    public Script? Foreground { get; init; }

    /// <summary>Runs again after a jump to the step: servers, directories.</summary>
    public Script? Start { get; init; }

    public Check? Check { get; init; }

    /// <summary>Prints a hint as Markdown; its first argument is the seconds since the step began.</summary>
    public Script? Hint { get; init; }

    /// <summary>Does what the step asks for.</summary>
    public Script? Solve { get; init; }

    /// <summary>Markdown that shows the solution.</summary>
    public string? Answer { get; init; }
}

/// <summary>Part of a step that is shown while all its conditions hold.</summary>
/// <param name="Markdown">CommonMark in which each block is a token.</param>
public sealed record Passage(string Markdown, IReadOnlyList<Condition> When);

/// <summary>A parameter has a value. A null value stands for any that is not empty.</summary>
public sealed record Condition(string Parameter, string? Value);
