namespace Sandbox.Core.Recipes;

/// <summary>The values of <see cref="RecipeContent.Network"/>.</summary>
public static class NetworkPolicy
{
    /// <summary>Out to the public internet and to the resolver. This is the default.</summary>
    public const string Egress = "egress";

    /// <summary>Only its own loopback: no internet, no resolver, no other sandbox.</summary>
    public const string None = "none";

    /// <summary>All values, the default first.</summary>
    public static IReadOnlyList<string> All { get; } = [Egress, None];
}
