using System.Text.RegularExpressions;

namespace Sandbox.Core.Recipes;

/// <summary>The bounds of a node's build. Its texts become words of git's and Buildah's command lines inside a sandbox.</summary>
public static partial class BuildRules
{
    /// <summary>ARGs of a build.</summary>
    public const int MaxArgs = 100;

    /// <summary>Characters of an ARG's value.</summary>
    public const int MaxValueLength = 4096;

    /// <summary>Characters of a path in a context.</summary>
    public const int MaxPathLength = 1024;

    /// <summary>Whether a path stays in the context.</summary>
    public static bool IsInside(string? path) =>
        path is { Length: > 0 and <= MaxPathLength } && path[0] is not ('/' or '-') && !path.Any(char.IsControl) && !path.Split('/').Any(part => part is "" or "." or "..");

    /// <summary>Whether a text is the name or the number of a stage.</summary>
    public static bool IsTarget(string? text) => text is not null && StageName().IsMatch(text);

    /// <summary>Whether an ARG may have this name and value.</summary>
    public static bool IsArg(string name, string? value) => ArgName().IsMatch(name) && value is { Length: <= MaxValueLength } && !value.Contains('\0', StringComparison.Ordinal);

    internal static void Check(RecipeBuild build, string what, List<string> mistakes)
    {
        if (build.Url is null == build.Files is not { Count: > 0 })
        {
            mistakes.Add($"{what}: either url or files");
        }

        if (build.Url is not null && !RepositoryRules.IsUrl(build.Url))
        {
            mistakes.Add($"{what}.url: an https URL without user and password, at most {RepositoryRules.MaxUrlLength} characters");
        }

        if (build.Ref is not null && (build.Url is null || !RepositoryRules.IsRef(build.Ref)))
        {
            mistakes.Add($"{what}.ref: a branch, a tag or a commit of the repository at url");
        }

        if (build.Context is not null && (build.Url is null || !IsInside(build.Context)))
        {
            mistakes.Add($"{what}.context: a folder of the repository at url, relative and without ..");
        }

        if (build.Dockerfile is not null && !IsInside(build.Dockerfile))
        {
            mistakes.Add($"{what}.dockerfile: a relative path without ..");
        }

        if (build.Target is not null && !IsTarget(build.Target))
        {
            mistakes.Add($"{what}.target: the name or the number of a stage");
        }

        if (build.Args is not { Count: <= MaxArgs } || build.Args.Any(arg => !IsArg(arg.Key, arg.Value)))
        {
            mistakes.Add($"{what}.args: names and values, at most {MaxArgs} of {MaxValueLength} characters");
        }

        CheckFiles(build.Files, what + ".files", mistakes);
    }

    private static void CheckFiles(IReadOnlyList<RecipeFile>? files, string what, List<string> mistakes)
    {
        if (files is not { Count: <= RecipeRules.MaxFiles })
        {
            mistakes.Add($"{what}: at most {RecipeRules.MaxFiles}");
            return;
        }

        var bytes = 0L;
        var paths = new HashSet<string>(StringComparer.Ordinal);
        for (var at = 0; at < files.Count; at++)
        {
            if (files[at] is not { } file)
            {
                mistakes.Add($"{what}[{at}]: missing");
                continue;
            }

            if (!IsInside(file.Path))
            {
                mistakes.Add($"{what}[{at}].path: a relative path of a file without ..");
            }
            else if (!paths.Add(file.Path))
            {
                mistakes.Add($"{what}[{at}].path: {RecipeRules.Shown(file.Path)} is named twice");
            }

            if (file.Mode is not null && !RecipeRules.TryParseMode(file.Mode, out _))
            {
                mistakes.Add($"{what}[{at}].mode: octal, 0 to 07777");
            }

            bytes += RecipeRules.CheckFileContent(file, $"{what}[{at}]", mistakes);
        }

        if (bytes > RecipeRules.MaxFileBytes)
        {
            mistakes.Add($"{what}: at most 1 MiB in all");
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,127}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex StageName();

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]{0,127}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ArgName();
}
