using System.Text.RegularExpressions;

namespace Sandbox.Recipes.DevContainers;

/// <summary>
/// The variables of a <c>devcontainer.json</c>. There is no local machine: its folder is that of the sandbox, and its
/// environment is empty.
/// <code>${localEnv:HOME:/root} ${containerEnv:PATH} ${containerWorkspaceFolder} ${localWorkspaceFolderBasename}</code>
/// </summary>
internal sealed partial class Variables(string name, string folder)
{
    /// <summary>Characters that replace variables in all texts of a file: the value of one may stand in another, many times.</summary>
    private const int MostReplaced = 1 << 20;

    private int left = MostReplaced;

    /// <summary>The variables that were set so far.</summary>
    public Dictionary<string, string> Env { get; } = new(StringComparer.Ordinal);

    /// <summary>Replaces the variables of a text; those without a value, or for whose value there is no room any more, are returned in <paramref name="missing"/>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="missing">The first such variable.</param>
    /// <param name="forShell">Leaves the container's environment to the shell that reads the text.</param>
    public string Replace(string text, out string? missing, bool forShell = false)
    {
        string? first = null;
        var replaced = Variable().Replace(text, match =>
        {
            var (kind, key, otherwise) = (match.Groups["kind"].Value, match.Groups["key"].Value, match.Groups["default"]);
            var value = kind switch
            {
                "localWorkspaceFolder" or "containerWorkspaceFolder" => folder,
                "localWorkspaceFolderBasename" => name,
                "containerWorkspaceFolderBasename" => folder[(folder.LastIndexOf('/') + 1)..],
                "containerEnv" when forShell && ShellName().IsMatch(key) => $"${{{key}}}",
                "containerEnv" => Env.GetValueOrDefault(key),
                _ => null,
            };
            value ??= otherwise.Success ? otherwise.Value : null;
            value = value?.Length > left ? null : value;
            left -= value?.Length ?? 0;
            first ??= value is null ? match.Value : null;
            return value ?? "";
        });
        missing = first;
        return replaced;
    }

    [GeneratedRegex(
        @"\$\{(?<kind>localEnv|env|containerEnv|localWorkspaceFolder|containerWorkspaceFolder|localWorkspaceFolderBasename|containerWorkspaceFolderBasename|devcontainerId|templateOption)(:(?<key>[^:{}]*))?(:(?<default>[^{}]*))?\}",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex Variable();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]*\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ShellName();
}
