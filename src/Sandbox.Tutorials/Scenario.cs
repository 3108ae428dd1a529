using Sandbox.Recipes.Problems;

namespace Sandbox.Tutorials;

/// <summary>One tutorial that was read, and what is to be said about it.</summary>
/// <param name="Unusable">Why it can only be read, beside what its backend says.</param>
public sealed record Scenario(Tutorial Tutorial, IReadOnlyList<Problem> Problems, string? Unusable = null)
{
    /// <summary>Why it is shown to read and cannot be run; null when it can be run.</summary>
    public string? Reason => Unusable ?? Tutorial.Backend.Refusal;

    public bool IsRunnable => Reason is null;
}
