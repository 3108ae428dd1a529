namespace Sandbox.Core.Recipes;

/// <summary>
/// A git repository that is checked out into a node before its setup. The clone runs inside a sandbox with the visitor's network.
/// <code>{"path":"/root/app","ref":"v1.2","url":"https://git.example/team/app"}</code>
/// </summary>
public sealed record RecipeRepository
{
    /// <summary>An https URL without user and password.</summary>
    public required string Url { get; init; }

    /// <summary>A branch, a tag or a commit; null is the remote's HEAD.</summary>
    public string? Ref { get; init; }

    /// <summary>The absolute path of the work tree in the sandbox.</summary>
    public required string Path { get; init; }
}
