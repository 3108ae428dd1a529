using System.Globalization;

namespace Sandbox.Core.Snapshots;

/// <summary>What a snapshot may leave out: bounded, so that it fits into one message to the daemon.</summary>
public static class SnapshotRules
{
    /// <summary>The most paths.</summary>
    public const int MaxExcludedPaths = 1000;

    /// <summary>The most variables.</summary>
    public const int MaxExcludedVariables = 100;

    private const int MaxVariableLength = 256;

    /// <summary>All mistakes; empty when there are none.</summary>
    public static IReadOnlyList<string> Validate(SnapshotSpec spec)
    {
        var mistakes = new List<string>();
        if (spec.ExcludedPaths.Count > MaxExcludedPaths)
        {
            mistakes.Add(string.Create(CultureInfo.InvariantCulture, $"excludedPaths: at most {MaxExcludedPaths}; exclude the directory that they are in"));
        }

        if (spec.ExcludedPaths.Any(path => path.Bytes.Length == 1))
        {
            mistakes.Add("excludedPaths: the root cannot be excluded");
        }

        if (spec.ExcludedVariables.Count > MaxExcludedVariables || spec.ExcludedVariables.Any(name => name.Length > MaxVariableLength))
        {
            mistakes.Add(string.Create(CultureInfo.InvariantCulture, $"excludedVariables: at most {MaxExcludedVariables} names of {MaxVariableLength} characters"));
        }

        return mistakes;
    }
}
