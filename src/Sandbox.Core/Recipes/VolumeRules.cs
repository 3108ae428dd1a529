using Sandbox.Core.Files;

namespace Sandbox.Core.Recipes;

/// <summary>The bounds of volumes and of their places in a sandbox.</summary>
public static class VolumeRules
{
    /// <summary>Volumes of one sandbox.</summary>
    public const int MaxVolumes = 8;

    /// <summary>The smallest volume: less would hold little beside its journal.</summary>
    public const long MinBytes = 16L << 20;

    /// <summary>The largest volume.</summary>
    public const long MaxBytes = 1L << 40;

    /// <summary>The size of a volume whose maker names none.</summary>
    public const long DefaultBytes = 256L << 20;

    /// <summary>Bytes for each file that a volume may hold.</summary>
    private const long BytesPerFile = 8192;

    private const long LeastFiles = 4096;

    /// <summary>Files and directories that a volume holds at most.</summary>
    public static long FilesOf(long bytes) => Math.Max(LeastFiles, bytes / BytesPerFile);

    /// <summary>
    /// Whether a text is a volume's name: letters, digits and dashes; one that a link made has a dot and its origin behind it.
    /// </summary>
    public static bool IsName(string? text)
    {
        var parts = text?.Split('.') ?? [];
        return parts.Length is 1 or 2 && parts.All(RecipeRules.IsName);
    }

    /// <summary>Checks that each path can be mounted on, and that none lies in another.</summary>
    internal static void CheckPaths(IReadOnlyList<string?> paths, string what, List<string> mistakes)
    {
        for (var at = 0; at < paths.Count; at++)
        {
            if (!IsMountPoint(paths[at]))
            {
                mistakes.Add($"{what}[{at}].path: an absolute path without . and .., not /, no directory of the kernel (/proc, /sys, /dev), at most {SandboxPath.MaxLength} bytes");
            }
            else if (paths.Where((other, index) => index != at && IsMountPoint(other)).Any(other => Holds(other!, paths[at]!)))
            {
                mistakes.Add($"{what}[{at}].path: another volume is mounted there");
            }
        }
    }

    /// <summary>Whether a path is that of a directory, or lies in it.</summary>
    public static bool Holds(string directory, string path) =>
        path.Equals(directory, StringComparison.Ordinal) || path.StartsWith(directory + "/", StringComparison.Ordinal);

    /// <summary>Whether a volume can be mounted on a path: written in its shortest form, so that two names of one directory are one text.</summary>
    private static bool IsMountPoint(string? path) =>
        path is { Length: > 1 } && path[0] == '/' && !path.Contains('\n', StringComparison.Ordinal)
        && path[1..].Split('/').All(part => part is not ("" or "." or ".."))
        && SandboxPath.TryParse(path, out _)
        && !RecipeRules.IsKernelDirectory(path);
}
