using Sandbox.Core.Files;

namespace Sandbox.Core.Recipes;

/// <summary>
/// The bounds of a node's repositories. Url and ref become words of git's command line inside a sandbox: neither can be
/// an option or a transport that runs a program (<c>ext::</c>).
/// </summary>
public static class RepositoryRules
{
    /// <summary>Repositories of a node.</summary>
    public const int MaxRepositories = 4;

    /// <summary>Characters of a URL.</summary>
    public const int MaxUrlLength = 2048;

    /// <summary>Characters of a ref.</summary>
    public const int MaxRefLength = 255;

    /// <summary>
    /// Whether a text is an https URL of a host and a path, without user, password and fragment. Escaped control characters
    /// are refused too: a line break in a URL reached git's credential helpers (CVE-2020-5260).
    /// </summary>
    public static bool IsUrl(string? text) =>
        text is { Length: <= MaxUrlLength }
        && text.StartsWith("https://", StringComparison.Ordinal)
        && !Uri.UnescapeDataString(text).Any(char.IsControl)
        && !text.Any(letter => char.IsControl(letter) || char.IsWhiteSpace(letter) || letter is '\\' or '#' or '"' or '\'' or '<' or '>')
        && Uri.TryCreate(text, UriKind.Absolute, out var url)
        && url is { UserInfo: "", Host.Length: > 0, AbsolutePath.Length: > 1 }
        && !text["https://".Length..].Split('/')[0].Contains('@', StringComparison.Ordinal);

    /// <summary>
    /// Whether a text may be a branch, a tag or a commit. The rules of git-check-ref-format, and no leading dash.
    /// https://git-scm.com/docs/git-check-ref-format
    /// </summary>
    public static bool IsRef(string? text) =>
        text is { Length: > 0 and <= MaxRefLength }
        && text[0] is not ('-' or '/') && text[^1] is not ('.' or '/')
        && !text.Any(letter => char.IsControl(letter) || char.IsWhiteSpace(letter) || letter is '~' or '^' or ':' or '?' or '*' or '[' or '\\')
        && !text.Contains("..", StringComparison.Ordinal) && !text.Contains("@{", StringComparison.Ordinal) && !text.Contains("//", StringComparison.Ordinal)
        && text.Split('/').All(part => part[0] != '.' && !part.EndsWith(".lock", StringComparison.Ordinal));

    internal static void Check(IReadOnlyList<RecipeRepository>? repositories, string what, List<string> mistakes)
    {
        if (repositories is not { Count: <= MaxRepositories })
        {
            mistakes.Add($"{what}: at most {MaxRepositories}");
            return;
        }

        var paths = new HashSet<string>(StringComparer.Ordinal);
        for (var at = 0; at < repositories.Count; at++)
        {
            if (repositories[at] is not { } repository)
            {
                mistakes.Add($"{what}[{at}]: missing");
                continue;
            }

            if (!IsUrl(repository.Url))
            {
                mistakes.Add($"{what}[{at}].url: an https URL without user and password, at most {MaxUrlLength} characters");
            }

            if (repository.Ref is not null && !IsRef(repository.Ref))
            {
                mistakes.Add($"{what}[{at}].ref: a branch, a tag or a commit");
            }

            if (!SandboxPath.TryParse(repository.Path, out var path) || path.Bytes.Length == 1 || RecipeRules.IsKernelDirectory(repository.Path))
            {
                mistakes.Add($"{what}[{at}].path: an absolute path of a directory without .., not the root and not a directory of the kernel");
            }
            else if (!paths.Add(path.ToString()))
            {
                mistakes.Add($"{what}[{at}].path: {RecipeRules.Shown(repository.Path)} is named twice");
            }
        }
    }
}
