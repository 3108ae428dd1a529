namespace Sandbox.Core.Recipes;

/// <summary>The bounds of a node's ports.</summary>
public static class PortRules
{
    /// <summary>Ports of a node.</summary>
    public const int MaxPorts = 16;

    /// <summary>Characters of a port's name.</summary>
    public const int MaxNameLength = 64;

    internal static void Check(IReadOnlyList<RecipePort>? ports, string what, List<string> mistakes)
    {
        if (ports is not { Count: <= MaxPorts })
        {
            mistakes.Add($"{what}: at most {MaxPorts}");
            return;
        }

        var numbers = new HashSet<int>();
        for (var at = 0; at < ports.Count; at++)
        {
            if (ports[at] is not { Port: > 0 and < 65536 } port)
            {
                mistakes.Add($"{what}[{at}].port: 1 to 65535");
                continue;
            }

            if (!numbers.Add(port.Port))
            {
                mistakes.Add($"{what}[{at}].port: {port.Port} is named twice");
            }

            RecipeRules.CheckLabel(port.Name, MaxNameLength, $"{what}[{at}].name", mistakes);
        }
    }
}
