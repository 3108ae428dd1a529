namespace Sandbox.Recipes.Addresses;

/// <summary>
/// The stack of a Play with Docker link: the raw URL of a compose file in a repository, or a path in Play with Docker's
/// own collection. The repository around it is opened.
/// <code>https://raw.githubusercontent.com/docker/voting-app/master/stack.yml</code>
/// </summary>
internal static class StackAddress
{
    private const string Collection = "https://raw.githubusercontent.com/play-with-docker/stacks/master";

    public static RepositoryAddress Read(string stack, Func<string, string> check)
    {
        var url = check((stack.StartsWith('/') ? Collection + stack : stack) is var file && IsYaml(file) ? file : file.TrimEnd('/') + "/stack.yml");
        var uri = new Uri(url);
        var parts = uri.AbsolutePath.Trim('/').Split('/').Select(Uri.UnescapeDataString).ToArray();
        return (uri.Host, parts) switch
        {
            ("raw.githubusercontent.com", [var owner, var name, "refs", "heads" or "tags", var @ref, .. var path]) => Address("github.com", [owner, name], @ref, path),
            ("raw.githubusercontent.com", [var owner, var name, var @ref, .. var path]) => Address("github.com", [owner, name], @ref, path),
            ("github.com", [var owner, var name, "raw" or "blob", var @ref, .. var path]) => Address("github.com", [owner, name], @ref, path),
            (var host, _) when Array.IndexOf(parts, "-") is > 1 and var dash && parts[dash..] is ["-", "raw" or "blob", var @ref, .. var path] => Address(host, parts[..dash], @ref, path),
            _ => throw new FormatException("the stack is not the raw URL of a file in a repository of GitHub or GitLab"),
        };

        RepositoryAddress Address(string host, string[] names, string name, string[] path)
        {
            if (path.Length == 0 || !Sandbox.Core.Recipes.RepositoryRules.IsRef(name))
            {
                throw new FormatException("the stack is not the raw URL of a file in a repository of GitHub or GitLab");
            }

            return new RepositoryAddress(
                check($"https://{host}/{string.Join('/', names.Select(Uri.EscapeDataString))}"),
                name == "HEAD" ? null : name,
                AddressReader.Folder(string.Join('/', path[..^1])),
                AddressReader.Folder(string.Join('/', path)));
        }
    }

    private static bool IsYaml(string url) => url.Split('?')[0] is var path && (path.EndsWith(".yml", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase));
}
