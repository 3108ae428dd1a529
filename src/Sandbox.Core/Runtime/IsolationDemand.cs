namespace Sandbox.Core.Runtime;

/// <summary>
/// The isolation class of a sandbox when several ask for one: its recipe, its image, an operator for the image, an operator for
/// the plan of its owner. The strongest wins. A name that is not known here is for the runtime to refuse.
/// </summary>
public static class IsolationDemand
{
    /// <summary>A container in which Docker runs.</summary>
    public const string Nested = "nested";

    /// <summary>Programs on a kernel of their own.</summary>
    public const string Gvisor = "gvisor";

    private static readonly string[] ByStrength = [Nested, "container", Gvisor];

    /// <summary>The classes that an operator may require for an image or a plan. <see cref="Nested"/> belongs to the images that are made for it.</summary>
    public static IReadOnlyList<string> Choices { get; } = [Gvisor];

    /// <summary>The stronger of two classes; null asks for none.</summary>
    public static string? Strongest(string? one, string? other) =>
        one is null ? other : other is null || Strength(one) >= Strength(other) ? one : other;

    /// <summary>Whether an image whose own class is <paramref name="ofImage"/> can run in a class: Docker does not run in gVisor.</summary>
    public static bool Fits(string? ofImage, string? asked) => ofImage != Nested || asked != Gvisor;

    /// <summary>A class, as it is called in a sentence.</summary>
    public static string Title(string name) => name == Gvisor ? "gVisor" : name;

    private static int Strength(string name) => Array.IndexOf(ByStrength, name) is >= 0 and var at ? at : ByStrength.Length;
}
