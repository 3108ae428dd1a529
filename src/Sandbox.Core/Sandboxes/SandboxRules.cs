using Sandbox.Core.Databases;
using Sandbox.Core.Quotas;
using Sandbox.Core.Recipes;
using Sandbox.Core.Terminals;

namespace Sandbox.Core.Sandboxes;

/// <summary>The bounds of a sandbox to start. The daemon checks them again, because it does not trust the web process.</summary>
public static class SandboxRules
{
    private const int LongestGroup = 64;

    /// <summary>Every mistake at once; empty when all is well.</summary>
    public static IReadOnlyList<string> Validate(SandboxSpec spec)
    {
        var mistakes = new List<string>();

        // A default id or digest was never set; its text is empty.
        if (spec.Id == default)
        {
            mistakes.Add("id: missing");
        }

        if (spec.Playground == default)
        {
            mistakes.Add("playground: missing");
        }

        if (spec.Owner == default)
        {
            mistakes.Add("owner: missing");
        }

        if (spec.Image == default)
        {
            mistakes.Add("image: missing");
        }

        if (spec.OwnerGroup is { } group && (group.Length > LongestGroup || !group.All(char.IsAsciiLetterOrDigit)))
        {
            mistakes.Add($"ownerGroup: at most {LongestGroup} letters and digits");
        }

        RecipeRules.CheckName(spec.Name, "name", mistakes);
        RecipeRules.CheckContent(spec, "", mistakes);
        DatabaseServer.Check(spec.Database, "database", mistakes);
        SandboxVolumeRules.Check(spec.Volumes, "volumes", mistakes);
        mistakes.AddRange(LimitRules.Validate(spec.Limits, "limits"));
        mistakes.AddRange(LimitRules.Validate(spec.OwnerLimits, "ownerLimits"));
        if (spec.Terminal is { } terminal)
        {
            mistakes.AddRange(TerminalRules.Validate(terminal, "terminal."));
        }

        return mistakes;
    }
}
