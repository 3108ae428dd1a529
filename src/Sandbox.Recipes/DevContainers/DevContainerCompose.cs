using Sandbox.Recipes.Problems;

namespace Sandbox.Recipes.DevContainers;

/// <summary>
/// A dev container that is a service of compose files.
/// <code>{ "dockerComposeFile": ["../compose.yaml", "compose.dev.yaml"], "service": "app", "workspaceFolder": "/workspace" }</code>
/// https://containers.dev/implementors/json_reference/#compose-specific
/// </summary>
/// <param name="Files">Paths relative to the repository's root, each once; a later file changes the earlier ones.</param>
/// <param name="Service">The service in which the visitor works.</param>
/// <param name="Others">Other services that are started; empty for all of them.</param>
/// <param name="Ports">Ports of other services: <c>db:5432</c>.</param>
public sealed record DevContainerCompose(IReadOnlyList<string> Files, string Service, IReadOnlyList<string> Others, IReadOnlyList<(string Service, int Port)> Ports)
{
    private const int MostFiles = 8;

    /// <summary>Reads the parts. Null, with the cause named, when they cannot be used.</summary>
    internal static DevContainerCompose? Read(LocatedValue root, LocatedValue part, string file, Func<string, string?> replaced, ProblemLog log, string otherwise)
    {
        var named = part.Value is { } one ? [one] : part.Items.Select(item => item.Value ?? "").ToList();
        var files = named.Select(name => replaced(name) is { } path ? RelativePath.Of(file, path) : null).Distinct(StringComparer.Ordinal).ToList();
        var service = root.ValueOf("service");
        var mistake = files.Count is 0 or > MostFiles ? $"1 to {MostFiles} compose files"
            : files.Contains(null) ? "a compose file is not in the repository"
            : service is not null && IsName(service) ? null
            : "there is no service, in which the visitor would work";
        if (mistake is not null)
        {
            log.Unsupported(file, part.Line, $"{mistake}: {otherwise}", "dockerComposeFile", part.Column);
            return null;
        }

        var others = root["runServices"]?.Items.Select(item => item.Value ?? "").Where(IsName).ToList() ?? [];
        return new DevContainerCompose([.. files.Select(path => path!)], service!, others, []);
    }

    /// <summary>Compose's own rule; a name is an argument of a command.</summary>
    internal static bool IsName(string text) =>
        text.Length is > 0 and <= 64 && char.IsAsciiLetterOrDigit(text[0]) && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '.' or '-');
}
