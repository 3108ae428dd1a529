namespace Sandbox.Core.Recipes;

/// <summary>A TCP port of a node that the page offers to open.</summary>
public sealed record RecipePort
{
    /// <summary>1 to 65535.</summary>
    public required int Port { get; init; }

    /// <summary>The label; null shows the number.</summary>
    public string? Name { get; init; }
}
