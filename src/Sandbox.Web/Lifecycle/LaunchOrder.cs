using Sandbox.Core.Playgrounds;
using Sandbox.Core.Recipes;
using Sandbox.Core.Terminals;
using Sandbox.Web.Catalog;
using Sandbox.Web.Links;
using Sandbox.Web.Store;

namespace Sandbox.Web.Lifecycle;

/// <summary>A launch with everything known that its admission needs.</summary>
/// <param name="Recipe">What to start, its parameters filled in.</param>
/// <param name="Images">The image of each node.</param>
internal sealed record LaunchOrder(Recipe Recipe, IReadOnlyList<ResolvedImage> Images)
{
    /// <summary>The link that it comes from, whose budget counts it; null for none.</summary>
    public EnteredLink? Link { get; init; }

    /// <summary>Whether a setup that fails waits for its visitor to retry or to enter, rather than ending the launch.</summary>
    public bool AsksAfterFailure { get; init; }

    /// <summary>Whether it waits in a queue while there is no room, rather than being refused.</summary>
    public bool MayWait { get; init; }

    /// <summary>A running playground of the same person that ends once this one runs: its room is theirs already. Null for none.</summary>
    public PlaygroundId? Replaces { get; init; }

    /// <summary>The size of the first terminal on the page that asks; null if it does not know that.</summary>
    public TerminalSize? Terminal { get; init; }

    /// <summary>Names of the variables that hold secrets of the visitor, so that no save of the playground keeps them.</summary>
    public IReadOnlyList<string> Secrets { get; init; } = [];

    /// <summary>Part of what is launched besides the recipe: a repeated request with the same key asks for the same. Empty for none.</summary>
    public string Subject { get; init; } = "";

    /// <summary>What else is written in the transaction that adds the playground; null for nothing.</summary>
    public Func<SandboxDb, PlaygroundRow, Task>? Admitted { get; init; }
}
