namespace Sandbox.Core.Runtime;

/// <summary>
/// The features that not every runtime has, so that a page can leave out a button and a recipe can be refused before
/// anything is started. <c>GET /api/v1/status</c> shows all of them.
/// </summary>
public sealed record RuntimeCapabilities
{
    /// <summary>The isolation classes that it can start, the default first. A recipe that names another one is Invalid.</summary>
    public required IReadOnlyList<string> IsolationClasses { get; init; }

    /// <summary>Whether it can save the files of a sandbox as an image.</summary>
    public bool HasSnapshots { get; init; }

    /// <summary>Whether it can connect to a port of a sandbox.</summary>
    public bool HasPorts { get; init; }

    /// <summary>Whether sandboxes of one playground reach each other by name, so that recipes may have several nodes. <see cref="Recipes.RecipeRules"/> allow one.</summary>
    public bool HasNodes { get; init; }

    /// <summary>Whether it can keep a volume longer than its sandbox.</summary>
    public bool HasVolumes { get; init; }
}
